"""The versions that made a bundle."""

import platform
from importlib.metadata import version

PACKAGES = ("torch", "timm", "onnx", "onnxscript", "onnxsim", "onnxruntime", "numpy")


def toolchain(*further: str) -> dict[str, str]:
    """Name and version of everything that has a say in the bytes of a model file; `further` packages too."""
    return {"python": platform.python_version(), **{name: version(name) for name in (*PACKAGES, *further)}}
