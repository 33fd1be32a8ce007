"""Whether two photos show the same lesion: how many matches of local features agree on one transform."""

from dataclasses import dataclass

import cv2
import numpy as np

from teacher.data.duplicates.features import Features

SAME = 9
"""Matches on one similarity transform from which two photos show the same lesion."""

DOUBTFUL = 6
"""From here a pair is reported and not joined: a third of such pairs are the same lesion."""

SAME_STRETCHED = 12
"""Matches on a transform that may stretch as well (a copy squashed to a square): chance agrees with more freedom more
often, 106 pairs of 20,000 at five matches instead of 39."""

MAX_STRETCH = 1.6
MAX_SCALE = 4.0
RATIO = 0.8
"""Lowe's ratio: a match must be that much nearer than the next best."""

TOLERANCE = 3.0
"""Pixels of the square of 224 between where a keypoint is and where the transform puts it."""

TRIALS = 1000


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """What ties two photos."""

    matches: int
    same: bool
    """the same lesion; else in doubt"""
    transform: tuple[float, ...]
    """a, b, c, d, e, f: (x, y) of the first photo's square is (ax + by + c, dx + ey + f) of the second's"""


def agreement(first: Features, second: Features) -> Agreement | None:
    """How two photos agree, or None where fewer than DOUBTFUL matches do."""
    left, right = _matches(first, second)
    if len(left) < DOUBTFUL:
        return None
    start, end = first.points[left], second.points[right]
    cv2.setRNGSeed(0)
    found, inliers = cv2.estimateAffinePartial2D(start, end, None, cv2.RANSAC, TOLERANCE, TRIALS)
    alike = _counted(found, inliers, end)
    if alike >= SAME:
        return Agreement(matches=alike, same=True, transform=_numbers(found))
    cv2.setRNGSeed(0)
    stretched, inliers = cv2.estimateAffine2D(start, end, None, cv2.RANSAC, TOLERANCE, TRIALS)
    loose = _counted(stretched, inliers, end)
    if loose >= SAME_STRETCHED:
        return Agreement(matches=loose, same=True, transform=_numbers(stretched))
    if alike >= DOUBTFUL:
        return Agreement(matches=alike, same=False, transform=_numbers(found))
    return None


def _matches(first: Features, second: Features) -> tuple[np.ndarray, np.ndarray]:
    """Positions of keypoints that are each other's nearest, clearly nearer than the next."""
    if min(len(first.points), len(second.points)) < DOUBTFUL:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    distance = 2 - 2 * first.descriptors @ second.descriptors.T
    nearest = distance.argmin(axis=1)
    two = np.partition(distance, 1, axis=1)
    back = distance.argmin(axis=0)
    keep = (two[:, 0] < RATIO**2 * two[:, 1]) & (back[nearest] == np.arange(len(nearest)))
    return np.flatnonzero(keep), nearest[keep]


def _counted(transform: np.ndarray | None, inliers: np.ndarray, end: np.ndarray) -> int:
    """Different places of the second photo that agree; 0 for a transform that no camera makes."""
    if transform is None:
        return 0
    large, small = np.linalg.svd(transform[:, :2], compute_uv=False)
    if small <= 1 / MAX_SCALE or large >= MAX_SCALE or large / small > MAX_STRETCH:
        return 0
    return len(np.unique(np.rint(end[inliers.ravel() > 0]), axis=0))


def _numbers(transform: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in transform.ravel())
