"""Skin of the six Fitzpatrick types, and how pigment, blood and relief become light.

Melanin and blood absorb: each multiplies the reflectance of what lies under it, so the same lesion is brown on fair
skin and near black on dark skin, and redness that shows pink on type I is a dusky purple-brown on type VI.
"""

import math

import numpy as np

from teacher.data.synthetic.brush import Layers, Map, fade, pixel_grid, smooth_noise

# Optical densities per unit for (red, green, blue) in linear light, chosen so that the six tones come out near
# sRGB (243,206,184) (228,184,154) (206,156,120) (166,117,83) (117,78,54) (77,50,37).
_BARE = (0.10, 0.42, 0.64)
_SKIN_MELANIN = (0.70, 0.86, 0.97)
_SKIN_MELANIN_BY_TONE = (0.0, 0.22, 0.55, 1.18, 2.10, 3.10)
_MELANIN = (0.60, 0.82, 1.00)
_BLOOD = (0.13, 0.74, 0.60)
_LESION_MELANIN_BY_TONE = (1.0, 0.98, 0.94, 0.86, 0.74, 0.62)  # a mole on dark skin adds less than one on fair skin
_VEIL_LIGHT_BY_TONE = (1.0, 0.98, 0.94, 0.86, 0.74, 0.62)  # scale and scar are translucent: the skin shows through
_FRECKLES_BY_TONE = (10, 8, 5, 3, 1, 0)
_RELIEF = 0.75


def paint_skin(rng: np.random.Generator, layers: Layers, *, tone: int, close_up: bool) -> None:
    """Mottling, fine lines, pores, freckles. `close_up`: under a dermatoscope the lines are wide and flattened."""
    side = layers.side
    noise = [smooth_noise(rng, side, cells) for cells in (3, 6, 14, 40, 80)]
    layers.melanin += 0.07 * noise[0] + 0.05 * noise[1] + 0.03 * noise[2] + 0.025 * noise[3]
    layers.blood += np.clip(0.10 * noise[1] + 0.07 * noise[2] + 0.05 * noise[0] + 0.08, 0, 1)
    layers.height += (0.5 if close_up else 1.0) * (0.0016 * noise[3] + 0.0007 * noise[4])
    cells = rng.uniform(7, 10) if close_up else rng.uniform(13, 20)
    furrows = _furrows(noise[1], cells=cells, tilt=rng.uniform(0, math.pi), crossing=rng.uniform(0.8, 1.5))
    layers.height -= (0.0012 if close_up else 0.002) * furrows
    layers.melanin += 0.06 * furrows
    layers.melanin += _freckles(rng, side, number=int(rng.integers(0, 1 + _FRECKLES_BY_TONE[tone - 1])))


def compose(layers: Layers, *, tone: int, light: tuple[float, float], undertone: tuple[float, float]) -> np.ndarray:
    """float32 [3, side, side] linear light, 0-1 and a little above.

    `light`: direction the light comes from, (x, y), length 0-1. `undertone`: (melanin, blood) added everywhere.
    """
    melanin = _LESION_MELANIN_BY_TONE[tone - 1] * layers.melanin + undertone[0]
    blood = layers.blood + undertone[1]
    colour = np.empty((3, layers.side, layers.side), np.float32)
    for channel, plane in enumerate(colour):
        base = _BARE[channel] + _SKIN_MELANIN_BY_TONE[tone - 1] * _SKIN_MELANIN[channel]
        density = base + _MELANIN[channel] * melanin + _BLOOD[channel] * blood
        np.exp(-np.maximum(density, 0.02), out=plane)
        for cover, rgb in layers.veils:
            plane += cover * ((rgb[channel] / 255) ** 2 * _VEIL_LIGHT_BY_TONE[tone - 1] - plane)
    return _shade(colour, layers, light)


def _shade(colour: np.ndarray, layers: Layers, light: tuple[float, float]) -> np.ndarray:
    """Slopes towards the light brighten, away from it darken; glossy ones catch a highlight."""
    quarter = layers.side / 4  # central differences over two pixels, heights in half-sides
    slope = np.zeros_like(layers.height)
    slope[:, 1:-1] += light[0] * quarter * (layers.height[:, 2:] - layers.height[:, :-2])
    slope[1:-1] += light[1] * quarter * (layers.height[2:] - layers.height[:-2])
    return colour * (1 + _RELIEF * np.tanh(slope)) + 0.30 * layers.gloss * fade(slope, 0.10, 0.45)


def _furrows(noise: Map, *, cells: float, tilt: float, crossing: float) -> Map:
    """The criss-cross of fine skin lines: two families of waves, warped, deeper here and shallower there."""
    x, y = pixel_grid(noise.shape[0])
    x, y = x + 0.05 * noise, y + 0.05 * noise[::-1]
    total = np.zeros_like(noise)
    for angle in (tilt, tilt + crossing):
        phase = cells * (math.cos(angle) * x + math.sin(angle) * y)
        total = np.maximum(total, fade(np.abs(phase - np.rint(phase)), 0.15, 0.0))
    return total * np.clip(0.6 + 0.5 * noise.T, 0, 1)


def _freckles(rng: np.random.Generator, side: int, *, number: int) -> Map:
    x, y = pixel_grid(side)
    total = np.zeros((side, side), np.float32)
    for cx, cy in rng.uniform(-1, 1, (number, 2)).tolist():
        size = rng.uniform(0.02, 0.05)
        total += rng.uniform(0.15, 0.6) * fade((x - cx) ** 2 + (y - cy) ** 2, (1.5 * size) ** 2, 0.0)
    return total
