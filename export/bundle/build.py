"""A student becomes a bundle: measured, exported, judged file by file, and only then written."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from distill.int8.fine_tune import QuantisedStudent
from distill.int8.quantised_student import ensure_quantised
from export.bundle.bundle_report import ReportContent, write_report
from export.bundle.calibration_report import write_calibration_report
from export.bundle.context import Context, ModelFormat
from export.bundle.formats import FORMATS
from export.bundle.licences import licence_of
from export.int8.search import FineTuned
from export.onnx_file.convert import to_onnx
from export.onnx_file.frames import chosen_frames
from export.onnx_file.photo_model import PhotoModel
from export.verify.calibrate import CalibrationError, Targets
from export.verify.judge import FileReport, Judge
from export.verify.latency import Clock, against_fp32
from export.verify.model_file import Written
from export.verify.outputs import figures
from export.verify.parity import LIMITS, GateError, Limits
from export.verify.reference import Photos, Reference, evenly_spread, make_reference, module_of, photos_of
from export.workshop.child import ExportError, Workshop, open_workshop
from export.workshop.stages import Stages, captured
from export.workshop.toolchain import toolchain
from runtime.bundle.load import Figure, Frames, InputSpec, Manifest, read_manifest, verified, write_manifest
from runtime.conditions import CONDITIONS
from runtime.errors import SkintagError, first_line
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.options import OPTION

Failure = GateError | ExportError
"""Why a file is missing."""

FineTune = Callable[[Stages], QuantisedStudent]
"""Makes a student fit for 8 bit, showing its progress as a stage."""


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """Everything about an export that is not the student and not the photos."""

    targets: Targets = field(default_factory=Targets)
    """what the operating points are to keep"""
    prevalence: Annotated[float | None, OPTION] = None
    """share of malignant lesions where the bundle will be used, such as 0.1, which its probabilities are then for

    It is declared, not measured. Tiers and thresholds rank photos as without it."""
    limits: Mapping[str, Limits] = field(default_factory=lambda: dict(LIMITS))
    """the gate, per precision"""
    margin: float = 0.015
    """how much more tier agreement than the gate asks a candidate must show on the calibration part: shares near 98.5%
    of 400 calibration and of 360 validation photos differ by 0.9 points (one standard error), and no other recipe is
    tried after the gate, for that would be a choice by the photos that judge it"""
    statistics_photos: int = 1000
    """training photos of each domain that say what is familiar"""
    range_photos: int = 128
    """calibration photos that INT8 activation ranges are taken from"""
    judge_photos: int = 400
    """calibration photos, at most, that INT8 candidates are compared on; others than those of the ranges"""
    onnx_recipe: Annotated[str | None, OPTION] = None
    """the only ONNX INT8 recipe to try; without it a search"""
    tflite_recipe: Annotated[str | None, OPTION] = None
    """the only TFLite INT8 recipe to try; without it a search"""
    quick: Annotated[bool, typer.Option("--quick")] = False
    """take the first ONNX INT8 recipe that passes, though another may be faster"""
    keep_going: Annotated[bool, typer.Option("--keep-going")] = False
    """build the others where a file fails its gate; the bundle is then marked incomplete"""
    frames: Annotated[int, OPTION] = 1
    """crops of the square that one answer is the average of, inside the model: 1 (the whole), 2 or 4"""
    frame_side: Annotated[int | None, OPTION] = None
    """side of those crops in pixels, a multiple of 32; without it 7/8 of the student's input, rounded down"""
    examples: Annotated[bool, OPTION] = True
    """a row of photos in the report; they keep their dataset's terms"""
    licence: Annotated[str | None, OPTION] = None
    """licence text; without it derived from the training data"""
    created: str = field(default_factory=lambda: date.today().isoformat())
    formats: Sequence[ModelFormat] = FORMATS
    clock: Clock = against_fp32
    """tells candidates' latency"""

    def __post_init__(self) -> None:
        if self.prevalence is not None and not 0.0 < self.prevalence < 1.0:
            raise CalibrationError(
                f"--prevalence {self.prevalence}: give the share of malignant lesions in use, between 0 and 1, such as "
                "0.05 for one in twenty"
            )


