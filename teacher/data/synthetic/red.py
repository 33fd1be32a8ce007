"""Lesions of red, white and skin colour: carcinomas, actinic keratosis, vascular lesions, inflammation, tags, cysts."""

import numpy as np

from teacher.data.synthetic.brush import Brush, Map, Outline, blur, fade
from teacher.data.synthetic.pigmented import (
    BLUE_GREY,
    COMEDO_BROWN,
    HORN_YELLOW,
    MILIA_WHITE,
    SCAR_WHITE,
    paint_lentigo,
)

PEARL = (238.0, 205.0, 196.0)
CRUST = (92.0, 34.0, 24.0)
WOUND = (158.0, 40.0, 38.0)
SCALE_WHITE = (240.0, 234.0, 226.0)
HORN_WHITE = (243.0, 233.0, 208.0)


def paint_basal_cell_carcinoma(brush: Brush) -> None:
    """Pearly pink with a rolled edge, sharp branching vessels, blue-grey ovoid nests, sometimes an ulcer."""
    brush.outline(Outline(elongation=brush.between(1.05, 1.45), bumps=brush.between(0.04, 0.10)), ragged=0.04)
    body = brush.body(brush.between(0.08, 0.2))
    pigmented = brush.chance(0.3)
    brush.layers.blood += brush.between(0.25, 0.9) * body * (1 + 0.25 * brush.cloud(4))
    brush.layers.veil(brush.between(0.2, 0.45) * body, PEARL)
    if pigmented:
        brush.layers.melanin += brush.between(0.5, 1.6) * body * np.clip(0.7 + brush.cloud(4), 0, 2)
    rolled = np.exp(-(((brush.rim - 0.85) / 0.16) ** 2))
    brush.layers.height += brush.between(0.015, 0.035) * rolled + 0.03 * body
    brush.layers.gloss += 0.35 * body
    if pigmented or brush.chance(0.55):
        _ovoid_nests(brush, brush.count(3, 8) if pigmented else brush.count(1, 5))
    if brush.chance(0.4):
        _ulcer(brush, brush.patch(distance=brush.between(0, 0.35), size=brush.between(0.18, 0.38)))
    vessels = brush.strokes(_vessel_tree(brush, brush.count(2, 4)))
    brush.layers.veil(brush.between(0.55, 0.9) * vessels, (176.0, 36.0, 44.0))


def paint_squamous_cell_carcinoma(brush: Brush) -> None:
    """A red, irregular, thickened base round a mass of keratin, with white circles, looped vessels and blood crust."""
    brush.outline(Outline(elongation=brush.between(1.05, 1.4), bumps=brush.between(0.06, 0.13), jags=0.02), ragged=0.06)
    body = brush.body(brush.between(0.08, 0.2))
    brush.layers.blood += brush.between(0.7, 1.8) * body * np.clip(1 + 0.35 * brush.cloud(5), 0.3, 2)
    brush.layers.height += 0.10 * fade(brush.rim, 1.05, 0.3) + 0.010 * body * brush.cloud(12)
    brush.layers.veil(0.55 * brush.strokes(_looped_vessels(brush)), (140.0, 24.0, 34.0))
    rings = brush.places(brush.count(3, 9), outer=0.75)
    outer = brush.dots(rings, small=0.085, large=0.085)
    brush.layers.veil(0.45 * body * (outer - brush.dots(rings, small=0.045, large=0.045)), SCALE_WHITE)
    core = brush.patch(distance=brush.between(0, 0.2), size=brush.between(0.35, 0.62), ragged=0.35, soft=0.15)
    lumps = 0.5 + 0.5 * brush.cloud(14)
    brush.layers.veil(brush.between(0.65, 0.95) * core * np.clip(0.75 + 0.35 * lumps, 0, 1), HORN_YELLOW)
    brush.layers.veil(0.7 * core * fade(lumps, 0.6, 1.1), HORN_WHITE)
    brush.layers.height += core * (0.03 + 0.018 * lumps)
    if brush.chance(0.65):
        _ulcer(brush, body * brush.patch(distance=brush.between(0.1, 0.6), size=brush.between(0.14, 0.34), ragged=0.5))


def paint_actinic_keratosis(brush: Brush) -> None:
    """A flat, ill-defined red patch: red net round pale follicles (strawberry), thin rough scale, freckled skin."""
    brush.outline(Outline(elongation=brush.between(1.0, 1.5), bumps=brush.between(0.06, 0.12)), ragged=0.10)
    body = fade(brush.rim, brush.between(1.15, 1.35), brush.between(0.55, 0.8))
    red = brush.between(0.5, 1.5)
    brush.layers.blood += 0.55 * red * body * np.clip(1 + 0.3 * brush.cloud(5), 0.3, 2)
    if brush.chance(0.3):
        brush.layers.melanin += brush.between(0.4, 1.3) * body * np.clip(0.8 + 0.4 * brush.cloud(6), 0, 2)
    holes = brush.network(cells=brush.between(2.6, 3.6), warp=0.07)
    brush.layers.blood += 0.8 * red * body * fade(holes, 0.15, 0.5)
    brush.layers.veil(brush.between(0.15, 0.4) * body * fade(holes, 0.3, 0.0), HORN_YELLOW)
    flakes = fade(brush.noise(22) + 0.8 * brush.noise(7), brush.between(0.4, 0.7), 1.9) * fade(brush.rim, 1.1, 0.6)
    brush.layers.veil(brush.between(0.35, 0.7) * flakes, SCALE_WHITE)
    brush.layers.height += 0.012 * flakes + 0.006 * body * brush.noise(30)
    freckles = brush.dots(brush.rng.uniform(-2, 2, (brush.count(4, 14), 2)), small=0.03, large=0.09, faint=0.3)
    brush.layers.melanin += 0.6 * freckles


