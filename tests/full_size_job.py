"""SigLIP at its real size through the doors of `teacher`, once: processor seconds and peak memory of each step.

The weights are random, and everything else is as with those of the hub. `python tests/full_size_job.py FOLDER` prints
a line of JSON for each step; the folder holds the checkpoint (0.9 GB).
"""

import json
import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from transformers import SiglipVisionConfig, SiglipVisionModel

from runtime.measure.machine import peak_bytes
from teacher.data.batches import ViewPlan, planned_views
from teacher.data.dataset import Dataset
from teacher.data.drawn import drawn_in_memory
from teacher.data.splits import Part
from teacher.data.synthetic import SyntheticConfig
from teacher.embeddings.embedder import embedder_of_teacher
from teacher.models.answers import answer
from teacher.models.config import EncoderChoice, FinetuneConfig
from teacher.models.fine_tuning import finetune
from teacher.models.network import Teacher

SO400M = SiglipVisionConfig(
    hidden_size=1152,
    intermediate_size=4304,
    num_hidden_layers=27,
    num_attention_heads=16,
    image_size=384,
    patch_size=14,
)
"""The vision tower of `google/siglip-so400m-patch14-384`, and of `google/siglip2-so400m-patch14-384` as well."""


def main(folder: Path) -> None:
    write_checkpoint(folder)
    with told("load"):
        teacher = Teacher(EncoderChoice(name=str(folder)))
    dataset = three_drawings(teacher.image_size)
    with told("embed 2 images"):
        embedder = embedder_of_teacher(teacher, "so400m")
        rows = embedder(planned_views(dataset, dataset.square, ViewPlan(np.array([0, 1])), embedder.size))
    with told("label 1 view"):
        plan = ViewPlan(np.array([0]), np.array([7]))
        said = answer(teacher.eval(), dataset, plan, lambda _: None)
    frozen = teacher.encoder.blocks[0].mlp.fc1.weight.clone()  # type: ignore[union-attr]
    config = FinetuneConfig(epochs=1, blocks=4, batch_size=2, checkpointing=True)
    with told("fine-tune: a step of 2 images, and 1 validated"):
        reached = finetune(teacher, dataset, dataset.part(Part.TRAIN), config)
    found = {
        "parameters": sum(one.numel() for one in teacher.encoder.parameters()),
        "rows": list(rows.shape),
        "finite": bool(np.isfinite(rows).all() and np.isfinite(said.malignancy).all()),
        "loss_is_finite": math.isfinite(reached.history[0]["loss"]),
        "frozen_stayed": torch.equal(frozen, teacher.encoder.blocks[0].mlp.fc1.weight),  # type: ignore[union-attr]
    }
    print(json.dumps(found), flush=True)


def write_checkpoint(folder: Path) -> None:
    """As the hub has it, with random numbers; in half precision, so that it is written and read in a moment."""
    with torch.device("meta"):
        tower = SiglipVisionModel(SO400M).half()
    tower.to_empty(device="cpu")
    torch.manual_seed(0)
    with torch.no_grad():
        for name, tensor in tower.named_parameters():
            if tensor.ndim > 1:
                tensor.normal_(std=0.02)
            else:
                tensor.fill_(float("norm" in name and name.endswith("weight")))
    tower.save_pretrained(folder)


def three_drawings(size: int) -> Dataset:
    """Two to learn from, one to validate on."""
    drawn = drawn_in_memory(SyntheticConfig(count=3), size=size)
    return replace(drawn, parts=(Part.TRAIN, Part.TRAIN, Part.VALIDATION))


@contextmanager
def told(step: str) -> Iterator[None]:
    """Says what the step took, and the peak so far; steps come by growing need."""
    started, computed = time.perf_counter(), time.process_time()
    yield
    taken = {
        "step": step,
        "seconds": round(time.perf_counter() - started, 1),
        "processor_seconds": round(time.process_time() - computed, 1),
        "peak_gb": round((peak_bytes() or 0) / 1e9, 2),
    }
    print(json.dumps(taken), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
