"""How far an answer depends on how a spot is framed: by the square alone, and held against the squares beside it.

Each photo is framed as the app proposes; then the frame is moved by 5% of its side, left, right, up and down, and
zoomed by 10%, in and out: what two careful people differ by. A tier that becomes another one has turned on a hair.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Annotated

import typer

from benchmarks.outcome import BenchmarkError, Outcome, Table
from benchmarks.workshop.choices import OfBundle
from benchmarks.workshop.environment import environment
from mobile_app.photo.darkroom import Photo, Picture, open_picture, square_of
from mobile_app.photo.framing import Framing, first_guess
from runtime.assess import Triage
from runtime.errors import PhotoError
from runtime.many import find_photos
from runtime.triage import Tier
from teacher.options import OPTION

_HIGHER = (Tier.MODERATE, Tier.HIGH)


@dataclass(frozen=True, kw_only=True)
class Options(OfBundle):
    """What `framing` asks."""

    photos: Annotated[Path, OPTION]
    """folder of phone photos"""
    count: Annotated[int, typer.Option(min=1)] = 300
    """how many of them, drawn at random with seed 0"""
    repeats: Annotated[int, typer.Option(min=1)] = 3
    """times that each photo is timed, from its bytes to its tier, in turns with and without the squares beside it"""
    timed: Annotated[int, typer.Option(min=1)] = 20
    """how many photos are timed"""
    out: Annotated[Path, OPTION] = Path("artifacts/framing.json")
    """where the JSON goes"""


def measure(options: Options) -> Outcome:
    """Tiers that change where the frame moves by 5% or is zoomed by 10%, with the squares beside it and without."""
    photos = list(_some(options.photos, options.count))
    triage = Triage.load(options.bundle, threads=1)
    changed = measure_framing(photos, triage=triage)
    times = measure_time(photos[: options.timed], triage=triage, repeats=options.repeats)
    return Outcome(
        figures=(
            options.out,
            {"environment": environment(1), "framing": [asdict(c) for c in changed], "time": asdict(times)},
        ),
        tables=[_table(changed)],
        lines=[
            f"photo to tier, one thread, processor time, p50: {times.alone_ms:.0f} ms by the square alone, "
            f"{times.beside_ms:.0f} ms with the squares beside it ({times.ratio:.2f} times, median over photos)",
            f"all figures: {options.out}",
        ],
    )


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What became of the tiers of `photos` in `moves` moves."""

    answer: str
    photos: int
    moves: int
    changed: int
    """moves that gave another tier, "cannot assess" included"""
    photos_changed: int
    """photos of which at least one move did"""
    between_tiers: int
    """moves from low, moderate or high to another of them"""
    to_low: int
    """moves from moderate or high to low"""
    high_to_low: int
    low: int
    """photos that are low as framed"""


@dataclass(frozen=True, kw_only=True)
class Times:
    """Milliseconds of processor time from a photo's bytes to its tier, framed as the app proposes; medians.

    Of the processor, because what else runs on the machine is hardly in it.
    """

    photos: int
    alone_ms: float
    beside_ms: float
    ratio: float
    """median over photos, each measured in turns"""


Judge = Callable[[Picture, Framing], Tier]


def measure_framing(photos: Sequence[Photo], *, triage: Triage) -> list[Changed]:
    """Judge each photo as proposed and as moved, by the square alone and with the squares beside it."""
    found: dict[str, list[tuple[Tier, list[Tier]]]] = {"square alone": [], "with its neighbours": []}
    for photo in photos:
        picture = open_picture(photo)
        framed = first_guess(picture.image)
        for tiers, judge in zip(found.values(), _judges(triage), strict=True):
            tiers.append((judge(picture, framed), [judge(picture, moved) for moved in framed.neighbours()]))
    return [tally(answer, tiers) for answer, tiers in found.items()]


def measure_time(photos: Sequence[Photo], *, triage: Triage, repeats: int) -> Times:
    """Time both ways in turns, so that a slow moment of the machine hits them both."""
    taken = [[_timed(photo, triage=triage) for _ in range(1 + repeats)][1:] for photo in photos]
    alone, beside = ([median(round_[way] for round_ in rounds) for rounds in taken] for way in (0, 1))
    return Times(
        photos=len(photos),
        alone_ms=median(alone),
        beside_ms=median(beside),
        ratio=median(with_them / without for without, with_them in zip(alone, beside, strict=True)),
    )


def _judges(triage: Triage) -> tuple[Judge, Judge]:
    def alone(picture: Picture, framing: Framing) -> Tier:
        return triage.assess(square_of(picture, framing)).tier

    def beside(picture: Picture, framing: Framing) -> Tier:
        neighbours = (square_of(picture, neighbour) for neighbour in framing.neighbours())
        return triage.assess(square_of(picture, framing), neighbours=neighbours).tier

    return alone, beside


def _timed(photo: Photo, *, triage: Triage) -> tuple[float, float]:
    alone, beside = _judges(triage)
    return _milliseconds(photo, alone), _milliseconds(photo, beside)


def _milliseconds(photo: Photo, judge: Judge) -> float:
    started = time.process_time()
    picture = open_picture(photo)
    judge(picture, first_guess(picture.image))
    return 1e3 * (time.process_time() - started)


def tally(answer: str, tiers: Sequence[tuple[Tier, Sequence[Tier]]]) -> Changed:
    """Count what became of each photo's tier, as framed, in its moves."""
    pairs = [(framed, moved) for framed, all_moved in tiers for moved in all_moved]
    return Changed(
        answer=answer,
        photos=len(tiers),
        moves=len(pairs),
        changed=sum(framed is not moved for framed, moved in pairs),
        photos_changed=sum(any(moved is not framed for moved in all_moved) for framed, all_moved in tiers),
        between_tiers=sum(framed is not moved and Tier.CANNOT_ASSESS not in (framed, moved) for framed, moved in pairs),
        to_low=sum(framed in _HIGHER and moved is Tier.LOW for framed, moved in pairs),
        high_to_low=pairs.count((Tier.HIGH, Tier.LOW)),
        low=sum(framed is Tier.LOW for framed, _ in tiers),
    )


def _table(found: Sequence[Changed]) -> Table:
    header = ("answer", "photos", "another tier", "in a photo", "between tiers", "to low", "high to low", "low")
    rows = [
        (
            c.answer,
            str(c.photos),
            f"{c.changed} of {c.moves} ({c.changed / c.moves:.1%})" if c.moves else "0",
            f"{c.photos_changed} ({c.photos_changed / c.photos:.1%})",
            *(str(count) for count in (c.between_tiers, c.to_low, c.high_to_low, c.low)),
        )
        for c in found
    ]
    return Table("Tiers where the frame moves by 5% or is zoomed by 10%", header, rows)


def _some(folder: Path, count: int) -> Iterator[Photo]:
    paths = sorted(find_photos([folder])) if folder.is_dir() else []
    if not paths:
        raise BenchmarkError(f"--photos {folder}: no folder with photos")
    for path in random.Random(0).sample(paths, min(count, len(paths))):
        try:
            yield Photo(name=path, data=Path(path).read_bytes())
        except OSError as error:
            raise PhotoError(f"{path}: cannot be read ({error.strerror})") from error
