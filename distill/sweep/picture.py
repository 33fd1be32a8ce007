"""A sweep as a picture: how good over how slow and how large, the variants that no other beats joined by a line."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from distill.sweep.results import Spread, Variant
from runtime.files import written_whole

COSTS = {"milliseconds": "ms a photo, INT8, one thread", "megabytes": "MB of the file"}
GAINS = {"malignancy_auc": "malignancy AUC, test", "conditions_macro_auc": "macro-AUC of ten conditions, test"}


def front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Which of (cost, gain) no other beats in one and at least equals in the other, from the cheapest on."""
    kept: list[int] = []
    for place in sorted(range(len(points)), key=lambda one: (points[one][0], -points[one][1])):
        if not kept or points[place][1] > points[kept[-1]][1]:
            kept.append(place)
    return kept


def draw(variants: Sequence[Variant], path: Path) -> None:
    """A PNG: means, with the standard deviation over seeds. Raises OSError."""
    costs = [name for name in COSTS if any(name in one.figures for one in variants)]
    drawing = Drawing(figsize=(6.2 * max(1, len(costs)), 8.4), layout="constrained")
    panels = drawing.subplots(len(GAINS), max(1, len(costs)), squeeze=False)
    for row, gain in zip(panels, GAINS, strict=True):
        for panel, cost in zip(row, costs, strict=True):
            _panel(panel, variants, cost, gain)
    with written_whole(path) as partial:
        drawing.savefig(partial, dpi=110, format="png", metadata={"Software": None})


def _panel(panel: Axes, variants: Sequence[Variant], cost: str, gain: str) -> None:
    there = [one for one in variants if cost in one.figures and gain in one.figures]
    points = [(one.figures[cost].mean, one.figures[gain].mean) for one in there]
    best = front(points)
    for place, (one, (x, y)) in enumerate(zip(there, points, strict=True)):
        colour = "#0b5c66" if place in best else "#7a8b99"
        panel.errorbar(x, y, yerr=_half(one.figures[gain]), fmt="o", color=colour, markersize=5, capsize=2)
        panel.annotate(one.name, (x, y), xytext=(5, 4), textcoords="offset points", fontsize=7, color=colour)
    panel.plot([points[one][0] for one in best], [points[one][1] for one in best], color="#0b5c66", linewidth=1)
    panel.set(xlabel=COSTS[cost], ylabel=GAINS[gain])
    panel.margins(0.18)
    panel.grid(alpha=0.3)


def _half(spread: Spread) -> float:
    return spread.deviation or 0.0
