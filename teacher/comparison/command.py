"""`python -m teacher compare`: the reference's table on this data."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import typer

from runtime.files import write_json
from teacher.comparison.backbones import Backbone, Fold, tuned_folds
from teacher.comparison.compare import Row, compare
from teacher.comparison.figures import Judged
from teacher.comparison.options import Compared
from teacher.comparison.picture import draw
from teacher.console import figure_text, print_table
from teacher.data.cache import clear_errors
from teacher.data.dataset import DataOptions, Dataset, open_dataset
from teacher.data.splits import Part
from teacher.embeddings.embedder import embedder_of
from teacher.embeddings.options import Wanted
from teacher.embeddings.subset import chosen
from teacher.models.compute import this_compute
from teacher.models.config import EncoderChoice, TeacherError

HEADER = ("", "accuracy", "F1 macro", "AUC", "conditions: accuracy", "F1 macro")


def compare_command(options: DataOptions, encoder: EncoderChoice, wanted: Wanted, compared: Compared) -> None:
    """Fit classifiers on frozen and fine-tuned embeddings, choose by validation, and show validation and test."""
    if this_compute().processes > 1:
        raise TeacherError("compare runs in one process; embed with torchrun -m teacher embed first")
    dataset = open_dataset(options)
    indices = chosen(dataset, limit=wanted.limit)
    backbones = _backbones(dataset, indices, options, encoder, wanted, compared)
    rows = compare(dataset, backbones, indices, compared.sampling)
    counts = {part: len(np.intersect1d(dataset.part(part), indices)) for part in Part}
    picture = compared.out.with_suffix(".png")
    with clear_errors(compared.out.parent):
        compared.out.parent.mkdir(parents=True, exist_ok=True)
        write_json(compared.out, {"images": counts, "rows": [asdict(row) for row in rows]})
        draw(rows, picture)
    _print(rows, counts)
    typer.echo(f"all figures: {compared.out}; picture: {picture}")


def _backbones(
    dataset: Dataset,
    indices: np.ndarray,
    options: DataOptions,
    encoder: EncoderChoice,
    wanted: Wanted,
    compared: Compared,
) -> list[Backbone]:
    train = np.intersect1d(dataset.part(Part.TRAIN), indices)
    frozen = Fold(embedder=embedder_of(encoder, precision=wanted.embed_precision), learn=train)
    folds: dict[str, Sequence[Fold]] = {"frozen": [frozen]}
    if compared.fine_tuned is not None:
        precision = wanted.embed_precision
        folds["fine-tuned"] = tuned_folds(compared.fine_tuned, dataset, indices, precision=precision)
    return [
        Backbone(name=name, folds=own, dataset=dataset, views=wanted.views, view=wanted.view, seed=options.seed)
        for name, own in folds.items()
    ]


def _print(rows: Sequence[Row], counts: dict[Part, int]) -> None:
    best = next(row for row in rows if row.chosen)
    learned = f"{counts[Part.TRAIN]:,} training images"
    print_table(
        f"Validation, {counts[Part.VALIDATION]:,} images, fitted on {learned}",
        HEADER,
        [_written(row, row.validation) for row in rows],
    )
    print_table(
        f"Test, {counts[Part.TEST]:,} images, asked once, after the choice: * is the result, the rest stands beside it",
        HEADER,
        [_written(row, row.test) for row in rows],
    )
    typer.echo(
        f"* {best.name}: chosen by F1 macro of malignancy on validation; intervals resample patients and lesions"
    )


def _written(row: Row, found: Judged) -> tuple[str, ...]:
    figures = (found.accuracy, found.f1_macro, found.auc, found.condition_accuracy, found.condition_f1_macro)
    return (f"{row.name}{' *' if row.chosen else ''}", *map(figure_text, figures))
