"""A student becomes a bundle: measured, exported, judged file by file, and only then written."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from distill.student import Student
from export.calibrate import Targets, thresholds
from export.console import Stages, captured, last_lines
from export.evaluate import figures, file_outputs
from export.formats import FORMATS, Context, Judge, ModelFormat, Written
from export.licences import licence_of
from export.parity import LIMITS, GateError, Limits, agreement, check, compare
from export.reference import Photos, Reference, evenly_spread, make_reference, photos_of
from export.report import FileReport, ReportContent, write_report
from export.toolchain import toolchain
from runtime.bundle import Figure, InputSpec, Manifest, ModelFile, load_bundle, write_manifest
from runtime.conditions import CONDITIONS
from runtime.errors import EngineError, SkintagError
from teacher.data.dataset import Dataset
from teacher.data.splits import Part


class ExportError(SkintagError):
    """A bundle that could not be built; the message names the stage. `log` holds the converter's last lines."""

    def __init__(self, message: str, *, log: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.log = tuple(log)


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """Everything about an export that is not the student and not the photos."""

    precisions: tuple[str, ...] = ("int8", "fp32")
    """which files the bundle holds; FP32 is built and judged in any case, INT8 starts from it"""
    targets: Targets = field(default_factory=Targets)
    """what the operating points are to keep"""
    limits: Mapping[str, Limits] = field(default_factory=lambda: dict(LIMITS))
    """the gate, per precision"""
    enough_agreement: float = 0.97
    """tier agreement on the calibration part at which the search for an INT8 recipe stops"""
    statistics_photos: int = 2000
    """training photos that say what is familiar"""
    range_photos: int = 128
    """calibration photos that INT8 activation ranges are taken from"""
    judge_photos: int = 400
    """calibration photos that INT8 candidates are compared on"""
    licence: str | None = None
    """the licence text; None derives it from the datasets the student was trained on"""
    created: str = field(default_factory=lambda: date.today().isoformat())
    formats: Sequence[ModelFormat] = FORMATS


@dataclass(frozen=True, kw_only=True)
class Built:
    """A bundle that was written."""

    folder: Path
    manifest: Manifest
    reference_figures: Mapping[str, Figure]
    """the PyTorch student on the test part"""


def build_bundle(
    student: Student, data: Dataset, *, out: Path, options: ExportOptions | None = None, stages: Stages | None = None
) -> Built:
    """Export `student`, judge each file on `data`, and write the bundle folder `out`.

    Nothing appears at `out` unless every file passed; what was there before is replaced at the very end. Raises
    GateError when a file's answers are too far from the student's, ExportError when a converter fails.
    """
    export = _Export(
        student=student,
        data=data,
        photos=_photos(data),
        options=options or ExportOptions(),
        stages=stages or Stages.silent(),
    )
    _check_target(out)
    reference = export.reference()
    with _log_file(out.name) as log:
        files = export.files(reference, log)
    content = export.content(reference, files)
    with export.stages.stage("Writing the bundle"), _written_aside(out) as folder:
        _write(folder, content)
    return Built(folder=out, manifest=content.manifest, reference_figures=content.reference_figures)


@dataclass(frozen=True, kw_only=True)
class _Export:
    """One call of `build_bundle`."""

    student: Student
    data: Dataset
    photos: Mapping[Part, Photos]
    options: ExportOptions
    stages: Stages

    def reference(self) -> Reference:
        return make_reference(
            self.student,
            self.photos,
            statistics_photos=self.options.statistics_photos,
            targets=self.options.targets,
            stages=self.stages,
        )

    def files(self, reference: Reference, log: Path) -> list[FileReport]:
        """Every format written and judged, FP32 among them whether or not the bundle will hold it."""
        context = self._context(reference)
        judged = [self._judge(kind, self._convert(kind, context, log), reference) for kind in self.options.formats]
        return [file for file in judged if file.entry.precision in self.options.precisions]

    def content(self, reference: Reference, files: Sequence[FileReport]) -> ReportContent:
        test = self.photos[Part.TEST]
        own = figures(reference.outputs[Part.TEST], test.malignant, test.conditions, reference.thresholds)
        return ReportContent(
            manifest=self._manifest(reference, files),
            reference_figures=own,
            reference_outputs=reference.outputs[Part.VALIDATION],
            reference_thresholds=reference.thresholds,
            files=files,
            limits=self.options.limits,
        )

    def _convert(self, kind: ModelFormat, context: Context, log: Path) -> Written:
        title = f"Converting to {kind.label}"
        with self.stages.stage(title):
            try:
                with captured(log):
                    written = kind.write(context)
            except SkintagError:
                raise
            except Exception as error:  # converters raise anything
                reason = (str(error).strip().splitlines() or [""])[0]
                text = f"{title} failed: {type(error).__name__}: {reason} (the converter's whole output: {log})"
                raise ExportError(text, log=last_lines(log)) from error
        return written

    def _judge(self, kind: ModelFormat, written: Written, reference: Reference) -> FileReport:
        """The file's answers on three parts: thresholds, the gate, figures. Raises GateError."""
        if kind.max_bytes is not None and len(written.data) > kind.max_bytes:
            size = f"{len(written.data):,} bytes, the limit is at most {kind.max_bytes:,}"
            raise GateError(f"{kind.label} fails its gate: {size}. No bundle was written")
        calibration, validation, test = (self.photos[p] for p in (Part.CALIBRATION, Part.VALIDATION, Part.TEST))
        with self.stages.stage(f"Judging {kind.label}", total=sum(map(len, (calibration, validation, test)))) as step:
            try:
                on_calibration, on_validation, on_test = (
                    file_outputs(written.data, part.squares, step=step) for part in (calibration, validation, test)
                )
            except EngineError as error:
                raise GateError(f"{kind.label} fails its gate: {error}. No bundle was written") from error
        own = thresholds(on_calibration, calibration.malignant, targets=self.options.targets)
        parity = compare(
            reference.outputs[Part.VALIDATION],
            on_validation,
            malignant=validation.malignant,
            reference_thresholds=reference.thresholds,
            own_thresholds=own,
        )
        check(parity, self.options.limits[kind.precision], label=kind.label)
        entry = ModelFile(
            name=kind.file_name,
            format=kind.format,
            precision=kind.precision,
            bytes=len(written.data),
            sha256=hashlib.sha256(written.data).hexdigest(),
            operating_points=own.points,
            novelty_threshold=own.novelty,
            metrics=figures(on_test, test.malignant, test.conditions, own),
            parity=parity,
        )
        return FileReport(entry=entry, written=written, outputs=on_validation)

    def _context(self, reference: Reference) -> Context:
        photos = self.photos[Part.CALIBRATION]
        ranges = evenly_spread(len(photos), self.options.range_photos)
        return Context(
            module=reference.module,
            metadata=self._metadata(),
            range_photos=[photos.squares[index] for index in ranges],
            judge=self._candidate_judge(reference),
            enough_agreement=self.options.enough_agreement,
            note=self.stages.note,
        )

    def _candidate_judge(self, reference: Reference) -> Judge:
        """Tier agreement with the student on calibration photos, each side by thresholds from those same photos."""
        photos = self.photos[Part.CALIBRATION]
        chosen = evenly_spread(len(photos), self.options.judge_photos)
        squares, malignant = [photos.squares[index] for index in chosen], photos.malignant[chosen]
        wanted = reference.outputs[Part.CALIBRATION].take(chosen)
        wanted_thresholds = thresholds(wanted, malignant, targets=self.options.targets)

        def judge(model: bytes, /) -> float:
            outputs = file_outputs(model, squares)
            own = thresholds(outputs, malignant, targets=self.options.targets)
            return agreement(wanted, outputs, reference_thresholds=wanted_thresholds, own_thresholds=own)

        return judge

    def _manifest(self, reference: Reference, files: Sequence[FileReport]) -> Manifest:
        spec = self.student.spec
        return Manifest(
            model_id=self._model_id(),
            architecture=spec.arch,
            created=self.options.created,
            licence=self._licence(),
            training_data=self._datasets(),
            input=InputSpec(height=spec.image_size, width=spec.image_size),
            files=tuple(file.entry for file in files),
            calibration=reference.calibration,
            toolchain=toolchain(),
        )

    def _metadata(self) -> dict[str, str]:
        """What stands inside each file: one that lost its manifest still says what it is."""
        return {
            "model_id": self._model_id(),
            "architecture": self.student.spec.arch,
            "conditions": ",".join(CONDITIONS),
            "licence": self._licence(),
            "training_data": ",".join(self._datasets()),
        }

    def _model_id(self) -> str:
        """Architecture and a digest of the weights: the same student always has the same name."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.student.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
        return f"{self.student.spec.arch}-{digest.hexdigest()[:10]}"

    def _datasets(self) -> tuple[str, ...]:
        return tuple(sorted({sample.dataset for sample in self.data.samples}))

    def _licence(self) -> str:
        return self.options.licence or licence_of(self._datasets())


def _photos(data: Dataset) -> dict[Part, Photos]:
    photos = {part: photos_of(data, part) for part in Part}
    empty = [part.value for part in Part if not len(photos[part])]
    if empty:
        raise ExportError(f"no photos in the parts {', '.join(empty)}: a bundle is calibrated and judged on all four")
    return photos


def _write(folder: Path, content: ReportContent) -> None:
    """Fill the folder, then read it back as a device does: a full disk or a bad manifest shows here."""
    for file in content.files:
        (folder / file.entry.name).write_bytes(file.written.data)
    write_manifest(folder, content.manifest)
    write_report(folder, content)
    load_bundle(folder)


def _check_target(out: Path) -> None:
    if out.exists() and not (out / "manifest.json").is_file() and (not out.is_dir() or any(out.iterdir())):
        raise ExportError(f"{out}: exists and is not a bundle; choose another --name or --out")


@contextmanager
def _written_aside(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its place when all went well and disappears when not."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}-"))
    except OSError as error:
        raise ExportError(f"{out}: cannot be written ({error.strerror})") from error
    try:
        aside.chmod(0o755)
        yield aside
        _swap(aside, out)
    except OSError as error:
        raise ExportError(f"{out}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


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


@contextmanager
def _log_file(name: str) -> Iterator[Path]:
    """Where the converters' output goes; it stays only when they fail."""
    with tempfile.NamedTemporaryFile(prefix=f"skintag-export-{name}-", suffix=".log", delete=False) as file:
        log = Path(file.name)
    try:
        yield log
    except ExportError:
        raise
    except BaseException:
        log.unlink(missing_ok=True)
        raise
    log.unlink(missing_ok=True)
