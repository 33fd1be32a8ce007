"""Drawn photos for the app's journeys: a brown spot on grainy skin, and what is wrong with a photo."""

import io

import numpy as np
from PIL import Image, ImageDraw


def skin_with_a_spot(
    *, spot: int = 100, left: int = 450, top: int = 350, size: tuple[int, int] = (900, 700)
) -> Image.Image:
    """`spot`: its radius."""
    image = Image.new("RGB", size, (214, 168, 140))
    ImageDraw.Draw(image).ellipse((left - spot, top - spot, left + spot, top + spot), fill=(92, 54, 36))
    grain = np.random.default_rng(7).normal(0, 9, (size[1], size[0], 1))
    return Image.fromarray((np.asarray(image) + grain).clip(0, 255).astype(np.uint8))


def jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, format="JPEG", quality=92)
    return out.getvalue()


def black_photo() -> bytes:
    """What a finger on the lens gives."""
    return jpeg(Image.new("RGB", (640, 480), (3, 3, 3)))
