"""`calibration.md` of a bundle: where the tiers change, what is promised of it, and for whom nothing is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from export.bundle.markdown import section, table
from export.verify.calibrate import prevalence_weights
from export.verify.outputs import Outputs
from runtime.bundle.load import Figure, GroupAssurance, Manifest, ModelFile, OperatingPoints, Prevalence
from runtime.bundle.manifest import UNKNOWN_GROUP
from teacher.console import figure_text

CALIBRATION_NAME = "calibration.md"
PICTURE_NAME = "calibration.png"

BINS = 10
"""Of the reliability diagram: each holds as many photos as the next."""


def write_calibration_report(
    folder: Path, manifest: Manifest, *, test: Mapping[str, Outputs], malignant: np.ndarray
) -> None:
    """Write `calibration.md` and its picture. `test`: answers on the test part, by file name; malignant: bool [N]."""
    _draw(manifest, test, malignant).savefig(folder / PICTURE_NAME, dpi=110, metadata={"Software": None})
    lines = _lines(manifest, test, malignant)
    (folder / CALIBRATION_NAME).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _lines(manifest: Manifest, test: Mapping[str, Outputs], malignant: np.ndarray) -> Iterator[str]:
    yield f"# Calibration of {manifest.model_id}"
    yield ""
    yield "Each file's thresholds come from its own answers on the calibration part; achieved figures are those of the"
    yield "test part, which nothing was chosen on (95% intervals, n in brackets). A bound holds for new photos that are"
    yield "exchangeable with the calibration part: the same cameras, people and referral. Elsewhere it is a guess."
    yield from section("Where the tiers change")
    yield from table(("file", "low", "high", "how `low` was derived"), map(_points_row, manifest.files))
    yield from section("Target and achieved")
    header = ("file", "figure", "target", "calibration part", "test part")
    yield from table(header, (row for file in manifest.files for row in _achieved_rows(file)))
    yield from _prevalence_lines(manifest, test, malignant)
    yield ""
    yield f"![Sensitivity, specificity and reliability on the test part]({PICTURE_NAME})"
    yield from section("Tone groups")
    yield "A group is assured where it has cancers enough for a bound of its own; `low` is the smallest of all bounds."
    yield ""
    header = ("file", "tone group", "cancers", "sensitivity at `low`, calibration part", "")
    yield from table(header, (row for file in manifest.files for row in _rows_of(file, file.operating_points.groups)))
    domains = [row for file in manifest.files for row in _rows_of(file, file.operating_points.domains)]
    if domains:
        yield from section("Domains")
        yield "The same by how photos were taken. The novelty threshold and the sets of conditions hold for each domain"
        yield "as well, where its photos are enough to tell."
        yield ""
        yield from table((header[0], "domain", *header[2:]), domains)


def _prevalence_lines(manifest: Manifest, test: Mapping[str, Outputs], malignant: np.ndarray) -> Iterator[str]:
    """What was declared and how the probabilities do there; nothing where nothing was declared."""
    rows = [
        (_label(file), f"{prevalence.declared:.4g}", f"{prevalence.calibrated:.4g}", _error_text(bins))
        for file in manifest.files
        if (prevalence := _prevalence(file)) is not None
        for bins in [_reliability(test[file.name].malignancy, malignant, _weights(file, malignant))]
    ]
    if not rows:
        return
    yield from section("Declared prevalence")
    yield "Declared by whoever exported, not measured: the share of malignant lesions where the bundle is used. The log"
    yield "odds of malignancy were moved to it from the calibration part's (Saerens et al. 2002), which is right where"
    yield "malignant and benign lesions each look as they do there and only their shares differ. Photos keep order and"
    yield "tiers; condition probabilities were not moved. ECE (expected calibration error): the mean distance between"
    yield "what is said and what is found in a bin of the picture below, photos of the test part weighed so that they"
    yield "have the declared share."
    yield ""
    yield from table(("file", "declared", "calibration part", "ECE, test part"), rows)


def _prevalence(file: ModelFile) -> Prevalence | None:
    return None if file.calibration is None else file.calibration.prevalence


def _weights(file: ModelFile, malignant: np.ndarray) -> np.ndarray:
    """One per photo, by the declared prevalence; 1 without one."""
    prevalence = _prevalence(file)
    return np.ones(len(malignant)) if prevalence is None else prevalence_weights(malignant, prevalence.declared)


def _points_row(file: ModelFile) -> tuple[str, ...]:
    points = file.operating_points
    how = points.method or "defaults: **uncalibrated**, too few photos"
    return _label(file), f"{points.low:.4f}", f"{points.high:.4f}", how


def _achieved_rows(file: ModelFile) -> Iterator[tuple[str, ...]]:
    points, sets, label = file.operating_points, file.prediction_sets, _label(file)
    metrics = {name: _figure(figure) for name, figure in file.metrics.items()}
    if points.calibrated:
        sensitivity = f"{_share(points.target_sensitivity)} {_confidence(points)}"
        yield (
            label,
            "sensitivity at `low`",
            sensitivity,
            _figure(points.sensitivity_at_low),
            metrics.get("sensitivity_at_low", "-"),
        )
        yield label, "specificity at `low`", "", "-", metrics.get("specificity_at_low", "-")
        specificity = f"{_share(points.target_specificity)} on average"
        yield (
            label,
            "specificity at `high`",
            specificity,
            _figure(points.specificity_at_high),
            metrics.get("specificity_at_high", "-"),
        )
    if sets is not None:
        yield label, "condition in its set", _share(sets.target_coverage), "-", metrics.get("set_coverage", "-")
        yield label, "conditions in a set", "", "-", metrics.get("set_size", "-")
    if file.novelty_rejection is not None:
        rejected = metrics.get("rejected_as_unfamiliar", "-")
        yield label, "rejected as unfamiliar", f"at most {_share(file.novelty_rejection)} on average", "-", rejected


def _rows_of(file: ModelFile, groups: Sequence[GroupAssurance]) -> Iterator[tuple[str, ...]]:
    for group in groups:
        yield _label(file), group.group, f"{group.cancers}", _figure(group.sensitivity_at_low), _assured(group)


def _assured(group: GroupAssurance) -> str:
    if group.group == UNKNOWN_GROUP:
        return "by the bound over all, whatever their tones are"
    return "assured" if group.assured else "**not assured**: too few cancers"


def _label(file: ModelFile) -> str:
    return f"{file.format} {file.precision}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}" if round(value * 100, 6).is_integer() else f"{value:.1%}"


def _confidence(points: OperatingPoints) -> str:
    return "on average" if points.confidence is None else f"with {_share(points.confidence)} confidence"


def _figure(figure: Figure | None) -> str:
    return "-" if figure is None else f"{figure_text(figure)} [{figure.n:,}]"


def _draw(manifest: Manifest, test: Mapping[str, Outputs], malignant: np.ndarray) -> Drawing:
    """One column per file: what each threshold would give, and below it whether the probabilities can be believed."""
    drawing = Drawing(figsize=(4.2 * len(manifest.files), 7.2), layout="constrained")
    axes = drawing.subplots(2, len(manifest.files), squeeze=False)
    for column, file in enumerate(manifest.files):
        scores = test[file.name].malignancy
        _draw_thresholds(axes[0][column], scores, malignant, file.operating_points)
        axes[0][column].set_title(_label(file))
        _draw_reliability(axes[1][column], scores, malignant, _weights(file, malignant))
    return drawing


def _draw_thresholds(axes: Axes, scores: np.ndarray, malignant: np.ndarray, points: OperatingPoints) -> None:
    grid = np.linspace(0, 1, 201)
    if malignant.any():
        axes.plot(grid, _reached(scores[malignant], grid), color="#b7352d", label="sensitivity: cancers at or above")
    if not malignant.all():
        axes.plot(grid, 1 - _reached(scores[~malignant], grid), color="#2b6cb0", label="specificity: benign below")
    for name in ("low", "high"):
        value: float = getattr(points, name)
        axes.axvline(value, color="0.4", linestyle="--" if name == "low" else ":", label=f"{name} {value:.3f}")
    axes.set(xlabel="threshold on malignancy", ylabel="share", xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(fontsize=7, loc="lower right")


def _reached(scores: np.ndarray, grid: np.ndarray) -> np.ndarray:
    return (scores[:, None] >= grid).mean(axis=0)


def _draw_reliability(axes: Axes, scores: np.ndarray, malignant: np.ndarray, weights: np.ndarray) -> None:
    bins = _reliability(scores, malignant, weights)
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=1)
    axes.plot([one.said for one in bins], [one.found for one in bins], marker="o", color="#2b6cb0")
    axes.set(xlabel="malignancy, mean of a bin", ylabel="share of cancers in it", xlim=(0, 1), ylim=(0, 1))


@dataclass(frozen=True, kw_only=True)
class _Bin:
    """Some photos of like malignancy."""

    said: float
    """mean malignancy"""
    found: float
    """share of malignant photos"""
    weight: float


def _reliability(scores: np.ndarray, malignant: np.ndarray, weights: np.ndarray) -> list[_Bin]:
    bins: Iterable[np.ndarray] = np.array_split(np.argsort(scores, kind="stable"), min(BINS, len(scores)))
    return [
        _Bin(
            said=float(np.average(scores[photos], weights=weights[photos])),
            found=float(np.average(malignant[photos], weights=weights[photos])),
            weight=float(weights[photos].sum()),
        )
        for photos in bins
    ]


def _error_text(bins: Sequence[_Bin]) -> str:
    """Mean distance of what is said from what is found, each bin by its weight."""
    distances = [abs(one.said - one.found) for one in bins]
    return f"{np.average(distances, weights=[one.weight for one in bins]):.4f}"
