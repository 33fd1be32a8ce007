"""The gate: how far a file's answers are from the PyTorch student's, and what is too far."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import typer
from sklearn.metrics import roc_auc_score

from export.verify.outputs import Outputs, Thresholds, tiers
from runtime.errors import SkintagError
from runtime.triage import Tier


class GateError(SkintagError):
    """A file that is not what the student is; the message names format, figure, limit and measured value."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How far a file may be from the PyTorch student on the validation part. None: not limited."""

    malignancy_max_difference: float | None = None
    malignancy_mean_difference: Annotated[float | None, typer.Option("--max-mean-difference")] = None
    """gate of INT8: largest mean difference of malignancy"""
    conditions_max_difference: float | None = None
    auc_drop: Annotated[float, typer.Option("--max-auc-drop")] = 0.005
    """gate of INT8: largest drop of malignancy AUC

    One pair of a cancer and a benign lesion in the wrong order at least, where so few photos make it weigh more"""
    sensitivity_drop: Annotated[float, typer.Option("--max-sensitivity-drop")] = 0.01
    """gate of INT8: largest drop of sensitivity at `low`

    How much smaller a share of the cancers may reach `low`, each side by its own thresholds; one photo at least,
    where so few are malignant that one weighs more than this"""
    tier_agreement: Annotated[float, typer.Option("--min-tier-agreement")] = 0.97
    """gate of INT8: least share of photos with the student's tier"""
    condition_agreement: Annotated[float, typer.Option("--min-condition-agreement")] = 0.90
    """gate of INT8: least share of photos with the student's likeliest condition"""
    high_to_low: int = 0
    """photos that the student calls high and the file low"""
    conditions_out_of_order: int = 0
    """conditions whose column looks more like another of the student's columns"""

    def stricter(self, margin: float) -> "Limits":
        """The same with so much more tier agreement asked for, where a whole agreement leaves room for it."""
        return replace(self, tier_agreement=max(self.tier_agreement, min(self.tier_agreement + margin, 1.0)))


LIMITS: Mapping[str, Limits] = {
    "fp32": Limits(
        malignancy_max_difference=1e-3,
        malignancy_mean_difference=1e-4,
        conditions_max_difference=1e-3,
        auc_drop=0.001,
        tier_agreement=0.99,
        condition_agreement=0.99,
    ),
    "fp16": Limits(
        malignancy_max_difference=0.02, malignancy_mean_difference=2e-3, auc_drop=0.002, tier_agreement=0.98
    ),
    "int8": Limits(malignancy_mean_difference=0.05),
}
"""The defaults per precision."""

MISPLACED_DISTANCE = 0.02
"""Mean difference of probability from which a column can count as misplaced: rare conditions are all near zero, and
which of two such columns is nearer would be chance. A swap of those two shows in `conditions_max_difference`."""

ROUNDING = 1e-6
"""Relative; for shares of photos, which are computed in two ways."""

AT_LEAST = frozenset({"tier_agreement", "condition_agreement"})
"""Figures whose limit is a floor; all others have a ceiling."""


@dataclass(frozen=True, kw_only=True)
class Breach:
    """One limit that was not kept."""

    figure: str
    limit: float
    measured: float

    def describe(self) -> str:
        """Such as "tier_agreement 0.871, the limit is at least 0.9"."""
        bound = "at least" if self.figure in AT_LEAST else "at most"
        return f"{self.figure} {self.measured:.4g}, the limit is {bound} {self.limit:g}"


