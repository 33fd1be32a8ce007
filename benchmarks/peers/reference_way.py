"""What the usual way costs: decode the whole photo, resize, normalise in numpy, run FP32 with ONNX Runtime's defaults.

`python -m benchmarks.peers.reference_way MODEL PHOTO` does it once, as a process of its own.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)
"""ImageNet's; which ones does not change the time."""


def decode_in_full(photo: Path) -> Image.Image:
    """Every pixel of the file."""
    with Image.open(photo) as image:
        return image.convert("RGB")


@dataclass(frozen=True, kw_only=True)
class UsualWay:
    """The three steps from a photo's path to what a model answers."""

    transforms: Callable[[Image.Image], Any]
    model: Callable[[Any], Any]
    decode: Callable[[Path], Image.Image] = decode_in_full

    def __call__(self, photo: Path) -> Any:
        return self.model(self.transforms(self.decode(photo)))


def reference_way(model: bytes, *, resample: Image.Resampling | None = None) -> UsualWay:
    """A function from a photo's path to the model's answers. `model`: float32 [1, 3, S, S] in.

    `resample` None is Pillow's default (bicubic). Raises ValueError when the model takes something else.
    """
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    taken = session.get_inputs()[0]
    if taken.type != "tensor(float)" or list(taken.shape)[:2] != [1, 3]:
        raise ValueError(f"takes {taken.type} {taken.shape}; tensor(float) [1, 3, S, S] is needed")
    size = (taken.shape[3], taken.shape[2])

    def transforms(image: Image.Image) -> np.ndarray:
        pixels = np.asarray(image.resize(size, resample), dtype=np.float32) / 255.0
        return ((pixels - MEAN) / STD).transpose(2, 0, 1)[np.newaxis]  # (1, 3, S, S)

    return UsualWay(transforms=transforms, model=lambda pixels: session.run(None, {taken.name: pixels}))


if __name__ == "__main__":
    reference_way(Path(sys.argv[1]).read_bytes())(Path(sys.argv[2]))
