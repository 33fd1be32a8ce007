"""How fast a student learns, and how long it waits for its views: a table beside the history, which is the same bits
however long a run took."""

import csv
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from runtime.files import written_whole

SPEED_NAME = "speed.csv"
COLUMNS = ("epoch", "images", "seconds", "waited")


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Of an epoch, or of what this process did of it where it was stopped inside."""

    epoch: int
    """from 1"""
    images: int
    """of all processes"""
    seconds: float
    """from asking for the first batch until the last step was done"""
    waited: float
    """seconds of these in which the model had no views"""

    @property
    def images_per_second(self) -> float:
        return self.images / max(self.seconds, 1e-9)

    @property
    def waiting(self) -> float:
        """Share of the time."""
        return self.waited / max(self.seconds, 1e-9)

    def __str__(self) -> str:
        return f"{self.images_per_second:.0f} images/s, {self.waiting:.0%} waiting"


class Stopwatch:
    """Counts while batches are taken and learned from."""

    def __init__(self, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """A new epoch."""
        self._images, self._seconds, self._waited = 0, 0.0, 0.0

    def timed(self, batches: Iterator[Tensor], counts: Sequence[int]) -> Iterator[Tensor]:
        """The same batches; `counts`: images that all processes together learn from at each."""
        for count in counts:
            began = self._clock()
            images = next(batches)
            waited = self._clock() - began
            yield images
            self._images, self._waited = self._images + count, self._waited + waited
            self._seconds += self._clock() - began

    def speed(self, epoch: int) -> Speed:
        return Speed(epoch=epoch, images=self._images, seconds=self._seconds, waited=self._waited)


def total(speeds: Sequence[Speed]) -> Speed:
    """Of several epochs together."""
    return Speed(
        epoch=max((one.epoch for one in speeds), default=0),
        images=sum(one.images for one in speeds),
        seconds=sum(one.seconds for one in speeds),
        waited=sum(one.waited for one in speeds),
    )


def write_speeds(run: Path, speeds: Sequence[Speed]) -> None:
    """speed.csv: one line an epoch. Raises OSError."""
    if not speeds:
        return
    with written_whole(run / SPEED_NAME) as partial, partial.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*COLUMNS, "images_per_second", "waiting"))
        for one in speeds:
            times = (f"{one.seconds:.3f}", f"{one.waited:.3f}", f"{one.images_per_second:.1f}", f"{one.waiting:.4f}")
            writer.writerow((one.epoch, one.images, *times))


def read_speeds(run: Path, *, epochs: int) -> list[Speed]:
    """Of the first epochs; empty where there is no such file, or none that can be read: it decides nothing."""
    try:
        with (run / SPEED_NAME).open(newline="") as file:
            rows = [[row[name] for name in COLUMNS] for row in csv.DictReader(file)]
        found = [
            Speed(epoch=int(epoch), images=int(images), seconds=float(seconds), waited=float(waited))
            for epoch, images, seconds, waited in rows
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [one for one in found if one.epoch <= epochs]
