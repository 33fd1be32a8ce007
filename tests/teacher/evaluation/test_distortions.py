"""Distortions: the same on every run, no photo spoilt beyond its name, and a frame that moves over the real photo."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from runtime.photo.decode import load_square
from teacher.evaluation.distortions import DISTORTIONS, Distortion, Shot, reframed

SIDE = 224
BY_NAME = {one.name: one for one in DISTORTIONS}


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    """A landscape of slow waves, wider than its square."""
    down, across = np.mgrid[0:600, 0:900]
    waves = 128 + 60 * np.sin(across / 17) + 40 * np.cos(down / 23)
    path = tmp_path / "photo.png"
    Image.fromarray(np.stack([waves, waves * 0.8, waves * 0.6], axis=-1).astype(np.uint8)).save(path)
    return Shot(square=load_square(path, size=SIDE), path=path, content="0123456789abcdef" * 2)


def test_there_are_the_references_twelve_and_three_of_real_use() -> None:
    assert len(BY_NAME) == len(DISTORTIONS) == 15
    assert sum(one.everyday for one in DISTORTIONS) == 3
    assert DISTORTIONS[0].name == "clean"


@pytest.mark.parametrize("distortion", DISTORTIONS, ids=lambda one: one.name)
def test_each_gives_the_same_square_every_time(distortion: Distortion, shot: Shot) -> None:
    before = shot.square.copy()
    once, again = distortion.apply(shot), distortion.apply(shot)
    assert (once.dtype, once.shape) == (np.uint8, (SIDE, SIDE, 3))
    assert np.array_equal(once, again)
    assert np.array_equal(shot.square, before), "the photo itself stays as it was"
    assert np.array_equal(once, before) is (distortion.name == "clean")


@pytest.mark.parametrize("kind", ["blur", "noise", "compression"])
def test_heavy_is_worse_than_light(kind: str, shot: Shot) -> None:
    light, heavy = (
        np.abs(BY_NAME[f"{kind}, {how}"].apply(shot).astype(float) - shot.square).mean() for how in ("light", "heavy")
    )
    assert heavy > light > 0


def test_dark_and_bright_keep_the_photo(shot: Shot) -> None:
    assert BY_NAME["dark"].apply(shot).mean() == pytest.approx(shot.square.mean() / 2, rel=0.02)
    assert BY_NAME["bright"].apply(shot).mean() > shot.square.mean()


def test_a_frame_that_stays_is_the_square_itself(shot: Shot) -> None:
    assert np.abs(reframed(shot.path, SIDE).astype(int) - shot.square).max() <= 1


def test_a_frame_that_moves_shows_what_lies_there(shot: Shot) -> None:
    """A quarter of the square to the right is within the photo: its left three quarters are the old right ones."""
    moved = reframed(shot.path, SIDE, across=0.25)
    assert np.abs(moved[2:-2, : -SIDE // 4 - 2].astype(int) - shot.square[2:-2, SIDE // 4 : -2]).max() <= 2


def test_zoomed_shows_the_middle(shot: Shot) -> None:
    half = reframed(shot.path, SIDE, zoom=2)
    middle = Image.fromarray(half).resize((SIDE // 2, SIDE // 2), Image.Resampling.BOX)
    assert np.abs(np.asarray(middle).astype(int) - shot.square[56:168, 56:168]).mean() < 3


def test_photos_move_in_every_direction(shot: Shot) -> None:
    moved = [
        BY_NAME["frame moved by 5%"].apply(Shot(square=shot.square, path=shot.path, content=f"{seed:012x}"))
        for seed in range(4)
    ]
    assert len({one.tobytes() for one in moved}) == 4


def test_four_quarter_turns_are_none(shot: Shot) -> None:
    turned = shot
    for _ in range(4):
        turned = Shot(square=BY_NAME["turned by 90 degrees"].apply(turned), path=shot.path, content=shot.content)
    assert np.array_equal(turned.square, shot.square)
