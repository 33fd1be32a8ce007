"""What a data root holds, as tables: images here and listed, by domain, condition and tone; and what is missing."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from runtime.conditions import CONDITIONS
from teacher.data.found import Loaded
from teacher.data.registry import all_datasets
from teacher.data.sample import Domain, Sample, ToneGroup

HEADER = ("domain", "condition", "here", "listed", "malignant", *ToneGroup, "no tone")
MISSING_HEADER = ("dataset", "missing", "where to get it")
FIGURES = range(2, len(HEADER))
"""The columns of HEADER that are figures."""
DOMAINS = tuple(Domain)


def composition(found: Loaded) -> list[tuple[str, ...]]:
    """The rows under HEADER: one per domain and condition of what the tables list, the last their sum."""
    here = {sample.image_id for sample in found.samples}
    listed = sorted((*found.samples, *found.absent), key=_cell)
    rows = [
        (DOMAINS[domain], CONDITIONS[condition].replace("_", " "), *_figures(list(samples), here))
        for (domain, condition), samples in groupby(listed, key=_cell)
    ]
    return [*rows, ("all", "", *_figures(listed, here))] if rows else []


def missing(loaded: Iterable[Loaded]) -> list[tuple[str, str, str]]:
    """The rows under MISSING_HEADER: every dataset of which something is not here, and where it can be had."""
    found = {one.dataset: one for one in loaded}
    rows: list[tuple[str, str, str]] = []
    for spec in all_datasets():
        one = found.get(spec.name)
        if one is None or not one.listed:
            rows.append((spec.title, "all", spec.how_to_get))
        elif one.absent:
            rows.append((spec.title, f"{len(one.absent):,} images", spec.how_to_get))
    return rows


def _cell(sample: Sample) -> tuple[int, int]:
    return DOMAINS.index(sample.domain), CONDITIONS.index(sample.condition)


def _figures(samples: Sequence[Sample], here: set[str]) -> tuple[str, ...]:
    """Here, listed, malignant with its share, and each tone group; all but the first of what is listed."""
    malignant = sum(sample.malignant for sample in samples)
    tones = [sum(sample.tone_group is tone for sample in samples) for tone in (*ToneGroup, None)]
    return (
        f"{sum(sample.image_id in here for sample in samples):,}",
        f"{len(samples):,}",
        f"{malignant:,} ({malignant / len(samples):.0%})",
        *(f"{count:,}" if count else "" for count in tones),
    )
