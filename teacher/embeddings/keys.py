"""The name of a row: which image, by its content, and seen how."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np

from runtime.photo.decode import DECODING
from teacher.data.batches import seeds_of_views
from teacher.data.contents import DIGEST_LENGTH
from teacher.data.dataset import Dataset
from teacher.data.views import VIEW_VERSION, ViewConfig

PLAIN = -1
"""In place of a seed: the image as it is."""


class Key(NamedTuple):
    """One row of a store."""

    content: str
    """32 hexadecimal digits of the image's file"""
    domain: str
    """decides what a seeded view does to the pixels; "" for a plain view, which is the same in every domain"""
    seed: int
    """of the view, or PLAIN"""


KEY_BYTES = DIGEST_LENGTH // 2 + 1 + 8
"""A key as it stands in a shard: content, first letter of the domain, seed."""


def plain_keys(dataset: Dataset, indices: np.ndarray) -> list[Key]:
    """The keys of images as they are, in the order of `indices`."""
    return [Key(dataset.contents[index], "", PLAIN) for index in indices]


def view_keys(dataset: Dataset, indices: np.ndarray, *, seed: int, views: int) -> list[Key]:
    """The keys of `views` seeded views of each image, image by image: those that soft labels of this seed are of."""
    seeds = seeds_of_views([dataset.contents[index] for index in indices], seed=seed, views=views)
    return [
        Key(dataset.contents[index], dataset.samples[index].domain.value, int(one))
        for index, own in zip(indices, seeds, strict=True)
        for one in own
    ]


def packed(keys: Sequence[Key]) -> np.ndarray:
    """uint8 [N, KEY_BYTES]"""
    if not keys:
        return np.zeros((0, KEY_BYTES), dtype=np.uint8)
    lines = (
        bytes.fromhex(key.content) + (key.domain[:1] or "-").encode() + key.seed.to_bytes(8, "big", signed=True)
        for key in keys
    )
    return np.frombuffer(b"".join(lines), dtype=np.uint8).reshape(len(keys), KEY_BYTES)


@dataclass(frozen=True, kw_only=True)
class Space:
    """All that decides a row beside its key. Rows of two spaces never stand in one folder."""

    architecture: str
    model: str
    """digest of the architecture and the bytes of every weight"""
    square: int
    """side of the canonical square that is looked at, in pixels"""
    size: int
    """side of the model's input"""
    mean: tuple[float, ...]
    std: tuple[float, ...]
    precision: str
    """of the arithmetic: rows of bfloat16 and of float32 differ by more than rounding of the store"""
    view: ViewConfig | None = None
    """of seeded views; None for plain ones"""
    decoding: int | str = DECODING
    view_version: int | None = None

    @property
    def name(self) -> str:
        """Such as "timm-test_efficientnet-1f0c...-plain": a folder."""
        described = json.dumps(self.described(), sort_keys=True)
        readable = "".join(letter if letter.isalnum() or letter in "._" else "-" for letter in self.architecture)[-40:]
        kind = "plain" if self.view is None else "views"
        return f"{readable}-{hashlib.sha256(described.encode()).hexdigest()[:16]}-{kind}"

    def described(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)

    def of_views(self, view: ViewConfig) -> "Space":
        """The space beside this one where seeded views stand."""
        named = {name: value for name, value in vars(self).items() if name not in ("view", "view_version")}
        return Space(**named, view=view, view_version=VIEW_VERSION)
