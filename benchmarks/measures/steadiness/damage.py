"""What damage to its file does to the answer on a photo.

Photos are written in each format and damaged in each way, at places drawn with a seed. A damaged photo that is answered
`low` where the sound one was not is an error; so is a sound photo that is refused.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from benchmarks.outcome import BenchmarkError, Outcome, Table
from benchmarks.workshop.choices import OfBundle
from benchmarks.workshop.photos.damaged_files import DAMAGES, FORMATS, pixels_begin
from runtime.assess import Triage
from runtime.errors import PhotoError
from runtime.many import find_photos
from runtime.triage import Tier
from teacher.options import OPTION

REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Options(OfBundle):
    """What `damage` asks."""

    photos: Annotated[list[Path], OPTION]
    """photos or folders of them, best of cancers; several times for several"""
    count: Annotated[int, typer.Option(min=2)] = 100
    """how many of them, drawn at random"""
    format: Annotated[list[str] | None, OPTION] = None
    """formats to write them in; without it all"""
    seed: Annotated[int, OPTION] = 0
    """which photos and which places"""
    out: Annotated[Path, OPTION] = Path("artifacts/damage.json")
    """where the JSON goes"""


@dataclass(frozen=True, kw_only=True)
class Damaged:
    """What became of `photos` that were damaged in one way."""

    format: str
    damage: str
    photos: int
    refused: int
    cannot_assess: int
    low: int
    higher: int
    same: int
    """tier as before, of those that were not refused"""
    falsely_low: int
    """low, and not so before"""


def measure(options: Options) -> Outcome:
    """Damaged files that are answered all the same, and sound ones that are refused."""
    chosen = _known(options.format or list(FORMATS))
    photos = _some(options.photos, options.count, seed=options.seed)
    found = list(measure_damage(photos, formats=chosen, seed=options.seed, triage=Triage.load(options.bundle)))
    header = ("format", "damage", "photos", "refused", "none", "low", "higher", "same", "falsely low")
    rows = [tuple(str(value) for value in asdict(damaged).values()) for damaged in found]
    wrong, all_damaged = sum(d.falsely_low for d in found), sum(d.photos for d in found if d.damage != "none")
    return Outcome(
        figures=(options.out, {"seed": options.seed, "damage": [asdict(damaged) for damaged in found]}),
        tables=[Table("Answers on damaged files", header, rows)],
        lines=[f"falsely low: {wrong} of {all_damaged}", f"all figures: {options.out}"],
    )


def measure_damage(photos: Sequence[Path], *, formats: Sequence[str], seed: int, triage: Triage) -> Iterator[Damaged]:
    """For each format a row of sound files, named "none", and one for each damage."""
    for image_format in formats:
        files = [FORMATS[image_format](_pixels(path)) for path in photos]
        before = [_answer(data, triage=triage) for data in files]
        yield _damaged(image_format, "none", [(tier, tier) for tier in before])
        for name, damage in DAMAGES.items():
            chance = random.Random(f"{seed} {image_format} {name}")
            neighbours = pairwise([*files, files[0]])
            damaged = [damage(data, pixels_begin(data), other, chance) for data, other in neighbours]
            after = [_answer(data, triage=triage) for data in damaged]
            yield _damaged(image_format, name, list(zip(before, after, strict=True)))


def _damaged(image_format: str, damage: str, pairs: Sequence[tuple[str, str]]) -> Damaged:
    after = Counter(tier for _, tier in pairs)
    return Damaged(
        format=image_format,
        damage=damage,
        photos=len(pairs),
        refused=after[REFUSED],
        cannot_assess=after[Tier.CANNOT_ASSESS],
        low=after[Tier.LOW],
        higher=after[Tier.MODERATE] + after[Tier.HIGH],
        same=sum(a == b != REFUSED for a, b in pairs),
        falsely_low=sum(a != Tier.LOW and b == Tier.LOW for a, b in pairs),
    )


def _answer(data: bytes, *, triage: Triage) -> str:
    try:
        return triage.assess(data).tier
    except PhotoError:
        return REFUSED


def _pixels(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def _some(given: Sequence[Path], count: int, *, seed: int) -> list[Path]:
    photos = sorted(find_photos(given))
    if len(photos) < 2:
        raise BenchmarkError("--photos: no two photos there")
    return [Path(photo) for photo in random.Random(seed).sample(photos, min(count, len(photos)))]


def _known(formats: Sequence[str]) -> Sequence[str]:
    for name in formats:
        if name not in FORMATS:
            raise BenchmarkError(f"--format {name}: unknown; one of {'; '.join(FORMATS)}")
    return formats
