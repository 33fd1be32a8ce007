"""Pictures of an evaluation, each an SVG for a page."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from runtime.bundle.load import Figure as Interval
from runtime.conditions import CONDITIONS
from teacher.data.report.counts import words
from teacher.data.report.pictures import PLOT_COLOURS, inline_svg
from teacher.evaluation.evaluation import Evaluation
from teacher.evaluation.frame import Estimate
from teacher.evaluation.metrics import Cases
from teacher.evaluation.resampling import wilson

BINS = 10
"""Of the reliability plot: fewer than the calibration error has, so that each holds photos enough to look at."""

FEWEST_IN_BIN = 5
GREY = "#7d7d7d"


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A picture with its words."""

    name: str
    title: str
    svg: str
    note: str = ""


def plots_of(evaluation: Evaluation) -> tuple[Plot, ...]:
    """Those that the evaluation can give."""
    found = [roc_plot(evaluation, "domain"), roc_plot(evaluation, "tone_group"), reliability_plot(evaluation)]
    found.append(confusion_plot(evaluation))
    if evaluation.stood:
        found.append(distortion_plot(evaluation))
    return tuple(found)


def roc_plot(evaluation: Evaluation, grouping: str) -> Plot:
    """A curve for each group that has enough patients, and one for all photos."""
    groups, cases = evaluation.groups[grouping], evaluation.as_labelled.cases
    estimates = evaluation.as_labelled.frames[grouping]["auc"].by_group
    few = [name for name in groups.names if not estimates[name].enough]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
        _curve(axes, cases, evaluation.as_labelled.overall["auc"], "all photos", colour=GREY)
        for colour, name, places in zip(PLOT_COLOURS * len(groups.names), groups.names, groups.members, strict=False):
            if name not in few:
                _curve(axes, cases.take(places), estimates[name], name, colour=colour)
        axes.set(xlabel="false alarms: benign called malignant", ylabel="sensitivity", xlim=(0, 1), ylim=(0, 1.005))
        axes.legend(frameon=False, fontsize=8.5, loc="lower right")
        _quiet(axes)
        axes.set_aspect("equal")

    title = f"ROC by {groups.grouping.title}"
    note = f"Too few to be drawn: {', '.join(few)}." if few else ""
    return Plot(
        name=f"roc-{grouping}", title=title, note=note, svg=inline_svg(draw, size=(5.2, 5.2), name=title, label=title)
    )


def reliability_plot(evaluation: Evaluation) -> Plot:
    """What was said against what was so, malignancy in ten steps; below it how many photos each step holds."""
    cases = evaluation.as_labelled.cases
    place = np.minimum((cases.said.malignancy * BINS).astype(int), BINS - 1)
    counts = np.bincount(place, minlength=BINS)

    def draw(figure: Figure) -> None:
        above, below = figure.subplots(2, 1, height_ratios=(4, 1), sharex=True)
        above.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
        for step in np.flatnonzero(counts >= FEWEST_IN_BIN):
            own = place == step
            said, so = float(cases.said.malignancy[own].mean()), float(cases.malignant[own].mean())
            low, high = wilson(so, int(own.sum()))
            above.plot(said, so, color=PLOT_COLOURS[0], marker="o", markersize=5)
            above.plot([said, said], [low, high], color=PLOT_COLOURS[0])
        above.set(ylabel="share that is malignant", xlim=(0, 1), ylim=(0, 1))
        below.bar((np.arange(BINS) + 0.5) / BINS, counts, width=0.9 / BINS, color=PLOT_COLOURS[0], alpha=0.6)
        below.set(xlabel="malignancy as said", ylabel="photos")
        for axes in (above, below):
            _quiet(axes)

    title = "Reliability of the malignancy"
    note = f"95% Wilson intervals; steps of fewer than {FEWEST_IN_BIN} photos have no dot."
    return Plot(
        name="reliability", title=title, note=note, svg=inline_svg(draw, size=(5.2, 5.2), name=title, label=title)
    )


