"""`litert-torch` at its defaults, run by an interpreter that has it: `python -m benchmarks.peers.litert_peer FOLDER`.

FOLDER holds the module (`export.onnx_file.module_files`) and `photos.npy`; `fp32.tflite`, `int8.tflite` and
`costs.json` are written there. INT8 is what litert-torch's documentation points to: its float file through
`ai-edge-quantizer`, static, weights and activations in 8 bit.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import litert_torch  # pyright: ignore[reportMissingImports]
import numpy as np
import torch
from ai_edge_quantizer import quantizer, recipe

from export.onnx_file.module_files import SHAPE_NAME, WEIGHTS_NAME, read_module
from runtime.measure.machine import peak_bytes


def main() -> None:
    folder = Path(sys.argv[1])
    module = read_module({name: (folder / name).read_bytes() for name in (WEIGHTS_NAME, SHAPE_NAME)})
    photos = np.load(folder / "photos.npy", allow_pickle=False)
    example = (torch.zeros((1, *photos.shape[1:]), dtype=torch.uint8),)
    started = time.perf_counter()
    litert_torch.convert(module, example).export(str(folder / "fp32.tflite"))
    costs = {"fp32": _cost(started)}
    started = time.perf_counter()
    _quantise(folder, photos)
    costs["int8"] = _cost(started)
    (folder / "costs.json").write_text(json.dumps(costs))


def _quantise(folder: Path, photos: np.ndarray) -> None:
    maker = quantizer.Quantizer(str(folder / "fp32.tflite"))
    maker.load_quantization_recipe(recipe.static_wi8_ai8())
    samples: dict[str, Any] = {"serving_default": [{"args_0": photo[None]} for photo in photos]}
    maker.quantize(maker.calibrate(samples)).export_model(str(folder / "int8.tflite"))


def _cost(started: float) -> dict[str, float]:
    return {"seconds": time.perf_counter() - started, "peak_bytes": peak_bytes() or 0}


if __name__ == "__main__":
    main()
