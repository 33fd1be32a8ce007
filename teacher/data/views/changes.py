"""Every change that a view can go through, by its name: what the contact sheet draws and the benchmark times."""

from collections.abc import Callable

import numpy as np

from teacher.data.sample import Domain
from teacher.data.views.camera import blur, compress, move, sensor_noise
from teacher.data.views.dermoscope import gel_bubbles, put_vignette, take_vignette
from teacher.data.views.frame import frame
from teacher.data.views.light import develop, flash, shadow
from teacher.data.views.marks import draw_hair, draw_ruler
from teacher.data.views.removal import take_marks

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""uint8 [S, S, 3] to the same"""

CHANGES: dict[str, Change] = {
    "hair put on": draw_hair,
    "hair taken off (dermoscopic)": lambda image, _: take_marks(image, hair=True, ruler=False),
    "ruler put on": draw_ruler,
    "ruler taken off": lambda image, _: take_marks(image, hair=False, ruler=True),
    "gel bubbles put on (phone, clinic)": gel_bubbles,
    "vignette put on (phone, clinic)": put_vignette,
    "vignette taken off (dermoscopic)": lambda image, _: take_vignette(image),
    "framing: angle, distance, tilt": lambda image, rng: frame(
        image, rng, domain=Domain.DERMOSCOPIC, size=image.shape[0]
    ),
    "exposure, white balance, curve": develop,
    "shadow": shadow,
    "flash": flash,
    "motion": move,
    "out of focus": blur,
    "sensor noise": sensor_noise,
    "JPEG": compress,
}
