"""How often the quality gate refuses a photo: each defect on each skin tone, and sound real photos.

The drawings of one scene differ in the skin only, so that a difference between tones is the gate's and not chance.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image, ImageDraw, ImageFont

from benchmarks.outcome import BenchmarkError, Outcome, Table
from benchmarks.workshop.environment import environment
from benchmarks.workshop.photos.defects import DEFECTS, Defect
from benchmarks.workshop.photos.sources import photo_paths
from runtime.errors import PhotoError
from runtime.files import written_whole
from runtime.photo.decode import INPUT_SIZE, Pixels, load_square
from runtime.photo.quality import QualityProblem, measure_quality
from teacher.console import Advance, progress
from teacher.data.synthetic import SyntheticConfig, draw_scene, paint
from teacher.data.synthetic.store import write_image
from teacher.options import OPTION

TONES = {1: "I", 2: "II", 3: "III", 4: "IV", 5: "V", 6: "VI"}
SEED = 70_000
"""Of drawings that no dataset of the default seeds holds and by which no threshold was set: that was 30,000."""

TILE, BAR, MARGIN, LABEL = 96, 16, 4, 150
FINE, REFUSED = "#2e7d32", "#b3261e"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `quality` asks."""

    data: Annotated[Path | None, OPTION] = None
    """folder of real photos; without it drawings only"""
    count: Annotated[int, typer.Option(min=1)] = 200
    """drawings per tone, and real photos per dataset to spoil"""
    out: Annotated[Path, OPTION] = Path("artifacts")
    """folder of the JSON, the table and the picture"""


def measure(options: Options) -> Outcome:
    """How often the photo gate refuses: each defect on each skin tone, and sound real photos."""
    if options.data is not None and not photo_paths(options.data):
        raise BenchmarkError(f"--data {options.data}: no photos of HAM10000 or PAD-UFES-20 there; see docs/data.md")
    found = measure_table(data=options.data, count=options.count)
    figures, page, picture = (options.out / f"quality.{kind}" for kind in ("json", "md", "jpg"))
    return Outcome(
        figures=(figures, found.to_dict()),
        files=[(page, lambda path: write_markdown(path, found)), (picture, sheet)],
        tables=[Table("Photo quality", header(found), [cells(row) for row in found.rows])],
        lines=[
            *(_sound_line(name, refusals) for name, refusals in found.sound.items()),
            f"all figures: {figures}; table: {page}; picture: {picture}",
        ],
    )


def _sound_line(name: str, refusals: "Refusals") -> str:
    said = ", ".join(f"{problem} {n}" for problem, n in refusals.problems.items()) or "none"
    return f"sound photos of {name}: {refusals.percent:.2f}% of {refusals.n:,} refused ({said})"


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """What the gate said of one group of photos."""

    n: int
    problems: dict[str, int]

    @property
    def percent(self) -> float:
        return 100.0 * sum(self.problems.values()) / max(self.n, 1)


@dataclass(frozen=True, kw_only=True)
class DefectRow:
    """One defect on every tone and on real photos."""

    defect: str
    expected: str | None
    """what the gate should say; None where a photo can still be judged"""
    tones: dict[str, Refusals]
    real: dict[str, Refusals]

    @property
    def gap(self) -> float:
        """Points between the tone that is refused most and the one refused least."""
        rates = [tone.percent for tone in self.tones.values()]
        return max(rates) - min(rates)


@dataclass(frozen=True, kw_only=True)
class QualityTable:
    """One measurement."""

    rows: list[DefectRow]
    sound: dict[str, Refusals]
    """all real photos as they are, by dataset"""

    def to_dict(self) -> dict[str, Any]:
        return {
            "rows": [{**asdict(row), "gap_points": round(row.gap, 2)} for row in self.rows],
            "sound": {
                name: {**asdict(found), "percent": round(found.percent, 3)} for name, found in self.sound.items()
            },
            "environment": environment(None),
        }


def measure_table(*, data: Path | None, count: int, side: int = INPUT_SIZE) -> QualityTable:
    """Judge `count` drawings per tone and up to `count` photos per dataset with each defect, then all photos unspoilt.

    Without `data` drawings only. Photos that cannot be decoded are left out: the gate never sees them.
    """
    paths = {} if data is None else photo_paths(data)
    total = len(DEFECTS) * (len(TONES) + len(paths)) + sum(len(found) for found in paths.values())
    with progress("Photo quality", total) as advance:
        sets: dict[str, list[Pixels]] = {numeral: drawings(tone, count, side) for tone, numeral in TONES.items()}
        sets |= {name: list(_loaded(_spread(found, count), side)) for name, found in paths.items()}
        rows = [_row(defect, sets, advance) for defect in DEFECTS]
        sound = {name: _refusals(_told(_loaded(found, side), advance, name)) for name, found in paths.items()}
    return QualityTable(rows=rows, sound=sound)


