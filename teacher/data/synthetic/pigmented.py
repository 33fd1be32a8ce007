"""Brown lesions: melanoma, nevus, seborrheic keratosis, dermatofibroma and lentigo.

Each is drawn as dermatology describes it, with enough spread that the classes meet at their edges: early melanomas,
atypical nevi, keratoses as dark and many-coloured as a melanoma.
"""

import numpy as np

from teacher.data.synthetic.brush import Brush, Map, Outline, fade

BLUE_GREY = (92.0, 98.0, 116.0)
SCAR_WHITE = (222.0, 200.0, 192.0)
WAXY = (196.0, 160.0, 112.0)
HORN_YELLOW = (228.0, 205.0, 158.0)
MILIA_WHITE = (243.0, 232.0, 205.0)
COMEDO_BROWN = (58.0, 38.0, 28.0)


def paint_melanoma(brush: Brush) -> None:
    """Asymmetric, notched, several colours, atypical network, streaks; some flat, some nodular, some pale."""
    brush.outline(
        Outline(
            elongation=brush.between(1.1, 1.5),
            bumps=brush.between(0.10, 0.19),
            jags=brush.between(0.02, 0.05),
            notches=brush.count(0, 3),
        ),
        ragged=brush.between(0.03, 0.07),
    )
    body = brush.body(brush.between(0.04, 0.16))
    pale = brush.chance(0.08)
    depth = brush.between(0.35, 0.6) if pale else brush.between(0.75, 1.3)
    lean = brush.between(0.3, 0.6) * brush.slant()
    brush.layers.melanin += depth * body * np.clip(1.3 + 0.5 * brush.cloud(4) + lean, 0.25, 3.0)
    brush.layers.blood += (1.1 if pale else 0.35) * body
    _eccentric_blotches(brush, body, depth)
    _melanoma_colours(brush, body)
    if brush.chance(0.7):
        area = body * brush.patch(distance=0.5, size=0.8)
        brush.layers.melanin += 1.5 * depth * area * brush.network(cells=brush.between(4.0, 5.5), warp=0.12) ** 2
    if brush.chance(0.55):
        brush.layers.melanin += 2.2 * depth * _streaks(brush)
    points = brush.places(brush.count(6, 26), inner=0.4, outer=1.05)
    brush.layers.melanin += 2.0 * depth * brush.dots(points, small=0.015, large=0.06, faint=0.4)
    if brush.chance(0.35):
        brush.layers.height += 0.10 * brush.patch(distance=0.35, size=brush.between(0.4, 0.7), soft=0.5)


def paint_nevus(brush: Brush) -> None:
    """Symmetric, regular border, one or two browns, an even network or globules; a fifth are atypical."""
    atypical = brush.chance(0.2)
    brush.outline(
        Outline(elongation=brush.between(1.0, 1.35), bumps=brush.between(0.05, 0.085) if atypical else 0.025),
        ragged=0.03 if atypical else 0.015,
    )
    body = brush.body(brush.between(0.06, 0.3))
    depth = brush.between(0.7, 2.5)
    second = brush.between(-0.3, 0.8) * fade(brush.rim, 0.85, 0.3)
    brush.layers.melanin += depth * body * np.clip(1 + second + 0.08 * brush.cloud(5), 0.2, 3)
    if atypical:
        brush.layers.melanin += 0.35 * depth * body * brush.slant()
    brush.layers.blood += brush.between(0.1, 0.7) * body
    kind = brush.rng.choice(4, p=[0.38, 0.26, 0.22, 0.14])
    (_nevus_network, _nevus_globules, _nevus_dome, _nevus_blue)[kind](brush, body, depth)


def paint_seborrheic_keratosis(brush: Brush) -> None:
    """Stuck on: a sharp edge with a shadow, waxy, milia-like cysts, comedo-like openings, fissures; any brown."""
    brush.outline(
        Outline(
            elongation=brush.between(1.05, 1.6),
            bumps=brush.between(0.04, 0.10),
            jags=brush.between(0.0, 0.03),
        )
    )
    body = brush.body(0.035)
    depth = brush.between(0.4, 2.9)
    brush.layers.veil(body * brush.between(0.15, 0.5), WAXY)
    mottle = np.clip(1 + 0.4 * brush.cloud(6) + brush.between(0, 0.4) * brush.slant(), 0.2, 2.4)
    brush.layers.melanin += depth * body * mottle
    if brush.chance(0.3):
        brush.layers.veil(0.45 * body * brush.patch(distance=0.4, size=0.6), BLUE_GREY)
    brush.layers.height += 0.045 * body + 0.007 * body * brush.cloud(16)
    brush.layers.gloss += 0.22 * body
    if brush.chance(0.6):
        fissures = fade(np.abs(brush.noise(9)), 0.16, 0.0) * body
        brush.layers.melanin += brush.between(0.8, 2.0) * fissures
        brush.layers.height -= 0.012 * fissures
    comedones = brush.dots(brush.places(brush.count(2, 12), outer=0.85), small=0.035, large=0.085, faint=0.6)
    brush.layers.veil(0.9 * comedones, COMEDO_BROWN)
    milia = brush.dots(brush.places(brush.count(3, 16), outer=0.85), small=0.025, large=0.065, faint=0.6)
    brush.layers.veil(0.85 * milia, MILIA_WHITE)


