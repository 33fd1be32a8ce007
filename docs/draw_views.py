"""Draw `docs/images/views.jpg`: every change that a view can go through, alone, as a row of a contact sheet.

    uv run python docs/draw_views.py
    uv run python docs/draw_views.py PHOTO ... --domain dermoscopic --out sheet.jpg     # on photos of your own

Without photos it draws on the synthetic dataset: no photo of a patient is in the repository.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from runtime.photo.decode import load_square
from teacher.data.sample import Domain
from teacher.data.synthetic import SyntheticConfig, render
from teacher.data.views import make_view, plain_view
from teacher.data.views.changes import CHANGES, Change

TILE, GAP, LABEL = 112, 4, 18
SQUARE = 288
"""Side of the squares that the views are made from."""


def rows(domain: Domain) -> dict[str, Change]:
    """The photo, each change alone, and whole views."""

    def whole(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return make_view(image, domain=domain, seed=int(rng.integers(2**62)), size=image.shape[0])

    return {"as it is": lambda image, _: image, **CHANGES, "whole views": whole}


def draw(squares: Sequence[np.ndarray], domains: Sequence[Domain], out: Path, *, tile: int = TILE) -> None:
    """The sheet of uint8 [S, S, 3] squares, one a column."""
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
    sheet.save(out, **({"quality": 64} if out.suffix == ".jpg" else {}), optimize=True)


def synthetic() -> tuple[list[np.ndarray], list[Domain]]:
    """Dermoscopic drawings with hair, rulers and vignettes, and a photo of a clinic and one of a phone."""
    config = SyntheticConfig(count=1000, side=SQUARE)
    squares, domains = [], []
    for index in (18, 28, 32, 17, 37, 24):
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
