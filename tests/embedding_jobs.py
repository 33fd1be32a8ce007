"""An encoder of three lines for tests of the store, also in processes that a test kills."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from teacher.embeddings.embed import fill
from teacher.embeddings.embedder import Embedder
from teacher.embeddings.keys import PLAIN, Key, Space
from teacher.embeddings.store import EmbeddingStore
from teacher.models.compute import this_compute

SIZE = 4
SPACE = Space(
    architecture="fake", model="0" * 16, square=8, size=SIZE, mean=(0.5,) * 3, std=(0.5,) * 3, precision="float32"
)


class Fake(nn.Module):
    """(B, 3, 4, 4) -> (B, 6), each row from its own image alone."""

    def forward(self, images: Tensor) -> Tensor:
        return torch.cat([images.mean((2, 3)), images.amax((2, 3)) - images.amin((2, 3))], dim=1)


def faked_embedder() -> Embedder:
    return Embedder(
        network=Fake(),
        architecture="fake",
        model=SPACE.model,
        size=SIZE,
        mean=SPACE.mean,
        std=SPACE.std,
        compute=this_compute(),
    )


def faked_keys(count: int) -> list[Key]:
    contents = (hashlib.sha256(str(number).encode()).hexdigest()[:32] for number in range(count))
    return [Key(content, "", PLAIN) for content in contents]


def faked_images(keys: Sequence[Key]) -> Tensor:
    """Noise of the key."""
    made = (hashlib.shake_128(repr(tuple(key)).encode()).digest(3 * SIZE * SIZE) for key in keys)
    return torch.stack([torch.frombuffer(bytearray(one), dtype=torch.uint8) for one in made]).view(-1, 3, SIZE, SIZE)


def fill_slowly(folder: str, count: int) -> None:
    """Fills a store and says a line after each batch, so that whoever listens knows how far it is."""
    store = EmbeddingStore(Path(folder), SPACE)

    def said(_: str) -> None:
        print("batch", flush=True)

    fill(store, faked_keys(count), faked_images, faked_embedder(), batch_size=16, workers=1, advance=said)
