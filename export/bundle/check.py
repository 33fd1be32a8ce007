"""Re-verifying a bundle that exists: every file is what its manifest says, and still answers as it did."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from export.bundle.context import ModelFormat
from export.bundle.formats import ALL_FORMATS
from export.saved_model.outputs import tensorflow_outputs
from export.verify.judge import Judge
from export.verify.outputs import Squares
from runtime.bundle.load import Manifest, ModelFile, read_manifest, verified
from runtime.errors import BundleError, EngineError
from teacher.data.splits import Part
from teacher.data.synthetic import SyntheticConfig, render

DRAWINGS = 20
"""What two interpreters are compared on where there is no run: drawn lesions of all conditions."""

GREY = 128
"""What the interface is tried on: any photo will do."""

INSIDE = ("model_id", "architecture", "licence", "precision")
"""What must stand inside a file as it stands in the manifest."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One file of a bundle that is sound."""

    file: ModelFile
    parity: dict[str, float] | None = None
    """measured again against the PyTorch student, where there was one"""


def check_bundle(folder: Path, *, judge: Judge | None = None) -> tuple[Manifest, Sequence[Checked]]:
    """Check a bundle; with a `judge` (made from the run it came from) also that each file still passes its gate.

    Size and sha256 of every file, its interface (each is run on a grey photo), and the metadata inside it.
    Raises BundleError, EngineError or GateError naming the file.
    """
    manifest = read_manifest(folder)
    return manifest, [_checked(folder, manifest, file, judge) for file in manifest.files]


def _checked(folder: Path, manifest: Manifest, file: ModelFile, judge: Judge | None) -> Checked:
    data = verified(folder, file)
    kind = kind_of(file)
    side = manifest.input.height
    try:
        kind.outputs(data, [np.full((side, side, 3), GREY, np.uint8)])
    except EngineError as error:
        raise EngineError(f"{folder / file.name}: {error}") from error
    _check_inside(folder / file.name, kind, data, {**_said(manifest), "precision": file.precision})
    return Checked(file=file, parity=None if judge is None else judge.again(kind, data, file))


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What TensorFlow's own interpreter says of a TFLite file, beside ai-edge-litert."""

    file: ModelFile
    photos: int
    malignancy: float
    """largest difference between the two interpreters"""
    conditions: float
    parity: dict[str, float] | None
    """by TensorFlow's answers, against the PyTorch student, where there was one"""


def second_opinions(folder: Path, *, judge: Judge | None = None) -> Sequence[Opinion]:
    """The TFLite files of a bundle once more, by TensorFlow's own interpreter.

    On drawings; with a `judge` on its validation part, where they pass their gate by those answers too. Raises
    EngineError or GateError naming the file, ExportError without TensorFlow.
    """
    manifest = read_manifest(folder)
    squares = _drawings(manifest.input.height) if judge is None else judge.photos[Part.VALIDATION].squares
    return [_opinion(folder, file, squares, judge) for file in manifest.files if file.format == "tflite"]


def _opinion(folder: Path, file: ModelFile, squares: Squares, judge: Judge | None) -> Opinion:
    kind, data = kind_of(file), verified(folder, file)
    try:
        here, there = kind.outputs(data, squares), tensorflow_outputs(data, squares)
    except EngineError as error:
        raise EngineError(f"{folder / file.name}: {error}") from error
    return Opinion(
        file=file,
        photos=len(squares),
        malignancy=float(np.abs(here.malignancy - there.malignancy).max()),
        conditions=float(np.abs(here.conditions - there.conditions).max()),
        parity=None if judge is None else judge.again(replace(kind, outputs=lambda *_, **__: there), data, file),
    )


def _drawings(side: int) -> list[np.ndarray]:
    config = SyntheticConfig(count=DRAWINGS, side=side)
    return [render(config, place)[0] for place in range(DRAWINGS)]


def kind_of(file: ModelFile) -> ModelFormat:
    """The format of a file in a bundle. Raises BundleError where this program does not know it."""
    for kind in ALL_FORMATS:
        if (kind.format, kind.precision) == (file.format, file.precision):
            return kind
    raise BundleError(f"{file.name}: {file.format} {file.precision} is no format this program knows")


def _said(manifest: Manifest) -> dict[str, str]:
    return {"model_id": manifest.model_id, "architecture": manifest.architecture, "licence": manifest.licence}


def _check_inside(path: Path, kind: ModelFormat, data: bytes, wanted: dict[str, str]) -> None:
    inside = kind.metadata(data)
    for key in INSIDE:
        if inside.get(key) != wanted[key]:
            raise BundleError(f"{path}: says {key} {inside.get(key)!r} inside, the manifest {wanted[key]!r}")
