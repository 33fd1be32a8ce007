"""The photos that are timed: the user's, or a lesion drawn at the size and with the grain of a phone's photo."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from runtime.measure.drawing import NAME, drawn_photo
from teacher.data.synthetic import SyntheticConfig, render


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
