"""Hair and rulers taken off a photo, the classical way.

DullRazor (Lee et al. 1997, Computers in Biology and Medicine 27): a closing finds what is darker and thinner than its
surroundings, a test of shape tells hair from pigment, and the pixels are filled from both sides. Here the closing is
square, and the fill is the mean of the skin around, hair left out.
"""

from functools import cached_property

import cv2
import numpy as np

THIN = 0.045
"""Width, as a share of the side, below which something dark counts as a line: hair is 0.003 to 0.02 wide."""
CONTRAST, FAINTEST = 0.1, 5.0
"""How much darker a line is than what is around it: a share of the photo's mean brightness, so that it is found on dark
skin as on fair, and levels, below which it is noise."""
INK = 0.16
"""The same share for the marks of a ruler where hair is not looked for: less of the skin's texture comes with it."""
LONG = 0.1
"""Length of a hair at least, as a share of the side: strands of a pigment network are shorter."""
SLIM = 10.0
"""Length over mean width of a hair at least."""
TICK = (0.02, 0.16)
"""Length of a ruler's marks."""
TICK_SLIM = 1.8
"""Length over width of a mark at least: one pixel wide, with its soft edges, it is hardly more than twice as long."""
ACROSS = 0.42
"""Sine of the angle, at most, by which a mark may be off the ruler's perpendicular: 25 degrees."""
ALIGNED = 0.02
"""How far from one line the middles of a ruler's marks may lie, as a share of the side."""
TICKS = 5
"""Marks that make a ruler."""
EVEN = 0.75
"""Share of the gaps between marks, at least, that are one, two or three times the usual gap, to a fifth of it."""
MOST_TICKS = 50
"""Parts that are looked at, the darkest against their surroundings: ink is darker than any fold of the skin."""


def take_marks(image: np.ndarray, *, hair: bool, ruler: bool) -> np.ndarray:
    """The photo without its dark hairs, without the marks of a ruler, or both; itself where there are none.

    The marks of a ruler are five or more short parallel lines side by side, across one straight line.
    """
    if not (hair or ruler):
        return image
    parts = _Parts(image, contrast=CONTRAST if hair else INK)
    chosen = np.zeros(len(parts.area), bool)
    if hair:
        chosen |= (parts.reach >= LONG * len(image)) & (parts.reach * parts.reach >= SLIM * parts.area)
    if ruler:
        chosen[_ruler_marks(parts)] = True
    return _filled(image, parts.labels, chosen) if chosen.any() else image


