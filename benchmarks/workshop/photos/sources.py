"""The photos that are timed: the user's, or a lesion drawn at the size and with the grain of a phone's photo.

And where real ones lie that the photo gate is measured on.
"""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from runtime.measure.drawing import NAME, drawn_photo
from teacher.data.synthetic import SyntheticConfig, render

REAL = {
    "HAM10000": ("Skin Cancer/**/*.jpg", "HAM10000_images_part_*/*.jpg", "images/*.jpg"),
    "PAD-UFES-20": ("pad_ufes/images/**/*.png",),
}
"""Where the real photos of each dataset lie in a data folder; see docs/data.md."""


@contextmanager
def photo_or_drawing(photo: Path | None) -> Iterator[Path]:
    """The photo, or where there is none a drawn one of 12 megapixels, for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / NAME
        if photo is None:
            drawn.write_bytes(drawn_photo())
        yield photo or drawn


def small_photo() -> bytes:
    """A drawn lesion at the size of the model's input."""
    pixels, _ = render(SyntheticConfig(count=1, side=224), 0)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def photo_paths(data: Path) -> dict[str, list[Path]]:
    """The photos of each dataset in a data folder; datasets that are not there are left out."""
    found = {name: sorted({p for pattern in patterns for p in data.glob(pattern)}) for name, patterns in REAL.items()}
    return {name: paths for name, paths in found.items() if paths}
