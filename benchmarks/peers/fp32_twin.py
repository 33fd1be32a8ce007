"""An FP32 ONNX file of a bundle's student, as it would be exported without this project: floats in, logits out."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from distill.student import Student
from export.bundle.recover import most_exact, student_of
from runtime.bundle.load import Bundle


class _Logits(nn.Module):
    def __init__(self, student: Student) -> None:
        super().__init__()
        self.student = student

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """image: (1, 3, S, S) float, normalised"""
        output = self.student(image)
        return output.malignancy, output.conditions


@contextmanager
def reference_file(fp32: Path | None, bundle: Bundle) -> Iterator[tuple[Path, str]]:
    """An ONNX file for the reference and what it is: the user's own, or for as long as the block lasts the twin."""
    if fp32 is not None:
        yield fp32, str(fp32)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fp32.onnx"
        path.write_bytes(fp32_twin(bundle))
        yield path, f"{bundle.manifest.architecture} of the bundle, exported with torch.onnx"


def fp32_twin(bundle: Bundle, *, side: int | None = None) -> bytes:
    """The student of the bundle, for squares of `side`, else the bundle's: of its FP32 file, else of the one that runs.

    Of an INT8 file its 8-bit steps are taken as floats. It answers for one look at the square, as files of other tools
    do. Raises RecoverError when there is none.
    """
    student = student_of(most_exact(bundle))
    return exported(_Logits(student), side=side or student.spec.image_size)


def exported(module: nn.Module, *, side: int) -> bytes:
    """A module that takes float32 [1, 3, side, side] as ONNX."""
    program = torch.onnx.export(module.eval(), (torch.zeros(1, 3, side, side),), dynamo=True, verbose=False)
    if program is None:
        raise RuntimeError("torch.onnx.export gave no program")
    stream = io.BytesIO()
    onnx.save(program.model_proto, stream)
    return stream.getvalue()
