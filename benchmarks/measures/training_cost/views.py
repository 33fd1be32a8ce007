"""How many views a second one core makes, and what each change costs.

Processor time of this process, so that neighbours on the machine take nothing from the figure but cache and clock; the
best of several rounds, for the same reason.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.outcome import Outcome, Table
from runtime.many import find_photos
from runtime.photo.decode import load_square
from teacher.data.sample import Domain
from teacher.data.synthetic import SyntheticConfig, render
from teacher.data.views import VIEW_VERSION, make_view
from teacher.data.views.changes import CHANGES
from teacher.options import OPTION


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `views` asks."""

    photos: Annotated[Path | None, OPTION] = None
    """folder of photos to make views of; without it synthetic drawings"""
    size: Annotated[int, typer.Option(min=32)] = 192
    """side of the views in pixels"""
    square: Annotated[int, typer.Option(min=32)] = 288
    """side of the squares they are made from"""
    views: Annotated[int, typer.Option(min=10)] = 300
    """views a round"""
    rounds: Annotated[int, typer.Option(min=1)] = 10
    """rounds, of which the best counts"""
    out: Annotated[Path, OPTION] = Path("artifacts/views.json")
    """where the JSON goes"""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Processor seconds of each round, views per round, and what the best of them gives."""

    views: int
    seconds: tuple[float, ...]

    @property
    def per_second(self) -> float:
        return self.views / min(self.seconds)


def measure(options: Options) -> Outcome:
    """Views a second and core, by domain, and microseconds of each change."""
    squares = _squares(options)
    whole = {domain.value: _speed(_whole(squares, domain, options), options) for domain in Domain}
    plain = [make_view(square, domain=Domain.CLINICAL, seed=0, size=options.size) for square in squares]
    alone = {name: _speed(_alone(plain, change), options) for name, change in CHANGES.items()}
    found = {"version": VIEW_VERSION, "size": options.size, "square": options.square}
    return Outcome(
        figures=(options.out, {**found, "whole": _raw(whole), "alone": _raw(alone)}),
        tables=[
            Table(
                f"Views of {options.size} pixels from squares of {options.square}, one core",
                ("domain", "views a second"),
                [(name, f"{speed.per_second:,.0f}") for name, speed in whole.items()],
            ),
            Table(
                "Each change alone",
                ("change", "microseconds"),
                [(name, f"{1e6 / speed.per_second:,.0f}") for name, speed in alone.items()],
            ),
        ],
        lines=[f"all figures: {options.out}"],
    )


def _squares(options: Options) -> list[np.ndarray]:
    """Twenty squares."""
    if options.photos is not None:
        photos = sorted(find_photos([options.photos]))
        return [load_square(photo, size=options.square) for photo in photos[:: max(1, len(photos) // 20)][:20]]
    return [render(SyntheticConfig(count=20, side=options.square), index)[0] for index in range(20)]


def _whole(squares: list[np.ndarray], domain: Domain, options: Options) -> Callable[[int], object]:
    return lambda seed: make_view(squares[seed % len(squares)], domain=domain, seed=seed, size=options.size)


def _alone(
    plain: list[np.ndarray], change: Callable[[np.ndarray, np.random.Generator], np.ndarray]
) -> Callable[[int], object]:
    return lambda seed: change(plain[seed % len(plain)], np.random.default_rng(seed))


def _speed(make: Callable[[int], object], options: Options) -> Speed:
    make(0)
    seconds = []
    for _ in range(options.rounds):
        start = time.process_time()
        for seed in range(options.views):
            make(seed)
        seconds.append(time.process_time() - start)
    return Speed(views=options.views, seconds=tuple(seconds))


def _raw(speeds: Mapping[str, Speed]) -> dict[str, object]:
    return {name: asdict(speed) for name, speed in speeds.items()}
