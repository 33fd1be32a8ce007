"""What this machine makes of some photos, as arrays in a folder.

    python -m benchmarks.workshop.other_processor.answering STEP ...

The same program runs here and on another processor, so that only the processor differs. It needs what a device has:
`runtime`, and ai-edge-litert for TFLite files. After each photo it writes a line.
"""

import json
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from runtime.bundle.load import load_bundle, read_manifest, verified
from runtime.engine import PROVIDERS, Engine, session_options
from runtime.errors import PhotoError
from runtime.measure.machine import package_version
from runtime.photo.decode import load_square
from runtime.photo.quality import measure_quality

PACKAGES = ("numpy", "pillow", "onnxruntime", "ai-edge-litert")
SQUARES, GATES, ABOUT, ANSWERS, MAPS = "squares.npy", "gates.json", "about.json", "answers.npy", "maps.npz"
OUTPUTS = ("malignancy", "conditions", "novelty")

Ask = Callable[[np.ndarray], np.ndarray]
"""One square, uint8 [S, S, 3] -> float64 [12]: malignancy, ten conditions, novelty."""


def decode(photos: Path, side: str, out: Path) -> None:
    """`photos`: a JSON list of paths. Squares, uint8 [N, S, S, 3], black where a photo is refused, and what stops each:
    "" for nothing, the gate's problem, or why it is no photo."""
    names, size = json.loads(photos.read_text()), int(side)
    squares, gates = np.zeros((len(names), size, size, 3), np.uint8), list[str]()
    for place, name in enumerate(names):
        try:
            squares[place] = load_square(name, size=size)
            gates.append(measure_quality(squares[place]).problem or "")
        except PhotoError as error:
            gates.append(f"refused: {error.reason}")
        print(place, flush=True)
    np.save(out / SQUARES, squares)
    (out / GATES).write_text(json.dumps(gates))
    packages = {name: package_version(name) for name in PACKAGES}
    about = {"machine": platform.machine(), "python": platform.python_version(), **packages}
    (out / ABOUT).write_text(json.dumps(about))


def answers(bundle: Path, file: str, squares: Path, out: Path) -> None:
    """What a file of a bundle answers, as devices run it, one thread: float64 [N, 12]."""
    ask = _onnx(bundle, file) if file.endswith(".onnx") else _tflite(bundle, file)
    found: list[np.ndarray] = []
    for square in np.load(squares):
        found.append(ask(square))
        print(len(found), flush=True)
    np.save(out / ANSWERS, np.stack(found))


def maps(model: Path, names: Path, squares: Path, out: Path) -> None:
    """The tensors of these names (a JSON list) inside a file, over the squares: [N, ...] each, by its place there.

    Of TFLite by the built-in kernels, as XNNPACK would hide them.
    """
    wanted, photos = json.loads(names.read_text()), np.load(squares)
    look = _onnx_maps if model.suffix == ".onnx" else _tflite_maps
    found = look(model.read_bytes(), wanted, photos)
    by_place = {str(place): found[name] for place, name in enumerate(wanted) if name in found}
    np.savez(out / MAPS, allow_pickle=False, **by_place)


def _onnx(bundle: Path, file: str) -> Ask:
    engine = Engine(load_bundle(bundle, file=file), threads=1)

    def ask(square: np.ndarray) -> np.ndarray:
        found = engine.predict(square)
        return np.array([found.malignancy, *found.conditions, found.novelty])

    return ask


def _tflite(bundle: Path, file: str) -> Ask:
    manifest = read_manifest(bundle)
    entry = next(one for one in manifest.files if one.name == file)
    runner = _interpreter(verified(bundle, entry)).get_signature_runner()

    def ask(square: np.ndarray) -> np.ndarray:
        found = runner(image=square[None])
        return np.concatenate([found[name].ravel() for name in OUTPUTS]).astype(np.float64)

    return ask


def _onnx_maps(model: bytes, names: Sequence[str], squares: np.ndarray) -> dict[str, np.ndarray]:
    import onnxruntime

    options = session_options(onnxruntime.SessionOptions(), threads=1)
    session = onnxruntime.InferenceSession(model, options, providers=list(PROVIDERS))
    found = [session.run(names, {"image": square[None]}) for square in squares]
    return {name: np.stack(column) for name, column in zip(names, zip(*found, strict=True), strict=True)}


def _tflite_maps(model: bytes, names: Sequence[str], squares: np.ndarray) -> dict[str, np.ndarray]:
    interpreter = _interpreter(model, keep_all=True)
    places = {entry["name"]: entry["index"] for entry in interpreter.get_tensor_details()}
    image = interpreter.get_input_details()[0]["index"]
    found: dict[str, list[np.ndarray]] = {}
    for square in squares:
        interpreter.set_tensor(image, square[None])
        interpreter.invoke()
        for name in names:
            found.setdefault(name, []).append(interpreter.get_tensor(places[name]))
    return {name: np.stack(column) for name, column in found.items()}


def _interpreter(model: bytes, *, keep_all: bool = False) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kernels = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if keep_all else OpResolverType.AUTO
    found = Interpreter(
        model_content=model,
        num_threads=1,
        experimental_op_resolver_type=kernels,
        experimental_preserve_all_tensors=keep_all,
    )
    found.allocate_tensors()
    return found


def main() -> None:
    step, *words = sys.argv[1:]
    match step, words:
        case "decode", [photos, side, out]:
            decode(Path(photos), side, Path(out))
        case "answers", [bundle, file, squares, out]:
            answers(Path(bundle), file, Path(squares), Path(out))
        case "maps", [model, names, squares, out]:
            maps(Path(model), Path(names), Path(squares), Path(out))
        case _:
            sys.exit(f"{step} {' '.join(words)}: decode, answers or maps is wanted")


if __name__ == "__main__":
    main()
