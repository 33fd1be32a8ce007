"""Pictures of the report, each an SVG in the page's own colours."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from runtime.bundle.load import Figure as Interval
from runtime.measure.photo_way import TOTAL
from runtime.measure.result import Result, Subject
from teacher.data.report.pictures import PLOT_COLOURS, inline_svg
from teacher.evaluation.plots import Plot


def steps_plot(result: Result, *, name: str, title: str) -> Plot:
    """A bar for each way: the median of each step beside the one before it, and the p90 of the whole as a dot."""
    ways = [subject for subject in result.subjects if TOTAL in subject.samples.milliseconds] or result.subjects[:1]
    steps = list(dict.fromkeys(step for way in ways for step in way.samples.milliseconds if step != TOTAL))

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for row, way in enumerate(ways):
            _steps(axes, row, way, steps)
        axes.set_yticks(range(len(ways)), [way.name for way in ways])
        axes.invert_yaxis()
        axes.set(xlabel="milliseconds, median of each step; the dot is the p90 of the whole")
        for colour, step in zip(PLOT_COLOURS, steps, strict=False):
            axes.barh(0, 0, color=colour, label=step)
        axes.legend(frameon=False, fontsize=9, ncols=len(steps), loc="upper left", bbox_to_anchor=(0, 1.22))
        _quiet(axes)

    return _plot(draw, size=(8.2, 1.5 + 0.5 * len(ways)), name=name, title=title)


def formats_plot(rows: Sequence[Mapping[str, Any]], *, name: str, title: str) -> Plot:
    """Bytes against time, a dot for each file that runs here."""
    makers = list(dict.fromkeys(row["maker"] for row in rows))

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for colour, maker in zip(PLOT_COLOURS * len(makers), makers, strict=False):
            own = [row for row in rows if row["maker"] == maker and row["milliseconds"] is not None]
            sizes, times = [row["bytes"] / 1e6 for row in own], [row["milliseconds"] for row in own]
            axes.scatter(sizes, times, color=colour, label=maker)
            for row, size, time in zip(own, sizes, times, strict=True):
                label = f"{row['format']} {row['precision']}"
                axes.annotate(label, (size, time), xytext=(5, 4), textcoords="offset points", fontsize=8.5)
        axes.set(xlabel="MB", ylabel="milliseconds, one thread")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, fontsize=9)
        _quiet(axes)

    return _plot(draw, size=(7.2, 4.2), name=name, title=title)


def accuracy_plot(aucs: Mapping[str, Interval], *, name: str, title: str) -> Plot:
    """A dot with its interval for each group that has photos enough."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for row, one in enumerate(aucs.values()):
            colour = PLOT_COLOURS[0 if row == 0 else 1]
            axes.plot([one.low, one.high], [row, row], color=colour, linewidth=2)
            axes.plot(one.value, row, color=colour, marker="o")
        axes.set_yticks(range(len(aucs)), [f"{group} (n = {one.n:,})" for group, one in aucs.items()])
        axes.set(xlabel="AUC of the malignancy, 95% interval", ylim=(len(aucs) - 0.5, -0.5))
        _quiet(axes)

    return _plot(draw, size=(7.2, 1.2 + 0.4 * len(aucs)), name=name, title=title)


def distortion_plot(moved: Mapping[str, Mapping[str, float] | None], *, name: str, title: str) -> Plot:
    """A bar with its interval for each distortion."""
    known = {distortion: one for distortion, one in moved.items() if one is not None}

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for row, one in enumerate(known.values()):
            axes.barh(row, one["value"], color=PLOT_COLOURS[1], alpha=0.65, height=0.7)
            axes.plot([one["low"], one["high"]], [row, row], color=PLOT_COLOURS[1], linewidth=1.6)
        axes.set_yticks(range(len(known)), list(known))
        axes.invert_yaxis()
        axes.set(xlabel="share with another tier than without the distortion")
        axes.set_xlim(left=0)
        _quiet(axes)

    return _plot(draw, size=(7.2, 1.2 + 0.3 * len(known)), name=name, title=title)


def _steps(axes: Axes, row: int, way: Subject, steps: Sequence[str]) -> None:
    left, colours = 0.0, dict(zip(steps, PLOT_COLOURS, strict=False))
    for step in way.samples.milliseconds:
        if step in colours:
            taken = way.samples.of(step).p50
            axes.barh(row, taken, left=left, color=colours[step], height=0.6)
            left += taken
    if TOTAL in way.samples.milliseconds:
        axes.plot(way.samples.of(TOTAL).p90, row, color="#7d7d7d", marker="o", markersize=5)


def _plot(draw: Any, *, size: tuple[float, float], name: str, title: str) -> Plot:
    own = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)
    return Plot(name=own, title=title, svg=inline_svg(draw, size=size, name=own, label=title))


def _quiet(axes: Axes) -> None:
    axes.grid(alpha=0.25, linewidth=0.6, axis="x")
    axes.spines[["top", "right"]].set_visible(False)
