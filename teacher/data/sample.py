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
    lesion_id: str | None = None
    """such as "milk10k/IL_0001": images of one lesion share it; None where the dataset does not say"""
    fitzpatrick: int | None = None
    """skin type 1-6"""
    tone_class: int | None = None
    """MILK10k's skin tone 0 (very dark) to 5 (very light): not a Fitzpatrick type, and the other way round"""
    monk: int | None = None
    """Monk skin tone 1 (lightest) to 10, of graders who saw the photos: not a Fitzpatrick type"""
    tone_group: ToneGroup | None = None
    """follows from the skin type or tone class; without either it may follow from the Monk tone"""
    source: str | None = None
    """where within its dataset an image comes from, such as the atlas of a Fitzpatrick17k photo"""

    def __post_init__(self) -> None:
        if self.condition in MALIGNANT_CONDITIONS and not self.malignant:
            raise DataError(
                f"{self.image_id}: {self.condition} is a cancer or its precursor, but the sample says benign"
            )
        known = tone_group(self.fitzpatrick) or tone_group_of_class(self.tone_class)
        if known is not None and self.tone_group is not known:
            raise DataError(f"{self.image_id}: tone group {self.tone_group} does not follow from its skin type")
        possible = (None, tone_group_of_monk(self.monk))
        if known is None and self.monk is not None and self.tone_group not in possible:
            raise DataError(f"{self.image_id}: tone group {self.tone_group} does not follow from its Monk tone")

    @property
    def key(self) -> str:
        """The name of the image everywhere outside its dataset."""
        return f"{self.dataset}/{self.image_id}"

    @property
    def dataset_and_domain(self) -> str:
        """What one clinic's photos of one kind are called."""
        return f"{self.dataset}, {self.domain}"


def tone_group(fitzpatrick: int | None) -> ToneGroup | None:
    """The tone group of a Fitzpatrick type, or None where the type is unknown. Raises DataError outside 1-6."""
    if fitzpatrick is None:
        return None
    if not 1 <= fitzpatrick <= 6:
        raise DataError(f"Fitzpatrick type {fitzpatrick} is not one of 1-6")
    return (ToneGroup.I_II, ToneGroup.III_IV, ToneGroup.V_VI)[(fitzpatrick - 1) // 2]


def tone_group_of_class(tone_class: int | None) -> ToneGroup | None:
    """The tone group of a MILK10k class, 0 very dark to 5 very light. Raises DataError outside 0-5."""
    if tone_class is None:
        return None
    if not 0 <= tone_class <= 5:
        raise DataError(f"skin tone class {tone_class} is not one of 0-5")
    return (ToneGroup.V_VI, ToneGroup.III_IV, ToneGroup.I_II)[tone_class // 2]


def tone_group_of_monk(monk: int | None) -> ToneGroup | None:
    """The tone group of a Monk skin tone: 1-3 light, 4-6 medium, 7-10 dark. Raises DataError outside 1-10.

    Heldreth et al.: Which skin tone measures are the most inclusive? ACM J. Responsible Computing 1(1), 2024
    (doi:10.1145/3632120) set these beside Fitzpatrick I-II, III-IV and V-VI. Skin types say how skin takes the sun,
    Monk tones what colour it has: the two agree by group at best.
    """
    if monk is None:
        return None
    if not 1 <= monk <= 10:
        raise DataError(f"Monk skin tone {monk} is not one of 1-10")
    return ToneGroup.I_II if monk <= 3 else ToneGroup.III_IV if monk <= 6 else ToneGroup.V_VI