def drawings(tone: int, count: int, side: int) -> list[Pixels]:
    """The first scenes on skin of one tone, uint8 [side, side, 3] each."""
    config = SyntheticConfig(seed=SEED, count=count)
    return [paint(replace(draw_scene(config, index), tone=tone), side=side) for index in range(count)]


def header(table: QualityTable) -> tuple[str, ...]:
    real = tuple(table.rows[0].real)
    return ("refused, %", *TONES.values(), "gap", *real, "mostly as")


def cells(row: DefectRow) -> tuple[str, ...]:
    found = [*row.tones.values(), *row.real.values()]
    said: Counter[str] = Counter()
    for refusals in found:
        said.update(refusals.problems)
    rates = [f"{refusals.percent:.1f}" for refusals in found]
    tones, real = rates[: len(row.tones)], rates[len(row.tones) :]
    mostly = said.most_common(1)[0][0] if said else "-"
    name = row.defect if row.expected else f"({row.defect})"
    return (name, *tones, f"{row.gap:.1f}", *real, mostly)


def markdown(table: QualityTable) -> str:
    """The table, and the sound photos, as a page."""
    head, first = header(table), table.rows[0]
    counts = ", ".join(f"{name} {found.n}" for name, found in first.real.items())
    lines = ["# Photo quality", "", f"{first.tones['I'].n} drawings per tone" + (f"; {counts}" if counts else "") + "."]
    lines += ["In brackets: what a photo can still be judged with.", ""]
    lines += [_line(head), _line(["---", *["---:"] * (len(head) - 2), "---"]), *(_line(cells(r)) for r in table.rows)]
    if table.sound:
        lines += ["", "| sound photos | n | refused | as |", "| --- | ---: | ---: | --- |"]
    lines += [_line((name, f"{f.n:,}", f"{f.percent:.2f}%", _said(f))) for name, f in table.sound.items()]
    return "\n".join(lines) + "\n"


def write_markdown(path: Path, table: QualityTable) -> None:
    with written_whole(path) as partial_path:
        partial_path.write_text(markdown(table))


def sheet(path: Path) -> None:
    """One drawing per tone (columns) and defect (rows) with the verdict under it."""
    width = LABEL + len(TONES) * (TILE + MARGIN)
    image = Image.new("RGB", (width, len(DEFECTS) * (TILE + BAR + MARGIN)), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=11)
    for column, tone in enumerate(TONES):
        (pixels,) = drawings(tone, 1, INPUT_SIZE)
        for line, defect in enumerate(DEFECTS):
            spoilt = defect.spoil(pixels, seed=0)
            left, top = LABEL + column * (TILE + MARGIN), line * (TILE + BAR + MARGIN)
            image.paste(Image.fromarray(spoilt).resize((TILE, TILE), Image.Resampling.BOX), (left, top))
            problem = measure_quality(spoilt).problem
            draw.rectangle((left, top + TILE, left + TILE - 1, top + TILE + BAR - 1), fill=REFUSED if problem else FINE)
            draw.text(
                (left + 4, top + TILE + 1), problem.replace("_", " ") if problem else "fine", fill="white", font=font
            )
            if column == 0:
                draw.text((4, top + TILE // 2), defect.name, fill="black", font=font)
    write_image(path, np.asarray(image))


def _row(defect: Defect, sets: Mapping[str, Sequence[Pixels]], advance: Advance) -> DefectRow:
    found: dict[str, Refusals] = {}
    for name, photos in sets.items():
        found[name] = _refusals(defect.spoil(pixels, seed=seed) for seed, pixels in enumerate(photos))
        advance(defect.name)
    tones = {name: found[name] for name in TONES.values()}
    real = {name: refusals for name, refusals in found.items() if name not in tones}
    return DefectRow(
        defect=defect.name, expected=None if defect.problem is None else defect.problem.value, tones=tones, real=real
    )


def _refusals(photos: Iterator[Pixels]) -> Refusals:
    said: list[QualityProblem | None] = [measure_quality(pixels).problem for pixels in photos]
    problems = Counter(problem.value for problem in said if problem is not None)
    return Refusals(n=len(said), problems=dict(problems.most_common()))


def _loaded(paths: Sequence[Path], side: int) -> Iterator[Pixels]:
    for path in paths:
        try:
            yield load_square(path, size=side)
        except PhotoError:
            continue


def _told(photos: Iterator[Pixels], advance: Advance, name: str) -> Iterator[Pixels]:
    for pixels in photos:
        advance(name)
        yield pixels


def _spread(paths: Sequence[Path], count: int) -> list[Path]:
    """At most `count` of them, evenly over the list."""
    if len(paths) <= count:
        return list(paths)
    return [paths[index * len(paths) // count] for index in range(count)]


def _line(words: Sequence[str]) -> str:
    return "| " + " | ".join(words) + " |"


def _said(found: Refusals) -> str:
    return ", ".join(f"{problem} {n}" for problem, n in found.problems.items()) or "-"
