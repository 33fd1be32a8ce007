"""Where the lesion stands in the picture: crop or distance, any angle, mirror, tilt, in one warp.

Two warps would blur twice and cost twice. What lies beyond the photo's border is skin made of its outermost band,
mirrored to and fro: mirroring the whole photo would show the lesion again.
"""

import math

import cv2
import numpy as np

from teacher.data.sample import Domain

NEAR = (0.45, 1.0)
"""Share of the square's area that a close view keeps. The lesion fills about a third of a dermoscopic image, so a crop
below 0.45 could lose it."""
FAR_SHARE = 0.3
"""How often the view is taken from further away than the photo."""
FAR = {Domain.DERMOSCOPIC: 2.2, Domain.CLINICAL: 1.5, Domain.SMARTPHONE: 1.5}
"""How many times as wide as the photo a far view may be. A dermatoscope shows 10 to 20 mm of skin, a phone at arm's
length 30 to 50: twice is the least of it, and at more a lesion has too few pixels left to judge."""
SHIFT = 0.3
"""How far from the middle a far view may have the photo, as a share of the room there is."""
ASPECT = 0.12
"""Half-width of the logarithm of width over height; HAM10000's copies are squashed by up to 0.29."""
TILT = 0.1
"""Change of distance from one edge of the picture to the other as a share: a phone held 10 to 15 degrees askew."""
BAND = 0.125
"""Depth of the outermost band, as a share of the side: two of the sixteen cells that `bare_border` looks at."""
PLAIN_BORDER = 0.8
"""Brightness of the band's darkest cell over its mean, at least, to pass for bare skin: hair, pores and uneven light
stay above it, the edge of a lesion or a dark corner do not."""


def square_side(size: int) -> int:
    """Side of the squares that views of this size are cut from: half the area of one is as many pixels as the view.

    In steps of 32: 320 for 224, 192 for 128.
    """
    return math.ceil(size * math.sqrt(2) / 32) * 32


def frame(pixels: np.ndarray, rng: np.random.Generator, *, domain: Domain, size: int) -> np.ndarray:
    """uint8 [S, S, 3] to uint8 [size, size, 3]: the photo from another place."""
    span = math.sqrt(rng.uniform(*NEAR))
    far = rng.random() < FAR_SHARE
    reach = math.exp(rng.uniform(0, math.log(FAR[domain])))
    place = rng.uniform(-1, 1, 2)
    if far and bare_border(pixels):
        span, place = reach, place * SHIFT * (reach - 1) / 2
    else:
        place = place * (1 - span) / 2
    transform = _transform(rng, span=span, place=place)
    return _warped(pixels, transform, rng, span=span, size=size)


def bare_border(pixels: np.ndarray) -> bool:
    """Whether the photo ends in skin that may go on beyond it: even in brightness all round."""
    stride = max(1, pixels.shape[0] // 96)  # every third pixel of a large square is enough to average
    few = np.ascontiguousarray(pixels[::stride, ::stride])
    small = cv2.cvtColor(cv2.resize(few, (16, 16), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    ring = np.concatenate([small[:2].ravel(), small[-2:].ravel(), small[2:-2, :2].ravel(), small[2:-2, -2:].ravel()])
    return float(ring.min()) >= PLAIN_BORDER * float(ring.mean())


def _transform(rng: np.random.Generator, *, span: float, place: np.ndarray) -> np.ndarray:
    """float64 [3, 3], from the view to the photo, both in -0.5 to 0.5."""
    angle, stretch = rng.uniform(0, 2 * math.pi), math.exp(rng.uniform(-ASPECT, ASPECT) / 2)
    mirror = 1.0 if rng.random() < 0.5 else -1.0
    tilt = rng.uniform(-TILT, TILT, 2)
    cos, sin = span * math.cos(angle), span * math.sin(angle)
    turned = np.array(
        [
            [mirror * cos * stretch, -sin / stretch, place[0]],
            [mirror * sin * stretch, cos / stretch, place[1]],
            [0, 0, 1],
        ]
    )
    tilted = np.array([[1, 0, 0], [0, 1, 0], [tilt[0], tilt[1], 1]])
    return turned @ tilted


def _warped(
    pixels: np.ndarray, transform: np.ndarray, rng: np.random.Generator, *, span: float, size: int
) -> np.ndarray:
    """One warp from as few pixels as the view needs, each view pixel from about one of the photo's."""
    step = span * pixels.shape[0] / size  # pixels of the photo to one of the view
    if step >= 2:
        side = pixels.shape[0] // int(step)
        pixels = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
    elif step > 1.6:  # below it the blur costs more than what little it hides
        pixels = cv2.blur(pixels, (3, 3))
    side, margin = pixels.shape[0], _margin(transform, pixels.shape[0])
    pixels, margin = _widened(pixels, margin, rng) if margin > round(BAND * side) else (pixels, 0)
    to_pixels = np.array([[side, 0, side / 2 + margin - 0.5], [0, side, side / 2 + margin - 0.5], [0, 0, 1]])
    from_view = np.array([[1 / size, 0, (0.5 - size / 2) / size], [0, 1 / size, (0.5 - size / 2) / size], [0, 0, 1]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    whole = to_pixels @ transform @ from_view
    return cv2.warpPerspective(pixels, whole, (size, size), flags=flags, borderMode=cv2.BORDER_REFLECT_101)


def _margin(transform: np.ndarray, side: int) -> int:
    """Pixels by which the view reaches beyond the photo."""
    corners = np.array([[-0.5, -0.5, 1], [0.5, -0.5, 1], [-0.5, 0.5, 1], [0.5, 0.5, 1]]).T
    at = transform @ corners
    return max(0, math.ceil((float(np.abs(at[:2] / at[2]).max()) - 0.5) * side))


def _widened(pixels: np.ndarray, margin: int, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """The photo with `margin` pixels more on each side; and how many there are."""
    band, done = max(2, round(BAND * pixels.shape[0])), 0
    while done < margin:
        # What was mirrored is skin of the band too, so the next mirror may reach as deep as both; never twice the same
        # depth, or the skin shows a pattern.
        most = band + done
        wide = min(margin - done, most if done == 0 else round(most * rng.uniform(0.5, 1.0)))
        pixels = cv2.copyMakeBorder(pixels, wide, wide, wide, wide, cv2.BORDER_REFLECT_101)
        done += wide
    return pixels, done
