"""Intervals by resampling whole patients or lesions.

Photos of one patient say the same thing again: resampled one by one they make an interval that is too narrow. Where
every photo has a patient of its own, this is the ordinary bootstrap of photos.
"""

import numpy as np
from scipy.stats import norm

from runtime.bundle.load import Figure

RESAMPLES = 1000
Z95 = float(norm.ppf(0.975))


def draws(groups: np.ndarray, *, resamples: int = RESAMPLES) -> np.ndarray:
    """How often each photo is drawn, float32 [1 + resamples, N]: first the photos as they are, then the resamples.

    groups: [N], equal values are one patient or lesion. Seeded, and by the groups in the order of their values: neither
    a second call nor another order of the photos changes an interval.
    """
    _, group_of = np.unique(groups, return_inverse=True)
    count = int(group_of.max()) + 1 if len(group_of) else 0
    rng = np.random.default_rng(0)
    drawn = np.ones((1 + resamples, count), dtype=np.float32)
    for row in drawn[1:]:
        row[:] = np.bincount(rng.integers(0, count, count), minlength=count)
    return drawn[:, group_of]


def figure_of(values: np.ndarray, count: int) -> Figure:
    """The value on the photos as they are, and the percentile interval of the resamples that have one.

    values: [1 + R], in the order of `draws`.
    """
    resampled = values[1:][~np.isnan(values[1:])]
    low, high = np.quantile(resampled, (0.025, 0.975)) if len(resampled) else (np.nan, np.nan)
    return Figure(value=float(values[0]), low=float(low), high=float(high), n=count)


def rate_of(values: np.ndarray, *, photos: int, patients: int) -> Figure:
    """The same of a share. All right or all wrong, no resample says how sure that is: Wilson's for as many patients."""
    figure = figure_of(values, photos)
    if figure.low != figure.high:
        return figure
    low, high = wilson(figure.value, patients)
    return Figure(value=figure.value, low=low, high=high, n=photos)


def wilson(share: float, count: int) -> tuple[float, float]:
    """The interval of a share of `count` (Wilson 1927); 0 to 1 for a share of nothing."""
    if count == 0:
        return 0.0, 1.0
    z2 = Z95**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z95 / (1 + z2 / count) * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))
