"""How soft labels lie on disk: shards that are found by what they are of, so that a run can stop after any of them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from runtime.files import written_whole
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.soft_labels.sets import Shown, names

SHARD = 256
"""Images whose labels are written at once: what a kill loses, half a minute of a large teacher's work."""


@dataclass(frozen=True)
class SoftLabels:
    """What the teacher says of N training images in K views each."""

    seeds: np.ndarray
    """int64 [N, K]"""
    malignancy: np.ndarray
    """float32 [N, K] logits"""
    conditions: np.ndarray
    """float32 [N, K, 10] logits"""


def store(folder: Path, fold: int, called: Sequence[Shown], labels: SoftLabels) -> None:
    """One shard: the labels of these images, by their names. Raises OSError."""
    described = json.dumps(called)
    digest = hashlib.sha256(described.encode(errors="surrogatepass")).hexdigest()[:12]
    arrays = {name: np.ascontiguousarray(array) for name, array in vars(labels).items()}
    with written_whole(folder / f"labels-fold{fold}-{digest}.safetensors") as partial:
        save_file(arrays, partial, metadata={"names": described})


def stored(folder: Path) -> dict[Shown, tuple[Path, int]]:
    """In which file, and at which place in it, the labels of an image stand; a broken file holds none."""
    found: dict[Shown, tuple[Path, int]] = {}
    for path in sorted(folder.glob("labels-fold*.safetensors")):
        try:
            with safe_open(path, framework="numpy") as file:
                called = json.loads(file.metadata()["names"])
        except (OSError, SafetensorError, ValueError, KeyError, TypeError):
            continue
        for place, name in enumerate(called):
            found[name[0], name[1], name[2], name[3]] = path, place
    return found


def assembled(places: Mapping[Shown, tuple[Path, int]], dataset: Dataset) -> SoftLabels:
    """The labels of the training part in its order, each looked up by its image's name."""
    wanted = [places[name] for name in names(dataset, dataset.part(Part.TRAIN))]
    files = {path: load_file(path) for path in {path for path, _ in wanted}}
    columns = (field.name for field in fields(SoftLabels))
    return SoftLabels(*(np.stack([files[path][column][place] for path, place in wanted]) for column in columns))