def confusion_plot(evaluation: Evaluation) -> Plot:
    """Which condition is taken for which: rows are labels, colour the share of the row, figures photos."""
    cases = evaluation.as_labelled.cases
    counted = np.zeros((len(CONDITIONS), len(CONDITIONS)), dtype=int)
    np.add.at(counted, (cases.conditions, cases.likeliest), 1)
    there = np.flatnonzero(counted.sum(axis=1) + counted.sum(axis=0))
    counted = counted[np.ix_(there, there)]
    shares = counted / np.maximum(counted.sum(axis=1, keepdims=True), 1)
    names = [words(CONDITIONS[place]) for place in there]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for row, own in enumerate(shares):
            for column, share in enumerate(own):
                # Colour by opacity alone: it stands out from a light page as from a dark one.
                axes.add_patch(_cell(column, row, alpha=0.75 * float(share)))
                if counted[row, column]:
                    axes.text(column, row, f"{counted[row, column]:,}", ha="center", va="center", fontsize=8.5)
        limits = (-0.5, len(names) - 0.5)
        axes.set(xlim=limits, ylim=limits[::-1], xlabel="likeliest condition as said", ylabel="label")
        axes.set_xticks(range(len(names)), names, rotation=40, ha="right", fontsize=8.5)
        axes.set_yticks(range(len(names)), names, fontsize=8.5)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)

    title = "Conditions taken for each other"
    note = "Figures are photos, the tint their share of the row."
    return Plot(
        name="confusion", title=title, note=note, svg=inline_svg(draw, size=(7.4, 5.8), name=title, label=title)
    )


def distortion_plot(evaluation: Evaluation) -> Plot:
    """AUC under each distortion, and whose tier becomes another where there are tiers."""
    stood = evaluation.stood
    changed = [None if one.change is None else one.change.tier_changed for one in stood]
    tiers = any(changed)
    names = [one.distortion.name for one in stood]

    def draw(figure: Figure) -> None:
        columns = figure.subplots(1, 2 if tiers else 1, sharey=True, squeeze=False)[0]
        _bars(columns[0], [one.auc.figure for one in stood], "AUC", colour=PLOT_COLOURS[0])
        if tiers:
            _bars(columns[1], changed, "share with another tier", colour=PLOT_COLOURS[1])
        columns[0].set_yticks(range(len(names)), names)
        columns[0].invert_yaxis()

    title = "Distortions"
    note = "The last three make no photo worse: there the answer should stay."
    return Plot(
        name="distortions", title=title, note=note, svg=inline_svg(draw, size=(8.2, 5.4), name=title, label=title)
    )


def _curve(axes: Axes, cases: Cases, estimate: Estimate, name: str, *, colour: str) -> None:
    if estimate.figure is None:
        return
    order = np.argsort(-cases.said.malignancy, kind="stable")
    scores, hits = cases.said.malignancy[order], cases.malignant[order]
    ends = np.flatnonzero(np.diff(scores, append=-np.inf))  # equal scores are passed together
    found, alarms = np.cumsum(hits)[ends] / hits.sum(), np.cumsum(~hits)[ends] / (~hits).sum()
    one = estimate.figure
    label = f"{name}: {one.value:.3f} ({one.low:.3f}-{one.high:.3f}), n = {one.n:,}"
    axes.plot(np.append(0, alarms), np.append(0, found), color=colour, linewidth=1.6, label=label)


def _bars(axes: Axes, figures: Sequence[Interval | None], label: str, *, colour: str) -> None:
    for row, one in enumerate(figures):
        if one is not None:
            axes.barh(row, one.value, color=colour, alpha=0.65, height=0.7)
            axes.plot([one.low, one.high], [row, row], color=colour, linewidth=1.6)
    axes.set(xlabel=label)
    axes.set_xlim(left=0)
    _quiet(axes)


def _cell(column: int, row: int, *, alpha: float) -> Rectangle:
    return Rectangle((column - 0.48, row - 0.48), 0.96, 0.96, color=PLOT_COLOURS[0], alpha=max(alpha, 0.04))


def _quiet(axes: Axes) -> None:
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
