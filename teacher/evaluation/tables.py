"""An evaluation as tables of text: what the terminal, the page and the Markdown file show alike."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from runtime.bundle.load import Figure
from teacher.console import figure_text
from teacher.evaluation.evaluation import Evaluation, Side
from teacher.evaluation.frame import FEWEST, Estimate, MetricFrame
from teacher.evaluation.metrics import METRICS
from teacher.evaluation.robustness import Stood

NONE = "-"
KERATOSIS = "actinic keratosis as benign"
SHORT = ("auc", "condition_macro_auc", "malignant_not_low")
"""What a terminal of 80 columns has room for, beside the names of groups."""
CHANGES = {
    "auc_lost": "AUC lost",
    "score_moved": "malignancy moves by",
    "condition_kept": "same condition",
    "tier_changed": "another tier",
    "to_low": "malignant turned low",
}
SHORT_DISTORTION = (0, 1, 2, 6)
"""Columns of the table of distortions that it has room for."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Text in rows."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""


def overall_table(evaluation: Evaluation) -> Table:
    """Every figure of all photos: of whom stands beside, as labelled, and with actinic keratosis as benign."""
    beside = evaluation.beside or {}
    rows = [
        (
            METRICS[name].title,
            *(estimate_text(found.get(name)) for found in beside.values()),
            estimate_text(one),
            estimate_text(evaluation.keratosis_benign.overall.get(name)),
        )
        for name, one in evaluation.as_labelled.overall.items()
    ]
    return Table(header=("figure", *beside, evaluation.title if beside else "as labelled", KERATOSIS), rows=tuple(rows))


def group_table(side: Side, grouping: str) -> Table | None:
    """A line for each figure, a column for each group, then how far groups differ; None where there are no groups.

    Figures that no group has are left out.
    """
    frames = _with_figures(side.frames[grouping])
    if not frames:
        return None
    names = next(iter(frames.values())).names
    gaps = len(names) > 1
    rows = [
        (
            METRICS[name].title,
            *(estimate_text(own.by_group[group]) for group in names),
            *((gap_text(own.difference), gap_text(own.ratio)) if gaps else ()),
        )
        for name, own in frames.items()
    ]
    return Table(header=("figure", *names, *(("difference", "ratio") if gaps else ())), rows=tuple(rows))


def short_table(side: Side, grouping: str) -> Table | None:
    """The figures of SHORT: a line for each group, the last how far they differ; None where there are no groups."""
    frames = [side.frames[grouping][name] for name in SHORT if name in side.frames[grouping]]
    names = frames[0].names
    if not names:
        return None
    rows = [(name, *(estimate_text(own.by_group[name]) for own in frames)) for name in names]
    rows.append(("difference", *(gap_text(own.difference) for own in frames)))
    return Table(header=("", *(own.metric.title for own in frames)), rows=tuple(rows))


def group_lines(side: Side, grouping: str) -> Table | None:
    """The same with a line for each group: where there are many groups and few figures."""
    frames = _with_figures(side.frames[grouping])
    # Of one condition nearly all photos have one label: what compares labels says nothing there, and accuracy is
    # sensitivity or specificity.
    told = {name: one for name, one in frames.items() if METRICS[name].rate and name != "accuracy"}
    if not told:
        return None
    names = next(iter(told.values())).names
    accuracy = frames["accuracy"].by_group
    rows = [
        (name, f"{accuracy[name].photos:,}", *(estimate_text(one.by_group[name]) for one in told.values()))
        for name in names
    ]
    titles = (METRICS[name].title for name in told)
    return Table(header=("", "photos", *titles), rows=tuple(rows))


def counts_table(evaluation: Evaluation, grouping: str) -> Table:
    """How many photos, malignant ones and patients each group has."""
    groups, cases = evaluation.groups[grouping], evaluation.as_labelled.cases
    patients = evaluation.dataset.groups[evaluation.indices]
    rows = [
        (name, f"{len(own):,}", f"{int(cases.malignant[own].sum()):,}", f"{len(set(patients[own].tolist())):,}")
        for name, own in zip(groups.names, groups.members, strict=True)
    ]
    return Table(header=("", "photos", "malignant", "patients or lesions"), rows=tuple(rows))


def odds_table(evaluation: Evaluation, grouping: str) -> Table | None:
    """Equalised-odds gaps, both ways of counting; None where no two groups can be compared."""
    one, other = (side.odds(grouping) for side in (evaluation.as_labelled, evaluation.keratosis_benign))
    if not any(one.values()) and not any(other.values()):
        return None
    rows = [(how, gap_text(one[how]), gap_text(other.get(how))) for how in one]
    return Table(header=("equalised odds, largest gap", "as labelled", KERATOSIS), rows=tuple(rows))


def distortion_table(stood: Iterable[Stood]) -> Table:
    """A line for each distortion."""
    rows = [
        (
            one.distortion.name,
            estimate_text(one.auc),
            estimate_text(one.refused),
            *(gap_text(None if one.change is None else getattr(one.change, name)) for name in CHANGES),
        )
        for one in stood
    ]
    return Table(header=("", "AUC", METRICS["refused"].title, *CHANGES.values()), rows=tuple(rows))


def columns(table: Table, which: Sequence[int]) -> Table:
    """Some columns of a table."""
    picked = tuple(tuple(row[column] for column in which) for row in (table.header, *table.rows))
    return Table(header=picked[0], rows=picked[1:], title=table.title)


def estimate_text(one: Estimate | None) -> str:
    """A figure, or why there is none."""
    if one is None:
        return NONE
    if one.shown is not None:
        return figure_text(one.shown)
    return f"too few ({one.patients:,})" if one.photos else NONE


def gap_text(figure: Figure | None) -> str:
    """A figure that may be below 0: a hyphen between two such numbers would be one too many."""
    if figure is None:
        return NONE
    if figure.low < 0:
        return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"
    return figure_text(figure)


TOO_FEW = f"Fewer than {FEWEST} patients or lesions are too few: no figure of theirs is shown, none decides anything."


def _with_figures(frames: Mapping[str, MetricFrame]) -> dict[str, MetricFrame]:
    return {name: one for name, one in frames.items() if any(own.figure is not None for own in one.by_group.values())}
