"""The record that every dataset loader yields: one per image."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from runtime.conditions import MALIGNANT_CONDITIONS, Condition
from runtime.errors import SkintagError


class Domain(StrEnum):
    """How the photo was taken."""

    DERMOSCOPIC = "dermoscopic"
    CLINICAL = "clinical"
    SMARTPHONE = "smartphone"


class ToneGroup(StrEnum):
    """Fitzpatrick skin types in pairs, the grouping of DDI (Daneshjou et al. 2022)."""

    I_II = "I-II"
    III_IV = "III-IV"
    V_VI = "V-VI"


class DataError(SkintagError):
    """A data root, a table or a label that cannot be used; the message says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One labelled image.

    `group_id` names what must never stand on two sides of a split: the patient where the dataset
    knows one, else the lesion. `raw_label` is the label as it stood in the file.
    """

    image_id: str
    path: Path
    dataset: str
    domain: Domain
    condition: Condition
    malignant: bool
    group_id: str
    raw_label: str
    fitzpatrick: int | None = None
    tone_group: ToneGroup | None = None

    def __post_init__(self) -> None:
        if self.condition in MALIGNANT_CONDITIONS and not self.malignant:
            raise DataError(f"{self.image_id}: {self.condition} is a cancer but the sample says benign")


def tone_group(fitzpatrick: int | None) -> ToneGroup | None:
    """The tone group of a Fitzpatrick type, or None where the type is unknown. Raises DataError outside 1-6."""
    if fitzpatrick is None:
        return None
    if not 1 <= fitzpatrick <= 6:
        raise DataError(f"Fitzpatrick type {fitzpatrick} is not one of 1-6")
    return (ToneGroup.I_II, ToneGroup.III_IV, ToneGroup.V_VI)[(fitzpatrick - 1) // 2]
