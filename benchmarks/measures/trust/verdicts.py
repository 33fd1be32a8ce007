"""A contact sheet of drawings with the verdict a bundle gives each: what the product does, at a glance."""

import io
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image, ImageDraw, ImageFont

from benchmarks.outcome import Outcome, Table
from benchmarks.workshop.choices import OfBundle
from runtime.assess import Triage
from runtime.conditions import CONDITIONS
from runtime.triage import Tier
from teacher.data.synthetic import Scene, SyntheticConfig, draw_scene, paint
from teacher.data.synthetic.scene import DOMAINS
from teacher.data.synthetic.store import write_image
from teacher.options import OPTION

SEED = 20_000
"""Of drawings that no dataset of the default seeds holds: the model has not seen them."""
TONES = (1, 3, 5, 2, 4, 6)
TILE, BAR, MARGIN = 128, 20, 6

COLOURS = {Tier.LOW: "#2e7d32", Tier.MODERATE: "#b26a00", Tier.HIGH: "#b3261e", Tier.CANNOT_ASSESS: "#5f6368"}


@dataclass(frozen=True, kw_only=True)
class Options(OfBundle):
    """What `verdicts` asks."""

    rows: Annotated[int, typer.Option(min=1)] = 4
    """drawings of each condition"""
    out: Annotated[Path, OPTION] = Path("artifacts/verdicts.jpg")
    """where the picture goes (.jpg or .png)"""


def measure(options: Options) -> Outcome:
    """A contact sheet of drawn lesions with the verdict on each."""
    tiers = verdict_sheet(options.out, bundle=options.bundle, rows=options.rows)
    header = ("condition", *(tier.value for tier in Tier))
    rows = [(condition, *(str(seen[tier]) for tier in Tier)) for condition, seen in tiers.items()]
    return Outcome(tables=[Table("Verdicts on drawings", header, rows)], lines=[f"picture: {options.out}"])


def verdict_sheet(path: Path, *, bundle: Path | None, rows: int = 6) -> dict[str, Counter[Tier]]:
    """Draw `rows` lesions of each condition (columns) with their tiers; returns the tiers by condition.

    Raises BundleError where the bundle cannot be used.
    """
    triage = Triage.load(bundle)
    sheet, draw = _blank(rows)
    font, small = ImageFont.load_default(size=12), ImageFont.load_default(size=10.5)
    tiers: dict[str, Counter[Tier]] = {}
    for column, condition in enumerate(CONDITIONS):
        left = MARGIN + column * (TILE + MARGIN)
        draw.text((left, 6), condition.value.replace("_", " "), fill="black", font=small)
        seen = tiers.setdefault(condition.value, Counter())
        for row in range(rows):
            pixels = paint(_scene(column, row), side=TILE * 2)
            tier = triage.assess(_jpeg(pixels)).tier
            seen[tier] += 1
            _paste(sheet, draw, pixels, tier, left=left, top=BAR + 4 + row * (TILE + BAR + MARGIN), font=font)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, np.asarray(sheet))
    return tiers


def _scene(column: int, row: int) -> Scene:
    drawn = draw_scene(SyntheticConfig(seed=SEED), row * len(CONDITIONS) + column)
    return replace(
        drawn,
        condition=CONDITIONS[column],
        tone=TONES[(row + column) % len(TONES)],
        domain=DOMAINS[(row + column) % len(DOMAINS)],
    )


def _jpeg(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def _blank(rows: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    width = MARGIN + len(CONDITIONS) * (TILE + MARGIN)
    height = BAR + 4 + rows * (TILE + BAR + MARGIN)
    sheet = Image.new("RGB", (width, height), "white")
    return sheet, ImageDraw.Draw(sheet)


def _paste(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    pixels: np.ndarray,
    tier: Tier,
    *,
    left: int,
    top: int,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    sheet.paste(Image.fromarray(pixels).resize((TILE, TILE), Image.Resampling.BOX), (left, top))
    draw.rectangle((left, top + TILE, left + TILE - 1, top + TILE + BAR - 1), fill=COLOURS[tier])
    draw.text((left + 6, top + TILE + 2), tier.value, fill="white", font=font)
