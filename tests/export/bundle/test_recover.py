"""From a bundle back to its student: the answers are the file's own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from benchmarks.peers.fp32_twin import fp32_twin
from distill.run import is_finished, open_run_data
from distill.student import Student, load_student
from export.bundle.build import Built, ExportOptions, build_bundle
from export.bundle.formats import FORMATS
from export.bundle.recover import RecoverError, fill, recover_run
from export.onnx_file.module import PhotoStudent
from export.verify.outputs import student_answers
from runtime.bundle.load import load_bundle
from teacher.data.batches import normalise
from teacher.data.dataset import DataOptions, Dataset
from teacher.data.splits import Part


def _malignancy(student: Student, photos: Dataset) -> np.ndarray:
    squares = [photos.square(int(index)) for index in photos.part(Part.TEST)]
    return torch.sigmoid(student_answers(PhotoStudent(student.eval()).eval(), squares).malignancy).numpy()


def test_fp32_gives_the_very_student_back(built: Built, student: Student, photos: Dataset) -> None:
    empty = Student(student.spec)
    fill(empty, onnx.load(built.folder / "model.fp32.onnx"))
    np.testing.assert_allclose(_malignancy(empty, photos), _malignancy(student, photos), atol=1e-4)


def test_int8_gives_a_student_near_to_it(
    student: Student, photos: Dataset, options: ExportOptions, tmp_path: Path
) -> None:
    """Weights as they were rounded, activations in float; the first convolution was left as it was."""
    int8 = tuple(kind for kind in FORMATS if kind.label == "onnx int8")
    quick = replace(options, formats=int8, onnx_recipe="first1", examples=False)
    folder = build_bundle(student, photos, out=tmp_path / "first1", options=quick).folder
    empty = Student(student.spec)
    fill(empty, onnx.load(folder / "model.int8.onnx"))
    difference = np.abs(_malignancy(empty, photos) - _malignancy(student, photos))
    assert 1e-5 < difference.mean() < 0.03


def test_a_first_convolution_that_reads_bytes_is_said(built: Built, student: Student) -> None:
    with pytest.raises(RecoverError, match=r"trunk.conv_stem: .* reads bytes"):
        fill(Student(student.spec), onnx.load(built.folder / "model.int8.onnx"))


def test_the_twin_that_a_bundle_is_timed_against_is_its_fp32_student(
    built: Built, student: Student, photos: Dataset
) -> None:
    """Though the first convolution of the INT8 file, which is what runs, reads bytes."""
    twin = onnxruntime.InferenceSession(fp32_twin(load_bundle(built.folder)), providers=["CPUExecutionProvider"])
    image = torch.from_numpy(photos.square(0)[None].copy()).permute(0, 3, 1, 2)
    image = normalise(image, student.spec.mean, student.spec.std)
    with torch.inference_mode():
        expected = student.eval()(image)
    malignancy, conditions = twin.run(None, {twin.get_inputs()[0].name: image.numpy()})
    np.testing.assert_allclose(malignancy, expected.malignancy.numpy(), atol=1e-3)
    np.testing.assert_allclose(conditions, expected.conditions.numpy(), atol=1e-3)


def test_a_foreign_model_is_refused(student: Student) -> None:
    graph = onnx.helper.make_graph([], "none", [], [])
    with pytest.raises(RecoverError, match=r"trunk.conv_stem: this layer is not in the file"):
        fill(Student(student.spec), onnx.helper.make_model(graph))


def test_another_architecture_is_refused(
    built: Built, make_student: Callable[[str, Dataset], Student], photos: Dataset
) -> None:
    with pytest.raises(RecoverError, match=r"is not in the file|has shape"):
        fill(make_student("test_resnet", photos), onnx.load(built.folder / "model.fp32.onnx"))


@pytest.mark.slow
def test_a_recovered_run_is_a_run(built: Built, tmp_path: Path) -> None:
    """Finished, judged, and every later command opens it."""
    data = DataOptions(cache=tmp_path / "cache", synthetic_count=220)
    run = recover_run(built.folder, data=data, runs=tmp_path / "runs")
    assert run.name == load_bundle(built.folder).manifest.model_id
    assert is_finished(run)
    assert load_student(run).spec.arch == "test_efficientnet"
    assert open_run_data(run).pixels.shape[1] == 64
    again = recover_run(built.folder, data=data, runs=tmp_path / "runs", name="again")
    assert (again / "student.safetensors").read_bytes() == (run / "student.safetensors").read_bytes()
