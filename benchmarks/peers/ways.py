"""A photo's usual ways to an answer, timed step by step, as jobs for `benchmarks.workshop.timing.turns`.

Each runs in a process of its own that imports this module: nothing large may stand here that the way does not need,
or its memory would be counted.
"""

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

from benchmarks.peers.reference_way import UsualWay, reference_way
from benchmarks.workshop.timing.candidates import About, Timed
from runtime.measure.machine import package_version
from runtime.measure.result import Model, Provider

STAGES = ("decode", "transforms", "model", "total")
"""The last is the whole, from the file to the answer."""
CPU = "CPUExecutionProvider"


def pillow_and_onnx(photo: Path, model: Path, of: str, resample: Image.Resampling | None) -> Timed:
    """The reference's steps in Pillow and numpy, and an FP32 file; `of`: the model's name."""
    data = model.read_bytes()
    about = _about(data, of=of, file=model.name, kind=("onnx", "fp32"), engine="onnxruntime", providers=(CPU,))
    return Timed(work=timed_steps(reference_way(data, resample=resample), photo), about=about)


def torchvision_and_pytorch(photo: Path, run: Path) -> Timed:
    """The reference's steps in Pillow and torchvision, and the student in PyTorch at its defaults, FP32."""
    import torch
    from torchvision import transforms

    from distill.student import WEIGHTS_NAME, load_student

    student = load_student(run).eval()
    spec = student.spec
    steps: Any = transforms.Compose(
        [
            transforms.Resize((spec.image_size, spec.image_size)),
            transforms.ToTensor(),
            transforms.Normalize(spec.mean, spec.std),
        ]
    )

    def model(pixels: torch.Tensor) -> object:
        with torch.inference_mode():
            return student(pixels)

    about = _about(
        (run / WEIGHTS_NAME).read_bytes(),
        of=run.name,
        file=WEIGHTS_NAME,
        kind=("pytorch", "fp32"),
        engine="torch",
        providers=("cpu",),
        threads=torch.get_num_threads(),
    )
    way = UsualWay(transforms=lambda image: steps(image)[None], model=model)
    return Timed(work=timed_steps(way, photo), about=about)


def square_and_onnx(photo: Path, model: Path, of: str) -> Timed:
    """A peer's INT8 file that takes a square of uint8 [1, S, S, 3], resized by Pillow's defaults."""
    data = model.read_bytes()
    session = onnxruntime.InferenceSession(data, providers=[CPU])
    taken = session.get_inputs()[0]
    way = UsualWay(transforms=_square(taken.shape), model=lambda square: session.run(None, {taken.name: square}))
    about = _about(data, of=of, file=model.name, kind=("onnx", "int8"), engine="onnxruntime", providers=(CPU,))
    return Timed(work=timed_steps(way, photo), about=about)


def square_and_tflite(photo: Path, model: Path, of: str, precision: str) -> Timed:
    """A peer's TFLite file that takes such a square, by ai-edge-litert at its defaults."""
    from ai_edge_litert.interpreter import Interpreter

    data = model.read_bytes()
    run = Interpreter(model_content=data).get_signature_runner()
    (name, details), *_ = run.get_input_details().items()
    way = UsualWay(transforms=_square(details["shape"]), model=lambda square: run(**{name: square}))
    kind = ("tflite", precision)
    about = _about(
        data, of=of, file=model.name, kind=kind, engine="ai-edge-litert", providers=("XNNPACK",), threads=1, told=False
    )
    return Timed(work=timed_steps(way, photo), about=about)


def timed_steps(
    way: UsualWay, photo: Path, *, clock: Callable[[], float] = time.perf_counter
) -> Callable[[], Mapping[str, float]]:
    """Does it again and again; milliseconds by STAGES."""

    def work() -> Mapping[str, float]:
        marks = [clock()]
        image = way.decode(photo)
        marks.append(clock())
        pixels = way.transforms(image)
        marks.append(clock())
        way.model(pixels)
        marks.append(clock())
        steps = [1e3 * (end - start) for start, end in pairwise(marks)]
        return dict(zip(STAGES, (*steps, 1e3 * (marks[-1] - marks[0])), strict=True))

    return work


def _square(shape: object) -> Callable[[Image.Image], np.ndarray]:
    _, height, width, _ = (int(side) for side in np.asarray(shape))
    return lambda image: np.asarray(image.resize((width, height)), dtype=np.uint8)[np.newaxis]


def _about(
    data: bytes,
    *,
    of: str,
    file: str,
    kind: tuple[str, str],
    engine: str,
    providers: tuple[str, ...],
    threads: int | None = None,
    told: bool = True,
) -> About:
    """`threads` None: as many as there are cores, which is ONNX Runtime's default; `told`: whether the engine says what
    it then computes on."""
    return About(
        model=Model(
            model_id=of,
            file=file,
            format=kind[0],
            precision=kind[1],
            bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        ),
        engine=f"{engine} {package_version(engine)}",
        threads=threads or os.cpu_count() or 1,
        provider=Provider(requested=providers, actual=providers if told else ()),
    )
