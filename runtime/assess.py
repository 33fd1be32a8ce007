"""Photo in, report out: the one door that the app and the command line use."""

import os
from pathlib import Path

from runtime.advice import advice_for
from runtime.bundle import Bundle, load_bundle
from runtime.engine import Engine
from runtime.photo import DEFAULT_LIMITS, PhotoLimits, PhotoSource, load_square
from runtime.prediction import Prediction
from runtime.quality import measure_quality
from runtime.report import Report, ranked
from runtime.triage import Decision, Tier, decide


class Triage:
    """A loaded bundle, ready to judge photos.

    >>> report = Triage.load().assess("photo.jpg")
    >>> print(report.tier, report.advice.headline)
    """

    def __init__(self, bundle: Bundle, *, threads: int | None = None, limits: PhotoLimits = DEFAULT_LIMITS) -> None:
        self.bundle = bundle
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
    ) -> "Triage":
        """Load a bundle folder, or the one inside the package; `file` picks one of its ONNX files by name.

        Raises BundleError when it is missing or damaged, EngineError when its model cannot be run.
        """
        folder = None if bundle is None else Path(bundle)
        return cls(load_bundle(folder, file=file), threads=threads, limits=limits)

    def assess(self, source: PhotoSource) -> Report:
        """Judge one photo.

        A photo that is too dark, flat, blurred or unfamiliar gives a report with the tier `cannot assess`. Raises
        PhotoError when there is no photo to judge, EngineError when the model's answer is not sound.
        """
        pixels = load_square(source, size=self.engine.size, limits=self._limits)
        problem = measure_quality(pixels).problem
        if problem is not None:
            return self._report(Decision(tier=Tier.CANNOT_ASSESS, reasons=(problem,)), prediction=None)
        prediction = self.engine.predict(pixels)
        file = self.bundle.file
        decision = decide(prediction, points=file.operating_points, novelty_threshold=file.novelty_threshold)
        return self._report(decision, prediction=prediction)

    def _report(self, decision: Decision, *, prediction: Prediction | None) -> Report:
        shown = None if decision.tier is Tier.CANNOT_ASSESS else prediction
        return Report(
            tier=decision.tier,
            malignancy=None if shown is None else shown.malignancy,
            conditions=() if shown is None else ranked(shown),
            novelty=None if prediction is None else prediction.novelty,
            reasons=decision.reasons,
            advice=advice_for(decision.tier),
            model_id=self.bundle.manifest.model_id,
            calibrated=self.bundle.file.operating_points.calibrated,
        )
