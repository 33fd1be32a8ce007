"""Mixup: decided by the step alone, and the same batch whoever computes which part of it."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from distill.loop.mixing import mix_of

counts = st.integers(1, 40)


@given(st.floats(0.05, 5), st.integers(0, 9), st.integers(0, 9), counts)
def test_the_step_alone_decides(alpha: float, epoch: int, step: int, count: int) -> None:
    first, again, later = (mix_of(alpha, seed=1, epoch=epoch, step=one, count=count) for one in (step, step, step + 1))
    assert first is not None
    assert again is not None
    assert later is not None
    assert first.share == again.share != later.share
    assert (first.partner == again.partner).all()
    assert 0.5 <= first.share <= 1
    assert sorted(first.partner.tolist()) == list(range(count))


def test_nothing_is_mixed_where_nothing_is_asked() -> None:
    assert mix_of(0, seed=1, epoch=0, step=0, count=8) is None


@given(st.integers(2, 30), st.integers(0, 100), st.integers(1, 5))
def test_shares_of_a_batch_are_the_batch(count: int, seed: int, processes: int) -> None:
    """Each process draws what its views are mixed with beside them, and no more."""
    mix = mix_of(0.4, seed=seed, epoch=0, step=0, count=count)
    assert mix is not None
    images = torch.randn(count, 3, 2, 2, generator=torch.Generator().manual_seed(seed))
    everywhere = np.arange(count)
    assert (mix.needed(everywhere) == everywhere).all()
    whole = mix.mixed(images, everywhere)
    parts = []
    for own in np.array_split(everywhere, processes):
        needed = mix.needed(own)
        assert len(needed) <= 2 * len(own)
        parts.append(mix.mixed(images[needed], own))
    assert torch.equal(torch.cat(parts), whole)
    wanted = mix.share * images + (1 - mix.share) * images[torch.from_numpy(mix.partner)]
    torch.testing.assert_close(whole, wanted)
