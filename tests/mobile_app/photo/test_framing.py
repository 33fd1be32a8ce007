"""The square never leaves the photo, never has too few pixels, and begins around the spot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mobile_app.photo.framing import Framing, cut, first_guess, largest
from runtime.photo.decode import INPUT_SIZE
from teacher.data.synthetic import SyntheticConfig, render

SIDES = st.integers(1, 4000)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("moved"), st.floats(-5, 5), st.floats(-5, 5)),
        st.tuples(st.just("zoomed"), st.floats(0, 100), st.just(0.0)),
    ),
    max_size=12,
)


def framed(width: int, height: int) -> Framing:
    return largest(Image.new("1", (width, height)))


@given(SIDES, SIDES, st.floats(-5, 5), st.floats(-5, 5), st.floats(0, 100))
def test_neighbours_are_other_squares_of_the_photo_and_near(
    width: int, height: int, across: float, down: float, zoom: float
) -> None:
    framing = framed(width, height).moved(across, down).zoomed(zoom)
    beside = list(framing.neighbours())
    assert framing not in beside
    assert len(set(beside)) == len(beside) <= 6
    for other in beside:
        left, top, right, bottom = other.box
        assert min(left, top) >= -1e-6
        assert right <= width + 1e-6
        assert bottom <= height + 1e-6
        assert abs(other.side / framing.side - 1) <= 0.1 + 1e-6
        assert max(abs(other.x - framing.x), abs(other.y - framing.y)) <= 0.05 * framing.side + 1e-6


def test_the_whole_of_a_square_photo_has_neighbours_too() -> None:
    """Moved within the photo, they are smaller: nearly all phone photos are judged so."""
    framing = framed(1000, 1000)
    assert len(list(framing.neighbours())) == 5
    assert {round(other.side) for other in framing.neighbours()} == {900, 909}


@given(SIDES, SIDES, STEPS)
def test_whatever_is_done_the_square_stays_in_the_photo(
    width: int, height: int, steps: list[tuple[str, float, float]]
) -> None:
    framing = framed(width, height)
    for action, first, second in steps:
        framing = framing.moved(first, second) if action == "moved" else framing.zoomed(first)
        left, top, right, bottom = framing.box
        assert left >= -1e-6
        assert top >= -1e-6
        assert right <= width + 1e-6
        assert bottom <= height + 1e-6
        assert framing.side >= min(INPUT_SIZE, width, height)
        assert 1 <= framing.zoom <= framing.most_zoom + 1e-9


@given(st.integers(300, 3000), st.integers(300, 3000), st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))
def test_there_and_back_is_where_it_was(width: int, height: int, across: float, down: float) -> None:
    start = framed(width, height).zoomed(1.2)
    back = start.moved(across, down).moved(-across, -down)
    moved = start.moved(across, down)
    if moved.x == start.x + across * start.side and moved.y == start.y + down * start.side:  # not stopped by an edge
        assert back.x == pytest.approx(start.x)
        assert back.y == pytest.approx(start.y)


@given(st.integers(32, 600), st.integers(32, 600), STEPS)
def test_what_is_cut_out_is_a_square_of_that_many_pixels(
    width: int, height: int, steps: list[tuple[str, float, float]]
) -> None:
    framing = framed(width, height)
    for action, first, second in steps:
        framing = framing.moved(first, second) if action == "moved" else framing.zoomed(first)
    square = cut(Image.new("L", (width, height)), framing)
    assert square.size == (round(framing.side), round(framing.side))


def test_a_small_spot_off_the_middle_is_found() -> None:
    drawn, _ = render(SyntheticConfig(count=1, side=480), 3)
    skin = Image.new("RGB", (1600, 1200), tuple(int(c) for c in drawn[5, 5]))
    skin.paste(Image.fromarray(drawn).resize((320, 320)), (900, 300))
    guess = first_guess(skin)
    left, top, right, bottom = guess.box
    assert guess.zoom > 1.5
    assert left < 1060 < right
    assert top < 460 < bottom


def test_where_nothing_stands_out_the_middle_is_taken() -> None:
    even = Image.new("RGB", (800, 600), (180, 130, 100))
    assert first_guess(even) == largest(even)


def test_a_photo_smaller_than_the_models_input_is_taken_whole() -> None:
    framing = framed(100, 140)
    assert framing.zoomed(50).moved(9, 9).side == 100
    assert framing.most_zoom == 1
