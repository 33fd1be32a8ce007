"""An answer must not turn on a hair: what the squares just beside the framed one say, and which answer then stands.

On 300 phone photos (PAD-UFES-20, framed as the app proposes) the tier of the default bundle is another one in 7% when
the square moves by 5% of its side or is zoomed by 10% (of a model that looks at the square once, in 14%). Where
neighbours disagree, the more careful answer stands and says that it is on the edge.

The laws: the framed square alone decides whether there is a tier, so no neighbour gives one to a photo that cannot be
assessed; the tier is never lower than the framed square's own; the order of the neighbours changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from runtime.prediction import Prediction
from runtime.triage import Decision, Reason, Tier


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """A square beside the framed one."""

    across: float = 0.0
    """how far to the right, as a share of the framed square's side"""
    down: float = 0.0
    zoom: float = 1.0
    """above 1 for a smaller square"""


_STEP, _ZOOM = 0.05, 1.1
"""What two careful people differ by when they frame the same spot. With these six, 14% of the phone photos that were
assessed by a model that looks once had a neighbour of another tier; a step of 10% found 19%, left and right alone
11%."""

NEIGHBOURS = (
    Neighbour(across=-_STEP),
    Neighbour(across=_STEP),
    Neighbour(down=-_STEP),
    Neighbour(down=_STEP),
    Neighbour(zoom=_ZOOM),
    Neighbour(zoom=1 / _ZOOM),
)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What came of one square."""

    decision: Decision
    prediction: Prediction | None
    """None where the model was not asked: the square's quality forbids it"""

    @property
    def assessed(self) -> bool:
        return self.decision.tier is not Tier.CANNOT_ASSESS

    @property
    def care(self) -> int:
        """How much care the answer asks for; more than its tier says where a low one is to be treated."""
        treated = self.decision.tier is Tier.LOW and Reason.INFLAMMATION in self.decision.reasons
        return _CARE[self.decision.tier] + treated

    @property
    def malignancy(self) -> float:
        return 0.0 if self.prediction is None else self.prediction.malignancy


_CARE = {Tier.LOW: 0, Tier.MODERATE: 2, Tier.HIGH: 3}


def most_careful(framed: Judged, neighbours: Iterable[Judged]) -> Judged:
    """The answer that stands, whole: a tier with the numbers that led to it. `neighbours` are read only if needed.

    A neighbour that cannot be assessed has no tier, and so raises none. Beside a low answer it still says that the
    photo is on the edge: moved by a hair, nobody could have said "low". Beside an answer that sends to a doctor anyway
    it takes most of them, or every third phone photo would carry the warning and nobody would read it.
    """
    if not framed.assessed:
        return framed
    around = tuple(neighbours)
    assessed = tuple(judged for judged in around if judged.assessed)
    stands = max((framed, *assessed), key=lambda judged: (judged.care, judged is framed, judged.malignancy))
    disagree = any(judged.care != framed.care for judged in assessed)
    unknown = len(around) - len(assessed)
    unsure = unknown > (0 if stands.decision.tier is Tier.LOW else len(around) / 2)
    return _on_the_edge(stands) if disagree or unsure else stands


def _on_the_edge(judged: Judged) -> Judged:
    reasons = (*judged.decision.reasons, Reason.ON_THE_EDGE)
    return replace(judged, decision=replace(judged.decision, reasons=reasons))
