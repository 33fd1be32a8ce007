"""What is in synthetic image i: the patient, the label, the tone and the domain, before a pixel is painted."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from runtime.conditions import CONDITIONS, MALIGNANT_CONDITIONS, Condition
from teacher.data.sample import DataError, Domain

DEFAULT_WEIGHTS: dict[Condition, float] = {
    Condition.MELANOMA: 0.13,
    Condition.BASAL_CELL_CARCINOMA: 0.13,
    Condition.SQUAMOUS_CELL_CARCINOMA: 0.09,
    Condition.ACTINIC_KERATOSIS: 0.10,
    Condition.MELANOCYTIC_NEVUS: 0.17,
    Condition.SEBORRHEIC_KERATOSIS: 0.12,
    Condition.DERMATOFIBROMA: 0.07,
    Condition.VASCULAR_LESION: 0.07,
    Condition.NON_NEOPLASTIC: 0.07,
    Condition.OTHER: 0.05,
}
"""Share of each condition: 45% malignant, a tenth of all actinic keratosis; of photos that were taken because somebody
was worried about a third are cancers."""

TONES = (1, 2, 3, 4, 5, 6)
DOMAINS = tuple(Domain)
SPURIOUS_TONES = ((4, 5, 6), (1, 2, 3))
"""Tones a fully confounded patient has when its lesions are (benign, malignant)."""

_BLOCK = 6  # images whose patients are drawn together, so that image i never depends on how many there are
_PATIENT_SIZES = (1, 2, 3)
_PATIENT_STREAM, _LABEL_STREAM, _PAINT_STREAM = range(3)
_MIN_SIDE, _MAX_SIDE = 48, 1024


@dataclass(frozen=True, kw_only=True)
class Spurious:
    """A correlation between an attribute and malignancy that a model must not learn.

    `strength` in [0, 1] is P(attribute | malignant) - P(attribute | benign), where the attribute is "tone I-III",
    "dermoscopic" or "a ruler in the picture"; 0 is independence, 1 gives the label away. At 0 half of
    the pictures have a ruler, whatever took them.
    """

    attribute: Literal["tone", "domain", "ruler"]
    strength: float

    def __post_init__(self) -> None:
        if self.attribute not in ("tone", "domain", "ruler"):
            raise DataError(f"spurious attribute {self.attribute!r} is not one of: tone, domain, ruler")
        if not 0.0 <= self.strength <= 1.0:
            raise DataError(f"spurious strength {self.strength} is not within 0-1")


@dataclass(frozen=True, kw_only=True)
class SyntheticConfig:
    """All that decides a synthetic dataset; equal configs give equal images."""

    count: int = 2000
    """images in the dataset"""
    seed: int = 0
    side: int = 160
    """side of the square images in pixels"""
    weights: dict[Condition, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    """relative share of each condition"""
    spurious: Spurious | None = None

    def __post_init__(self) -> None:
        if self.count < 1:
            raise DataError(f"a synthetic dataset of {self.count} images: count must be at least 1")
        if self.seed < 0:
            raise DataError(f"seed {self.seed} is negative: use 0 or more")
        if not _MIN_SIDE <= self.side <= _MAX_SIDE:
            raise DataError(f"side {self.side} px is not within {_MIN_SIDE}-{_MAX_SIDE}")
        if min(self.weights.values(), default=0.0) < 0 or sum(self.weights.values()) <= 0:
            raise DataError("condition weights must not be negative and not all zero")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The content of one image. `dataclasses.replace` another tone or domain: the same lesion on other skin."""

    index: int
    seed: int
    patient: int
    condition: Condition
    tone: int
    """Fitzpatrick type 1-6"""
    domain: Domain
    ruler: bool | None = None
    """whether a ruler lies beside the lesion; None leaves one at the edge to chance, as the domain has it"""

    @property
    def malignant(self) -> bool:
        return self.condition in MALIGNANT_CONDITIONS

    @property
    def image_id(self) -> str:
        return f"synthetic_{self.index:06d}"

    @property
    def group_id(self) -> str:
        return f"synthetic_patient_{self.patient:06d}"


