"""Calibration: temperatures inside the graph, operating points, novelty threshold and prediction sets per file.

All of it on the calibration part, which nothing else was chosen on, and on the answers of the very file that ships.
Every bound is an order statistic of those answers, so it holds whatever their distribution, for new photos that are
exchangeable with the calibration part (Vovk 2005; risk control: Bates et al. 2021, Angelopoulos et al. 2022).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logit
from scipy.stats import binom

from export.onnx_file.module import Temperatures
from export.verify.outputs import Outputs, Thresholds
from runtime.bundle.load import GroupAssurance, OperatingPoints, PredictionSets, Prevalence
from runtime.bundle.manifest import UNKNOWN_GROUP
from runtime.conditions import CONDITIONS, Condition
from runtime.errors import SkintagError
from teacher.data.priors import shifted_logit
from teacher.data.sample import ToneGroup
from teacher.evaluation.figures import rate_figure
from teacher.options import OPTION

MIN_CASES = 20
"""Malignant (and benign) photos below which no operating point is derived: 95% of fewer than 20 is none to spare."""

NOVELTY_REJECTION = 0.03
"""Share of ordinary photos that may be called unfamiliar. On the default student 2% leaves 6 of 22 photos without skin
unnoticed, 3% leaves 3, 5% leaves 2: beyond 3% mostly sound photos are lost."""

CONFIDENCE = 0.95
"""Chance that the `low` threshold keeps its target. On the default student, against a bound that holds on average only,
it costs 4.5 points of specificity at `low` (0.69 for 0.74) and shows melanomas as low half as often (3.4% for 6.4%)."""

LEAST_PROBABILITY = 1e-7
"""Nearer to 0 or 1 than this, a float32 probability has lost its logit."""

SAME_TEMPERATURE = 0.005
"""Relative; changes a probability by less than 0.002 wherever it is."""

TEMPERATURE_BOUNDS = (0.05, 20.0)


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What the operating points are to keep."""

    sensitivity: Annotated[float, OPTION] = 0.95
    """share of cancers that must reach the `low` threshold"""
    specificity: Annotated[float, OPTION] = 0.95
    """share of benign lesions that must stay below `high`"""
    confidence: Annotated[float, OPTION] = CONFIDENCE
    """chance that `low` keeps its target on new photos; 0: it keeps it on average only"""
    coverage: Annotated[float, OPTION] = 0.90
    """share of photos whose condition is in its set of likely ones"""
    novelty_rejection: Annotated[float, OPTION] = NOVELTY_REJECTION
    """share of ordinary photos that may be called unfamiliar"""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0.0 <= value < 1.0:
                raise CalibrationError(f"{name} {value}: give a share from 0 up to, not including, 1")


class CalibrationError(SkintagError):
    """A target that nothing can keep; the message says which."""


@dataclass(frozen=True, kw_only=True)
class Cases:
    """What is known of the photos that a file is calibrated on."""

    malignant: np.ndarray
    """bool [N]"""
    conditions: np.ndarray
    """int [N], positions in `runtime.conditions.CONDITIONS`"""
    groups: Sequence[str | None] = ()
    """tone group of each; None where it is not known, empty where nothing is known of any"""
    domains: Sequence[str] = ()
    """how each was taken, such as "dermoscopic"; empty where that is not told"""
    datasets: Sequence[str] = ()
    """where each comes from; empty where that is not told"""

    def take(self, indices: np.ndarray) -> "Cases":
        """Some of the photos."""

        def some[Value](values: Sequence[Value]) -> Sequence[Value]:
            return [values[index] for index in indices] if values else ()

        return Cases(
            malignant=self.malignant[indices],
            conditions=self.conditions[indices],
            groups=some(self.groups),
            domains=some(self.domains),
            datasets=some(self.datasets),
        )

    def by_domain(self) -> dict[str, np.ndarray]:
        """The photos of each domain, bool [N], and of each dataset of a domain that has several: those of a clinic that
        sends what it suspects to biopsy are another matter than those of one that keeps all it sees. None where there
        are not two to be told apart."""
        domains = np.array(self.domains, dtype=str)
        datasets = np.array(self.datasets or [""] * len(domains), dtype=str)
        found = {str(name): domains == name for name in np.unique(domains)}
        for name, own in list(found.items()):
            inside = np.unique(datasets[own])
            found |= {f"{name}, {one}": own & (datasets == one) for one in inside if len(inside) > 1}
        return found if len(found) > 1 else {}


