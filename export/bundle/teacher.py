"""A stored teacher as something that can be exported: found whole, and made from the very photos that judge it."""

from dataclasses import dataclass
from pathlib import Path

from export.bundle.build import Card
from export.onnx_file.served_teacher import ServedTeacher
from runtime.errors import first_line
from teacher.data.dataset import DataOptions, Dataset
from teacher.evaluation.teachers import is_teacher
from teacher.models.config import TeacherConfig, TeacherError
from teacher.soft_labels import FoldTeachers, stored_config
from teacher.soft_labels.fold_teachers import member_stem
from teacher.soft_labels.sets import read_rows, still_holds

MOST_BYTES = 2**31 - 2**24
"""Of the networks in one graph: protobuf, and with it an ONNX file, ends at 2 GB, and the trees need some of them."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """A stored teacher, loaded, and what its bundle says of it."""

    network: ServedTeacher
    card: Card


def open_served(folder: Path, *, fold: int | None = None) -> Served:
    """The teacher of a finished set of soft labels: all of its folds, or one.

    Raises TeacherError where there is none, or it is too large for one file.
    """
    if not is_teacher(folder):
        raise TeacherError(
            f"{folder}: not a finished set of soft labels, which holds a teacher; python -m teacher soft-labels makes "
            "one and says its folder"
        )
    config = stored_config(folder)
    if fold is not None and not 0 <= fold < config.folds:
        raise TeacherError(f"--fold {fold}: the teachers of {folder} are of folds 0 to {config.folds - 1}")
    chosen = range(config.folds) if fold is None else (fold,)
    _check_size(folder, chosen, config)
    try:
        folds = [FoldTeachers(number, config, folder) for number in chosen]
    except Exception as error:  # safetensors and xgboost have exceptions of their own, without a public base
        raise TeacherError(f"{folder}: a damaged teacher ({first_line(error)}); make the labels anew") from error
    name = f"teacher-{_short(config.encoder.name)}" + ("" if fold is None else f"-fold{fold}")
    return Served(network=ServedTeacher(folds, arch=name).eval(), card=_card(chosen, folds, config))


def refuse_other_photos(folder: Path, data: Dataset, options: DataOptions) -> None:
    """Thresholds on other photos, or on some that it has learned from, would promise what is not so.

    Raises TeacherError.
    """
    rows = read_rows(folder)
    if rows is None or not still_holds(rows, data):
        source = "the synthetic dataset" if options.root is None else f"the photos of {options.root}"
        raise TeacherError(
            f"{folder}: these teachers did not learn from the training part of {source} as it is now split; name the "
            "--data, --cache and --seed that the labels were made with"
        )


def _check_size(folder: Path, chosen: range | tuple[int, ...], config: TeacherConfig) -> None:
    """By the stored weights, which are float32 as in the file: before gigabytes are loaded."""
    stems = [member_stem(fold, number) for fold in chosen for number in range(config.seeds)]
    paths = [folder / f"{stem}.teacher.safetensors" for stem in stems]
    size = sum(path.stat().st_size for path in paths if path.is_file())
    if size > MOST_BYTES:
        advice = "; --fold N takes those of one fold" if len(chosen) > 1 else ""
        count = _networks(len(stems))
        raise TeacherError(f"{folder}: {count}, {size / 1e9:.1f} GB in all: an ONNX file ends at 2 GB{advice}")


def _networks(count: int) -> str:
    return "1 network" if count == 1 else f"{count} networks"


def _short(encoder: str) -> str:
    """An encoder without its owner, or the folder that it lay in."""
    return Path(encoder.replace(":", "-")).name


def _card(chosen: range | tuple[int, ...], folds: list[FoldTeachers], config: TeacherConfig) -> Card:
    count = len(chosen) * config.seeds
    shares = [
        f"fold {number}: malignancy {one.weighing.malignancy_blend:.2f}, conditions {one.weighing.conditions_blend:.2f}"
        for number, one in zip(chosen, folds, strict=True)
    ]
    what = _networks(count) + (", averaged in logits" if count > 1 else "")
    return Card(
        called="teacher",
        about=f"A teacher that serves: {what}; share of XGBoost in {'; '.join(shares)}.",
        packages=("transformers", "xgboost"),
    )
