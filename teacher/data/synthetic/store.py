"""A synthetic dataset on disk: `synthetic.json` (its recipe), `images/*.jpg`, and `metadata.csv` once complete."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image

from runtime.conditions import MALIGNANT_CONDITIONS, Condition
from runtime.files import written_whole
from teacher.data.sample import DataError, Domain, Sample, tone_group
from teacher.data.synthetic.capture import jpeg_bytes
from teacher.data.synthetic.painting import render
from teacher.data.synthetic.scene import Scene, SyntheticConfig, draw_scene

DATASET = "synthetic"
METADATA_NAME, RECIPE_NAME, IMAGE_FOLDER = "metadata.csv", "synthetic.json", "images"
COLUMNS = ("image_id", "domain", "condition", "malignant", "fitzpatrick", "group_id")
QUALITY = 92
"""JPEG quality of stored images: 9 KB instead of PNG's 45 and a third of the time to write"""
RECIPE_VERSION = 2
"""Raise it when the painting or what is malignant changes: a folder of an older recipe is then refused. 2: actinic
keratosis counts as malignant."""


def write_dataset(config: SyntheticConfig, root: Path, *, progress: Callable[[int, int], None] | None = None) -> None:
    """Paint the dataset into `root`. An interrupted run continues where it stopped; a finished one is only checked.

    `progress(done, total)` is called after each image. Raises DataError when `root` holds another synthetic dataset.
    """
    (root / IMAGE_FOLDER).mkdir(parents=True, exist_ok=True)
    _claim(config, root)
    scenes = []
    for index in range(config.count):
        scenes.append(_keep_or_paint(config, index, root))
        if progress is not None:
            progress(index + 1, config.count)
    _write_bytes(root / METADATA_NAME, _metadata(scenes).encode())


def load_synthetic(root: Path) -> list[Sample]:
    """The samples of a finished dataset, in the order of their index.

    Raises DataError naming what is missing, or the row and the values it could have had.
    """
    path = root / METADATA_NAME
    if not path.is_file():
        raise DataError(f"{path} is missing: the synthetic dataset there is unfinished or absent; generate it again")
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        lacking = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
        if lacking:
            raise DataError(f"{path}: columns missing: {', '.join(lacking)}")
        samples = [_read_row(row, root, where=f"{path}, line {reader.line_num}") for row in reader]
    absent = [sample.image_id for sample in samples if not sample.path.is_file()]
    if absent:
        raise DataError(
            f"{root}: {len(absent)} of {len(samples)} images are missing (first: {absent[0]}); generate it again"
        )
    return samples


def write_image(path: Path, pixels: np.ndarray) -> None:
    """Write uint8 [height, width, 3] as JPEG or, where the name says so, PNG; whole or not at all."""
    if path.suffix.lower() == ".png":
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, format="PNG", optimize=True)
        _write_bytes(path, buffer.getvalue())
    else:
        _write_bytes(path, jpeg_bytes(pixels, quality=QUALITY))


def _claim(config: SyntheticConfig, root: Path) -> None:
    """Write the recipe, or check that the one there is the same: images of two recipes must never mix."""
    recipe = json.dumps({"recipe_version": RECIPE_VERSION, **_recipe(config)}, indent=1) + "\n"
    path = root / RECIPE_NAME
    if not path.is_file():
        _write_bytes(path, recipe.encode())
    elif path.read_text(encoding="utf-8") != recipe:
        raise DataError(f"{root} holds a synthetic dataset with other settings ({path.name}); choose another folder")


def _recipe(config: SyntheticConfig) -> dict[str, object]:
    return {**asdict(config), "weights": {str(name): weight for name, weight in config.weights.items()}}


def _keep_or_paint(config: SyntheticConfig, index: int, root: Path) -> Scene:
    scene = draw_scene(config, index)
    path = _image_path(root, scene.image_id)
    if not path.is_file():  # images arrive under their name only when whole
        pixels, scene = render(config, index)
        write_image(path, pixels)
    return scene


def _image_path(root: Path, image_id: str) -> Path:
    return root / IMAGE_FOLDER / f"{image_id}.jpg"


def _metadata(scenes: list[Scene]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for scene in scenes:
        row = (scene.image_id, scene.domain, scene.condition, scene.malignant, scene.tone, scene.group_id)
        writer.writerow(row)
    return text.getvalue()


def _read_row(row: dict[str, str], root: Path, *, where: str) -> Sample:
    condition = _named(Condition, row["condition"], column="condition", where=where)
    fitzpatrick = _tone(row["fitzpatrick"], where=where)
    if row["malignant"] != str(condition in MALIGNANT_CONDITIONS):
        raise DataError(f"{where}: malignant is {row['malignant']!r}, but {condition} is not that")
    return Sample(
        image_id=row["image_id"],
        path=_image_path(root, row["image_id"]),
        dataset=DATASET,
        domain=_named(Domain, row["domain"], column="domain", where=where),
        condition=condition,
        malignant=condition in MALIGNANT_CONDITIONS,
        group_id=row["group_id"],
        raw_label=row["condition"],
        fitzpatrick=fitzpatrick,
        tone_group=tone_group(fitzpatrick),
    )


def _named[Named: (Condition, Domain)](kind: type[Named], value: str, *, column: str, where: str) -> Named:
    try:
        return kind(value)
    except ValueError:
        raise DataError(f"{where}: unknown {column} {value!r}; it must be one of: {', '.join(kind)}") from None


def _tone(value: str, *, where: str) -> int:
    if value not in {"1", "2", "3", "4", "5", "6"}:
        raise DataError(f"{where}: unknown fitzpatrick {value!r}; it must be one of: 1, 2, 3, 4, 5, 6")
    return int(value)


def _write_bytes(path: Path, content: bytes) -> None:
    with written_whole(path) as partial:
        partial.write_bytes(content)
