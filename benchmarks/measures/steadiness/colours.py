"""What a colour profile does to the tier of real photos.

A photo's pixels are written in the numbers of Display P3, Adobe RGB and ProPhoto, with that profile, so that it shows
the same colours as before; a tier that changes is an error.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from benchmarks.outcome import BenchmarkError, Outcome, Table
from benchmarks.workshop.choices import OfBundle
from benchmarks.workshop.photos.colour_profiles import ADOBE_RGB, DISPLAY_P3, PROPHOTO, tagged_png
from runtime.assess import Triage
from runtime.many import find_photos
from runtime.triage import Tier
from teacher.options import OPTION


@dataclass(frozen=True, kw_only=True)
class Options(OfBundle):
    """What `colours` asks."""

    photos: Annotated[Path, OPTION]
    """folder of photos in sRGB"""
    count: Annotated[int, typer.Option(min=1)] = 300
    """how many of them, drawn at random with seed 0"""
    out: Annotated[Path, OPTION] = Path("artifacts/colours.json")
    """where the JSON goes"""


def measure(options: Options) -> Outcome:
    """Tiers that change where the same colours come in another colour space, with its profile."""
    found = measure_profiles(_some(options.photos, options.count), triage=Triage.load(options.bundle))
    header = ("space", "photos", "another tier", "moderate to low", "any to low")
    rows = [(c.space, str(c.photos), str(c.tiers), str(c.moderate_to_low), str(c.any_to_low)) for c in found]
    return Outcome(
        figures=(options.out, {"colours": [asdict(changed) for changed in found]}),
        tables=[Table("Tiers in other colour spaces", header, rows)],
        lines=[f"all figures: {options.out}"],
    )


def _some(folder: Path, count: int) -> list[Path]:
    photos = sorted(find_photos([folder])) if folder.is_dir() else []
    if not photos:
        raise BenchmarkError(f"--photos {folder}: no folder with photos")
    return [Path(photo) for photo in random.Random(0).sample(photos, min(count, len(photos)))]


@dataclass(frozen=True, kw_only=True)
class Changed:
    """How many of `photos` have another tier in a space than in sRGB."""

    space: str
    photos: int
    tiers: int
    moderate_to_low: int
    any_to_low: int


def measure_profiles(photos: Sequence[Path], *, triage: Triage) -> list[Changed]:
    """Judge each photo's pixels in sRGB and, with a profile, in three other spaces."""
    found: dict[str, list[tuple[Tier, Tier]]] = {space.name: [] for space in (DISPLAY_P3, ADOBE_RGB, PROPHOTO)}
    for path in photos:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
        before = triage.assess(pixels).tier
        for space in (DISPLAY_P3, ADOBE_RGB, PROPHOTO):
            found[space.name].append((before, triage.assess(tagged_png(pixels, space)).tier))
    return [_changed(name, pairs) for name, pairs in found.items()]


def _changed(name: str, pairs: Sequence[tuple[Tier, Tier]]) -> Changed:
    return Changed(
        space=name,
        photos=len(pairs),
        tiers=sum(before is not after for before, after in pairs),
        moderate_to_low=pairs.count((Tier.MODERATE, Tier.LOW)),
        any_to_low=sum(before is not Tier.LOW and after is Tier.LOW for before, after in pairs),
    )
