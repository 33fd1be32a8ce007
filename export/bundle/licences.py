"""Under which terms a bundle may be used: its weights carry the terms of the photos they were trained on."""

from collections.abc import Sequence

from teacher.data.registry import all_datasets

SYNTHETIC = {"synthetic": "drawn by this project, no terms"}


def licence_of(datasets: Sequence[str]) -> str:
    """One line naming every dataset with its terms; an unknown one is said to be unknown."""
    specs = all_datasets()
    licences = SYNTHETIC | {spec.name: spec.licence for spec in specs}
    free = {*SYNTHETIC, *(spec.name for spec in specs if spec.commercial)}
    terms = (f"{name} ({licences.get(name, 'terms unknown: ask its owner before use')})" for name in datasets)
    purpose = "" if set(datasets) <= free else "research use only; "
    return f"{purpose}weights derived from {', '.join(terms)}"