@dataclass(frozen=True, kw_only=True)
class Card:
    """What is said of a model beyond its architecture."""

    called: str = "student"
    about: str = ""
    """one sentence in the report"""
    packages: tuple[str, ...] = ()
    """that have a say in it, beside those that every export needs"""


@dataclass(frozen=True, kw_only=True)
class Built:
    """A bundle that was written."""

    folder: Path
    manifest: Manifest
    reference_figures: Mapping[str, Figure]
    """the PyTorch student on the test part"""
    failures: Mapping[str, str]
    """what was said of each file that is missing from the bundle"""
    files: Sequence[FileReport]
    judge: Judge
    """what they were held against"""


def build_bundle(
    student: PhotoModel,
    data: Dataset,
    *,
    out: Path,
    options: ExportOptions | None = None,
    stages: Stages | None = None,
    fine_tune: FineTune | None = None,
    card: Card | None = None,
) -> Built:
    """Export `student`, or what stands in its place, judge each file on `data`, and write the bundle folder `out`.

    Nothing appears at `out` unless every file passed (with `keep_going`: at least one); what was there before is
    replaced at the very end. `fine_tune` is called where no recipe quantises the student well enough; `card` says what
    it is, where it is no student.
    Raises FramesError where the student does not answer for its frames, GateError when a file's answers are too far
    from the student's, ExportError when a converter fails.
    """
    _check_target(out)
    options = options or ExportOptions()
    frames = chosen_frames(options.frames, options.frame_side, model=student)
    photos = _photos(data)
    with open_workshop() as workshop:
        export = _Export(
            student=student,
            data=data,
            photos=photos,
            options=options,
            frames=frames,
            stages=stages or Stages.silent(),
            workshop=workshop,
            fine_tune=fine_tune,
            card=card or Card(),
        )
        judge = export.judge()
        files, failures = export.files(judge)
    reasons = {label: _reason(error) for label, error in failures.items()}
    content = export.content(judge.reference, files, reasons)
    with export.stages.stage("Writing the bundle"), written_aside(out) as folder:
        _write(folder, content)
    return Built(
        folder=out,
        manifest=content.manifest,
        reference_figures=content.reference_figures,
        failures={label: str(error) for label, error in failures.items()},
        files=files,
        judge=judge,
    )


def _apart(taken: np.ndarray, count: int, wanted: int) -> np.ndarray:
    """At most `wanted` of `count` positions, beside those taken: on photos that its ranges were taken from a candidate
    agrees better than on others. Of all, where fewer than those taken would be left."""
    rest = np.setdiff1d(np.arange(count), taken)
    return rest[evenly_spread(len(rest), wanted)] if len(rest) >= len(taken) else evenly_spread(count, wanted)


def fine_tune_of(run: Path) -> FineTune:
    """The fine-tune of a run's student, kept in its folder for the next time."""

    def fine_tune(stages: Stages) -> QuantisedStudent:
        with stages.counted("Fine-tuning for 8 bit") as start:
            return ensure_quantised(run, start=start)

    return fine_tune


def options_of(manifest: Manifest, *, targets: Targets, prevalence: float | None) -> ExportOptions:
    """How a bundle that exists was made, as far as its judge must know it; with these targets and prevalence."""
    frames = manifest.frames
    return ExportOptions(targets=targets, prevalence=prevalence, frames=frames.count, frame_side=frames.side)


def judge_of(student: PhotoModel, data: Dataset, *, options: ExportOptions, stages: Stages) -> Judge:
    """What the files of a student are held against, for a bundle that exists already."""
    frames = chosen_frames(options.frames, options.frame_side, model=student)
    return _judge(student, _photos(data), options=options, frames=frames, stages=stages)


def _judge(
    student: PhotoModel,
    photos: Mapping[Part, Photos],
    *,
    options: ExportOptions,
    frames: Frames,
    stages: Stages,
    called: str = "student",
) -> Judge:
    reference = make_reference(
        student,
        photos,
        statistics_photos=options.statistics_photos,
        targets=options.targets,
        stages=stages,
        prevalence=options.prevalence,
        frames=frames,
        called=called,
    )
    return Judge(photos=photos, reference=reference, targets=options.targets, limits=options.limits, stages=stages)


