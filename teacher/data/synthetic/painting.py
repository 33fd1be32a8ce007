"""From a scene to pixels: skin, then the lesion on it, then the photo."""

import math
from collections.abc import Callable

import numpy as np

from runtime.conditions import Condition
from teacher.data.sample import Domain
from teacher.data.synthetic import pigmented, red
from teacher.data.synthetic.brush import Brush, Layers
from teacher.data.synthetic.capture import photograph
from teacher.data.synthetic.scene import Scene, SyntheticConfig, draw_scene, paint_rng
from teacher.data.synthetic.skin import compose, paint_skin

PAINTERS: dict[Condition, Callable[[Brush], None]] = {
    Condition.MELANOMA: pigmented.paint_melanoma,
    Condition.BASAL_CELL_CARCINOMA: red.paint_basal_cell_carcinoma,
    Condition.SQUAMOUS_CELL_CARCINOMA: red.paint_squamous_cell_carcinoma,
    Condition.ACTINIC_KERATOSIS: red.paint_actinic_keratosis,
    Condition.MELANOCYTIC_NEVUS: pigmented.paint_nevus,
    Condition.SEBORRHEIC_KERATOSIS: pigmented.paint_seborrheic_keratosis,
    Condition.DERMATOFIBROMA: pigmented.paint_dermatofibroma,
    Condition.VASCULAR_LESION: red.paint_vascular,
    Condition.NON_NEOPLASTIC: red.paint_non_neoplastic,
    Condition.OTHER: red.paint_other,
}

_SIZES = {Domain.DERMOSCOPIC: (0.42, 0.66), Domain.CLINICAL: (0.32, 0.56), Domain.SMARTPHONE: (0.30, 0.56)}
"""Lesion radius in half-sides by domain; the same for every condition, so that size says nothing."""
_SKIN, _FRAMING, _LESION, _LIGHT, _CAMERA = range(5)


def render(config: SyntheticConfig, index: int) -> tuple[np.ndarray, Scene]:
    """Image `index` of a dataset as uint8 [side, side, 3] RGB, and what is in it."""
    scene = draw_scene(config, index)
    return paint(scene, side=config.side), scene


def paint(scene: Scene, *, side: int) -> np.ndarray:
    """uint8 [side, side, 3] RGB. A scene with another tone or domain shows the same lesion."""
    layers = Layers(side=side)
    paint_skin(paint_rng(scene, _SKIN), layers, tone=scene.tone, close_up=scene.domain is Domain.DERMOSCOPIC)
    PAINTERS[scene.condition](_place_lesion(scene, layers))
    rng = paint_rng(scene, _LIGHT)
    angle, oblique = rng.uniform(0, 2 * math.pi), rng.uniform(0.5, 1.0)
    undertone = (float(rng.normal(0, 0.06)), float(rng.normal(0, 0.06)))
    light = compose(
        layers, tone=scene.tone, light=(oblique * math.cos(angle), oblique * math.sin(angle)), undertone=undertone
    )
    return photograph(paint_rng(scene, _CAMERA), light, domain=scene.domain, ruler=scene.ruler)


def _place_lesion(scene: Scene, layers: Layers) -> Brush:
    framing = paint_rng(scene, _FRAMING)
    low, high = _SIZES[scene.domain]
    return Brush(
        rng=paint_rng(scene, _LESION),
        layers=layers,
        radius=low + (high - low) * float(framing.random()),
        centre=(float(framing.uniform(-0.12, 0.12)), float(framing.uniform(-0.12, 0.12))),
    )