def paint_vascular(brush: Brush) -> None:
    """Red, purple or blue-black lakes of blood parted by pale septa; a cherry dome, or a dark keratotic cluster."""
    brush.outline(Outline(elongation=brush.between(1.0, 1.3), bumps=0.04))
    purple = brush.between(0, 1)
    body = brush.body(0.08)
    lakes = _lacunae(brush, brush.count(9, 24)) * fade(brush.rim + 0.1 * brush.noise(16), 1.12, 0.95)
    brush.layers.blood += brush.between(0.5, 1.3) * body + brush.between(1.2, 2.6) * lakes
    brush.layers.melanin += purple * brush.between(0.4, 1.6) * lakes
    brush.layers.veil(0.55 * purple * lakes, (62.0, 24.0, 62.0))
    if brush.chance(0.4):
        brush.layers.veil(0.35 * body * (1 - lakes), PEARL)
    if brush.chance(0.25):
        brush.layers.veil(0.5 * brush.patch(distance=0.3, size=0.5) * body, (190.0, 180.0, 188.0))
    brush.layers.height += brush.between(0.03, 0.16) * fade(brush.rim, 1.1, 0.0) + 0.015 * lakes
    brush.layers.gloss += 0.35 * body


def paint_non_neoplastic(brush: Brush) -> None:
    """Inflammation: diffuse redness without an edge, with papules, a plaque of silvery scale, or a scaling ring."""
    brush.outline(Outline(elongation=brush.between(1.0, 1.4), bumps=0.05), ragged=0.08)
    area = fade(brush.rim + 0.25 * brush.cloud(4), 1.7, 0.3)
    brush.layers.blood += brush.between(0.35, 0.9) * area
    (_papules, _silvery_plaque, _scaling_ring)[brush.count(0, 2)](brush)


def paint_other(brush: Brush) -> None:
    """What is none of the nine: skin tags, cysts, lentigines, warts."""
    (_skin_tag, _cyst, paint_lentigo, _wart)[brush.count(0, 3)](brush)


def _ovoid_nests(brush: Brush, number: int) -> None:
    nests = brush.dots(brush.places(number, inner=0.25, outer=0.85), small=0.07, large=0.17, faint=0.7)
    brush.layers.veil(brush.between(0.7, 0.95) * nests, (84.0, 88.0, 108.0))


def _ulcer(brush: Brush, area: Map) -> None:
    """A raw wound under a broken crust."""
    brush.layers.veil(0.85 * area, WOUND)
    brush.layers.veil(0.9 * area * fade(brush.cloud(12), -0.2, 0.5), CRUST)
    brush.layers.height -= 0.05 * area
    brush.layers.gloss += 0.3 * area


def _vessel_tree(brush: Brush, stems: int) -> list[tuple[np.ndarray, float]]:
    """Arborising vessels: thick stems from the border that branch and thin out towards the centre."""
    lines: list[tuple[np.ndarray, float]] = []
    for _ in range(stems):
        bearing = brush.between(0, 2 * np.pi)
        start = 0.9 * np.array([np.cos(bearing), np.sin(bearing)])
        _grow(brush, lines, start, bearing + np.pi + brush.between(-0.6, 0.6), brush.between(0.05, 0.075), 3)
    return lines


def _grow(
    brush: Brush, lines: list[tuple[np.ndarray, float]], start: np.ndarray, heading: float, width: float, left: int
) -> None:
    """One winding vessel and, `left` times, its branches; a handful of steps each."""
    turns = heading + np.cumsum(brush.rng.normal(0, 0.38, 5))
    steps = np.stack([np.cos(turns), np.sin(turns)], axis=1) * 0.11
    points = np.concatenate([start[None], start + np.cumsum(steps, axis=0)])
    lines.append((points, width))
    if left > 0:
        for side in (-1, 1):
            fork = points[brush.count(2, 5)]
            _grow(brush, lines, fork, float(turns[-1]) + side * brush.between(0.4, 0.9), width * 0.62, left - 1)


def _looped_vessels(brush: Brush) -> list[tuple[np.ndarray, float]]:
    """Short radial hairpins along the border."""
    lines = []
    for point in brush.places(brush.count(8, 20), inner=0.7, outer=0.98):
        lines.append((np.stack([point, point * brush.between(0.78, 0.9)]), 0.035))
    return lines


