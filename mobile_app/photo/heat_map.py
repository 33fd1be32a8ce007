"""The map of where the model looked, as a picture for the screen."""

from typing import TYPE_CHECKING, cast

from PIL import Image

from mobile_app.photo.darkroom import PREVIEW_SIDE, jpeg
from mobile_app.photo.journey import Assessor
from runtime.photo.decode import Pixels, square_pixels

if TYPE_CHECKING:
    from runtime import Triage


def overlay_of(model: Assessor, square: Pixels) -> bytes | None:
    """JPEG of the square with what mattered marked; None where there is no map. Takes about a second."""
    from runtime.explain import overlay

    explanation = cast("Triage", model).explain(square)
    if explanation is None:
        return None
    return jpeg(overlay(square_pixels(Image.fromarray(square), size=PREVIEW_SIDE), explanation))
