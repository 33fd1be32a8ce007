"""The comparison as a picture: a row a candidate, validation and test side by side with their intervals."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure as Drawing

from teacher.comparison.compare import Row

PANELS = {
    "f1_macro": "malignancy, F1 macro",
    "auc": "malignancy, AUC",
    "condition_f1_macro": "ten conditions, F1 macro",
}
PARTS = {"validation": ("#7a8b99", "o", -0.16), "test": ("#0b5c66", "D", 0.16)}


def draw(rows: Sequence[Row], path: Path) -> None:
    """A PNG. Raises OSError."""
    drawing = Drawing(figsize=(11, 1.4 + 0.42 * len(rows)), layout="constrained")
    axes = drawing.subplots(1, len(PANELS), sharey=True)
    for panel, (name, title) in zip(axes, PANELS.items(), strict=True):
        for part, (colour, marker, shift) in PARTS.items():
            figures = [getattr(getattr(row, part), name) for row in rows]
            spans = [[one.value - one.low for one in figures], [one.high - one.value for one in figures]]
            places = [place + shift for place in range(len(rows))]
            values = [one.value for one in figures]
            panel.errorbar(values, places, xerr=spans, fmt=marker, color=colour, markersize=5, capsize=2, label=part)
        panel.set_title(title, fontsize=10)
        panel.grid(axis="x", alpha=0.3)
    axes[0].set_yticks(range(len(rows)), [f"{row.name}{' *' if row.chosen else ''}" for row in rows], fontsize=9)
    axes[0].invert_yaxis()
    handles, names = axes[0].get_legend_handles_labels()
    drawing.legend(handles, names, fontsize=8, loc="outside upper right", ncols=2)
    drawing.supxlabel(
        "* chosen by F1 macro of malignancy on validation; lines: 95%, patients and lesions resampled", fontsize=8
    )
    drawing.savefig(path, dpi=110, metadata={"Software": None})
