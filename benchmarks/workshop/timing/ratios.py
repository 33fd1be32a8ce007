"""How much longer does one thing take than another? With an interval that knows that neighbouring times are alike."""

import numpy as np

from runtime.measure.series import Series

ROUNDS = 2000
"""Resamplings of the bootstrap: the interval's ends then move by a few hundredths of its width."""
INTERVAL = (0.025, 0.975)


def ratio_of_medians(first: Series, second: Series, *, rng: np.random.Generator) -> tuple[float, float, float]:
    """The second's median over the first's, and its 95% bootstrap interval."""
    medians = [resampled_medians(np.array(series.milliseconds), rng=rng) for series in (first, second)]
    low, high = (float(end) for end in np.quantile(medians[1] / medians[0], INTERVAL))
    return second.p50 / first.p50, low, high


def resampled_medians(times: np.ndarray, *, rng: np.random.Generator, rounds: int = ROUNDS) -> np.ndarray:
    """Medians of resampled runs of neighbouring times: those of one moment are alike, and no more than one witness."""
    length = max(1, round(len(times) ** 0.5))
    blocks = -(-len(times) // length)
    starts = rng.integers(0, len(times), (rounds, blocks, 1))
    chosen = (starts + np.arange(length)) % len(times)  # (rounds, blocks, length), the end joined to the beginning
    return np.median(times[chosen.reshape(rounds, -1)[:, : len(times)]], axis=1)
