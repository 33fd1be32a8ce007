"""What is known of a candidate for a model file: how near it comes to the student, and how fast it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from export.verify.latency import Latency


class Named(Protocol):
    """A recipe of any format."""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How near a candidate comes to the student on the calibration photos."""

    figures: Mapping[str, float]
    passes: bool

    @property
    def agreement(self) -> float:
        """share of the photos with the student's tier"""
        return self.figures.get("tier_agreement", 0.0)


Opinion = Callable[[bytes], Verdict]
"""Of a candidate's bytes, on the calibration photos."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One candidate and what came of it."""

    recipe: Named
    stage: str
    """static, deeper, lean, equalised, others, sensitivity or fine-tuned"""
    bytes: int
    verdict: Verdict
    latency: Latency | None = None
    remark: str = ""
    """why it was not taken"""
