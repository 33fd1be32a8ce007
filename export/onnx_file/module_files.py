"""An EdgeModule as two files, so that another process can convert it: weights as safetensors, the rest as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from safetensors.torch import load, save

from distill.student import Student, StudentSpec
from export.onnx_file.module import EdgeModule, FeatureStatistics, PhotoStudent, Temperatures
from runtime.bundle.manifest import Frames

WEIGHTS_NAME, SHAPE_NAME = "module.safetensors", "module.json"


def module_files(module: EdgeModule) -> dict[str, bytes]:
    """The contents of both files by name; of a student's module only."""
    spec = module.spec
    assert isinstance(spec, StudentSpec)
    tensors = {name: tensor.detach().contiguous() for name, tensor in module.state_dict().items()}
    shape = {
        "spec": asdict(spec),
        "temperatures": asdict(module.temperatures),
        "frames": asdict(module.photo_student.frames),
        "spreads": len(module.marks),
    }
    return {WEIGHTS_NAME: save(tensors), SHAPE_NAME: json.dumps(shape).encode()}


def read_module(files: Mapping[str, bytes]) -> EdgeModule:
    """The module that `module_files` wrote, in eval mode."""
    shape = json.loads(files[SHAPE_NAME])
    spec = shape["spec"]
    tensors = load(files[WEIGHTS_NAME])
    student = Student(StudentSpec(**{**spec, "mean": tuple(spec["mean"]), "std": tuple(spec["std"])}))
    # Placeholders of the right shape; the stored tensors replace them.
    counts = [len(tensors[f"components{place or ''}"]) for place in range(shape["spreads"])]
    width = tensors["components"].shape[1]
    known = "strange_weights" in tensors
    statistics = FeatureStatistics.blank(width, components=counts[0], others=counts[1:], strangeness=known)
    module = EdgeModule(
        PhotoStudent(student, frames=Frames(**shape["frames"])),
        statistics=statistics,
        temperatures=Temperatures(**shape["temperatures"]),
    )
    module.load_state_dict(tensors)
    return module.eval()
