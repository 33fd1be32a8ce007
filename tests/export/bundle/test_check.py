"""`export check`: a bundle that exists is sound, or it is said what is wrong with it."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import onnx
import pytest

from distill.student import Student
from export.bundle.build import Built, ExportOptions, build_bundle, judge_of
from export.bundle.check import check_bundle
from export.onnx_file.convert import labelled
from export.verify.parity import LIMITS, GateError
from export.workshop.stages import Stages
from runtime.bundle.load import sha256_of, write_manifest
from runtime.errors import BundleError, EngineError
from teacher.data.dataset import Dataset

INT8 = "model.int8.onnx"


@pytest.fixture
def copy(built: Built, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built.folder, tmp_path / "copy"))


def resealed(folder: Path, built: Built, name: str, change: Callable[[onnx.ModelProto], onnx.ModelProto]) -> None:
    """A model file changed by someone who also renewed its size and sha256."""
    path = folder / name
    path.write_bytes(change(onnx.load(path)).SerializeToString())
    files = [
        replace(file, bytes=path.stat().st_size, sha256=sha256_of(path)) if file.name == name else file
        for file in built.manifest.files
    ]
    write_manifest(folder, replace(built.manifest, files=tuple(files)))


def test_a_sound_bundle_is_sound(built: Built) -> None:
    manifest, files = check_bundle(built.folder)
    assert manifest == built.manifest
    assert [checked.file.name for checked in files] == [INT8, "model.fp32.onnx"]


@pytest.mark.parametrize("name", [INT8, "model.fp32.onnx"])
@pytest.mark.parametrize("where", [0.0, 0.3, 0.999])
def test_one_changed_byte_in_any_file_is_found(copy: Path, name: str, where: float) -> None:
    data = bytearray((copy / name).read_bytes())
    data[int(where * len(data))] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(BundleError, match=rf"{name}: damaged \(its sha256"):
        check_bundle(copy)


def test_a_file_of_another_model_is_found_by_what_stands_inside(copy: Path, built: Built) -> None:
    resealed(copy, built, INT8, lambda model: labelled(model, model_id="somebody-else"))
    with pytest.raises(
        BundleError, match=rf"{INT8}: says model_id 'somebody-else' inside, the manifest '{built.manifest.model_id}'"
    ):
        check_bundle(copy)


def test_a_file_with_another_interface_is_found(copy: Path, built: Built) -> None:
    def without_novelty(model: onnx.ModelProto) -> onnx.ModelProto:
        del model.graph.output[2]
        return model

    resealed(copy, built, INT8, without_novelty)
    with pytest.raises(EngineError, match=rf"{INT8}: .*outputs"):
        check_bundle(copy)


def test_with_its_run_the_figures_are_measured_again(
    built: Built, student: Student, photos: Dataset, options: ExportOptions
) -> None:
    judge = judge_of(student, photos, options=options, stages=Stages.silent())
    for checked in check_bundle(built.folder, judge=judge)[1]:
        assert checked.parity == pytest.approx(dict(checked.file.parity), abs=1e-6)
    strict = replace(judge, limits={**options.limits, "fp32": replace(LIMITS["fp32"], malignancy_max_difference=-1.0)})
    with pytest.raises(GateError, match="malignancy_max_difference"):
        check_bundle(built.folder, judge=strict)


def test_an_incomplete_bundle_says_so(
    student: Student, photos: Dataset, options: ExportOptions, tmp_path: Path
) -> None:
    """INT8 cannot agree on more than all photos; the others are built all the same, where that was asked for."""
    limits = {**LIMITS, "int8": replace(LIMITS["int8"], tier_agreement=1.1)}
    impossible = replace(options, limits=limits)
    with pytest.raises(GateError, match=r"onnx int8 fails its gate on 60 validation photos: .*No bundle was written"):
        build_bundle(student, photos, out=tmp_path / "none", options=impossible)
    built = build_bundle(student, photos, out=tmp_path / "some", options=replace(impossible, keep_going=True))
    assert [file.precision for file in built.manifest.files] == ["fp32"]
    assert built.manifest.incomplete == ("onnx int8",)
    assert check_bundle(built.folder)[0].incomplete == ("onnx int8",)
    assert "**Incomplete**: onnx int8 fails its gate" in (built.folder / "report.md").read_text()


def test_the_gate_names_the_worst_photo_and_the_most_damaged_tensor(
    student: Student, photos: Dataset, options: ExportOptions, tmp_path: Path
) -> None:
    limits = {**LIMITS, "int8": replace(LIMITS["int8"], tier_agreement=1.1)}
    with pytest.raises(GateError) as caught:
        build_bundle(student, photos, out=tmp_path / "none", options=replace(options, limits=limits))
    assert "worst photo drawing-0" in str(caught.value)
    assert "in PyTorch" in str(caught.value)
    assert "most damaged tensor" in str(caught.value)
