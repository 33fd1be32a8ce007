"""Goes through all pairs that are worth a look, once: what was looked at is a line of a table and stays done."""

import csv
import os
from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from teacher.console import progress
from teacher.data.cache import clear_errors, only_one
from teacher.data.contents import append_rows
from teacher.data.duplicates.features import FOLDER_NAME, FeatureStore, take_features
from teacher.data.duplicates.shortlist import shortlist
from teacher.data.duplicates.table import Duplicate, write_duplicates
from teacher.data.duplicates.verify import Agreement, agreement
from teacher.data.sample import Sample

PAIRS_NAME = "pairs.csv"
CHUNK = 1024
"""Pairs between two writes: what a kill loses, about a second of work."""


def find_duplicates(samples: Sequence[Sample], folder: Path, *, seed: int) -> list[Duplicate]:
    """Pairs of photos of different groups that show the same lesion, or may; also written beside the split.

    A run that was interrupted goes on where it stopped. Raises DataError where the disk refuses.
    """
    ordered = sorted(samples, key=lambda sample: (sample.dataset, sample.image_id))
    with only_one(folder), clear_errors(folder):
        store, found = take_features(ordered, folder)
        with store:
            own: dict[str, Sample] = {}
            for sample, content in zip(ordered, found, strict=True):
                if content is not None:
                    own.setdefault(content, sample)  # equal files are joined anyway
            contents = list(own)
            pairs = shortlist(
                store,
                contents,
                _numbered([sample.dataset for sample in own.values()]),
                _numbered([sample.group_id for sample in own.values()]),
                seed=seed,
            )
            table = folder / FOLDER_NAME / PAIRS_NAME
            _verify(store, contents, pairs, table)
        duplicates = [
            Duplicate(
                first=(own[first].dataset, own[first].image_id, first),
                second=(own[second].dataset, own[second].image_id, second),
                matches=tied.matches,
                same=tied.same,
                transform=tied.transform,
            )
            for first, second, tied in _tied(table, own)
        ]
        duplicates.sort(key=lambda one: (one.first, one.second))
        write_duplicates(folder, duplicates)
    return duplicates


def _numbered(names: Sequence[str]) -> np.ndarray:
    return np.unique(np.asarray(names, dtype=object).astype(str), return_inverse=True)[1]


def _verify(store: FeatureStore, contents: Sequence[str], pairs: np.ndarray, table: Path) -> None:
    """A line for each pair: both contents, and where they agree matches, verdict and transform."""
    done = _done(table, contents)
    keys = pairs[:, 0] * len(contents) + pairs[:, 1]
    todo = pairs[~np.isin(keys, done)]

    def look(pair: np.ndarray) -> Agreement | None:
        return agreement(store.read(contents[pair[0]]), store.read(contents[pair[1]]))

    cv2.setNumThreads(1)
    with (
        progress("Comparing photos", len(pairs), done=len(pairs) - len(todo)) as advance,
        ThreadPoolExecutor(max_workers=os.cpu_count()) as pool,
    ):
        for start in range(0, len(todo), CHUNK):
            chunk = todo[start : start + CHUNK]
            lines = []
            for (left, right), tied in zip(chunk, pool.map(look, chunk), strict=True):
                said = (tied.matches, int(tied.same), *tied.transform) if tied else (0,)
                lines.append((contents[left], contents[right], *said))
                advance("")
            append_rows(table, lines)


def _done(table: Path, contents: Sequence[str]) -> np.ndarray:
    """int64: pairs that were looked at, as i * N + j. Eight bytes a pair: 47,000 photos have a million and more."""
    place = {content: index for index, content in enumerate(contents)}
    done = array("q")
    for line in _lines(table):
        left, right = place.get(line[0]), place.get(line[1])
        if left is not None and right is not None:
            done.append(min(left, right) * len(contents) + max(left, right))
    return np.frombuffer(done, dtype=np.int64) if done else np.zeros(0, dtype=np.int64)


def _tied(table: Path, own: dict[str, Sample]) -> Iterator[tuple[str, str, Agreement]]:
    """Pairs of photos that are here and, by today's tables, not of one patient or lesion."""
    for line in _lines(table):
        if len(line) == 3 or line[0] not in own or line[1] not in own:
            continue
        if own[line[0]].group_id != own[line[1]].group_id:
            numbers = tuple(float(text) for text in line[4:])
            yield line[0], line[1], Agreement(matches=int(line[2]), same=line[3] == "1", transform=numbers)


def _lines(table: Path) -> Iterator[list[str]]:
    """Whole lines alone: what a kill cut off is done again."""
    if not table.is_file():
        return
    with table.open(newline="", encoding="utf-8", errors="replace") as file:
        for text in file:
            line = next(csv.reader([text]), [])
            if text.endswith("\n") and (line[2:] == ["0"] or (len(line) == 10 and line[3] in ("0", "1"))):
                yield line
