"""XGBoost for both targets: as many trees as the validation part asks for, on a GPU where there is one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from runtime.files import write_json
from teacher.models.classifiers import Boosters, Watched, fit_boosters
from teacher.models.compute import this_compute
from teacher.models.config import BoosterConfig
from teacher.probes.examples import Examples

CONFIG = BoosterConfig(rounds=300, depth=4, learning_rate=0.15)
"""At most so many rounds: the validation part ends most fits before."""


@dataclass(frozen=True, kw_only=True)
class Boosted:
    """Both boosters, with what the second one knows."""

    boosters: Boosters

    def malignancy_logits(self, features: np.ndarray) -> np.ndarray:
        """features: [N, D] -> float32 [N]"""
        return self.boosters.malignancy_logits(features)

    def condition_logits(self, features: np.ndarray) -> np.ndarray:
        """features: [N, D] -> float32 [N, 10]"""
        return self.boosters.condition_logits(features)

    def save(self, folder: Path, stem: str) -> None:
        """Two UBJSON files, and which conditions the second one answers for. Raises OSError."""
        self.boosters.save(folder, stem)
        write_json(folder / f"{stem}-present.json", self.boosters.present.tolist())

    @classmethod
    def load(cls, folder: Path, stem: str) -> Self:
        """What `save` wrote."""
        present = np.array(json.loads((folder / f"{stem}-present.json").read_text()), dtype=np.int64)
        return cls(boosters=Boosters.load(folder, stem, present))


def fit_boosted(learn: Examples, validation: Examples) -> Boosted:
    """Weighted, with early stopping on the validation part."""
    watched = Watched(features=validation.features, malignant=validation.malignant, conditions=validation.conditions)
    device = "cuda" if this_compute().device.type == "cuda" else "cpu"
    boosters = fit_boosters(
        learn.features,
        learn.malignant,
        learn.conditions,
        CONFIG,
        weights=learn.weights,
        watched=watched,
        device=device,
    )
    return Boosted(boosters=boosters)
