"""Hair and rulers taken off a photo, the classical way.

DullRazor (Lee et al. 1997, Computers in Biology and Medicine 27): a closing finds what is darker and thinner than its
surroundings, a test of shape tells hair from pigment, and the pixels are filled from both sides. Here the closing is
square, and the fill is the mean of the skin around, hair left out.
"""

import cv2
import numpy as np

THIN = 0.045
"""Width, as a share of the side, below which something dark counts as a line: hair is 0.003 to 0.02 wide."""
CONTRAST = 14
"""Levels by which a line is darker than what is around it."""
LONG = 0.1
"""Length of a hair at least, as a share of the side: strands of a pigment network are shorter."""
SLIM = 7.0
"""Length over mean width of a hair at least."""
TICK = (0.012, 0.16)
"""Length of a ruler's marks."""
ALIGNED = 0.02
"""How far from one line the middles of a ruler's marks may lie, as a share of the side."""
TICKS = 5
"""Marks that make a ruler."""
MOST_TICKS = 60
"""More than these are texture, not a ruler."""


def take_marks(image: np.ndarray, *, hair: bool, ruler: bool) -> np.ndarray:
    """The photo without its dark hairs, without the marks of a ruler, or both; itself where there are none.

    The marks of a ruler are five or more short lines side by side on a straight line.
    """
    if not (hair or ruler):
        return image
    side = image.shape[0]
    parts = _Parts(image)
    chosen = np.zeros(len(parts.area), bool)
    if hair:
        chosen |= (parts.length >= LONG * side) & (parts.length * parts.length >= SLIM * parts.area)
    if ruler:
        ticks = np.flatnonzero((parts.length >= TICK[0] * side) & (parts.length <= TICK[1] * side))
        if TICKS <= len(ticks) <= MOST_TICKS:
            lined = ticks[_on_one_line(parts.middle[ticks], ALIGNED * side)]
            chosen[lined] |= len(lined) >= TICKS
    return _filled(image, parts.labels, chosen) if chosen.any() else image


class _Parts:
    """What is dark and thin in a photo, part by part; part 0 is all the rest."""

    def __init__(self, image: np.ndarray) -> None:
        window = max(3, round(THIN * image.shape[0]) | 1)
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((window, window), np.uint8))
        _, lines = cv2.threshold(dark, CONTRAST, 255, cv2.THRESH_BINARY)
        _, self.labels, stats, self.middle = cv2.connectedComponentsWithStats(lines, connectivity=8, ltype=cv2.CV_16U)
        stats = stats.astype(np.float32)
        self.area = stats[:, cv2.CC_STAT_AREA]
        self.length = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
        self.area[0] = self.length[0] = 0


def _on_one_line(points: np.ndarray, near: float) -> np.ndarray:
    """Which points lie near the line through two of them that has most points near it: int [K]."""
    first, second = np.triu_indices(len(points), 1)
    along = points[second] - points[first]
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(np.linalg.norm(along, axis=1), 1e-6)[:, None]
    away = np.abs(normal @ points.T - (normal * points[first]).sum(axis=1)[:, None])  # (pairs, points)
    return np.flatnonzero(away[(away <= near).sum(axis=1).argmax()] <= near)


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
