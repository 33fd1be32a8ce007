"""`python -m teacher`: data roots to soft labels.

What asks a network is imported by the command that does: torch, timm and transformers take seconds and 0.9 GB, which
the others do without.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from teacher.comparison.options import Compared, Transferred
from teacher.console import print_table, run_cli
from teacher.data import overview
from teacher.data.cache import DUPLICATES_NAME, SPLIT_NAME
from teacher.data.dataset import DataOptions, Dataset, describe_parts, forget_derived, open_dataset, samples_of
from teacher.data.download.command import download
from teacher.data.found import Loaded
from teacher.data.labels import COLUMNS, label_table, table_names
from teacher.data.registry import all_datasets, dataset, load_all, warnings_of
from teacher.data.sample import DataError
from teacher.data.splits import Part
from teacher.embeddings.options import Wanted
from teacher.evaluation.command import evaluate_command
from teacher.models.config import ENCODER_OPTIONS, EncoderChoice, PresetConfig, TeacherConfig, TeacherNames
from teacher.options import OPTION, View, from_dataclasses

SHOWN = 20
"""Contradictions that are printed; all of them stand in the table."""

BRIDGED = Wanted(views=2)
"""Of the focused experiment: its last lesson has two bridging views of each image."""

FOCUSED = Transferred(out=Path("artifacts/focused.json"))

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Data roots to soft labels.")


@dataclass(frozen=True, kw_only=True)
class Housekeeping:
    """What may be done with what was derived from a data root."""

    forget: Annotated[bool, typer.Option("--forget")] = False
    """clear everything derived from this data but the split file, say how many bytes that freed, and end"""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A page on the data."""

    report: Annotated[Path | None, OPTION] = None
    """write what was found as one HTML page, such as report.html"""
    photos: Annotated[bool, OPTION] = True
    """small copies of some photos in that page, which then may not be passed on further than the photos"""


@dataclass(frozen=True, kw_only=True)
class Checking:
    """Whether stored labels are still what their teachers say."""

    check: Annotated[int, typer.Option(min=0, metavar="N")] = 0
    """compute N random stored labels again, refuse those that differ, and end"""


@app.command()
@from_dataclasses
def data(options: DataOptions, housekeeping: Housekeeping, page: Report) -> None:
    """Load, check and split a data root; say what was found, and where to get what is missing."""
    if housekeeping.forget:
        folder, freed = forget_derived(options)
        typer.echo(f"{folder}: {freed:,} bytes of derived files cleared; the split and {DUPLICATES_NAME} stay")
        return
    loaded = () if options.root is None else load_all(options.root)
    _show_root(loaded)
    opened = open_dataset(options)
    for note in opened.notes:
        typer.echo(note)
    if advice := _duplicates_advice(opened):
        typer.echo(advice)
    typer.echo(f"{describe_parts(opened)}\nsplit file: {opened.split_path}")
    if page.report is not None:
        from teacher.data.report import write_report  # matplotlib, for one option
        from teacher.data.report.pairs import listed_pairs

        pairs = listed_pairs(opened)
        write_report(page.report, opened, loaded, root=options.root, photos=page.photos, more_pairs=pairs)
        typer.echo(f"report: {page.report}")


@app.command()
@from_dataclasses
def duplicates(
    options: Annotated[DataOptions, View(without=("image_size", "synthetic_count"))],
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE.jpg", help="Draw twenty of the pairs, side by side, into this file.")
    ] = None,
) -> None:
    """Look once for the same lesion across and within datasets, so that it stands in one part of the split."""
    from teacher.data.duplicates.search import find_duplicates  # scikit-learn's clusters, for this command alone
    from teacher.data.duplicates.sheet import write_sheet
    from teacher.data.duplicates.summary import HEADER, by_name, contradictions, summary

    if options.root is None:
        raise DataError("--data is missing: the folder of labelled photos")
    samples, folder = samples_of(options)
    written = (folder / SPLIT_NAME).is_file()
    found, named = find_duplicates(samples, folder, seed=options.seed), by_name(samples)
    print_table("Photos of one lesion", HEADER, summary(found, named))
    differing = contradictions(found, named)
    for line in differing[:SHOWN]:
        typer.echo(f"warning: one lesion, two labels: {line}")
    if len(differing) > SHOWN:
        typer.echo(f"warning: and {len(differing) - SHOWN:,} pairs more of two labels")
    if sheet is not None:
        typer.echo(write_sheet(sheet, found, named))
    if written:
        typer.echo(
            f"the split was there before: photos whose lesion stands in a more guarded part are left out from now on; "
            f"move {folder / SPLIT_NAME} away to have one written that keeps them all"
        )
    typer.echo(f"duplicates: {folder / DUPLICATES_NAME}")


