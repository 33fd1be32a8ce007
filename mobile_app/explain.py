"""The map of where the model looked, as a picture for the screen."""

import io
from typing import TYPE_CHECKING, cast

from PIL import Image

from mobile_app.darkroom import PREVIEW_SIDE
from mobile_app.journey import Assessor
from runtime.photo import Pixels, square_pixels

if TYPE_CHECKING:
    from runtime import Triage


def overlay_of(model: Assessor, square: Pixels) -> bytes | None:
    """JPEG of the square with what mattered marked; None where there is no map. Takes about a second."""
    from runtime.explain import overlay

    explanation = cast("Triage", model).explain(square)
    if explanation is None:
        return None
    picture = overlay(square_pixels(Image.fromarray(square), size=PREVIEW_SIDE), explanation)
    out = io.BytesIO()
    picture.save(out, format="JPEG", quality=85)
    return out.getvalue()