def can_calibrate(malignant: np.ndarray) -> bool:
    """Whether the calibration part holds enough of both kinds. malignant: bool [N]."""
    return min(int(malignant.sum()), int((~malignant).sum())) >= MIN_CASES


def declared_prevalence(malignant: np.ndarray, declared: float | None) -> Prevalence | None:
    """What probabilities are moved from and to, by the calibration part; None where nothing was declared.

    malignant: bool [N]. Raises CalibrationError where the part cannot say what its own share is.
    """
    if declared is None:
        return None
    if not can_calibrate(malignant):
        raise CalibrationError(
            f"--prevalence {declared:g}: the calibration part holds fewer than {MIN_CASES} malignant or benign photos, "
            "so that its probabilities are not calibrated and cannot be moved"
        )
    return Prevalence(declared=declared, calibrated=float(malignant.mean()))


def shift_of(prevalence: Prevalence | None) -> float:
    """What has to be added to the malignancy's logit: the difference of the log odds (Saerens et al. 2002)."""
    if prevalence is None:
        return 0.0
    return shifted_logit(0.0, from_prior=prevalence.calibrated, to_prior=prevalence.declared)


def prevalence_weights(malignant: np.ndarray, declared: float) -> np.ndarray:
    """Weights under which photos have the declared share of malignant ones, of mean 1; equal ones where all are or
    none is. malignant: bool [N]."""
    share = malignant.mean()
    if share in (0.0, 1.0):
        return np.ones(len(malignant))
    return np.where(malignant, declared / share, (1 - declared) / (1 - share))


def fit_temperatures(
    malignancy_logits: np.ndarray, condition_logits: np.ndarray, *, malignant: np.ndarray, conditions: np.ndarray
) -> Temperatures:
    """One temperature per head, by the likelihood of the labels (Guo et al. 2017).

    malignancy_logits: [N]; condition_logits: [N, 10]; malignant: bool [N]; conditions: int [N].
    """
    two_classes = np.stack([np.zeros_like(malignancy_logits), malignancy_logits], axis=1)
    return Temperatures(
        malignancy=fit_temperature(two_classes, malignant.astype(np.int64)),
        conditions=fit_temperature(condition_logits, conditions),
    )


