"""Running a TFLite file of another converter: outputs bear no names of ours and may be 8-bit steps."""

from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from export.verify.outputs import Outputs, Squares, Step, no_step


def positional_outputs(data: bytes, squares: Squares, /, *, step: Step = no_step) -> Outputs:
    """What a file answers whose outputs are malignancy, conditions and novelty in this order, by its signature."""
    interpreter: Any = Interpreter(model_content=data, num_threads=1)
    run = interpreter.get_signature_runner()
    (image,) = run.get_input_details()
    details = run.get_output_details()
    answers: list[list[np.ndarray]] = []
    for square in squares:
        found = run(**{image: square[np.newaxis]})
        answers.append([_as_float(found[name], details[name]).reshape(-1) for name in sorted(details)])
        step()
    malignancy, conditions, novelty = (np.stack(column) for column in zip(*answers, strict=True))
    return Outputs(malignancy=malignancy[:, 0], conditions=conditions, novelty=novelty[:, 0])


def _as_float(values: np.ndarray, details: dict[str, Any]) -> np.ndarray:
    scale, zero = details["quantization"]
    return (values.astype(np.float32) - zero) * scale if scale else values.astype(np.float32)
