"""Whether this processor's 8-bit products overflow, found by multiplying: uint8 x int8, added in pairs in 16 bit.

x86 without VNNI does so (`vpmaddubsw`), and a photo's tier can change by it. ONNX Runtime has exact kernels for such
processors, which it takes when it is told to, and then everywhere: on one with VNNI, where nothing overflows, they took
1.7 times the default bundle's time for the same bits. Names and flags of processors are not asked, because they differ
by system, and a few bytes multiplied answer in a millisecond.
"""

import base64
from functools import cache
from importlib import import_module

import numpy as np

_ROWS, _DEPTH, _COLUMNS = 4, 8, 8
_BRIGHTEST, _LARGEST = 255, 127
"""of uint8 pixels and of int8 weights"""

_MULTIPLICATION = base64.b64decode(
    "CAQSADpcChgKAWEKAWISAXkiDU1hdE11bEludGVnZXISAXBaEwoBYRIOCgwIAhIICgIIBA"
    "oCCAhaEwoBYhIOCgwIAxIICgIICAoCCAhiEwoBeRIOCgwIBhIICgIIBAoCCAhCBAoAEAo="
)
"""An ONNX file of one MatMulInteger (opset 10): uint8 a [4, 8] times int8 b [8, 8] is int32 y [4, 8]. The device has no
package that writes such files; tests/runtime/test_overflow.py writes it again."""


@cache
def products_overflow() -> bool:
    """True where a sum of the largest products is wrong, or where that cannot be found out.

    `onnxruntime` is imported here; whoever calls this has said what it may do (`runtime.engine`).
    """
    pixels = np.full((_ROWS, _DEPTH), _BRIGHTEST, np.uint8)
    weights = np.full((_DEPTH, _COLUMNS), _LARGEST, np.int8)
    try:
        onnxruntime = import_module("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(_MULTIPLICATION, options, providers=["CPUExecutionProvider"])
        sums = np.asarray(session.run(["y"], {"a": pixels, "b": weights})[0])
    except Exception:  # a build without this operator: exact kernels are right everywhere, only slower
        return True
    return bool((sums != _DEPTH * _BRIGHTEST * _LARGEST).any())