class _Parts:
    """What is dark and thin in a photo, part by part; part 0 is all the rest."""

    def __init__(self, image: np.ndarray, *, contrast: float) -> None:
        self.side = image.shape[0]
        window = max(3, round(THIN * self.side) | 1)
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((window, window), np.uint8))
        level = max(FAINTEST, contrast * cv2.mean(grey)[0])
        self.dark = dark
        _, lines = cv2.threshold(dark, level, 255, cv2.THRESH_BINARY)
        self.lines = lines
        _, self.labels, stats, self.middle = cv2.connectedComponentsWithStats(lines, connectivity=8, ltype=cv2.CV_16U)
        stats = stats.astype(np.float32)
        self.area = stats[:, cv2.CC_STAT_AREA]
        self.reach = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
        self.area[0] = self.reach[0] = 0

    def darkest(self, wanted: np.ndarray, most: int) -> np.ndarray:
        """Numbers of the `most` wanted parts that are darkest against the skin, int [K]; wanted: bool [parts]."""
        at, of = self._pixels(wanted)
        dark = np.bincount(of, self.dark.reshape(-1)[at], len(wanted)) / np.maximum(self.area, 1)
        return np.argsort(-dark, kind="stable")[: min(most, int(wanted.sum()))]

    def bars(self, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Each wanted part as a bar: length and width in pixels, [parts] each, and direction, [parts, 2]."""
        at, of = self._pixels(wanted)
        rows, columns = np.divmod(at, self.side)
        dx, dy = columns - self.middle[of, 0], rows - self.middle[of, 1]
        area = np.maximum(self.area, 1)
        # A pixel is itself a square of variance 1/12.
        xx, yy = (np.bincount(of, d * d, len(wanted)) / area + 1 / 12 for d in (dx, dy))
        xy = np.bincount(of, dx * dy, len(wanted)) / area
        angle, spread = np.arctan2(2 * xy, xx - yy) / 2, np.hypot((xx - yy) / 2, xy)
        length, width = (np.sqrt(12 * np.maximum((xx + yy) / 2 + sign * spread, 0)) for sign in (1, -1))
        return length, width, np.stack([np.cos(angle), np.sin(angle)], axis=1)

    def _pixels(self, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the pixels of the wanted parts are, counted row by row, and the part of each."""
        kept = wanted[self.of]
        return self.at[kept], self.of[kept]

    @cached_property
    def at(self) -> np.ndarray:
        """Where all pixels are that are dark and thin, int [P]."""
        return np.flatnonzero(self.lines)

    @cached_property
    def of(self) -> np.ndarray:
        """Which part each of them belongs to, [P]."""
        return self.labels.reshape(-1)[self.at]


def _ruler_marks(parts: _Parts) -> np.ndarray:
    """Numbers of the parts that are marks of a ruler, int [K]."""
    short = (parts.reach >= TICK[0] * parts.side) & (parts.reach <= TICK[1] * parts.side)
    if short.sum() < TICKS:
        return _NONE
    wanted = np.zeros_like(short)
    wanted[parts.darkest(short, MOST_TICKS)] = True
    length, width, along = parts.bars(wanted)
    marks = np.flatnonzero(wanted & (length >= TICK_SLIM * width))
    if len(marks) < TICKS:
        return _NONE
    found = marks[_side_by_side(parts.middle[marks], along[marks], ALIGNED * parts.side)]
    return found if len(found) >= TICKS and _evenly_spaced(parts.middle[found]) else _NONE


_NONE = np.zeros(0, np.intp)


def _side_by_side(points: np.ndarray, along: np.ndarray, near: float) -> np.ndarray:
    """Which bars lie across the line, through the middles of two of them, that has most of them: int [K]."""
    first, second = np.triu_indices(len(points), 1)
    line = points[second] - points[first]
    line /= np.maximum(np.linalg.norm(line, axis=1), 1e-6)[:, None]
    normal = np.stack([-line[:, 1], line[:, 0]], axis=1)
    away = np.abs(normal @ points.T - (normal * points[first]).sum(axis=1)[:, None])  # (pairs, bars)
    fits = (away <= near) & (np.abs(line @ along.T) <= ACROSS)
    return np.flatnonzero(fits[fits.sum(axis=1).argmax()])


def _evenly_spaced(points: np.ndarray) -> bool:
    """Whether points on a line stand at the steps of a scale, some of them perhaps missing."""
    line = points - points[0]
    along = line[np.argmax((line * line).sum(axis=1))]
    gaps = np.diff(np.sort(line @ along))
    steps = gaps / max(float(np.median(gaps)), 1e-6)
    whole = np.rint(steps)
    return float(((np.abs(steps - whole) <= 0.2) & (whole >= 1) & (whole <= 3)).mean()) >= EVEN


def _filled(image: np.ndarray, labels: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The chosen parts, and a pixel around them, replaced by the mean of the skin near them."""
    mask = cv2.dilate(np.where(chosen, np.uint8(255), np.uint8(0))[labels], np.ones((3, 3), np.uint8))
    window = max(5, round(THIN * image.shape[0]) | 1)
    skin = cv2.bitwise_not(mask)
    share = cv2.blur(skin, (window, window))
    mean = cv2.blur(cv2.copyTo(image, skin), (window, window))
    at = np.flatnonzero((mask > 0) & (share >= 16))  # where less than a sixteenth is skin nothing is known: left
    filled = image.reshape(-1, 3).copy()
    scale = np.float32(255) / share.reshape(-1)[at]
    filled[at] = np.minimum(mean.reshape(-1, 3)[at] * scale[:, None] + np.float32(0.5), 255).astype(np.uint8)
    return filled.reshape(image.shape)