def paint_dermatofibroma(brush: Brush) -> None:
    """A white scar-like centre in a faint brown ring whose delicate network fades into the skin; a firm dome."""
    brush.outline(Outline(elongation=brush.between(1.0, 1.25), bumps=0.03))
    depth = brush.between(0.6, 1.7)
    ring = fade(brush.rim, 1.25, 0.75)
    brush.layers.melanin += depth * ring * (0.75 + 0.1 * brush.cloud(6))
    lines = fade(brush.network(cells=brush.between(4.5, 6.0), warp=0.06), 0.35, 1.0)
    brush.layers.melanin += 0.6 * depth * fade(brush.rim, 1.3, 0.9) * lines
    brush.layers.blood += brush.between(0.2, 1.1) * ring
    size = brush.between(0.32, 0.6)
    centre = fade(brush.rim + 0.10 * brush.noise(8), size + 0.16, size - 0.16)
    brush.layers.veil(brush.between(0.5, 0.8) * centre * _milky(brush), SCAR_WHITE)
    if brush.chance(0.5):
        lines = [_chord(brush, size) for _ in range(brush.count(3, 7))]
        brush.layers.veil(0.4 * brush.strokes(lines) * centre, (245.0, 232.0, 226.0))
    brush.layers.height += brush.between(-0.03, 0.12) * fade(brush.rho, 1.1, 0.1)


def paint_lentigo(brush: Brush) -> None:
    """A flat stain of one light brown with a sharp, moth-eaten edge and no structure inside."""
    brush.outline(
        Outline(elongation=brush.between(1.1, 1.6), bumps=0.07, jags=brush.between(0.03, 0.06)),
        ragged=0.05,
    )
    body = brush.body(0.05)
    brush.layers.melanin += brush.between(0.55, 1.3) * body * (1 + 0.06 * brush.cloud(10))


def _eccentric_blotches(brush: Brush, body: Map, depth: float) -> None:
    for _ in range(brush.count(1, 3)):
        blotch = brush.patch(distance=brush.between(0.25, 0.7), size=brush.between(0.22, 0.5), soft=0.2)
        brush.layers.melanin += brush.between(0.9, 2.4) * depth * body * blotch


def _melanoma_colours(brush: Brush, body: Map) -> None:
    """At least one of blue-grey veil, white regression, red area."""
    forced = brush.count(0, 2)
    if forced == 0 or brush.chance(0.5):
        area = brush.patch(distance=brush.between(0.1, 0.5), size=brush.between(0.35, 0.6), soft=0.5)
        brush.layers.veil(brush.between(0.5, 0.8) * body * area * _milky(brush), BLUE_GREY)
    if forced == 1 or brush.chance(0.25):
        area = brush.patch(distance=brush.between(0.3, 0.7), size=brush.between(0.25, 0.42), soft=0.5)
        brush.layers.veil(brush.between(0.45, 0.7) * body * area * _milky(brush), SCAR_WHITE)
        peppering = brush.dots(brush.places(14, outer=0.8), small=0.01, large=0.025) * area
        brush.layers.veil(0.7 * peppering, BLUE_GREY)
    if forced == 2 or brush.chance(0.25):
        area = body * brush.patch(distance=brush.between(0.3, 0.7), size=brush.between(0.3, 0.55))
        brush.layers.melanin *= 1 - 0.6 * area
        brush.layers.blood += brush.between(0.9, 1.6) * area


def _streaks(brush: Brush) -> Map:
    """Dark spokes across the border of one sector, some ending in a bulb."""
    start, width = brush.between(0, 2 * np.pi), brush.between(0.9, 2.2)
    lines = []
    for bearing in start + np.sort(brush.rng.uniform(0, width, brush.count(6, 13))):
        edge = brush.border[int(bearing / (2 * np.pi) * len(brush.border)) % len(brush.border)]
        spoke = np.array([np.cos(bearing), np.sin(bearing)])
        inner, outer = spoke * edge * 0.7, spoke * (edge + brush.between(-0.02, 0.14))
        lines.append((np.stack([inner, outer]), brush.between(0.025, 0.05)))
    return brush.strokes(lines)


def _milky(brush: Brush) -> Map:
    """Unevenness of a veil, so that what lies below shows through here and there."""
    return np.clip(0.8 + 0.3 * brush.cloud(7), 0.2, 1.0)


def _nevus_network(brush: Brush, body: Map, depth: float) -> None:
    lines = brush.network(cells=brush.between(4.0, 5.5), warp=brush.between(0.04, 0.07)) ** 2
    brush.layers.melanin *= 0.75
    brush.layers.melanin += brush.between(0.5, 1.1) * depth * body * lines


def _nevus_globules(brush: Brush, body: Map, depth: float) -> None:
    """Cobblestones: evenly spaced round clumps, the inverse of the network."""
    clumps = fade(brush.network(cells=brush.between(3.0, 4.2), warp=0.08), 0.45, 0.05)
    brush.layers.melanin *= 0.75
    brush.layers.melanin += brush.between(0.6, 1.2) * depth * body * clumps


def _nevus_dome(brush: Brush, body: Map, depth: float) -> None:
    """An old compound nevus: raised, soft, paler, sometimes with its own hairs."""
    brush.layers.melanin *= brush.between(0.4, 1.0)
    brush.layers.height += brush.between(0.08, 0.2) * fade(brush.rim, 1.1, 0.0) + 0.004 * body * brush.cloud(12)
    brush.layers.gloss += 0.15 * body


def _nevus_blue(brush: Brush, body: Map, depth: float) -> None:
    """Pigment deep in the skin: one even steel blue over brown."""
    brush.layers.veil(brush.between(0.4, 0.8) * body * fade(brush.rim, 1.0, 0.5), BLUE_GREY)


def _chord(brush: Brush, size: float) -> tuple[np.ndarray, float]:
    """A short bright line inside the scar."""
    ends = brush.rng.uniform(-size, size, (2, 2)) * 0.8
    return ends, brush.between(0.02, 0.04)