def draw_scene(config: SyntheticConfig, index: int) -> Scene:
    """The content of image `index` >= 0; depends on (config.seed, index) and the config's shares only."""
    patient = _patient_of(config.seed, index)
    confounded, patient_malignant, tone = _draw_patient(config, patient)
    rng = stream(config.seed, _LABEL_STREAM, index)
    condition = _draw_condition(rng, config, only_malignant=patient_malignant if confounded else None)
    domain = DOMAINS[int(rng.integers(len(DOMAINS)))]
    if (
        config.spurious is not None
        and config.spurious.attribute == "domain"
        and rng.random() < config.spurious.strength
    ):
        domain = _giveaway_domain(rng, malignant=condition in MALIGNANT_CONDITIONS)
    ruler = _giveaway_ruler(rng, config.spurious, malignant=condition in MALIGNANT_CONDITIONS)
    return Scene(
        index=index, seed=config.seed, patient=patient, condition=condition, tone=tone, domain=domain, ruler=ruler
    )


def paint_rng(scene: Scene, part: int) -> np.random.Generator:
    """The random numbers of one part of a painting. Parts are apart, so that another tone keeps the lesion."""
    return stream(scene.seed, _PAINT_STREAM, scene.index, part)


def stream(seed: int, *path: int) -> np.random.Generator:
    """An independent generator for each (seed, path)."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=path)))


def _patient_of(seed: int, index: int) -> int:
    """The patient of an image: each block of 6 images is cut into patients of 1-3 images."""
    block, place = divmod(index, _BLOCK)
    sizes = stream(seed, _PATIENT_STREAM, block).choice(_PATIENT_SIZES, size=_BLOCK)
    return block * _BLOCK + int(np.searchsorted(np.cumsum(sizes), place, side="right"))


def _draw_patient(config: SyntheticConfig, patient: int) -> tuple[bool, bool, int]:
    """(confounded, malignant where confounded, tone). A patient has one tone, so a tone confound is per patient."""
    rng = stream(config.seed, _PATIENT_STREAM, patient // _BLOCK, patient % _BLOCK)
    tone = TONES[int(rng.integers(len(TONES)))]
    malignant = bool(rng.random() < _malignant_share(config))
    by_label = SPURIOUS_TONES[malignant]
    other_tone = by_label[int(rng.integers(len(by_label)))]
    spurious = config.spurious
    confounded = spurious is not None and spurious.attribute == "tone" and bool(rng.random() < spurious.strength)
    return confounded, malignant, other_tone if confounded else tone


def _draw_condition(rng: np.random.Generator, config: SyntheticConfig, *, only_malignant: bool | None) -> Condition:
    shares = np.array([config.weights.get(condition, 0.0) for condition in CONDITIONS])
    if only_malignant is not None:
        shares = shares * [(condition in MALIGNANT_CONDITIONS) == only_malignant for condition in CONDITIONS]
    return CONDITIONS[int(np.searchsorted(np.cumsum(shares), rng.random() * shares.sum(), side="right"))]


def _malignant_share(config: SyntheticConfig) -> float:
    malignant = sum(weight for condition, weight in config.weights.items() if condition in MALIGNANT_CONDITIONS)
    return malignant / sum(config.weights.values())


def _giveaway_ruler(rng: np.random.Generator, spurious: Spurious | None, *, malignant: bool) -> bool | None:
    if spurious is None or spurious.attribute != "ruler":
        return None
    return bool(rng.random() < (0.5 + 0.5 * spurious.strength if malignant else 0.5 - 0.5 * spurious.strength))


def _giveaway_domain(rng: np.random.Generator, *, malignant: bool) -> Domain:
    other = (Domain.CLINICAL, Domain.SMARTPHONE)[int(rng.integers(2))]
    return Domain.DERMOSCOPIC if malignant else other
