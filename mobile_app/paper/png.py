"""The page as a picture: the same marks as in the PDF, drawn by Pillow."""

from io import BytesIO

from PIL import Image, ImageDraw

from mobile_app.paper.letters import advance, drawn, font
from mobile_app.paper.marks import RULE, Mark, Picture, Shape, Text
from mobile_app.paper.page import lay_out
from mobile_app.paper.sheet import Sheet

DPI = 150
SIZE = (1240, 1754)
"""A4 at 150 dpi, in pixels."""
_FINER = 2
"""The page is drawn twice as large and then reduced: letters keep their distances, slanted edges get smooth."""
_SCALE = _FINER * DPI / 72
"""Pixels of a point while drawing."""


def as_png(sheet: Sheet) -> bytes:
    """The page as PNG, 1240 x 1754 pixels at 150 dpi. The same sheet gives the same bytes."""
    image = Image.new("RGB", (_FINER * SIZE[0], _FINER * SIZE[1]), "white")  # 26 MB
    canvas = ImageDraw.Draw(image)
    for mark in lay_out(sheet).marks:
        _draw(mark, image=image, canvas=canvas)
    out = BytesIO()
    image.reduce(_FINER).save(out, format="PNG", dpi=(DPI, DPI), optimize=False)
    return out.getvalue()


def _draw(mark: Mark, *, image: Image.Image, canvas: ImageDraw.ImageDraw) -> None:
    if isinstance(mark, Text):
        _draw_text(mark, canvas=canvas)
    elif isinstance(mark, Shape):
        _draw_shape(mark, canvas=canvas)
    else:
        _draw_picture(mark, image=image)


def _draw_text(text: Text, *, canvas: ImageDraw.ImageDraw) -> None:
    """Letter by letter: drawn as a whole, each width would be rounded to a pixel and long lines would run over."""
    y = text.y * _SCALE
    for run in drawn(text.text, size=text.size, bold=text.bold):
        face = font(run.size * _SCALE, face=run.face)
        x = (text.x + run.start) * _SCALE
        for character in run.text:
            canvas.text((x, y), character, font=face, fill=text.colour, anchor="ls")
            x += advance(character, bold=text.bold) * text.size * _SCALE / 1000


def _draw_shape(shape: Shape, *, canvas: ImageDraw.ImageDraw) -> None:
    points = [(x * _SCALE, y * _SCALE) for x, y in shape.points]
    canvas.polygon(points, fill=shape.fill, outline=shape.border or None, width=round(RULE * _SCALE))


def _draw_picture(picture: Picture, *, image: Image.Image) -> None:
    side = round(picture.side * _SCALE)
    small = picture.image.resize((side, side), Image.Resampling.LANCZOS)
    image.paste(small, (round(picture.x * _SCALE), round(picture.y * _SCALE)))
