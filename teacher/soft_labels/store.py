"""How soft labels lie on disk: shards that are found by what they are of, so that a run can stop after any of them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from runtime.files import written_whole
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.soft_labels.sets import Shown, names

SHARD = 256
"""Images whose labels are written at once: what a kill loses, half a minute of a large teacher's work."""


Kind = Literal["labels", "plain", "embeddings"]
"""Labels of seeded views, of the images as they are, and what a network sees in the views; each in files of its own,
beside the teachers that spoke."""

PLAIN = -1
"""In place of a seed: the image as it is."""


@dataclass(frozen=True)
class ViewEmbeddings:
    """What the teacher of its fold sees in the K views of N training images."""

    rows: np.ndarray
    """float16 [N, K, D]; of one fold in one space, of two in two"""
    folds: np.ndarray
    """int64 [N]"""

    def of_first(self, views: int) -> "ViewEmbeddings":
        return ViewEmbeddings(self.rows[:, :views], self.folds)


@dataclass(frozen=True)
class SoftLabels:
    """What the teacher says of N training images in K views each."""

    seeds: np.ndarray
    """int64 [N, K]; PLAIN for the image as it is"""
    malignancy: np.ndarray
    """float32 [N, K] logits"""
    conditions: np.ndarray
    """float32 [N, K, 10] logits"""

    def of_first(self, views: int) -> "SoftLabels":
        return SoftLabels(self.seeds[:, :views], self.malignancy[:, :views], self.conditions[:, :views])


def store(
    folder: Path, fold: int, called: Sequence[Shown], columns: Mapping[str, np.ndarray], *, kind: Kind = "labels"
) -> None:
    """One shard: what was said of these images, by their names. Raises OSError."""
    described = json.dumps(called)
    digest = hashlib.sha256(described.encode(errors="surrogatepass")).hexdigest()[:12]
    arrays = {name: np.ascontiguousarray(array) for name, array in columns.items()}
    with written_whole(folder / f"{kind}-fold{fold}-{digest}.safetensors") as partial:
        save_file(arrays, partial, metadata={"names": described})


def stored(folder: Path, *, kind: Kind = "labels") -> dict[Shown, tuple[Path, int]]:
    """In which file, and at which place in it, the labels of an image stand; a broken file holds none."""
    found: dict[Shown, tuple[Path, int]] = {}
    for path in sorted(folder.glob(f"{kind}-fold*.safetensors")):
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
    return SoftLabels(*(column(places, dataset, field.name) for field in fields(SoftLabels)))


def column(places: Mapping[Shown, tuple[Path, int]], dataset: Dataset, name: str) -> np.ndarray:
    """One stored column of the training part, in its order: [N, ...]."""
    wanted = [places[one] for one in names(dataset, dataset.part(Part.TRAIN))]
    files = {path: _tensor(path, name) for path in {path for path, _ in wanted}}
    return np.stack([files[path][place] for path, place in wanted])


def _tensor(path: Path, name: str) -> np.ndarray:
    with safe_open(path, framework="numpy") as file:
        return file.get_tensor(name)
