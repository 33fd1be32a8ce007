"""Under which terms a bundle may be used: its weights carry the terms of the photos they were trained on."""

from collections.abc import Sequence

DATA_LICENCES = {
    "ham10000": "CC BY-NC 4.0, non-commercial",
    "bcn20000": "CC BY-NC 4.0, non-commercial",
    "fitzpatrick17k": "CC BY-NC-SA 3.0, non-commercial",
    "ddi": "Stanford research agreement, non-commercial",
    "pad_ufes": "CC BY 4.0",
    "synthetic": "drawn by this project, no terms",
}


def licence_of(datasets: Sequence[str]) -> str:
    """One line naming every dataset with its terms; an unknown one is said to be unknown."""
    terms = (f"{name} ({DATA_LICENCES.get(name, 'terms unknown: ask its owner before use')})" for name in datasets)
    purpose = "" if set(datasets) <= {"synthetic", "pad_ufes"} else "research use only; "
    return f"{purpose}weights derived from {', '.join(terms)}"
