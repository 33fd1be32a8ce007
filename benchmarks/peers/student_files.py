"""What a user would make of a student without this project: files by the defaults of onnxruntime and litert-torch."""

from pathlib import Path

from benchmarks.outcome import BenchmarkError
from benchmarks.peers.converters import DEFAULTS, LITERT, litert_files, onnxruntime_default
from benchmarks.peers.ways import square_and_onnx, square_and_tflite
from benchmarks.workshop.timing.turns import Job
from distill.run import open_run_data
from distill.student import Student, load_student
from export.onnx_file.convert import to_onnx
from export.onnx_file.module import COMPONENTS, EdgeModule, FeatureStatistics, PhotoStudent, Temperatures
from export.verify.reference import photos_of
from runtime.bundle.manifest import Manifest
from teacher.data.splits import Part


def bare_module(student: Student) -> EdgeModule:
    """A student in the shape that is exported; what surrounds it says nothing, for where only its time counts."""
    width = student.malignancy_head.in_features
    statistics = FeatureStatistics.blank(width, components=COMPONENTS)
    return EdgeModule(
        PhotoStudent(student), statistics=statistics, temperatures=Temperatures(malignancy=2.0, conditions=2.0)
    )


def peer_jobs(photo: Path, run: Path, *, folder: Path, peer_python: Path | None) -> dict[str, Job]:
    """The peers' files of a run's student, written into `folder`, each as the way that a user would run it.

    Ranges come from the run's calibration part. `peer_python`: an interpreter that has litert-torch. Raises PeerError.
    """
    module = bare_module(load_student(run).eval()).eval()
    squares = photos_of(open_run_data(run), Part.CALIBRATION).squares
    made, _ = onnxruntime_default(to_onnx(module, metadata={}).SerializeToString(), squares)
    path = folder / "onnxruntime-defaults.onnx"
    path.write_bytes(made.data)
    jobs: dict[str, Job] = {f"{DEFAULTS}, onnx int8": (square_and_onnx, (photo, path, run.name))}
    if peer_python is not None:
        for one in litert_files(module, squares, python=peer_python)[0]:
            path = folder / f"litert-torch-{one.precision}.tflite"
            path.write_bytes(one.data)
            job = (square_and_tflite, (photo, path, run.name, one.precision))
            jobs[f"{LITERT}, tflite {one.precision}"] = job
    return jobs


def refuse_another(run: Path, manifest: Manifest) -> None:
    """Raises BenchmarkError where a run's student is not of the bundle's kind: a ratio of two models says nothing."""
    spec = load_student(run).spec
    own, other = (spec.arch, spec.image_size), (manifest.architecture, manifest.input.height)
    if own != other:
        said = [f"{arch} of {side} pixels" for arch, side in (own, other)]
        raise BenchmarkError(f"--run {run}: its student is {said[0]}, the bundle's {said[1]}; name its own run")