def compare(
    reference: Outputs,
    outputs: Outputs,
    *,
    malignant: np.ndarray,
    reference_thresholds: Thresholds,
    own_thresholds: Thresholds,
) -> dict[str, float]:
    """The figures of the gate. `auc_drop` is left out where the photos are all malignant or all benign."""
    pairs = list(zip(tiers(reference, reference_thresholds), tiers(outputs, own_thresholds), strict=True))
    found = {
        "photos": float(len(pairs)),
        **malignancy_differences(reference, outputs),
        "conditions_max_difference": float(np.abs(reference.conditions - outputs.conditions).max()),
        "tier_agreement": float(np.mean([left == right for left, right in pairs])),
        "condition_agreement": float(np.mean(reference.conditions.argmax(axis=1) == outputs.conditions.argmax(axis=1))),
        "high_to_low": float(sum(pair == (Tier.HIGH, Tier.LOW) for pair in pairs)),
        "conditions_out_of_order": float(_out_of_order(reference.conditions, outputs.conditions)),
    }
    if malignant.any() and not malignant.all():
        drop = roc_auc_score(malignant, reference.malignancy) - roc_auc_score(malignant, outputs.malignancy)
        found["auc_drop"] = float(drop)
    if malignant.any():
        reached = [
            float((side.malignancy[malignant] >= thresholds.points.low).mean())
            for side, thresholds in ((reference, reference_thresholds), (outputs, own_thresholds))
        ]
        found["sensitivity_drop"] = reached[0] - reached[1]
        found["malignant_photos"] = float(malignant.sum())
    return found


def malignancy_differences(reference: Outputs, outputs: Outputs) -> dict[str, float]:
    """The two figures of the gate that depend on how frequent malignancy is taken to be."""
    difference = np.abs(reference.malignancy - outputs.malignancy)
    return {
        "malignancy_max_difference": float(difference.max()),
        "malignancy_mean_difference": float(difference.mean()),
    }


def worst_photo(reference: Outputs, outputs: Outputs) -> int:
    """The position of the photo whose malignancy differs most."""
    return int(np.abs(reference.malignancy - outputs.malignancy).argmax())


def breaches(parity: Mapping[str, float], limits: Limits) -> tuple[Breach, ...]:
    """The limits that were not kept, a figure that is not a number among them."""
    return tuple(_breaches(parity, limits))


def check(
    parity: Mapping[str, float], limits: Limits, *, label: str, details: Callable[[], Sequence[str]] = tuple
) -> None:
    """Raises GateError, with every breach, when the file `label` (such as "onnx int8") may not be written.

    `details`: more to say of a failure, such as the worst photo; asked for only then.
    """
    found = breaches(parity, limits)
    if found:
        texts = "; ".join((*(breach.describe() for breach in found), *details()))
        raise GateError(f"{label} fails its gate on {int(parity['photos'])} validation photos: {texts}")


def _breaches(parity: Mapping[str, float], limits: Limits) -> Iterator[Breach]:
    for figure, limit in vars(limits).items():
        if limit is None or figure not in parity:
            continue
        measured = parity[figure]
        limit = limit if figure in AT_LEAST else max(limit, (1 + ROUNDING) * _least_change(figure, parity))
        kept = measured >= limit if figure in AT_LEAST else measured <= limit  # False for NaN either way
        if not kept:
            yield Breach(figure=figure, limit=float(limit), measured=measured)


def _least_change(figure: str, parity: Mapping[str, float]) -> float:
    """The smallest change that these photos can show: one cancer, or one pair of a cancer and a benign lesion."""
    cancers = parity.get("malignant_photos", 0.0)
    if figure == "sensitivity_drop":
        return 1 / cancers
    if figure == "auc_drop":
        return 1 / (cancers * (parity["photos"] - cancers))
    return 0.0


def _out_of_order(reference: np.ndarray, outputs: np.ndarray) -> int:
    """How many output columns are nearer to another of the reference's columns than to their own. [N, 10] each."""
    distance = np.abs(reference[:, :, None] - outputs[:, None, :]).mean(axis=0)  # [reference column, output column]
    own = np.diagonal(distance)
    return int(((own > MISPLACED_DISTANCE) & (distance.min(axis=0) < own / 2)).sum())


def describe_limits(limits: Limits) -> Sequence[tuple[str, str]]:
    """Figure and limit as text, for the report."""
    rows = ((figure, limit, "≥" if figure in AT_LEAST else "≤") for figure, limit in vars(limits).items())
    return [(figure, f"{sign} {limit:g}") for figure, limit, sign in rows if limit is not None]
