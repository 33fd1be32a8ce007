"""The report as a page, as Markdown and as pictures."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.outcome import write_text
from benchmarks.report.figures import commit_text
from benchmarks.report.sections import Section
from teacher.data.report.template import rendered

PAGE, MARKDOWN, FIGURES, PLOTS = "report.html", "report.md", "report.json", "plots"


def report_files(
    folder: Path, figures: Mapping[str, Any], sections: Sequence[Section]
) -> list[tuple[Path, Callable[[Path], object]]]:
    """Every file beside the figures, each with what writes it."""
    values = {"report": figures, "sections": sections, "tiles": _tiles(figures), "about": about(figures)}
    texts = {
        folder / PAGE: rendered("benchmarks.report", "report.html.j2", **values),
        folder / MARKDOWN: rendered("benchmarks.report", "report.md.j2", **values),
    }
    plots = [plot for section in sections for shown in section.shown for plot in shown.plots]
    texts |= {folder / PLOTS / f"{plot.name}.svg": plot.svg for plot in plots}
    return [(path, lambda path, text=text: write_text(path, text)) for path, text in texts.items()]


def about(figures: Mapping[str, Any]) -> str:
    """The machine, the code and the command in one line."""
    on = figures["machine"]
    memory = f", {on['memory_bytes'] / 1e9:.0f} GB" if on["memory_bytes"] else ""
    where = (
        f"{on['device'] + ', ' if on['device'] else ''}{on['cores']} cores of {on['processor']}{memory}, {on['system']}"
    )
    return f"{where}. Version {figures['code']['version']}{commit_text(figures)}, {figures['ended']}."


def _tiles(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The figures that one looks for first, of every file that ships."""
    found: list[tuple[str, str]] = []
    for column in figures["columns"]:
        if column.get("ships"):
            found += _tiles_of(column)
    return found


def _tiles_of(column: Mapping[str, Any]) -> list[tuple[str, str]]:
    title, timed, auc = column["title"], column["latency"], column["figures"].get("malignancy_auc")
    found = [(f"{column['bytes'] / 1e6:.2f} MB", f"{title}: size")]
    if auc:
        found.append((f"{auc['value']:.3f}", f"{title}: malignancy AUC by its manifest"))
    if timed:
        valid = "valid" if timed["verdict"] == "valid" else "not valid by the rule"
        found.append((f"{timed['p50']:.0f} ms", f"{title}: photo to tier, p50, {valid}"))
        if timed["reference"]:
            found.append((f"{timed['reference']['share']:.2f}", f"{title}: of the usual way's time"))
    return found
