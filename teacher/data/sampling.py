"""Which images an epoch draws: rare conditions and rare kinds of photos more often, without bending what a logit means.

Weights are made in three steps: conditions (frequency ** -power), then cells of domain x tone group x malignant in the
same way over what that left, then a cap. Small cells are joined first: a handful of photos cannot stand for a group.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd
import typer
from rich.table import Table

from runtime.conditions import CONDITIONS
from teacher.data.sample import Domain, Sample, ToneGroup
from teacher.options import OPTION

FLOOR = 50
"""Images below which a cell is not weighed on its own: a share seen in fewer is uncertain by 14 points or more (95%),
and what such a cell would be drawn for is its few images learned by heart."""

CAP = 8.0
"""Draws of one image in an epoch at most, where the mean is 1: as many as it has stored views (`--views`), so that none
of them is expected twice in one epoch."""

UNKNOWN = "unknown"
"""The tone group of an image without a tone: a cell of its own, not the average of the others."""


class Cell(NamedTuple):
    """What an image is to the sampling."""

    domain: Domain
    tone: ToneGroup | Literal["unknown"]
    malignant: bool


@dataclass(frozen=True, kw_only=True)
class SamplingConfig:
    """How far what is rare is learned from more often."""

    condition_power: Annotated[float, typer.Option("--sampling-power", min=0, max=1)] = 0.5
    """how far rare conditions are drawn more often: 0 not at all, 1 until all are equal"""
    cell_power: Annotated[float, typer.Option(min=0, max=1)] = 0.5
    """the same for rare cells of domain x skin tone x malignant"""
    weights_in: Annotated[Literal["draws", "loss"], OPTION] = "draws"
    """where weights act: rare images drawn more often, or each image once and rare ones with more weight in the loss"""


@dataclass(frozen=True, kw_only=True)
class Shifts:
    """What a batch of B images needs in the loss; see `Sampling`."""

    malignancy: np.ndarray
    """float32 [B]"""
    conditions: np.ndarray
    """float32 [B, 10]"""
    weights: np.ndarray | None
    """float32 [B], 1 on average over the epoch; None where the draws did it"""


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Weights to learn by, and the shifts that keep logits at the data's own frequencies.

    A model trained where class c has share q_c instead of its own share p_c would answer with the weighed frequencies.
    Adding log(q_c / p_c) to its logits inside the hard-label loss leaves the raw logits at p_c (logit adjustment, Menon
    et al. 2021, arXiv:2007.07314), so probabilities stay meaningful at any power. The shares are those within a stratum
    of domain x tone group: a model sees which camera took a photo, and one shift for all would move a rare camera's
    probabilities towards the others'.
    """

    weights: np.ndarray
    """float64 [N], sums to 1; none above CAP / N"""
    stratum: np.ndarray
    """int64 [N]: domain x tone group"""
    malignancy_shift: np.ndarray
    """float64 [strata]; 0 where a stratum holds one kind only"""
    condition_shift: np.ndarray
    """float64 [strata, 10]; 0 for conditions that do not occur there"""
    in_loss: bool = False

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Positions of one epoch, int64 [N]: with replacement by weight, or every image once."""
        count = len(self.weights)
        return rng.permutation(count) if self.in_loss else rng.choice(count, size=count, p=self.weights)

    def shifts(self, drawn: np.ndarray) -> Shifts:
        """For the loss of the images at these positions."""
        strata = self.stratum[drawn]
        weights = (self.weights[drawn] * len(self.weights)).astype(np.float32) if self.in_loss else None
        return Shifts(
            malignancy=self.malignancy_shift[strata].astype(np.float32),
            conditions=self.condition_shift[strata].astype(np.float32),
            weights=weights,
        )


def sampling_of(samples: Sequence[Sample], config: SamplingConfig) -> Sampling:
    """The sampling of these images, in their order."""
    cells = [cell_of(sample) for sample in samples]
    conditions = np.array([CONDITIONS.index(sample.condition) for sample in samples], dtype=np.int64)
    return cell_sampling(cells, conditions, config)


def cell_of(sample: Sample) -> Cell:
    """The cell of an image."""
    return Cell(sample.domain, sample.tone_group or UNKNOWN, sample.malignant)


def balanced_sampling(malignant: np.ndarray, conditions: np.ndarray, *, power: float) -> Sampling:
    """Weights proportional to (condition frequency) ** -power: 0 keeps the data's, 1 makes all conditions equal.

    malignant: bool [N]; conditions: int [N].
    """
    cells = [Cell(Domain.CLINICAL, UNKNOWN, bool(one)) for one in malignant]
    return cell_sampling(cells, conditions, SamplingConfig(condition_power=power, cell_power=0.0))


def cell_sampling(cells: Sequence[Cell], conditions: np.ndarray, config: SamplingConfig) -> Sampling:
    """Weights of N >= 1 images by condition and cell. conditions: int [N]."""
    malignant = np.array([cell.malignant for cell in cells], dtype=bool)
    weights = np.ones(len(cells)) / len(cells)
    weights = _levelled(weights, conditions, config.condition_power)
    weights = _levelled(weights, merged_cells(cells), config.cell_power)
    weights = _capped(weights, CAP / len(cells))
    names = sorted({(cell.domain, cell.tone) for cell in cells})
    stratum = np.array([names.index((cell.domain, cell.tone)) for cell in cells], dtype=np.int64)
    return Sampling(
        weights=weights,
        stratum=stratum,
        malignancy_shift=np.array([_odds_shift(malignant, weights, stratum == one) for one in range(len(names))]),
        condition_shift=np.stack([_class_shift(conditions, weights, stratum == one) for one in range(len(names))]),
        in_loss=config.weights_in == "loss",
    )


def merged_cells(cells: Sequence[Cell], *, floor: int = FLOOR) -> np.ndarray:
    """The number of each image's cell once small ones are joined, int64 [N].

    A cell below the floor joins the other small tones of its domain and kind; where those are too few together, the
    largest cell of that domain and kind; where there is none, the rest of its kind in all domains.
    """
    found, number = np.unique(np.array([_written(cell) for cell in cells]), axis=0, return_inverse=True)
    number = number.ravel()
    counts = np.bincount(number)
    target = np.arange(len(found))
    for domain, malignant in sorted({(one[0], one[2]) for one in found.tolist()}):
        own = np.flatnonzero((found[:, 0] == domain) & (found[:, 2] == malignant))
        small = own[counts[own] < floor]
        if len(small):
            large = own[counts[own] >= floor]
            joined = large[np.argmax(counts[large])] if len(large) and counts[small].sum() < floor else small[0]
            target[small] = joined
    sizes = np.bincount(target[number], minlength=len(found))
    for place in np.flatnonzero((sizes < floor) & (sizes > 0)):
        kin = np.flatnonzero((found[:, 2] == found[place, 2]) & (sizes > 0))
        target[target == place] = kin[np.argmax(sizes[kin])]
    return np.unique(target[number], return_inverse=True)[1].ravel()


def _written(cell: Cell) -> tuple[str, str, str]:
    return str(cell.domain), str(cell.tone), str(cell.malignant)


def _levelled(weights: np.ndarray, labels: np.ndarray, power: float) -> np.ndarray:
    """Each label's share p turned into one proportional to p ** (1 - power)."""
    shares = np.bincount(labels, weights=weights)
    levelled = weights * shares[labels] ** -float(power)
    return levelled / levelled.sum()