def _lacunae(brush: Brush, number: int) -> Map:
    """Round lakes, packed so that each keeps its own outline."""
    lakes = np.zeros_like(brush.rim)
    size = brush.between(0.75, 1.05) * float(np.sqrt(1.0 / number))
    kept: list[np.ndarray] = []
    for point in brush.places(number * 5, outer=0.92):
        if len(kept) < number and all(np.hypot(*(point - other)) > 1.35 * size for other in kept):
            kept.append(point)
    if kept:
        lakes = brush.dots(np.array(kept), small=0.75 * size, large=1.05 * size, faint=0.55)
        lakes = blur(lakes, 0.012 * brush.side)
    return lakes


def _papules(brush: Brush) -> None:
    points = brush.rng.uniform(-1.6, 1.6, (brush.count(4, 10), 2))
    for x, y in points.tolist():
        away = np.hypot(brush.u - x, brush.v - y) / brush.between(0.16, 0.34)
        bump = fade(away, 1.15, 0.2)
        brush.layers.blood += brush.between(0.5, 1.3) * bump
        brush.layers.height += brush.between(0.03, 0.07) * bump
        if brush.chance(0.3):
            brush.layers.veil(0.8 * fade(away, 0.42, 0.2), HORN_WHITE)


def _silvery_plaque(brush: Brush) -> None:
    plaque = fade(brush.rim, 1.15, 0.95)
    brush.layers.blood += brush.between(0.6, 1.3) * plaque
    scales = fade(0.6 * brush.noise(11) + 0.8 * brush.noise(34), -1.2, 2.2) * fade(brush.rim, 1.1, 0.8)
    brush.layers.veil(brush.between(0.5, 0.85) * scales, (232.0, 230.0, 232.0))
    brush.layers.height += 0.02 * plaque + 0.02 * scales


def _scaling_ring(brush: Brush) -> None:
    """Ringworm: an active red edge with fine scale and a centre that has healed."""
    ring = np.exp(-(((brush.rim - 1.0) / brush.between(0.14, 0.24)) ** 2))
    brush.layers.blood += brush.between(0.8, 1.6) * ring * np.clip(1 + 0.4 * brush.cloud(7), 0.2, 2)
    scales = fade(brush.noise(30) + 0.5 * brush.noise(12), 0.1, 1.6) * ring
    brush.layers.veil(0.7 * scales, SCALE_WHITE)
    brush.layers.height += 0.015 * ring


def _skin_tag(brush: Brush) -> None:
    """A soft pouch on a stalk: skin-coloured, round, with a cast shadow."""
    brush.outline(Outline(elongation=brush.between(1.1, 1.7), bumps=0.06))
    body = brush.body(0.08)
    brush.layers.melanin += brush.between(0.1, 1.3) * body
    brush.layers.blood += brush.between(0.1, 0.6) * body
    brush.layers.height += 0.22 * np.sqrt(np.clip(1.02 - brush.rim * brush.rim, 0, 1))
    shadow = brush.patch(distance=0.45, size=1.0, ragged=0.05) * fade(brush.rim, 0.92, 1.08)
    brush.layers.melanin += 0.5 * shadow
    brush.layers.height += 0.006 * body * brush.cloud(12)


def _cyst(brush: Brush) -> None:
    """A smooth dome of stretched skin over something pale, with a dark pore on top."""
    brush.outline(Outline(elongation=brush.between(1.0, 1.15), bumps=0.015))
    dome = fade(brush.rim, 1.15, 0.0)
    brush.layers.veil(brush.between(0.15, 0.5) * fade(brush.rim, 1.0, 0.2), MILIA_WHITE)
    brush.layers.blood += brush.between(0.1, 0.9) * fade(np.abs(brush.rim - 0.9), 0.4, 0.0)
    brush.layers.height += brush.between(0.12, 0.24) * dome
    brush.layers.gloss += 0.3 * dome
    if brush.chance(0.75):
        brush.layers.veil(0.9 * brush.dots(brush.places(1, outer=0.25), small=0.05, large=0.09), COMEDO_BROWN)


def _wart(brush: Brush) -> None:
    """A rough grey-white growth of packed knobs with pinpoint clots."""
    brush.outline(Outline(elongation=brush.between(1.0, 1.2), bumps=0.04))
    body = brush.body(0.06)
    knobs = 1 - brush.network(cells=3.2, warp=0.10)
    brush.layers.veil(body * (0.25 + 0.45 * knobs), (214.0, 198.0, 176.0))
    brush.layers.veil(0.3 * body * (1 - knobs), BLUE_GREY)
    brush.layers.height += 0.05 * body + 0.02 * body * knobs
    clots = brush.dots(brush.places(brush.count(5, 14), outer=0.8), small=0.02, large=0.035)
    brush.layers.veil(0.9 * clots, (70.0, 26.0, 26.0))
    brush.layers.veil(0.25 * fade(np.abs(brush.rim - 1.08), 0.12, 0.0), SCAR_WHITE)
