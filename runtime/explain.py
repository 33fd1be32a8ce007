"""Where the model looked: how much the malignancy changes when a region of the photo is covered.

An occlusion sensitivity map (Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks", 2014). It needs
nothing but the model's answers, so it says what this very file does, quantised as it is, and works for any bundle.
"""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from runtime.files import written_whole
from runtime.photo.decode import Pixels
from runtime.prediction import Prediction

CELLS = 10
"""Cells along a side of the map: 100 regions and the photo itself are 101 runs of the model, 0.6 s of two cores."""
_COVER = 2.0
"""Side of a covered region in cells. At 2 each inner pixel is covered four times, and no edge of a region hides what
lies across it. A fifth of the photo's side is about the size of a structure in a lesion that fills half of it."""
_FEATHER = 0.15
"""Width in cells of the region's soft edge (scale of a logistic curve): a hard one would be a new line in the photo."""
_BLUR = 1.5
"""Standard deviation in cells of the blur that covers: detail within a region is gone, colour around it stays."""
_THREADS = 2
"""Runs at a time. A session is shared between threads; more only queue behind each other on a phone's fast cores."""

_VISIBLE = 0.05
"""Change of malignancy that is drawn at full strength where none is larger. Shifts of a third of a level, as another
JPEG decoder makes, change the default bundle's malignancy by 0.006 on average and by 0.06 at most: scaling a map to its
own maximum would paint that as evidence."""
_OPACITY = 0.6
"""At full strength: the skin below stays visible."""
_RAISED = np.array([240.0, 228.0, 66.0])
_LOWERED = np.array([0.0, 114.0, 178.0])
"""Yellow and blue of Okabe & Ito's palette: apart for every kind of colour blindness, and in lightness, in any skin."""

METHOD = "occlusion"

Heat = npt.NDArray[np.float32]
_Plane = npt.NDArray[np.float32]


class Predictor(Protocol):
    """What is asked of an engine; `predict` is called from several threads."""

    def predict(self, pixels: Pixels) -> Prediction: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """What covering each region did to one photo's malignancy."""

    heat: Heat
    """[n, n], top left first, each in [-1, 1]: malignancy of the photo minus that with the cell's surroundings covered.
    Above zero, what is there raised the score; below, it lowered it"""
    malignancy: float
    """of the photo as it is, in [0, 1]"""
    method: str = METHOD


def explain(engine: Predictor, pixels: Pixels, *, cells: int = CELLS, threads: int = _THREADS) -> Explanation:
    """Cover one region after the other of a square photo, uint8 [S, S, 3], and ask the model each time.

    Deterministic. Raises ValueError when `cells` does not fit the photo, EngineError when the model fails.
    """
    side = pixels.shape[0]
    if not 1 <= cells <= side or threads < 1:
        raise ValueError(f"{cells} cells and {threads} threads: 1 to {side} cells and at least 1 thread are needed")
    malignancy = engine.predict(pixels).malignancy
    photo, filling = pixels.astype(np.float32), _filling(pixels, cells=cells)
    windows = [_window(cell, cells=cells, side=side) for cell in range(cells)]

    def score(region: tuple[_Plane, _Plane]) -> float:
        return engine.predict(_covered(photo, filling, *region)).malignancy

    with ThreadPoolExecutor(threads) as pool:
        scores = np.array(list(pool.map(score, product(windows, windows)))).reshape(cells, cells)
    return Explanation(heat=(malignancy - scores).astype(np.float32), malignancy=malignancy)


def overlay(pixels: Pixels, explanation: Explanation) -> Image.Image:
    """The photo, uint8 [S, S, 3], with the map over it: yellow raised the score, blue lowered it, clear did neither.

    A map of zeros gives the photo itself. `Texts.explanation_caveat` belongs beside it, wherever it is shown.
    """
    # Not bicubic: its undershoot would draw a blue ring round a yellow spot.
    heat = Image.fromarray(explanation.heat).resize((pixels.shape[1], pixels.shape[0]), Image.Resampling.BILINEAR)
    fine = np.asarray(heat, dtype=np.float32)[..., np.newaxis]  # [S, S, 1]
    strength = np.clip(np.abs(fine) / max(float(np.abs(explanation.heat).max()), _VISIBLE), 0.0, 1.0)
    colour = np.where(fine > 0, _RAISED, _LOWERED)
    mixed = pixels + _OPACITY * strength * (colour - pixels)
    return Image.fromarray(np.rint(mixed).astype(np.uint8))


def save_whole(picture: Image.Image, path: str | os.PathLike[str]) -> None:
    """Write a PNG file, whole or not at all. Raises OSError."""
    png = io.BytesIO()
    picture.save(png, "PNG")
    with written_whole(Path(path)) as partial:
        partial.write_bytes(png.getvalue())


def _covered(photo: _Plane, filling: _Plane, down: _Plane, across: _Plane) -> Pixels:
    """The photo with one region covered: rows `down`, columns `across`, each [S] in [0, 1]."""
    mask = (down[:, np.newaxis] * across)[..., np.newaxis]  # [S, S, 1]
    return np.rint(photo + mask * (filling - photo)).astype(np.uint8)


def _filling(pixels: Pixels, *, cells: int) -> _Plane:
    """What regions are covered with: the photo itself, heavily blurred.

    A grey or black square is a thing that no training photo shows: the model's answer to it, a novelty, would be taken
    for an answer to what it hides. The blurred surroundings look like skin out of focus, in the tone of this very skin.
    Inpainting each region from outside of it gave the same maps (means 0.01 apart on ten photos) for more work.
    """
    radius = _BLUR * pixels.shape[0] / cells
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32)


def _window(cell: int, *, cells: int, side: int) -> _Plane:
    """How far each row or column is covered with the region around `cell`: [side], in [0, 1], soft at its edges."""
    width = side / cells
    distance = np.abs(np.arange(side) + 0.5 - (cell + 0.5) * width) - _COVER / 2 * width
    return (1.0 / (1.0 + np.exp(distance / (_FEATHER * width)))).astype(np.float32)
