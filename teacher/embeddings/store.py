"""Rows of embeddings that only ever grow: shards that any number of processes write side by side.

A shard is a safetensors file of keys and rows that is named by the digest of its own bytes. So no two writers ever meet
(equal names are equal bytes) and none needs a lock; a shard that was cut or changed no longer fits its name and counts
as not there. Rows are float16, which halves the disk: at most 2**-11 of each value is lost (an AUC of XGBoost moves by
0.0005 at most, of a linear model by 0.00002: docs/teacher.md), an eighth of what bfloat16 arithmetic loses. A shard
with a value that float16 cannot hold stays float32.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from runtime.files import write_json, written_whole
from teacher.embeddings.keys import KEY_BYTES, Key, Space, packed
from teacher.models.config import TeacherError

SHARD_ROWS = 256
"""Rows of a shard: what a kill loses (10 s on two cores), and what reading holds in memory (0.6 MB of 1,280 values)."""

SPACE_NAME, PATTERN = "space.json", "*.safetensors"

STALE_SECONDS = 3600
"""Age at which a half-written file is what a kill left, and no longer another process's shard in the making."""


class EmbeddingStore:
    """The rows of one space. Reading it holds one shard in memory, and 100 bytes or so a row to find them by."""

    def __init__(self, parent: Path, space: Space) -> None:
        self.folder, self.space = parent / space.name, space
        self._at: dict[bytes, tuple[Path, int]] = {}
        self._broken: list[Path] = []
        self._seen: set[Path] = set()
        self.reread()

    def __len__(self) -> int:
        return len(self._at)

    def reread(self) -> None:
        """Take in the shards that other processes have written since."""
        for path in sorted(self.folder.glob(PATTERN)):
            if path not in self._seen:
                self._seen.add(path)
                keys = _sound_keys(path)
                if keys is None:
                    self._broken.append(path)
                else:
                    self._add(path, keys)

    def begin(self) -> None:
        """Make the folder ready to be written to: broken shards and what kills left go. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self._broken:
            path.unlink(missing_ok=True)
            self._seen.discard(path)
        self._broken.clear()
        for path in self.folder.glob("*.tmp"):
            if time.time() - path.stat().st_mtime > STALE_SECONDS:
                path.unlink(missing_ok=True)
        if not (self.folder / SPACE_NAME).is_file():
            write_json(self.folder / SPACE_NAME, self.space.described())

    def missing(self, keys: Iterable[Key]) -> list[Key]:
        """Those without a row, each once, sorted: whatever order a table has, the same work is left."""
        wanted = sorted(set(keys))
        return [key for key, name in zip(wanted, _names(wanted), strict=True) if name not in self._at]

    def append(self, keys: Sequence[Key], rows: np.ndarray) -> None:
        """One shard. rows: float [N, D]. Raises TeacherError for rows that are not numbers, OSError from the disk."""
        if not np.isfinite(rows).all():
            bad = keys[int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])]
            raise TeacherError(f"the encoder's answer to the image of content {bad.content} is not a number")
        fits = np.abs(rows).max(initial=0) <= np.finfo(np.float16).max
        kept = rows.astype(np.float16 if fits else np.float32)
        content = save({"keys": packed(keys), "rows": np.ascontiguousarray(kept)})
        path = self.folder / f"{_digest(content)}.safetensors"
        with written_whole(path) as partial:
            partial.write_bytes(content)
        self._seen.add(path)
        self._add(path, packed(keys))

    def rows(self, keys: Sequence[Key]) -> np.ndarray:
        """float32 [N, D], in the order of the keys. Raises TeacherError where one has no row."""
        places: dict[Path, list[tuple[int, int]]] = {}
        for position, name in enumerate(_names(keys)):
            if name not in self._at:
                raise TeacherError(
                    f"{self.folder}: no row of content {keys[position].content}; run teacher embed again"
                )
            path, row = self._at[name]
            places.setdefault(path, []).append((position, row))
        found: np.ndarray | None = None
        for path, pairs in places.items():
            shard, (to, of) = self._shard(path), np.array(pairs).T
            if found is None:
                found = np.empty((len(keys), shard.shape[1]), dtype=np.float32)
            found[to] = shard[of]
        return np.zeros((0, 0), dtype=np.float32) if found is None else found

    def blocks(self, keys: Sequence[Key], *, count: int = SHARD_ROWS) -> Iterator[np.ndarray]:
        """The same, `count` rows at a time: what is in memory does not grow with the store."""
        for start in range(0, len(keys), count):
            yield self.rows(keys[start : start + count])

    def _shard(self, path: Path) -> np.ndarray:
        try:
            return load(path.read_bytes())["rows"]
        except (OSError, SafetensorError) as error:
            raise TeacherError(f"{path}: went away or was changed while it was read; run the command again") from error

    def _add(self, path: Path, keys: np.ndarray) -> None:
        for row, name in enumerate(_split(keys)):
            self._at.setdefault(name, (path, row))


def shards_of(keys: Sequence[Key]) -> list[Sequence[Key]]:
    """Sorted keys in shards. Every shard but the last is full, so what a kill leaves is cut at the same places."""
    return [keys[start : start + SHARD_ROWS] for start in range(0, len(keys), SHARD_ROWS)]


def _sound_keys(path: Path) -> np.ndarray | None:
    """The keys of a shard; None where its bytes are not those that it is named by."""
    try:
        content = path.read_bytes()
        if path.stem != _digest(content):
            return None
        tensors = load(content)
        keys, rows = tensors["keys"], tensors["rows"]
        return keys if keys.shape == (len(rows), KEY_BYTES) else None
    except (OSError, SafetensorError, KeyError):
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _names(keys: Sequence[Key]) -> list[bytes]:
    return _split(packed(keys))


def _split(keys: np.ndarray) -> list[bytes]:
    joined = keys.tobytes()
    return [joined[at : at + KEY_BYTES] for at in range(0, len(joined), KEY_BYTES)]
