"""How fast a student learns: what is counted, and that a table of it can be gone on with or be lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from distill.loop.speed import SPEED_NAME, Speed, Stopwatch, read_speeds, total, write_speeds


class Clock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_waiting_is_what_the_batches_take() -> None:
    clock = Clock()
    watch = Stopwatch(clock=clock)

    def batches() -> Iterator[torch.Tensor]:
        for _ in range(3):
            clock.now += 1  # while a view is drawn
            yield torch.zeros(4)

    for _ in watch.timed(batches(), [4, 4, 2]):
        clock.now += 3  # while the model learns
    speed = watch.speed(7)
    assert speed == Speed(epoch=7, images=10, seconds=12.0, waited=3.0)
    assert (speed.images_per_second, speed.waiting) == (10 / 12, 0.25)
    assert str(speed) == "1 images/s, 25% waiting"
    watch.begin()
    assert watch.speed(8).images == 0


def test_a_step_that_was_not_done_does_not_count() -> None:
    watch = Stopwatch()
    for _ in watch.timed(iter([torch.zeros(4)] * 3), [4, 4, 4]):
        if watch.speed(1).images == 4:
            break
    assert watch.speed(1).images == 4


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    speeds = [Speed(epoch=one, images=100 * one, seconds=10.0, waited=0.5) for one in (1, 2, 3)]
    write_speeds(tmp_path, speeds)
    assert read_speeds(tmp_path, epochs=3) == speeds
    assert read_speeds(tmp_path, epochs=2) == speeds[:2]
    assert total(speeds) == Speed(epoch=3, images=600, seconds=30.0, waited=1.5)


@pytest.mark.parametrize("content", ["", "epoch,images\n1,2\n", "epoch,images,seconds,waited\n1,x,3,4\n", "\0"])
def test_a_table_that_cannot_be_read_stops_nothing(content: str, tmp_path: Path) -> None:
    (tmp_path / SPEED_NAME).write_text(content)
    assert read_speeds(tmp_path, epochs=9) == []
    assert read_speeds(tmp_path / "absent", epochs=9) == []


def test_of_nothing_nothing_is_written(tmp_path: Path) -> None:
    write_speeds(tmp_path, [])
    assert list(tmp_path.iterdir()) == []
    assert total([]).waiting == 0
