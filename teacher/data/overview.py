"""What a data root holds, as tables: images here and listed, by domain, condition and tone; and what is missing."""

from collections.abc import Iterable, Sequence

from runtime.conditions import CONDITIONS
from teacher.data.found import Loaded
from teacher.data.registry import all_datasets
from teacher.data.sample import Domain, Sample, ToneGroup

HEADER = ("condition", "here", "listed", "malignant", *ToneGroup, "none")
MISSING_HEADER = ("dataset", "missing", "where to get it")


def composition(found: Loaded) -> dict[Domain, list[tuple[str, ...]]]:
    """By domain the rows under HEADER: one per condition of what the tables list, the last their sum."""
    here = {sample.image_id for sample in found.samples}
    listed = (*found.samples, *found.absent)
    of_domain = {domain: [sample for sample in listed if sample.domain is domain] for domain in Domain}
    return {domain: _rows(samples, here) for domain, samples in of_domain.items() if samples}


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


def _rows(samples: Sequence[Sample], here: set[str]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for condition in CONDITIONS:
        if of_one := [sample for sample in samples if sample.condition is condition]:
            malignant = sum(sample.malignant for sample in of_one)
            rows.append((condition.replace("_", " "), *_figures(of_one, here, f"{malignant:,}" if malignant else "")))
    malignant = sum(sample.malignant for sample in samples)
    return [*rows, ("all", *_figures(samples, here, f"{malignant:,} ({malignant / len(samples):.0%})"))]


def _figures(samples: Sequence[Sample], here: set[str], malignant: str) -> tuple[str, ...]:
    """Here, listed, malignant, and each tone group; all but the first of what is listed."""
    tones = [sum(sample.tone_group is tone for sample in samples) for tone in (*ToneGroup, None)]
    return (
        f"{sum(sample.image_id in here for sample in samples):,}",
        f"{len(samples):,}",
        malignant,
        *(f"{count:,}" if count else "" for count in tones),
    )
