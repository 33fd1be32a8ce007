"""What a model says of one photo. An answer that is no probability cannot become a `Prediction`."""

import math
from dataclasses import dataclass

from runtime.conditions import CONDITIONS
from runtime.errors import EngineError

_ROUNDING = 1e-3
"""How far outside [0, 1] a probability may lie: a quantised output of 255 steps is off by less."""
_SUM_TOLERANCE = 0.05
"""How far from 1 the conditions may sum: ten quantised outputs, each half a step of 1/255 off, stay below 0.02."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One photo's outputs. Raises EngineError when a value is not finite or not a probability."""

    malignancy: float
    """probability in [0, 1]"""
    conditions: tuple[float, ...]
    """ten probabilities in the order of `runtime.conditions.CONDITIONS`, summing to 1"""
    novelty: float
    """how unlike the training photos, in the model's own units"""

    def __post_init__(self) -> None:
        if len(self.conditions) != len(CONDITIONS):
            raise EngineError(f"the model answered with {len(self.conditions)} conditions instead of {len(CONDITIONS)}")
        object.__setattr__(self, "malignancy", _probability("malignancy", self.malignancy))
        named = zip(CONDITIONS, self.conditions, strict=True)
        object.__setattr__(self, "conditions", tuple(_probability(name, value) for name, value in named))
        total = sum(self.conditions)
        if abs(total - 1.0) > _SUM_TOLERANCE:
            raise EngineError(f"the model's conditions sum to {total:.3f} instead of 1")
        if not math.isfinite(self.novelty):
            raise EngineError(f"the model answered novelty = {self.novelty}, which is not a number")


def _probability(name: str, value: float) -> float:
    if not -_ROUNDING <= value <= 1.0 + _ROUNDING:  # also refuses NaN
        raise EngineError(f"the model answered {name} = {value}, which is not a probability")
    return min(max(value, 0.0), 1.0)
