"""Model files as jobs for `turns`: each says its times by stage, and what it really runs on.

Each runs in a process of its own that imports this module: what a job needs is imported inside it, or its memory would
hold what another one needs.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from runtime.assess import Triage
from runtime.engine import PROVIDERS
from runtime.measure.machine import package_version
from runtime.measure.photo_way import model_of, photo_work
from runtime.measure.result import Model, Provider
from runtime.photo.decode import load_square


@dataclass(frozen=True, kw_only=True)
class About:
    """What runs, as its own process says."""

    model: Model
    engine: str
    threads: int
    provider: Provider


@dataclass(frozen=True, kw_only=True)
class Timed:
    """A job: called once per photo."""

    work: Callable[[], Mapping[str, float]]
    about: About

    def __call__(self) -> Mapping[str, float]:
        return self.work()


def whole_way(photo: Path, bundle: Path | None, threads: int | None) -> Timed:
    """The photo's whole way through the file that a bundle runs, step by step."""
    triage = Triage.load(bundle, threads=threads)
    return Timed(work=photo_work(triage, photo.read_bytes()), about=_about(triage))


def onnx_file(photo: Path, bundle: Path | None, file: str, threads: int | None) -> Timed:
    """Another ONNX file of a bundle in the device's own engine, the model alone."""
    triage = Triage.load(bundle, file=file, threads=threads)
    pixels = load_square(photo, size=triage.engine.size)
    return Timed(work=model_alone(lambda: triage.engine.predict(pixels)), about=_about(triage))


def tflite_file(photo: Path, bundle: Path, file: str, threads: int) -> Timed:
    """A TFLite file of a bundle as Android runs it (XNNPACK), the model alone."""
    from export.tflite.convert import tflite_runnable
    from runtime.bundle.load import read_manifest, verified

    manifest = read_manifest(bundle)
    entry = next(one for one in manifest.files if one.name == file)
    run = tflite_runnable(verified(bundle, entry), load_square(photo, size=manifest.input.height), threads=threads)
    about = About(
        model=model_of(entry, model_id=manifest.model_id),
        engine=f"ai-edge-litert {package_version('ai-edge-litert')}",
        threads=threads,
        provider=Provider(requested=("XNNPACK",), actual=()),  # which delegate took what, it does not tell
    )
    return Timed(work=model_alone(run), about=about)


def torch_student(photo: Path, run: Path, threads: int) -> Timed:
    """The student that files were made from, in PyTorch, the model alone."""
    import torch

    from distill.student import WEIGHTS_NAME, load_student
    from export.onnx_file.module import PhotoStudent

    torch.set_num_threads(threads)
    student = load_student(run)
    whole = PhotoStudent(student).eval()
    data = (run / WEIGHTS_NAME).read_bytes()
    image = torch.from_numpy(load_square(photo, size=student.spec.image_size)[None].copy())

    def answer() -> object:
        with torch.inference_mode():
            return whole(image)

    about = About(
        model=Model(
            model_id=run.name,
            file=WEIGHTS_NAME,
            format="pytorch",
            precision="fp32",
            bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        ),
        engine=f"torch {package_version('torch')}",
        threads=torch.get_num_threads(),
        provider=Provider(requested=("cpu",), actual=(str(next(student.parameters()).device),)),
    )
    return Timed(work=model_alone(answer), about=about)


def model_alone(run: Callable[[], object]) -> Callable[[], Mapping[str, float]]:
    """The milliseconds of a call, under the name of its stage."""

    def work() -> Mapping[str, float]:
        began = time.perf_counter()
        run()
        return {"model": 1e3 * (time.perf_counter() - began)}

    return work


def _about(triage: Triage) -> About:
    file = triage.bundle.file
    return About(
        model=model_of(file, model_id=triage.bundle.manifest.model_id),
        engine=f"onnxruntime {package_version('onnxruntime')}",
        threads=triage.engine.threads,
        provider=Provider(requested=PROVIDERS, actual=triage.engine.providers),
    )
