"""Drawings that stand in memory only: a dataset for training on more of them than anybody would store."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from runtime.photo.decode import load_square
from teacher.data.dataset import Dataset
from teacher.data.sample import Sample, tone_group
from teacher.data.splits import Part
from teacher.data.synthetic import SyntheticConfig, render
from teacher.data.synthetic.capture import jpeg_bytes
from teacher.data.synthetic.scene import Scene
from teacher.data.synthetic.store import DATASET, QUALITY


def drawn_in_memory(config: SyntheticConfig, *, size: int, part: Part = Part.TRAIN) -> Dataset:
    """The drawings that `write_dataset` would write, as they come back from its files: squares of `size` pixels.

    All of them are of one part; none of them is a file.
    """
    with ThreadPoolExecutor(max_workers=2) as pool:
        drawn = list(pool.map(lambda index: _draw(config, index, size=size), range(config.count)))
    scenes = [scene for _, scene in drawn]
    _, groups = np.unique([scene.patient for scene in scenes], return_inverse=True)
    return Dataset(
        samples=tuple(map(_sample, scenes)),
        contents=tuple(f"{scene.seed:016x}{scene.index:016x}" for scene in scenes),
        pixels=np.stack([square for square, _ in drawn]),
        rows=np.arange(config.count),
        parts=(part,) * config.count,
        groups=groups.astype(np.int64),
        folder=Path(),
        split_path=Path(),
        notes=(),
        stored=False,
    )


def _draw(config: SyntheticConfig, index: int, *, size: int) -> tuple[np.ndarray, Scene]:
    pixels, scene = render(config, index)
    return load_square(jpeg_bytes(pixels, quality=QUALITY), size=size), scene


def _sample(scene: Scene) -> Sample:
    return Sample(
        image_id=scene.image_id,
        path=Path(scene.image_id),
        dataset=DATASET,
        domain=scene.domain,
        condition=scene.condition,
        malignant=scene.malignant,
        group_id=scene.group_id,
        raw_label=scene.condition,
        fitzpatrick=scene.tone,
        tone_group=tone_group(scene.tone),
    )
