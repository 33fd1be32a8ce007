"""Views: pure functions of pixels, domain, seed, size and config, the same on any number of threads."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teacher.data.batches import view_seed
from teacher.data.sample import DataError, Domain
from teacher.data.synthetic import SyntheticConfig, render
from teacher.data.views import VIEW_VERSION, ViewConfig, make_view, plain_view

PIXELS, _ = render(SyntheticConfig(count=1, side=96), 0)
PIXELS.flags.writeable = False  # as those of a dataset are: a view that wrote into them would fail here

seeds = st.integers(0, 2**63 - 1)
domains = st.sampled_from(Domain)
squares = st.tuples(st.integers(0, 2**32 - 1), st.sampled_from([32, 47, 96, 200]), st.integers(0, 3)).map(
    lambda drawn: _square(*drawn)
)


def _square(seed: int, side: int, kind: int) -> np.ndarray:
    """Noise, one colour, a dark disk in a bright square, or a bright disk in black."""
    rng = np.random.default_rng(seed)
    if kind == 0:
        return rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
    square = np.full((side, side, 3), rng.integers(0, 256, 3), np.uint8)
    if kind > 1:
        y, x = np.mgrid[:side, :side] - side / 2
        inside = x * x + y * y < (rng.uniform(0.1, 0.6) * side) ** 2
        square[inside if kind == 2 else ~inside] = rng.integers(0, 40)
    return square


@settings(deadline=None, max_examples=150)
@given(squares, domains, seeds, st.sampled_from([32, 48, 64, 97]), st.booleans(), st.booleans())
def test_a_view_is_a_pure_function(
    pixels: np.ndarray, domain: Domain, seed: int, size: int, bridging: bool, capture: bool
) -> None:
    before, config = pixels.copy(), ViewConfig(bridging=bridging, capture=capture)
    first, second = (make_view(pixels, domain=domain, seed=seed, size=size, config=config) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(pixels, before)
    assert first.shape == (size, size, 3)
    assert first.dtype == np.uint8


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**40), st.sampled_from([1, 2, 5]))
def test_threads_change_no_pixel(start: int, workers: int) -> None:
    wanted = [(start + place, domain) for place in range(20) for domain in Domain]

    def made(one: tuple[int, Domain]) -> bytes:
        return make_view(PIXELS, domain=one[1], seed=one[0], size=64).tobytes()

    alone = [made(one) for one in wanted]
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(workers)  # whatever another library leaves it at
        with ThreadPoolExecutor(workers) as pool:
            assert list(pool.map(made, wanted)) == alone
    finally:
        cv2.setNumThreads(before)


def test_other_seeds_are_other_views() -> None:
    views = {make_view(PIXELS, domain=Domain.CLINICAL, seed=seed, size=32).tobytes() for seed in range(50)}
    assert len(views) == 50


def test_the_domain_decides_what_is_put_on_and_taken_off() -> None:
    made = {domain: make_view(PIXELS, domain=domain, seed=3, size=64) for domain in Domain}
    assert not np.array_equal(made[Domain.DERMOSCOPIC], made[Domain.SMARTPHONE])


def test_a_view_of_another_version_is_refused() -> None:
    old = replace(ViewConfig(), version=VIEW_VERSION - 1)
    with pytest.raises(
        DataError, match=f"version {VIEW_VERSION - 1} .* makes version {VIEW_VERSION}.*soft labels anew"
    ):
        make_view(PIXELS, domain=Domain.CLINICAL, seed=1, size=32, config=old)


def test_the_version_is_recorded_with_the_config() -> None:
    assert asdict(ViewConfig())["version"] == VIEW_VERSION


def test_the_plain_view_at_the_same_size_is_the_photo() -> None:
    np.testing.assert_array_equal(plain_view(PIXELS, size=96), PIXELS)


def test_view_seeds_do_not_collide() -> None:
    found = {view_seed(seed, index, view) for seed in range(3) for index in range(300) for view in range(5)}
    assert len(found) == 3 * 300 * 5
    assert all(0 <= seed < 2**63 for seed in found)
