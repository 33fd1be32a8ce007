"""Which measures make the report, in which order, and which are left out of it and why.

All that is timed comes first, bundle by bundle: asking a thousand photos how good an answer is warms the machine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report.stages import Stage
from benchmarks.workshop.photos.sources import photo_paths
from runtime.bundle.load import DEFAULT_BUNDLE

DEFAULT = "default"
"""In place of a folder: the bundle inside the package."""

LATENCY, REFERENCE, SPEED, FORMATS, ROOFLINE = "latency", "reference", "speed", "formats", "roofline"
SERVICE, QUALITY, PACKING = "service", "quality", "packing"
ACCURACY, STUDENT = "accuracy", "student"
CALIBRATION, NOVELTY, FRAMING = "calibration", "novelty", "framing"
CACHE = Path(".cache")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A bundle, and the run that it came from where that is known."""

    name: str
    bundle: Path | None
    """None: the one inside the package"""
    run: Path | None

    @property
    def folder(self) -> Path:
        return self.bundle or DEFAULT_BUNDLE

    @property
    def inputs(self) -> tuple[Path, ...]:
        """What every figure of it depends on."""
        return (self.folder, *(() if self.run is None else (self.run,)))

    @property
    def named(self) -> tuple[str, ...]:
        """As an option of a command."""
        return () if self.bundle is None else ("--bundle", str(self.bundle))