def _capped(weights: np.ndarray, most: float) -> np.ndarray:
    """No weight above `most`; what is cut off goes to the others in their proportion."""
    capped = np.zeros(len(weights), dtype=bool)
    while True:
        left = 1 - most * capped.sum()
        scaled = np.where(capped, most, weights * (left / max(weights[~capped].sum(), 1e-300)))
        over = ~capped & (scaled > most)
        if not over.any():
            return scaled / scaled.sum()
        capped |= over


def _odds_shift(malignant: np.ndarray, weights: np.ndarray, of: np.ndarray) -> float:
    own, drawn = malignant[of].mean(), weights[of & malignant].sum() / weights[of].sum()
    if not 0 < own < 1:
        return 0.0
    return float(np.log(drawn / (1 - drawn)) - np.log(own / (1 - own)))


def _class_shift(conditions: np.ndarray, weights: np.ndarray, of: np.ndarray) -> np.ndarray:
    """float64 [10]"""
    drawn = np.bincount(conditions[of], weights=weights[of], minlength=len(CONDITIONS)) / weights[of].sum()
    own = np.bincount(conditions[of], minlength=len(CONDITIONS)) / of.sum()
    return np.log(np.divide(drawn, own, out=np.ones(len(CONDITIONS)), where=own > 0))


def cell_table(cells: Sequence[Cell], sampling: Sampling) -> pd.DataFrame:
    """One row a cell: how many images, what share of the data they are, and what share of what is learned from.

    Columns: domain, tone, malignant, images, share, weighed, times (draws of each image in an epoch), own (whether the
    cell reaches the floor; else it was weighed together with others).
    """
    frame = pd.DataFrame([_written(cell) for cell in cells], columns=["domain", "tone", "malignant"])
    frame["weight"] = sampling.weights
    rows = frame.groupby(["domain", "tone", "malignant"], as_index=False).agg(
        images=("weight", "size"), weighed=("weight", "sum")
    )
    rows["share"] = rows["images"] / len(cells)
    rows["times"] = rows["weighed"] / rows["share"]
    rows["own"] = rows["images"] >= FLOOR
    rows["malignant"] = rows["malignant"] == "True"
    return rows.reindex(columns=["domain", "tone", "malignant", "images", "share", "weighed", "times", "own"])


def draw_cells(table: pd.DataFrame) -> Table:
    """The table for a terminal."""
    drawn = Table(title="Cells of domain x skin tone x malignant: in the data, and in what is learned from")
    for name in ("domain", "skin tone", "", "images", "in the data", "learned from", "each image"):
        drawn.add_column(name, justify="left" if name in ("domain", "skin tone", "") else "right")
    for row in table.to_dict("records"):
        drawn.add_row(
            row["domain"],
            row["tone"],
            "malignant" if row["malignant"] else "benign",
            f"{row['images']:,}" + ("" if row["own"] else " *"),
            f"{row['share']:.1%}",
            f"{row['weighed']:.1%}",
            f"x {row['times']:.2f}",
        )
    if not all(table["own"]):
        drawn.caption = f"* fewer than {FLOOR} images: weighed together with the cells nearest to it"
    return drawn
