"""The README's table out of a report's figures, between two comments of the page."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.outcome import BenchmarkError
from benchmarks.report.figures import commit_text

START = "<!-- measured: written by `python -m benchmarks table` -->\n"
END = "<!-- end of measured -->"
Column = Mapping[str, Any]

FIGURES = {
    "malignancy_auc": "malignancy AUC",
    "sensitivity_at_low": "sensitivity at `low`{sensitivity}",
    "melanoma_not_low": "melanomas not shown as low",
    "specificity_at_low": "specificity at `low`",
    "specificity_at_high": "specificity at `high`{specificity}",
    "condition_accuracy": "conditions, accuracy",
    "condition_macro_auc": "conditions, macro-AUC",
    "set_coverage": "condition in its set of likely ones{coverage}",
}
"""By name, with what a bundle aimed at in brackets."""

OF_A_SOURCE = {
    "auc": "malignancy AUC",
    "condition_macro_auc": "macro-AUC of ten",
    "condition_accuracy": "accuracy of ten",
    "malignant_not_low": "malignant not low",
    "benign_low": "benign low",
    "refused": "cannot assess",
}


def with_table(page: str, report: Mapping[str, Any], *, where: str) -> str:
    """The page with the table of this report. Raises BenchmarkError where the page has no place for it."""
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise BenchmarkError(f"{where}: no place for the table: it stands between {START.strip()} and {END}")
    return before + START + table_text(report) + END + after


def table_text(report: Mapping[str, Any]) -> str:
    """The table in Markdown, one more for each bundle by where photos come from, and a line of where it all is from."""
    columns = report["columns"]
    rows = [*_figure_rows(columns), *_other_rows(columns)]
    header = ("figure", *(_bold(column["title"], column) for column in columns))
    parts = [_markdown(header, rows), *(_by_source(column) for column in columns if column.get("by_source"))]
    return "\n" + "\n\n".join(parts) + "\n\n" + _origin(report) + "\n"


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    lines.insert(1, "|" + "---|" * len(header))
    return "\n".join(lines)


def _by_source(column: Column) -> str:
    """Of a bundle that ships: a row for each dataset's photos of one domain, where there are enough of them."""
    told = column["by_source"]
    names = [name for name in OF_A_SOURCE if any(name in own for own in told.values())]
    rows = [
        (source, *(_figure(own[name]) + f" [{own[name]['n']:,}]" if name in own else "too few" for name in names))
        for source, own in told.items()
    ]
    return _markdown((f"{column['title']}, on", *(OF_A_SOURCE[name] for name in names)), rows)


def _figure_rows(columns: Sequence[Column]) -> list[tuple[str, ...]]:
    targets = next((column["targets"] for column in columns if column.get("targets")), {})
    rows: list[tuple[str, ...]] = []
    for name, title in FIGURES.items():
        cells: list[str] = []
        counts: list[int] = []
        for column in columns:
            figure = column["figures"].get(name)
            cells.append("" if figure is None else _bold(_figure(figure), column) + _count(figure["n"], counts))
        if any(cells):
            rows.append((title.format(**_aims(targets)), *cells))
    return rows


def _other_rows(columns: Sequence[Column]) -> list[tuple[str, ...]]:
    strange = next((column["no_lesion"] for column in columns if column.get("no_lesion")), None)
    reference = next((one["reference"] for column in columns if (one := column.get("latency"))), None)
    beside = _beside(reference) if reference else ""
    parts: list[tuple[str, Callable[[Column], str]]] = [
        (f"{strange['photos'] if strange else 0} photos without a lesion: low, cannot assess", _no_lesion),
        ("same tier as PyTorch (validation part)", _same_tier),
        ("size", lambda column: f"{column['bytes'] / 1e6:.2f} MB" if column.get("bytes") else ""),
        (f"12-megapixel JPEG to tier, p50{beside}", _latency),
        ("how to get it again", lambda column: column["again"]),
    ]
    rows = [(title, *(_bold(cell(column), column) for column in columns)) for title, cell in parts[:-1]]
    rows.append((parts[-1][0], *(parts[-1][1](column) for column in columns)))
    return [row for row in rows if any(row[1:])]


def _no_lesion(column: Column) -> str:
    found = column.get("no_lesion")
    return f"{found['low']}, {found['cannot_assess']}" if found else ""


def _same_tier(column: Column) -> str:
    found = column.get("same_tier")
    return f"{found['value']:.1%} [{found['n']:,}]" if found else ""


def _latency(column: Column) -> str:
    found = column.get("latency")
    return f"{found['p50']:.0f} ms" if found else ""


def _beside(reference: Mapping[str, Any]) -> str:
    engine = str(reference["engine"]).split()[0]
    return f" (the usual way, full decode and FP32 by {engine}: {reference['p50']:.0f} ms)"


def _origin(report: Mapping[str, Any]) -> str:
    """Of the times the machine, and whether they are valid; of all the command and the commit."""
    on = report["machine"]
    timed = next((one for column in report["columns"] if (one := column.get("latency"))), None)
    times = ""
    if timed:
        size = f"a drawn {timed['photo_bytes'] / 1e6:.1f} MB JPEG"
        ratio = f", {_share(timed['reference'])} of the usual way in turns" if timed["reference"] else ""
        where = f"{on['cores']} cores of {on['processor']}, {str(on['system']).split('-')[0]}"
        times = f"Times: {size}, {where}{ratio}; {timed['verdict']}. "
    return f"{times}Measured {report['ended'][:10]}{commit_text(report)}: `{report['command']}`."


def _share(reference: Mapping[str, Any]) -> str:
    interval = f" ({reference['low']:.2f}-{reference['high']:.2f})" if reference["low"] is not None else ""
    return f"{reference['share']:.2f}{interval}"


def _aims(targets: Mapping[str, float | None]) -> dict[str, str]:
    sensitivity, confidence = targets.get("sensitivity"), targets.get("confidence")
    with_ = f" with {confidence:.0%} confidence" if confidence else ""
    return {
        "sensitivity": f" (target {sensitivity:.2f}{with_})" if sensitivity else "",
        "specificity": f" (target {one:.2f})" if (one := targets.get("specificity")) else "",
        "coverage": f" (target {one:.2f})" if (one := targets.get("coverage")) else "",
    }


def _figure(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f}-{figure['high']:.3f})"


def _count(n: int, shown: list[int]) -> str:
    """How many it rests on, where no column before has said so."""
    if n in shown:
        return ""
    shown.append(n)
    return f" [{n:,}]"


def _bold(text: str, column: Column) -> str:
    return f"**{text}**" if text and column.get("ships") else text