@dataclass(frozen=True, kw_only=True)
class Given:
    """What there is to measure on."""

    subjects: tuple[Subject, ...]
    data: Path | None = None
    cache: Path = CACHE
    photos: Path | None = None
    """phone photos of spots"""
    no_lesion: tuple[Path, ...] = ()
    """folders of photos that show none"""
    peer_python: Path | None = None
    quick: bool = False


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A measure that is not made."""

    name: str
    of: str
    why: str

    @property
    def text(self) -> str:
        return f"{self.name} of {self.of}: {self.why}" if self.of else f"{self.name}: {self.why}"


def stages_of(given: Given, *, folder: Path) -> tuple[list[Stage], list[LeftOut]]:
    """Every stage in its order, with files below `folder`, and what is left out."""
    rows = [*_timed(given, folder), *_judged(given, folder)]
    stages = [row for row in rows if isinstance(row, Stage)]
    return stages, [row for row in rows if isinstance(row, LeftOut)]


def _timed(given: Given, folder: Path) -> Iterator[Stage | LeftOut]:
    """Whatever a warm or busy machine would change."""
    for name, words in (
        (LATENCY, ("--quick", "--starts", "3")),
        (REFERENCE, ("--quick",)),
        (SPEED, ("--no-options", "--starts", "3")),
    ):
        for subject in given.subjects:
            more = words if given.quick else ()
            yield _measure(name, subject, folder, *_of_reference(name, subject, given), *more)
    yield from _of_students(ROOFLINE, given, folder)
    yield from _of_students(FORMATS, given, folder)
    for subject in given.subjects:
        yield _measure(SERVICE, subject, folder, *(("--requests", "20") if given.quick else ()))


def _judged(given: Given, folder: Path) -> Iterator[Stage | LeftOut]:
    for subject in given.subjects:
        yield from _on_data(subject, given, folder)
        yield from _on_run(subject, given, folder)
        yield from _on_photos(subject, given, folder)
    yield _quality(given, folder)
    out = folder / f"{PACKING}.json"
    yield Stage(
        name=PACKING, of="", words=("benchmarks", PACKING, "--out", str(out)), out=out, inputs=(DEFAULT_BUNDLE,)
    )


def _measure(name: str, subject: Subject, folder: Path, *more: str, inputs: Sequence[Path] = ()) -> Stage:
    out = folder / subject.name / f"{name}.json"
    words = ("benchmarks", name, *subject.named, *more, "--out", str(out))
    return Stage(name=name, of=subject.name, words=words, out=out, inputs=(*subject.inputs, *inputs))


def _of_reference(name: str, subject: Subject, given: Given) -> tuple[str, ...]:
    if name != REFERENCE or subject.run is None:
        return ()
    peers = () if given.peer_python is None else ("--peer-python", str(given.peer_python))
    return ("--run", str(subject.run), *peers)


def _of_students(name: str, given: Given, folder: Path) -> Iterator[Stage | LeftOut]:
    """Measures that look at a run and at no bundle."""
    for subject in given.subjects:
        if subject.run is None:
            yield LeftOut(name=name, of=subject.name, why="its run folder (--run) was not given")
        elif name == FORMATS and given.quick:
            yield LeftOut(name=name, of=subject.name, why="exporting every format takes longer than --quick has")
        else:
            out = folder / subject.name / f"{name}.json"
            words = ["benchmarks", name, "--run", str(subject.run), "--out", str(out)]
            if name == FORMATS:
                words += ["--bundles", str(folder / subject.name / "bundles")]
                words += [] if given.peer_python is None else ["--peer-python", str(given.peer_python)]
            yield Stage(name=name, of=subject.name, words=tuple(words), out=out, inputs=(subject.run,))


def _on_data(subject: Subject, given: Given, folder: Path) -> Iterator[Stage | LeftOut]:
    few = ("--count", "150") if given.quick else ()
    stood = ("--robustness", *(("--distorted", "20") if given.quick else ()))
    if given.data is None:
        yield LeftOut(name=ACCURACY, of=subject.name, why="labelled photos (--data) were not given")
    else:
        report = folder / subject.name / ACCURACY
        words = ("teacher", "evaluate", str(subject.bundle or DEFAULT), "--data", str(given.data))
        yield Stage(
            name=ACCURACY,
            of=subject.name,
            words=(*words, "--cache", str(given.cache), *stood, *few, "--report", str(report)),
            out=report / "figures.json",
            inputs=(*subject.inputs, given.data),
        )
    if subject.run is None:
        yield LeftOut(name=STUDENT, of=subject.name, why="its run folder (--run) was not given")
    else:
        report = folder / subject.name / STUDENT
        words = ("distill", "evaluate", str(subject.run), *few, "--report", str(report))
        yield Stage(name=STUDENT, of=subject.name, words=words, out=report / "figures.json", inputs=(subject.run,))


def _on_run(subject: Subject, given: Given, folder: Path) -> Iterator[Stage | LeftOut]:
    if subject.run is None:
        yield LeftOut(name=CALIBRATION, of=subject.name, why="its run folder (--run) was not given")
    else:
        more = ("--splits", "50") if given.quick else ()
        yield _measure(CALIBRATION, subject, folder, "--run", str(subject.run), *more)
    if subject.run is None or not given.no_lesion:
        why = "its run folder (--run) and photos without a lesion (--no-lesion) are both needed"
        yield LeftOut(name=NOVELTY, of=subject.name, why=why)
    elif given.quick:
        yield LeftOut(name=NOVELTY, of=subject.name, why="asking every training photo takes longer than --quick has")
    else:
        photos = [word for one in given.no_lesion for word in ("--photos", str(one))]
        more = ("--run", str(subject.run), *photos)
        yield _measure(NOVELTY, subject, folder, *more, inputs=given.no_lesion)


def _on_photos(subject: Subject, given: Given, folder: Path) -> Iterator[Stage | LeftOut]:
    if given.photos is None:
        yield LeftOut(name=FRAMING, of=subject.name, why="phone photos (--photos) were not given")
    else:
        more = ("--count", "20", "--timed", "5") if given.quick else ()
        yield _measure(FRAMING, subject, folder, "--photos", str(given.photos), *more, inputs=(given.photos,))


def _quality(given: Given, folder: Path) -> Stage:
    """Of the gate, which no bundle changes; real photos all take part, for which --quick has no time."""
    out = folder / QUALITY
    known = given.data is not None and not given.quick and photo_paths(given.data)
    real = ("--data", str(given.data)) if known else ()
    few = ("--count", "5") if given.quick else ()
    return Stage(
        name=QUALITY,
        of="",
        words=("benchmarks", QUALITY, *real, *few, "--out", str(out)),
        out=out / f"{QUALITY}.json",
        inputs=() if not real else (Path(real[1]),),
    )
