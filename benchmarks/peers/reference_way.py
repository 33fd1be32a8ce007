"""What the usual way costs: decode the whole photo, resize, normalise in numpy, run FP32 with ONNX Runtime's defaults.

`python -m benchmarks.peers.reference_way MODEL PHOTO` does it once, as a process of its own.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)
"""ImageNet's; which ones does not change the time."""

Answer = Callable[[Path], Any]


def reference_way(model: bytes, *, resample: Image.Resampling | None = None) -> Answer:
    """A function from a photo's path to the model's answers. `model`: float32 [1, 3, S, S] in.

    `resample` None is Pillow's default (bicubic). Raises ValueError when the model takes something else.
    """
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    taken = session.get_inputs()[0]
    if taken.type != "tensor(float)" or list(taken.shape)[:2] != [1, 3]:
        raise ValueError(f"takes {taken.type} {taken.shape}; tensor(float) [1, 3, S, S] is needed")
    size = (taken.shape[3], taken.shape[2])

    def answer(photo: Path) -> Any:
        with Image.open(photo) as image:
            small = image.convert("RGB").resize(size, resample)
        pixels = (np.asarray(small, dtype=np.float32) / 255.0 - MEAN) / STD  # (S, S, 3)
        return session.run(None, {taken.name: pixels.transpose(2, 0, 1)[np.newaxis]})

    return answer


if __name__ == "__main__":
    reference_way(Path(sys.argv[1]).read_bytes())(Path(sys.argv[2]))
