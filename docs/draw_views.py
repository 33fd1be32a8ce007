"""Draw `docs/images/views.jpg`: every change that a view can go through, alone, as a row of a contact sheet.

    uv run python docs/draw_views.py
    uv run python docs/draw_views.py PHOTO ... --domain dermoscopic --out sheet.jpg     # on photos of your own

Without photos it draws on the synthetic dataset: no photo of a patient is in the repository.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from runtime.photo.decode import load_square
from teacher.data.sample import Domain
from teacher.data.synthetic import SyntheticConfig, render
from teacher.data.views import make_view, plain_view
from teacher.data.views.camera import blur, compress, move, sensor_noise
from teacher.data.views.dermoscope import gel_bubbles, put_vignette, take_vignette
from teacher.data.views.frame import frame
from teacher.data.views.light import develop, flash, shadow
from teacher.data.views.marks import draw_hair, draw_ruler
from teacher.data.views.removal import take_marks

TILE, GAP, LABEL = 128, 4, 18
COLUMNS = 6
SQUARE = 288
"""Side of the squares that the views are made from."""

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def rows(domain: Domain) -> dict[str, Change]:
    """Each change by what it is called, on a square of the size of a view."""
    far = Domain.DERMOSCOPIC
    return {
        "as it is": lambda image, _: image,
        "hair put on": draw_hair,
        "hair taken off (dermoscopic)": lambda image, _: take_marks(image, hair=True, ruler=False),
        "ruler put on": draw_ruler,
        "ruler taken off": lambda image, _: take_marks(image, hair=False, ruler=True),
        "gel bubbles put on (phone and clinic)": gel_bubbles,
        "vignette put on (phone and clinic)": put_vignette,
        "vignette taken off (dermoscopic)": lambda image, _: take_vignette(image),
        "framing: angle, distance, tilt": lambda image, rng: frame(image, rng, domain=far, size=image.shape[0]),
        "exposure, white balance, curve": develop,
        "shadow": shadow,
        "flash": flash,
        "motion": move,
        "out of focus": blur,
        "sensor noise": sensor_noise,
        "JPEG": compress,
        "whole views": lambda image, rng: make_view(
            image, domain=domain, seed=int(rng.integers(2**62)), size=image.shape[0]
        ),
    }


def draw(squares: Sequence[np.ndarray], domains: Sequence[Domain], out: Path, *, tile: int = TILE) -> None:
    """The sheet of uint8 [S, S, 3] squares, one a column; effects that need marks get the squares that have them."""
    names = list(rows(Domain.SMARTPHONE))
    sheet = Image.new("RGB", (len(squares) * (tile + GAP) + GAP, len(names) * (tile + LABEL) + GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    for row, name in enumerate(names):
        top = GAP + row * (tile + LABEL)
        pen.text((GAP, top - 2), name, fill="black", font=font)
        for column, (square, domain) in enumerate(zip(squares, domains, strict=True)):
            made = rows(domain)[name](plain_view(square, size=224), np.random.default_rng((row, column)))
            tiny = Image.fromarray(made).resize((tile, tile), Image.Resampling.LANCZOS)
            sheet.paste(tiny, (GAP + column * (tile + GAP), top + LABEL - 4))
    sheet.save(out, **({"quality": 72} if out.suffix == ".jpg" else {}), optimize=True)


def synthetic() -> tuple[list[np.ndarray], list[Domain]]:
    """Drawings of six tones: dermoscopic ones with hair, a ruler and a vignette, and photos of phones."""
    config = SyntheticConfig(count=1000, side=SQUARE)
    squares, domains = [], []
    for index in (5, 11, 14, 20, 30, 31)[:COLUMNS]:
        pixels, scene = render(config, index)
        squares.append(pixels)
        domains.append(scene.domain)
    return squares, domains


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="*", type=Path, help="photos of your own")
    parser.add_argument("--domain", type=Domain, default=Domain.SMARTPHONE, choices=list(Domain), help="what they are")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "images/views.jpg")
    parser.add_argument("--tile", type=int, default=TILE)
    given = parser.parse_args()
    if given.photos:
        squares = [load_square(photo, size=SQUARE) for photo in given.photos]
        draw(squares, [given.domain] * len(squares), given.out, tile=given.tile)
    else:
        draw(*synthetic(), given.out, tile=given.tile)
    print(given.out)


if __name__ == "__main__":
    main()
