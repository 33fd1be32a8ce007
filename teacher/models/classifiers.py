"""XGBoost on the teacher's embeddings (Chen & Guestrin 2016): a second opinion that soft labels blend in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import xgboost

from runtime.conditions import CONDITIONS
from teacher.models.config import BoosterConfig

EPSILON = 1e-4
"""Probability floor before the logarithm: a tree leaf may say 0, a logit must be finite."""


@dataclass(frozen=True)
class Boosters:
    """One booster per head; the condition booster knows only the conditions that occur in its data."""

    malignancy: xgboost.Booster
    conditions: xgboost.Booster
    present: np.ndarray
    """positions in CONDITIONS that the condition booster answers for"""

    def malignancy_logits(self, features: np.ndarray) -> np.ndarray:
        """features: [N, D] -> float32 [N]"""
        probability = np.clip(self.malignancy.predict(xgboost.DMatrix(features)), EPSILON, 1 - EPSILON)
        return np.log(probability / (1 - probability)).astype(np.float32)

    def condition_logits(self, features: np.ndarray) -> np.ndarray:
        """features: [N, D] -> float32 [N, 10]; conditions that did not occur sit at the floor."""
        logits = np.full((len(features), len(CONDITIONS)), np.log(EPSILON), dtype=np.float32)
        probability = self.conditions.predict(xgboost.DMatrix(features)).reshape(len(features), -1)
        logits[:, self.present] = np.log(np.clip(probability, EPSILON, 1.0))
        return logits

    def save(self, folder: Path, stem: str) -> None:
        """Write both boosters as UBJSON; `present` is kept by the caller."""
        self.malignancy.save_model(folder / f"{stem}-malignancy.ubj")
        self.conditions.save_model(folder / f"{stem}-conditions.ubj")

    @classmethod
    def load(cls, folder: Path, stem: str, present: np.ndarray) -> Self:
        """What `save` wrote."""
        malignancy, conditions = (
            xgboost.Booster(model_file=str(folder / f"{stem}-{head}.ubj")) for head in ("malignancy", "conditions")
        )
        return cls(malignancy, conditions, present)


def fit_boosters(
    features: np.ndarray, malignant: np.ndarray, conditions: np.ndarray, config: BoosterConfig
) -> Boosters:
    """Fit both heads. features: [N, D]; malignant: bool [N]; conditions: int [N]."""
    present, classes = np.unique(conditions, return_inverse=True)
    common = {
        "max_depth": config.depth,
        "eta": config.learning_rate,
        "colsample_bytree": config.column_share,
        "subsample": config.row_share,
        "tree_method": "hist",
        "seed": config.seed,
        "verbosity": 0,
    }
    malignancy = xgboost.train(
        {**common, "objective": "binary:logistic"},
        xgboost.DMatrix(features, malignant.astype(np.float32)),
        num_boost_round=config.rounds,
    )
    by_condition = xgboost.train(
        {**common, "objective": "multi:softprob", "num_class": max(2, len(present))},
        xgboost.DMatrix(features, classes.astype(np.float32)),
        num_boost_round=config.rounds,
    )
    return Boosters(malignancy, by_condition, present)