def recalibrated(
    outputs: Outputs, before: Temperatures, *, malignant: np.ndarray, conditions: np.ndarray
) -> Temperatures:
    """Temperatures for a file from its own probabilities, which came out with the temperatures `before`.

    A temperature within `SAME_TEMPERATURE` of the one before is kept: probabilities in float32 do not tell them apart.
    """
    scores = np.clip(outputs.malignancy.astype(np.float64), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    shares = np.clip(outputs.conditions.astype(np.float64), LEAST_PROBABILITY, 1.0)
    fitted = fit_temperatures(
        before.malignancy * logit(scores),
        before.conditions * np.log(shares),  # logits but for a constant per photo, which softmax ignores
        malignant=malignant,
        conditions=conditions,
    )
    pairs = {name: (getattr(before, name), getattr(fitted, name)) for name in ("malignancy", "conditions")}
    return Temperatures(
        **{name: old if abs(new / old - 1) < SAME_TEMPERATURE else new for name, (old, new) in pairs.items()}
    )


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature with the least negative log-likelihood. logits: [N, C]; labels: int [N]."""
    rows, logits = np.arange(len(labels)), logits.astype(np.float64)

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logits / math.exp(log_temperature), axis=1)[rows, labels].mean())

    low, high = (math.log(bound) for bound in TEMPERATURE_BOUNDS)
    found: Any = minimize_scalar(loss, bounds=(low, high), method="bounded")
    return math.exp(float(found.x))


def thresholds(outputs: Outputs, cases: Cases, *, targets: Targets) -> Thresholds:
    """All that turns a file's outputs into a report, from its own outputs on the calibration part.

    Each holds for all photos together and for every domain with photos enough: a phone cannot say which it took.
    """
    return Thresholds(
        points=operating_points(outputs.malignancy, cases, targets=targets),
        novelty=_widest_novelty(outputs.novelty, cases, targets=targets),
        novelty_rejection=targets.novelty_rejection if len(outputs.novelty) else None,
        sets=_widest_sets(outputs.conditions, cases, targets=targets),
    )


def operating_points(scores: np.ndarray, cases: Cases, *, targets: Targets) -> OperatingPoints:
    """`low` misses at most the allowed cancers, `high` alarms at most the allowed benign lesions, and high >= low.

    `low` is the smallest of the bounds for all cancers, for melanomas and for the cancers of each tone group and each
    domain, where there are enough, so that it holds for each of these. With too few cases the defaults, marked as
    uncalibrated. scores: [N].
    """
    if not can_calibrate(cases.malignant):
        return OperatingPoints()
    cancers, harmless = scores[cases.malignant], scores[~cases.malignant]
    bounds = low_bounds(scores, cases, targets=targets)
    whose, binding = min(bounds.items(), key=lambda pair: pair[1].threshold)
    low = binding.threshold
    high = max(low, upper_bound(harmless, share=targets.specificity))
    domains = _domains(cases)
    return OperatingPoints(
        low=low,
        high=high,
        calibrated=True,
        target_sensitivity=targets.sensitivity,
        target_specificity=targets.specificity,
        sensitivity_at_low=rate_figure(int((cancers >= low).sum()), len(cancers)),
        specificity_at_high=rate_figure(int((harmless < high).sum()), len(harmless)),
        method=binding.describe(whose),
        confidence=bounds[ALL].confidence,
        groups=tuple(_assurances(scores, _groups(cases), (*ToneGroup, UNKNOWN_GROUP), low=low, bounds=bounds)),
        domains=tuple(_assurances(scores, domains, sorted(domains), low=low, bounds=bounds)),
    )


ALL, MELANOMAS = "all", "melanomas"
"""Keys of the bounds over everyone and over melanomas, beside those of the tone groups and domains."""

MELANOMA = CONDITIONS.index(Condition.MELANOMA)


@dataclass(frozen=True, kw_only=True)
class LowBound:
    """A threshold that is the k-th smallest of the cancers' scores; k 0: zero, which every score reaches."""

    threshold: float
    k: int
    cancers: int
    confidence: float | None
    """None: on average only"""

    def describe(self, whose: str = "all") -> str:
        """Such as "score number 2 from below of 125 cancers: risk control, confidence 0.95"; whose: its key."""
        kind = "conformal, on average" if self.confidence is None else f"risk control, confidence {self.confidence:g}"
        of = {ALL: "cancers", MELANOMAS: "melanomas"}.get(whose, f"cancers ({whose})")
        return f"score number {self.k} from below of {self.cancers} {of}: {kind}"


def low_bounds(scores: np.ndarray, cases: Cases, *, targets: Targets) -> dict[str, LowBound]:
    """The bound over all cancers under `ALL`, that over melanomas, and one per known tone group and per domain, each
    with enough cancers for the confidence.

    Melanomas have one of their own because they are what must not be missed: carcinomas, which are many and easily
    told, would keep the promise of all cancers without them.
    """
    found = {ALL: low_bound(scores[cases.malignant], targets=targets)}
    melanomas = {MELANOMAS: cases.malignant & (cases.conditions == MELANOMA)}
    for group, members in (melanomas | _groups(cases) | _domains(cases)).items():
        own = low_bound(scores[members], targets=targets)
        if group != UNKNOWN_GROUP and own.k and own.confidence is not None:
            found[group] = own
    return found


def low_bound(cancers: np.ndarray, *, targets: Targets) -> LowBound:
    """At the wanted confidence where there are enough cancers, else on average. cancers: scores [n]."""
    n, miss = len(cancers), 1 - targets.sensitivity
    confident = confident_rank(n, miss=miss, confidence=targets.confidence) if targets.confidence else 0
    k = confident or math.floor(miss * (n + 1) + 1e-9)
    threshold = float(np.sort(cancers)[k - 1]) if k else 0.0
    return LowBound(threshold=threshold, k=k, cancers=n, confidence=targets.confidence if confident else None)


def confident_rank(n: int, *, miss: float, confidence: float) -> int:
    """The largest k for which at most a share `miss` of all cancers lies below the k-th smallest of n scores, with at
    least this confidence; 0 where n is too small for any.

    More than that share lies below it only if fewer than k of n draws fell into the lowest share `miss`, which has the
    chance P(Binomial(n, miss) <= k - 1) at most.
    """
    ranks = np.arange(1, n + 1)
    allowed = ranks[binom.cdf(ranks - 1, n, miss) <= 1 - confidence]
    return int(allowed.max(initial=0))


def _groups(cases: Cases) -> dict[str, np.ndarray]:
    """The malignant photos of each tone group, bool [N]; those without one under `UNKNOWN_GROUP`."""
    if not cases.groups:
        return {UNKNOWN_GROUP: cases.malignant}
    names = np.array([group or UNKNOWN_GROUP for group in cases.groups])
    return {str(name): cases.malignant & (names == name) for name in np.unique(names)}


def _domains(cases: Cases) -> dict[str, np.ndarray]:
    """The malignant photos of each domain, bool [N]."""
    return {name: cases.malignant & own for name, own in cases.by_domain().items()}


def _assurances(
    scores: np.ndarray,
    members: Mapping[str, np.ndarray],
    names: Sequence[str],
    *,
    low: float,
    bounds: Mapping[str, LowBound],
) -> Iterator[GroupAssurance]:
    for name in names:
        own = scores[members[name]] if name in members else np.empty(0)
        reached = rate_figure(int((own >= low).sum()), len(own)) if len(own) else None
        yield GroupAssurance(group=name, assured=name in bounds, cancers=len(own), sensitivity_at_low=reached)


def _widest_novelty(novelty: np.ndarray, cases: Cases, *, targets: Targets) -> float | None:
    """What is exceeded by no more than the allowed share of all photos, and of those of each domain."""
    least = math.ceil(1 / targets.novelty_rejection) if targets.novelty_rejection else math.inf
    own = [novelty[members] for members in cases.by_domain().values() if members.sum() >= least]
    found = [novelty_threshold(one, rejection=targets.novelty_rejection) for one in (novelty, *own)]
    return max((one for one in found if one is not None), default=None)


def _widest_sets(probabilities: np.ndarray, cases: Cases, *, targets: Targets) -> PredictionSets | None:
    """Sets that cover as often as wanted over all photos, and over those of each domain."""
    whole = prediction_sets(probabilities, cases.conditions, coverage=targets.coverage)
    least = math.ceil(1 / (1 - targets.coverage))
    for members in cases.by_domain().values():
        if whole is not None and members.sum() >= least:
            own = prediction_sets(probabilities[members], cases.conditions[members], coverage=targets.coverage)
            if own is not None:
                whole = replace(whole, threshold=min(whole.threshold, own.threshold))
    return whole


def prediction_sets(probabilities: np.ndarray, conditions: np.ndarray, *, coverage: float) -> PredictionSets | None:
    """Sets of all conditions that are likely enough (least ambiguous sets, Sadinle et al. 2019), and the likeliest.

    The k-th smallest of n true conditions' probabilities, k as in `lower_bound`. probabilities: [N, 10];
    conditions: int [N]. None without photos.
    """
    if not len(conditions):
        return None
    own = probabilities[np.arange(len(conditions)), conditions]
    threshold = min(max(lower_bound(own, share=coverage), 0.0), 1.0)
    return PredictionSets(threshold=threshold, target_coverage=coverage, n=len(conditions))


def lower_bound(scores: np.ndarray, *, share: float) -> float:
    """A threshold that a new score of this kind reaches with a chance of at least `share`.

    The k-th smallest of n scores is reached by a further one with chance (n + 1 - k) / (n + 1) (split conformal, Vovk
    2005), so k = floor((1 - share) (n + 1)); where n is too small for any k, zero, which every score reaches.
    """
    k = math.floor((1 - share) * (len(scores) + 1) + 1e-9)
    return float(np.sort(scores)[k - 1]) if k >= 1 else 0.0


def upper_bound(scores: np.ndarray, *, share: float) -> float:
    """A threshold that a new score of this kind stays below with a chance of at least `share`; at most 1."""
    k = math.ceil(share * (len(scores) + 1) - 1e-9)
    if k > len(scores):
        return 1.0
    return min(float(np.nextafter(np.sort(scores)[k - 1], np.inf)), 1.0)


def novelty_threshold(novelty: np.ndarray, *, rejection: float = NOVELTY_REJECTION) -> float | None:
    """What ordinary photos exceed with a chance of at most `rejection`; None without photos to tell by."""
    if not len(novelty):
        return None
    k = math.ceil((1 - rejection) * (len(novelty) + 1) - 1e-9)
    return float(np.sort(novelty)[min(k, len(novelty)) - 1])