@dataclass(frozen=True, kw_only=True)
class _Export:
    """One call of `build_bundle`."""

    student: PhotoModel
    data: Dataset
    photos: Mapping[Part, Photos]
    options: ExportOptions
    frames: Frames
    stages: Stages
    workshop: Workshop
    fine_tune: FineTune | None
    card: Card

    def judge(self) -> Judge:
        return _judge(
            self.student,
            self.photos,
            options=self.options,
            frames=self.frames,
            stages=self.stages,
            called=self.card.called,
        )

    def files(self, judge: Judge) -> tuple[list[FileReport], dict[str, Failure]]:
        """Every format written and judged; what was said of those that failed, where that does not end the export."""
        context = self._context(judge)
        passed: list[FileReport] = []
        failures: dict[str, Failure] = {}
        for kind in self.options.formats:
            try:
                passed.append(judge.file(kind, self._convert(kind, context)))
            except (GateError, ExportError) as error:
                failures[kind.label] = error
                if not self.options.keep_going or len(failures) == len(self.options.formats):
                    raise _final(error) from error
        return passed, failures

    def content(self, reference: Reference, files: Sequence[FileReport], failures: Mapping[str, str]) -> ReportContent:
        test = self.photos[Part.TEST]
        own = figures(reference.outputs[Part.TEST], test.malignant, test.conditions, reference.thresholds)
        return ReportContent(
            manifest=self._manifest(files, failures),
            reference_figures=own,
            reference_outputs=reference.outputs[Part.VALIDATION],
            reference_thresholds=reference.thresholds,
            reference_calibration=reference.calibration,
            test_malignant=test.malignant,
            photos=self.photos[Part.VALIDATION] if self.options.examples else None,
            files=files,
            failures=failures,
            limits=self.options.limits,
            called=self.card.called,
            about=self.card.about,
        )

    def _convert(self, kind: ModelFormat, context: Context) -> Written:
        title = f"Converting to {kind.label}"
        with self.stages.stage(title):
            try:
                with captured(self.workshop.log):
                    written = kind.write(context)
            except SkintagError:
                raise
            except Exception as error:  # converters raise anything
                raise self.workshop.failure(f"{title} failed: {type(error).__name__}: {first_line(error)}") from error
        return written

    def _context(self, judge: Judge) -> Context:
        photos, options = self.photos[Part.CALIBRATION], self.options
        ranges = evenly_spread(len(photos), options.range_photos)
        judged = _apart(ranges, len(photos), options.judge_photos)
        return Context(
            module=judge.reference.module,
            metadata=self._metadata(),
            range_photos=[photos.squares[index] for index in ranges],
            judge_photos=[photos.squares[index] for index in judged],
            verdict=lambda outputs, precision: judge.verdict(
                outputs, judged, precision=precision, margin=options.margin
            ),
            workshop=self.workshop,
            fine_tune=None if self.fine_tune is None else lambda: self._fine_tuned(judge.reference),
            clock=options.clock,
            onnx_recipe=options.onnx_recipe,
            tflite_recipe=options.tflite_recipe,
            quick=options.quick,
            note=self.stages.note,
        )

    def _fine_tuned(self, reference: Reference) -> FineTuned:
        """The fine-tuned student with everything around it, as ONNX FP32, and the ranges it learnt."""
        assert self.fine_tune is not None
        tuned = self.fine_tune(self.stages)
        module = module_of(
            tuned.student,
            self.photos[Part.TRAIN],
            temperatures=reference.module.temperatures,
            statistics_photos=self.options.statistics_photos,
            stages=self.stages,
            frames=self.frames,
        )
        return FineTuned(model=to_onnx(module, metadata=self._metadata()), ranges=tuned.ranges)

    def _manifest(self, files: Sequence[FileReport], failures: Mapping[str, str]) -> Manifest:
        spec = self.student.spec
        return Manifest(
            model_id=self._model_id(),
            architecture=spec.arch,
            created=self.options.created,
            licence=self._licence(),
            training_data=self._datasets(),
            input=InputSpec(height=spec.image_size, width=spec.image_size),
            files=tuple(file.entry for file in files),
            incomplete=tuple(failures),
            toolchain=toolchain(*self.card.packages, *_packages_of(self.options.formats)),
            frames=self.frames,
        )

    def _metadata(self) -> dict[str, str]:
        """What stands inside each file: one that lost its manifest still says what it is."""
        several = {} if self.frames == Frames() else {"frames": f"{self.frames.count} of {self.frames.side} pixels"}
        return {
            "model_id": self._model_id(),
            "architecture": self.student.spec.arch,
            "conditions": ",".join(CONDITIONS),
            "licence": self._licence(),
            "training_data": ",".join(self._datasets()),
            **several,
        }

    def _model_id(self) -> str:
        """Architecture and a digest of the weights and the frames: what answers alike always has the same name."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.student.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
        if self.frames != Frames():
            digest.update(f"{self.frames.count} frames of {self.frames.side}".encode())
        return f"{self.student.spec.arch}-{digest.hexdigest()[:10]}"

    def _datasets(self) -> tuple[str, ...]:
        return tuple(sorted({sample.dataset for sample in self.data.samples}))

    def _licence(self) -> str:
        return self.options.licence or licence_of(self._datasets())


def _packages_of(formats: Sequence[ModelFormat]) -> tuple[str, ...]:
    return ("tensorflow",) if any(kind.format == "saved_model" for kind in formats) else ()


def _photos(data: Dataset) -> dict[Part, Photos]:
    photos = {part: photos_of(data, part) for part in Part}
    empty = [part.value for part in Part if not len(photos[part])]
    if empty:
        raise ExportError(f"no photos in the parts {', '.join(empty)}: a bundle is calibrated and judged on all four")
    return photos


def _write(folder: Path, content: ReportContent) -> None:
    """Fill the folder, then read it back as a device does: a full disk or a bad manifest shows here."""
    for file in content.files:
        (folder / file.entry.name).write_bytes(file.data)
    write_manifest(folder, content.manifest)
    write_report(folder, content)
    answers = {file.entry.name: file.measured.test for file in content.files}
    write_calibration_report(folder, content.manifest, test=answers, malignant=content.test_malignant)
    for file in read_manifest(folder).files:
        verified(folder, file)


def _check_target(out: Path) -> None:
    """Before the minutes that an export takes: `out` is free or a bundle, and a folder can be made beside it."""
    if out.exists() and not (out / "manifest.json").is_file() and (not out.is_dir() or any(out.iterdir())):
        raise ExportError(f"{out}: exists and is not a bundle; choose another --name or --out")
    with _folder_beside(out):
        pass


@contextmanager
def written_aside(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its place when all went well and disappears when not."""
    with _folder_beside(out) as aside:
        try:
            aside.chmod(0o755)
            yield aside
            _swap(aside, out)
        except OSError as error:
            raise ExportError(f"{out}: cannot be written ({error.strerror or error})") from error


@contextmanager
def _folder_beside(out: Path) -> Iterator[Path]:
    """An empty folder on the file system of `out`, so that renaming it is one step; removed unless it was renamed."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}-"))
    except OSError as error:
        raise ExportError(f"{out}: cannot be written ({error.strerror})") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _swap(new: Path, out: Path) -> None:
    """Put `new` where `out` is; the old bundle comes back when that fails."""
    if not out.exists():
        new.rename(out)
        return
    old = out.with_name(f"{new.name}-old")
    out.rename(old)
    try:
        new.rename(out)
    except BaseException:
        old.rename(out)
        raise
    shutil.rmtree(old)


def _reason(error: Failure) -> str:
    """What a bundle says of a missing file; no path of this machine goes with it."""
    return error.reason if isinstance(error, ExportError) else str(error)


def _final(error: Failure) -> Failure:
    """The error that ends an export, saying so."""
    text = f"{_reason(error)}. No bundle was written"
    return ExportError(text, log=error.log, kept=error.kept) if isinstance(error, ExportError) else GateError(text)
