"""What a run learns from and how: written beside each checkpoint, so that nothing else goes on from it unnoticed."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from distill.config import TrainConfig, from_json, to_json
from distill.lessons import Lessons
from distill.student import StudentError
from teacher.data.dataset import Dataset
from teacher.data.splits import Part


def origin_of(config: TrainConfig, dataset: Dataset, lessons: Lessons) -> dict[str, Any]:
    """The configuration as JSON values, and digests of what decides the weights beside it."""
    data = {
        "training photos": _photos(dataset, Part.TRAIN),
        "validation photos": _photos(dataset, Part.VALIDATION),
        **lessons.digests(),
    }
    return {"config": to_json(config), "data": data}


def refuse_other_origin(run: Path, began: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raises StudentError, saying what differs, where a checkpoint began with something else."""
    differing = [
        f"its {name} are not those it began with"
        for name in now["data"]
        if began["data"].get(name) != now["data"][name]
    ]
    before, after = dict(_leaves(_as_now(began["config"]))), dict(_leaves(now["config"]))
    differing += [
        f"{name} was {before.get(name)} and is {after.get(name)} in config.json"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    if differing:
        raise StudentError(
            f"{run}: cannot go on, for {'; '.join(differing)}; bring back what was there, or start another run"
        )


def _as_now(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Options that came after the run began have their defaults, as they do where its folder is read."""
    try:
        return to_json(from_json(config))
    except (KeyError, TypeError, ValueError):
        return config


def _photos(dataset: Dataset, part: Part) -> str:
    shown = ((dataset.samples[index], dataset.contents[index]) for index in dataset.part(part))
    lines = (
        f"{one.key}|{content}|{one.domain}|{one.condition}|{one.malignant}|{one.tone_group}\n" for one, content in shown
    )
    return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()[:16]


def _leaves(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Such as ("teacher.finetune.lr", 0.001)."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value
