"""The photos that are timed: the user's, or a lesion drawn at the size and with the grain of a phone's photo."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from teacher.data.synthetic import SyntheticConfig, render

PHONE_PHOTO = (4032, 3024)
"""12 megapixels, what phone cameras have written since about 2015."""

SENSOR_NOISE = 6.0
"""Standard deviation in levels of 255; gives a file of about 4 MB, as phones write."""


@contextmanager
def photo_or_drawing(photo: Path | None) -> Iterator[Path]:
    """The photo, or where there is none a drawn one of 12 megapixels, for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as folder:
        yield photo or drawn_photo(Path(folder))


def drawn_photo(folder: Path) -> Path:
    """A synthetic lesion at the size of a phone photo, with sensor noise: decoding costs by size and by detail."""
    pixels, _ = render(SyntheticConfig(count=1), 0)
    large = np.asarray(Image.fromarray(pixels).resize(PHONE_PHOTO, Image.Resampling.BICUBIC), dtype=np.int16)
    grain = np.random.default_rng(0).normal(0, SENSOR_NOISE, large.shape[:2]).astype(np.int16)
    noisy = np.clip(large + grain[..., None], 0, 255).astype(np.uint8)
    path = folder / "drawn-12-megapixel.jpg"
    Image.fromarray(noisy).save(path, quality=90)
    return path


def small_photo() -> bytes:
    """The same drawing at the size of the model's input."""
    pixels, _ = render(SyntheticConfig(count=1, side=224), 0)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=90)
    return stream.getvalue()
