"""The contact sheet: ten conditions down, six skin tones across, the three domains in turn."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from runtime.answer.locales import texts_for
from runtime.conditions import CONDITIONS
from teacher.data.synthetic.painting import paint
from teacher.data.synthetic.scene import DOMAINS, TONES, Scene, SyntheticConfig, draw_scene
from teacher.data.synthetic.store import write_image

_GAP, _LABEL_HEIGHT, _HEADER = 4, 20, 24
_NUMERALS = ("I", "II", "III", "IV", "V", "VI")


def contact_sheet(config: SyntheticConfig, path: Path) -> None:
    """Write the sheet (`.jpg` or `.png`); tiles are `config.side` pixels wide. Equal configs give equal sheets."""
    tile = config.side
    width = len(TONES) * (tile + _GAP) + _GAP
    height = _HEADER + len(CONDITIONS) * (tile + _LABEL_HEIGHT)
    sheet = Image.new("RGB", (width, height), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    for column, numeral in enumerate(_NUMERALS):
        draw.text((_GAP + column * (tile + _GAP), 5), f"Fitzpatrick {numeral}", fill="#555555", font=font)
    for row, condition in enumerate(CONDITIONS):
        top = _HEADER + row * (tile + _LABEL_HEIGHT)
        draw.text((_GAP, top), texts_for("en").condition_of(condition).name, fill="black", font=font)
        for column in range(len(TONES)):
            pixels = paint(_sheet_scene(config, row=row, column=column), side=tile)
            sheet.paste(Image.fromarray(pixels), (_GAP + column * (tile + _GAP), top + _LABEL_HEIGHT - 2))
    write_image(path, np.asarray(sheet))


def _sheet_scene(config: SyntheticConfig, *, row: int, column: int) -> Scene:
    """A scene of the dataset's seed with its condition, tone and domain set by its place on the sheet."""
    drawn = draw_scene(config, row * len(TONES) + column)
    domain = DOMAINS[(row + column) % len(DOMAINS)]
    return replace(drawn, condition=CONDITIONS[row], tone=TONES[column], domain=domain)
