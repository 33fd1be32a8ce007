"""Pictures without a lesion, made from training photos and drawn, and the map that tells them from training photos.

A student that has learned from one kind of photo finds anything else far from them. One that has learned from many
kinds does not: its features of a brick wall lie between those of photos that it knows. So it is shown what is no lesion
(outlier exposure, Hendrycks et al. 2019, arXiv:1812.04606), in pictures that need no data: corners of the photos
themselves (skin with nothing on it), photos in pieces and in other colours, noise, shapes and writing.
"""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from export.onnx_file.module import Strangeness

SHARE = 0.5
"""Made pictures for each ordinary photo."""

MOST = 750
"""Made pictures at most: as many as were tried; each costs what a photo costs."""

LEAST = 30
"""Photos and made pictures, each, from which on a map is fitted."""

INVERSE_PENALTY = 22.5
"""Of the logistic regression, shared among its rows, on features of unit variance. mobilenetv2 on 1,500 photos of four
kinds and 750 made pictures, 3% of photos to be refused: of 40 photos without a lesion 37 are refused with this and 35
with a tenth of it, of each kind's unseen photos at most 3.6% and 2.4%."""

SPREADS = 3.0
"""What one standard deviation of the map over ordinary photos counts for, in standard deviations of the distance. Of
those 40 photos 36 are refused with 3, 36 with 2, 16 with 1, 3 by the distance alone."""


def outliers(squares: Sequence[np.ndarray], *, seed: int = 0) -> list[np.ndarray]:
    """Pictures without a lesion, uint8 [S, S, 3] each, made from photos of that shape; the same for the same photos."""
    rng = np.random.default_rng(seed)
    kinds = (_corner, _in_pieces, _drawn)
    chosen = rng.permutation(len(squares))[: min(MOST, round(SHARE * len(squares)))]
    return [kinds[place % len(kinds)](rng, squares[index]) for place, index in enumerate(chosen)]


def strangeness_of(ordinary: Tensor, strange: Tensor, *, distances: Tensor) -> Strangeness | None:
    """What is added to the distance of a photo, fitted on features; None where there are too few of either.

    ordinary: float [N, D] of training photos, distances: [N], their own; strange: [M, D] of made pictures.
    """
    if min(len(ordinary), len(strange)) < LEAST:
        return None
    rows = torch.cat([ordinary, strange]).double().numpy()
    scale = StandardScaler().fit(rows)
    told = LogisticRegression(C=INVERSE_PENALTY / len(rows), class_weight="balanced", max_iter=1000)
    told.fit(scale.transform(rows), np.repeat([0, 1], [len(ordinary), len(strange)]))
    weights = told.coef_[0] / scale.scale_
    said = rows[: len(ordinary)] @ weights
    weights *= SPREADS * float(distances.double().std()) / max(float(said.std()), 1e-6)
    offset = -float((rows[: len(ordinary)] @ weights).mean())
    return Strangeness(weights=torch.from_numpy(weights).float(), offset=torch.tensor(offset))


def _corner(rng: np.random.Generator, square: np.ndarray) -> np.ndarray:
    """Skin with nothing on it, enlarged, with the grain that enlarging takes away."""
    side = len(square)
    cut = max(1, int(side * rng.uniform(0.2, 0.35)))
    top, left = rng.integers(0, 2, 2) * (side - cut)
    enlarged = _resized(square[top : top + cut, left : left + cut], side)
    return _bytes(enlarged + rng.normal(0, rng.uniform(1, 6), (side, side, 1)))


def _in_pieces(rng: np.random.Generator, square: np.ndarray) -> np.ndarray:
    """Tiles in another order, colours exchanged and every other time inverted."""
    side, count = len(square), int(rng.choice([2, 4, 7]))
    coloured = square[..., rng.permutation(3)]
    coloured = 255 - coloured if rng.random() < 0.5 else coloured
    tile = -(-side // count)
    whole = _resized(coloured, tile * count)
    tiles = whole.reshape(count, tile, count, tile, 3).swapaxes(1, 2).reshape(-1, tile, tile, 3)
    shuffled = rng.permutation(tiles).reshape(count, count, tile, tile, 3).swapaxes(1, 2)
    return np.ascontiguousarray(shuffled.reshape(tile * count, tile * count, 3)[:side, :side])


def _drawn(rng: np.random.Generator, square: np.ndarray) -> np.ndarray:
    """Clouds of noise, or shapes, writing or lines in any colours."""
    side = len(square)
    return _clouds(rng, side) if rng.random() < 0.2 else _shapes(rng, side)


def _clouds(rng: np.random.Generator, side: int) -> np.ndarray:
    """Noise whose power falls with frequency, between two colours."""
    frequency = np.fft.fftfreq(side)
    radius = np.hypot(frequency[:, None], frequency[None])
    radius[0, 0] = 1
    waves = np.fft.fft2(rng.normal(size=(3, side, side))) / radius ** rng.uniform(0.5, 2.2)
    noise = np.real(np.fft.ifft2(waves)).transpose(1, 2, 0)
    noise = noise[..., :1].repeat(3, axis=2) if rng.random() < 0.5 else noise
    share = (noise - noise.min()) / (np.ptp(noise) + 1e-9)
    low, high = rng.uniform(0, 255, (2, 3))
    return _bytes(low + (high - low) * share)


def _shapes(rng: np.random.Generator, side: int) -> np.ndarray:
    picture = Image.new("RGB", (side, side), _colour(rng))
    draw, kind = ImageDraw.Draw(picture), rng.integers(4)
    for _ in range(int(rng.integers(2, 60))):
        left, top = (int(value) for value in rng.integers(-side // 12, side, 2))
        width, height = (int(value) for value in rng.integers(3, max(4, side // 2), 2))
        box, colour = (left, top, left + width, top + height), _colour(rng)
        if kind == 0:
            draw.rectangle(box, fill=colour)
        elif kind == 1:
            draw.ellipse(box, fill=colour if rng.random() < 0.7 else None, outline=colour)
        elif kind == 2:
            letters = "".join(map(chr, rng.integers(65, 122, 12)))
            draw.text((left, top), letters, fill=colour, font_size=int(rng.integers(8, max(9, side // 6))))
        else:
            end = tuple(int(value) for value in rng.integers(0, side, 2))
            draw.line((left, top, *end), fill=colour, width=int(rng.integers(1, max(2, side // 16))))
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.5))))


def _colour(rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(value) for value in rng.integers(0, 256, 3))


def _resized(square: np.ndarray, side: int) -> np.ndarray:
    return np.asarray(Image.fromarray(np.ascontiguousarray(square)).resize((side, side), Image.Resampling.BICUBIC))


def _bytes(values: np.ndarray) -> np.ndarray:
    return values.clip(0, 255).astype(np.uint8)