@app.command()
def labels(
    dataset_name: Annotated[
        str | None, typer.Argument(metavar="DATASET", help="Such as ddi; without it all datasets.")
    ] = None,
) -> None:
    """Print what each raw label of a dataset means: its condition, whether it is malignant, and why."""
    names = table_names() if dataset_name is None else dataset(dataset_name).labels
    for name in names:
        table = label_table(name)
        rows = [(one.raw, one.condition or "refused", "yes" if one.malignant else "", one.note) for one in table.labels]
        print_table(f"{name}: {len(rows)} labels", COLUMNS, rows, right=())


@app.command(name="soft-labels")
@from_dataclasses
def soft_labels(
    options: DataOptions,
    teachers: TeacherNames,
    config: Annotated[TeacherConfig, View(without=ENCODER_OPTIONS)],
    checking: Checking,
) -> None:
    """Train cross-fitted teachers and store what they say of every training image in every view."""
    from teacher.soft_labels import check_labels, describe, ensure_soft_labels, soft_labels_folder

    config = teachers.of(config)
    dataset = open_dataset(options)
    if checking.check:
        largest = check_labels(dataset, config, count=checking.check)
        each = f" of each of {len(config.members)} teachers" if config.others else ""
        typer.echo(f"{checking.check:,} stored labels{each} computed again: at most {largest:.1e} apart")
        return
    ensure_soft_labels(dataset, config)
    folder = soft_labels_folder(dataset, config)
    typer.echo(f"{describe(folder)}\n{folder}")


@app.command()
@from_dataclasses
def preset(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the weights, their card and the rounds.")],
    config: PresetConfig,
) -> None:
    """Train the weights that a preset teacher starts from, on drawings made for it; goes on where it was stopped."""
    from teacher.models.preset import make_preset

    weights = make_preset(out, config)
    typer.echo(f"{weights.with_suffix('.md').read_text()}\n{weights}")


@app.command()
@from_dataclasses
def embed(
    options: DataOptions,
    encoder: EncoderChoice,
    wanted: Wanted,
    part: Annotated[
        list[Part] | None, typer.Option(help="Only this part of the split; several times for several.")
    ] = None,
) -> None:
    """Store a frozen encoder's embeddings of every image; what is stored is not computed again."""
    from teacher.embeddings.command import embed as embed_images

    embed_images(options, encoder, wanted, part)


@app.command()
@from_dataclasses
def compare(options: DataOptions, encoder: EncoderChoice, wanted: Wanted, compared: Compared) -> None:
    """Fit classifiers on frozen and fine-tuned embeddings, choose by validation, and show validation and test."""
    from teacher.comparison.command import compare_command

    compare_command(options, encoder, wanted, compared)


@app.command(name="cross-domain")
@from_dataclasses
def cross_domain(
    options: DataOptions,
    encoder: EncoderChoice,
    wanted: Annotated[Wanted, View(without=("views", "bridging"))],
    asked: Transferred,
) -> None:
    """Leave out each domain, dataset and source, and show what is lost on the test photos of it."""
    from teacher.comparison.transfer_command import cross_domain_command

    cross_domain_command(options, encoder, wanted, asked)


@app.command()
@from_dataclasses
def focused(
    options: DataOptions,
    encoder: EncoderChoice,
    wanted: Wanted = BRIDGED,
    asked: Transferred = FOCUSED,
) -> None:
    """Teach HAM10000 alone, all datasets, and all balanced and bridged, and show each on the test photos of all."""
    from teacher.comparison.transfer_command import focused_command

    focused_command(options, encoder, wanted, asked)


app.command()(from_dataclasses(download))
app.command(name="evaluate")(from_dataclasses(evaluate_command))


def _duplicates_advice(opened: Dataset) -> str | None:
    """What to do where several datasets were never searched for a common lesion."""
    several = len({sample.dataset for sample in opened.samples}) > 1
    if not several or (opened.folder / DUPLICATES_NAME).is_file():
        return None
    return "the same lesion may stand in two datasets: run python -m teacher duplicates --data with this folder"


def _show_root(loaded: tuple[Loaded, ...]) -> None:
    if not loaded:
        return
    titles = {spec.name: spec.title for spec in all_datasets()}
    for found in loaded:
        for domain, rows in overview.composition(found).items():
            print_table(f"{titles[found.dataset]}, {domain}", overview.HEADER, rows)
    print_table("Missing", overview.MISSING_HEADER, overview.missing(loaded), right=())
    for found in loaded:
        for warning in warnings_of(found):
            typer.echo(f"warning: {found.dataset}: {warning}")


def main() -> None:
    run_cli(app)
