"""Jobs for `benchmarks.workshop.timing.turns`; the processes that run them import them from here."""

import os
import time
from collections.abc import Callable

import numpy as np


def sleeper(seconds: float) -> Callable[[], object]:
    return lambda: time.sleep(seconds)


def hoarder(megabytes: int) -> Callable[[], object]:
    return lambda: np.ones(megabytes * 125_000).sum()


def refuser(text: str) -> Callable[[], object]:
    raise ValueError(text)


def quitter() -> Callable[[], object]:
    return lambda: os._exit(3)
