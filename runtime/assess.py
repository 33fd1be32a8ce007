"""Photo in, report out: the one door that the app and the command line use."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.answer.locales import DEFAULT_LANGUAGE, texts_for
from runtime.answer.report import Report, ranked
from runtime.bundle.load import Bundle, load_bundle
from runtime.engine import Engine
from runtime.errors import PhotoError
from runtime.neighbours import Judged, most_careful
from runtime.photo.decode import DEFAULT_LIMITS, PhotoLimits, PhotoSource, load_square
from runtime.photo.quality import measure_quality
from runtime.prediction import Prediction
from runtime.triage import Decision, Tier, decide, likely_conditions

if TYPE_CHECKING:
    from runtime.explain import Explanation


STEPS = ("decode", "gate", "model")
"""Of a photo's way before the decision; a photo that the gate refuses is not asked about further."""


def _nothing(step: str) -> None:
    """Nobody times it."""


class Triage:
    """A loaded bundle, ready to judge photos. Safe to share between threads.

    >>> report = Triage.load().assess("photo.jpg")
    >>> print(report.tier_text, report.advice.headline)
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        threads: int | None = None,
        limits: PhotoLimits = DEFAULT_LIMITS,
        language: str = DEFAULT_LANGUAGE,
    ) -> None:
        """`language`: of the reports, where a call names no other. Raises ValueError for one without texts."""
        self.bundle = bundle
        self.language = texts_for(language).language
        self.engine = Engine(bundle, threads=threads)
        self._limits = limits

    @classmethod
    def load(
        cls,
        bundle: str | os.PathLike[str] | None = None,
        *,
        file: str | None = None,
        threads: int | None = None,
        limits: PhotoLimits = DEFAULT_LIMITS,
        language: str = DEFAULT_LANGUAGE,
        public_key: str | os.PathLike[str] | None = None,
    ) -> "Triage":
        """Load a bundle folder, or the one inside the package; `file` picks one of its ONNX files by name.

        `public_key`: a PEM file; only a bundle that its owner signed is then loaded. Raises BundleError when the bundle
        is missing, damaged or not signed by that key, EngineError when its model cannot be run.
        """
        folder, key = (None if path is None else Path(path) for path in (bundle, public_key))
        loaded = load_bundle(folder, file=file, public_key=key)
        return cls(loaded, threads=threads, limits=limits, language=language)

    def assess(
        self,
        source: PhotoSource,
        *,
        language: str | None = None,
        neighbours: Iterable[PhotoSource] = (),
        passed: Callable[[str], object] = _nothing,
    ) -> Report:
        """Judge one photo; with the squares beside it, such as `runtime.neighbours.NEIGHBOURS`, more carefully.

        A photo that is too dark, flat, blurred or unfamiliar gives a report with the tier `cannot assess`. `passed` is
        told when one of `STEPS` of the photo's own way is done: for whoever times them. Raises PhotoError when there is
        no photo to judge, EngineError when the model's answer is not sound, ValueError for a language without texts.
        """
        language = texts_for(language or self.language).language
        judged = most_careful(self._judged(source, passed), (self._judged(neighbour) for neighbour in neighbours))
        return self._report(judged.decision, prediction=judged.prediction, language=language)

    def assess_many(
        self, sources: Iterable[PhotoSource], *, language: str | None = None
    ) -> Iterator[tuple[str, Report | PhotoError]]:
        """Judge photos one after the other, in their order; one photo is in memory at a time.

        Yields each source's name with its report, or with the PhotoError where there is no photo to judge: a bad file
        never stops the others. Raises EngineError, as a model whose answer is not sound makes every other one suspect.
        """
        from runtime.many import assess_many

        return assess_many(self, sources, language=language)

    def explain(self, source: PhotoSource) -> "Explanation | None":
        """Where the model looked, in about 0.6 s of two cores; None for a photo that cannot be assessed.

        No map then: it would make a photo look judged that is not. Raises what `assess` raises.
        """
        from runtime.explain import explain

        pixels = load_square(source, size=self.engine.size, limits=self._limits)
        if self.assess(pixels).tier is Tier.CANNOT_ASSESS:
            return None
        return explain(self.engine, pixels)

    def _judged(self, source: PhotoSource, passed: Callable[[str], object] = _nothing) -> Judged:
        pixels = load_square(source, size=self.engine.size, limits=self._limits)
        passed("decode")
        problem = measure_quality(pixels).problem
        passed("gate")
        if problem is not None:
            return Judged(decision=Decision(tier=Tier.CANNOT_ASSESS, reasons=(problem,)), prediction=None)
        prediction, file = self.engine.predict(pixels), self.bundle.file
        passed("model")
        decision = decide(prediction, points=file.operating_points, novelty_threshold=file.novelty_threshold)
        return Judged(decision=decision, prediction=prediction)

    def _report(self, decision: Decision, *, prediction: Prediction | None, language: str) -> Report:
        shown = None if decision.tier is Tier.CANNOT_ASSESS else prediction
        return Report(
            tier=decision.tier,
            malignancy=None if shown is None else shown.malignancy,
            conditions=() if shown is None else ranked(shown),
            condition_set=() if shown is None else likely_conditions(shown, sets=self.bundle.file.prediction_sets),
            novelty=None if prediction is None else prediction.novelty,
            reason_codes=decision.reasons,
            raised_by=decision.raised_by,
            model_id=self.bundle.manifest.model_id,
            calibrated=self.bundle.file.operating_points.calibrated,
            language=language,
        )
