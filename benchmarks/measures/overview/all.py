"""Everything that is worth knowing of some bundles on this machine, as one report.

Each measure is a command of its own, in a process of its own, and what it found is kept: an interrupted report goes on
where it was, and only what has changed since is measured again.
"""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.outcome import BenchmarkError, Outcome, Table
from benchmarks.report.figures import Made, report_figures
from benchmarks.report.page import FIGURES, MARKDOWN, PAGE, report_files
from benchmarks.report.plan import CACHE, DEFAULT, Given, LeftOut, Subject, stages_of
from benchmarks.report.sections import SECTIONS, sections_of
from benchmarks.report.stages import Carried, Stage, carry_out
from benchmarks.workshop.checkout import code_here
from benchmarks.workshop.choices import checked
from runtime.bundle.load import load_bundle
from teacher.options import OPTION, OptionError

NONE = Path("-")
"""In place of a run folder: the bundle at the same place has none."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `all` asks."""

    bundle: Annotated[list[Path], OPTION] = field(default_factory=list)
    """bundle folder, `default` for the one in the package, which it is without this option; several times"""
    run: Annotated[list[Path], OPTION] = field(default_factory=list)
    """run folder that the bundle at the same place came from, `-` where there is none; several times"""
    data: Annotated[Path | None, OPTION] = None
    """folder of labelled photos: how good the bundles are, by domain and tone group"""
    cache: Annotated[Path, OPTION] = CACHE
    """folder for what is derived from the data"""
    photos: Annotated[Path | None, OPTION] = None
    """folder of phone photos of spots: does an answer turn on how they are framed?"""
    no_lesion: Annotated[list[Path], OPTION] = field(default_factory=list)
    """folder of photos without a lesion; several times"""
    peer_python: Annotated[Path | None, OPTION] = None
    """interpreter that has litert-torch, to compare with; see docs/benchmarks.md"""
    beside: Annotated[list[Path], OPTION] = field(default_factory=list)
    """run folder whose own figures stand beside the bundles' in report.json, such as the main job's; several times"""
    quick: Annotated[bool, typer.Option("--quick")] = False
    """a first look in ten minutes instead of two hours at most: few photos, no valid time, no export"""
    only: Annotated[list[str], OPTION] = field(default_factory=list)
    """stage to carry out, such as latency, and no others; several times"""
    again: Annotated[bool, typer.Option("--again")] = False
    """measure anew what was measured before on the same bundle, options and code"""
    out: Annotated[Path, OPTION] = Path("artifacts/report")
    """folder of the report; below it every measure's own files"""


def measure(options: Options) -> Outcome:
    """One report of some bundles, as a page and as Markdown: times first, then how good they are; it can be resumed."""
    given, code = given_of(options), code_here()
    stages, left_out = chosen(*stages_of(given, folder=options.out / "stages"), only=options.only)
    try:
        carried = carry_out(stages, again=options.again)
    except KeyboardInterrupt:
        typer.echo("stopped: what was measured is kept, the same command goes on from here", err=True)
        raise
    made = Made(
        command=command_shown(),
        ended=datetime.now(UTC).isoformat(timespec="seconds"),
        mode="quick" if options.quick else "full",
        code=code,
    )
    figures = report_figures(given, carried, left_out, made=made, beside=options.beside)
    files = report_files(options.out, figures, sections_of(carried, left_out))
    left = "; ".join(one.text for one in left_out)
    return Outcome(
        figures=(options.out / FIGURES, figures),
        files=files,
        tables=[Table("Stages", ("stage", "seconds", "ended"), [_cells(one) for one in carried])],
        lines=[
            *([f"left out: {left}"] if left else []),
            f"report: {options.out / PAGE}; beside it {MARKDOWN} and {FIGURES}",
        ],
        document=_document(options, figures),
        problems=[f"{one.stage.title}: {one.done.error}" for one in carried if one.done.error],
    )


def given_of(options: Options) -> Given:
    """What there is to measure on. Raises BenchmarkError, OptionError or BundleError for what is not there."""
    bundles = options.bundle or [Path(DEFAULT)]
    if len(options.run) > len(bundles):
        raise OptionError(f"--run is given {len(options.run)} times for {len(bundles)} bundles: one each, or {NONE}")
    runs = [*options.run, *[NONE] * (len(bundles) - len(options.run))]
    subjects = tuple(_subject(bundle, run) for bundle, run in zip(bundles, runs, strict=True))
    names = [subject.name for subject in subjects]
    if len(set(names)) < len(names):
        raise OptionError(f"--bundle: two are called {next(name for name in names if names.count(name) > 1)}")
    for folder, option in ((options.data, "--data"), (options.photos, "--photos"), *_pairs(options)):
        if folder is not None and not folder.is_dir():
            raise BenchmarkError(f"{option} {folder}: no such folder")
    checked(options.peer_python, option="--peer-python")
    return Given(
        subjects=subjects,
        data=options.data,
        cache=options.cache,
        photos=options.photos,
        no_lesion=tuple(options.no_lesion),
        peer_python=options.peer_python,
        quick=options.quick,
    )


def chosen(
    stages: Sequence[Stage], left_out: Sequence[LeftOut], *, only: Sequence[str]
) -> tuple[list[Stage], list[LeftOut]]:
    """The stages that were asked for, all where none was named. Raises OptionError for one that does not exist."""
    unknown = sorted(set(only) - SECTIONS.keys())
    if unknown:
        raise OptionError(f"--only {unknown[0]}: no such stage; there are {', '.join(SECTIONS)}")
    wanted = set(only) or SECTIONS.keys()
    others = [LeftOut(name=one.name, of=one.of, why="not among --only") for one in stages if one.name not in wanted]
    return [one for one in stages if one.name in wanted], [*left_out, *others]


def command_shown() -> str:
    """As it was typed, but of a path of this machine only the last name."""
    words = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]
    return f"uv run python -m benchmarks {shlex.join(words)}"


def _pairs(options: Options) -> list[tuple[Path, str]]:
    return [(one, "--no-lesion") for one in options.no_lesion] + [(one, "--beside") for one in options.beside]


def _subject(bundle: Path, run: Path) -> Subject:
    inside = str(bundle) == DEFAULT
    load_bundle(None if inside else bundle)  # whatever is wrong is said before anything is started
    if run != NONE and not (run / "config.json").is_file():
        raise BenchmarkError(f"--run {run}: not a run folder (config.json is missing)")
    return Subject(
        name=DEFAULT if inside else bundle.resolve().name,
        bundle=None if inside else bundle,
        run=None if run == NONE else run,
    )


def _cells(one: Carried) -> tuple[str, ...]:
    ended = one.done.error and f"failed: {one.done.error}"
    return (one.stage.title, f"{one.done.seconds:.0f}", ended or one.done.ended)


def _document(options: Options, figures: dict[str, Any]) -> dict[str, Any]:
    return {"report": str(options.out / PAGE), **{name: figures[name] for name in ("mode", "left_out", "failed")}}
