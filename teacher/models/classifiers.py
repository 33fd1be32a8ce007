"""XGBoost on the teacher's embeddings (Chen & Guestrin 2016): a second opinion that soft labels blend in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import xgboost

from runtime.conditions import CONDITIONS
from runtime.files import written_whole
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
        known = probability[:, : len(self.present)]  # of one condition XGBoost makes two classes, the second never seen
        logits[:, self.present] = np.log(np.clip(known, EPSILON, 1.0))
        return logits

    def save(self, folder: Path, stem: str) -> None:
        """Write both boosters as UBJSON; `present` is kept by the caller. Raises OSError."""
        for head, booster in (("malignancy", self.malignancy), ("conditions", self.conditions)):
            with written_whole(folder / f"{stem}-{head}.ubj") as partial:
                partial.write_bytes(booster.save_raw("ubj"))

    @classmethod
    def load(cls, folder: Path, stem: str, present: np.ndarray) -> Self:
        """What `save` wrote."""
        malignancy, conditions = (
            xgboost.Booster(model_file=str(folder / f"{stem}-{head}.ubj")) for head in ("malignancy", "conditions")
        )
        return cls(malignancy, conditions, present)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Images that decide how many trees there are: of `rounds` at most, as long as these are answered better."""

    features: np.ndarray
    """[M, D]"""
    malignant: np.ndarray
    conditions: np.ndarray
    patience: int = 15
    """rounds without a gain after which it ends"""


def fit_boosters(
    features: np.ndarray,
    malignant: np.ndarray,
    conditions: np.ndarray,
    config: BoosterConfig,
    *,
    weights: np.ndarray | None = None,
    watched: Watched | None = None,
    device: str = "cpu",
) -> Boosters:
    """Fit both heads. features: [N, D]; malignant: bool [N]; conditions: int [N]; weights: float [N]."""
    present, classes = np.unique(conditions, return_inverse=True)
    common = {
        "max_depth": config.depth,
        "eta": config.learning_rate,
        "colsample_bytree": config.column_share,
        "subsample": config.row_share,
        "tree_method": "hist",
        "seed": config.seed,
        "verbosity": 0,
        "device": device,
    }
    rows = xgboost.DMatrix(features, malignant.astype(np.float32), weight=weights)
    binary = {**common, "objective": "binary:logistic"}
    judge = None if watched is None else xgboost.DMatrix(watched.features, watched.malignant.astype(np.float32))
    malignancy = _boosted(binary, rows, config, judge, watched)
    rows = xgboost.DMatrix(features, classes.astype(np.float32), weight=weights)
    several = {**common, "objective": "multi:softprob", "num_class": max(2, len(present))}
    by_condition = _boosted(several, rows, config, _of_known_conditions(watched, present), watched)
    return Boosters(malignancy, by_condition, present)


def _of_known_conditions(watched: Watched | None, present: np.ndarray) -> xgboost.DMatrix | None:
    """Those watched images whose condition the booster can answer at all."""
    known = None if watched is None else np.isin(watched.conditions, present)
    if watched is None or known is None or not known.any():
        return None
    classes = np.searchsorted(present, watched.conditions[known])
    return xgboost.DMatrix(watched.features[known], classes.astype(np.float32))


def _boosted(
    settings: dict[str, object],
    rows: xgboost.DMatrix,
    config: BoosterConfig,
    judge: xgboost.DMatrix | None,
    watched: Watched | None,
) -> xgboost.Booster:
    if judge is None or watched is None:
        return xgboost.train(settings, rows, num_boost_round=config.rounds)
    booster = xgboost.train(
        settings,
        rows,
        num_boost_round=config.rounds,
        evals=[(judge, "watched")],
        early_stopping_rounds=watched.patience,
        verbose_eval=False,
    )
    return booster[: booster.best_iteration + 1]
