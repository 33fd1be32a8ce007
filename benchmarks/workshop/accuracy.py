"""How good the very files are whose speed was measured: malignancy's AUC on a run's test part."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from distill.run import open_run_data
from distill.student import load_student
from export.bundle.check import kind_of
from export.onnx_file.module import PhotoStudent
from export.verify.outputs import Squares, student_answers
from export.verify.reference import evenly_spread, photos_of
from runtime.bundle.load import Bundle, verified
from runtime.measure.result import Accuracy
from teacher.console import progress
from teacher.data.splits import Part
from teacher.evaluation.figures import auc_figure


def measured_auc(names: Sequence[str], *, bundle: Bundle, run: Path, photos: int) -> dict[str, Accuracy]:
    """By name of the file ("onnx int8"); a name that is none of the bundle's is the run's own student."""
    part = photos_of(open_run_data(run), Part.TEST)
    chosen = evenly_spread(len(part), photos)
    squares = [part.squares[index] for index in chosen]
    malignant = part.malignant[chosen]
    found: dict[str, Accuracy] = {}
    with progress("Accuracy", len(names)) as advance:
        for name in names:
            auc = auc_figure(malignant, _scores(name, squares, bundle=bundle, run=run)).value
            found[name] = Accuracy(source="measured", figures={"malignancy_auc": auc, "photos": float(len(squares))})
            advance("")
    return found


def _scores(name: str, squares: Squares, *, bundle: Bundle, run: Path) -> np.ndarray:
    file = next((one for one in bundle.manifest.files if f"{one.format} {one.precision}" == name), None)
    if file is None:
        return student_answers(PhotoStudent(load_student(run)), squares).malignancy.numpy()
    return kind_of(file).outputs(verified(bundle.folder, file), squares).malignancy
