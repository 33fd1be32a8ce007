"""A sweep as tables: a row a variant on the terminal, all of it in Markdown."""

from collections.abc import Mapping, Sequence

from distill.sweep.results import BY, Result, Spread, Variant
from runtime.bundle.load import Figure
from teacher.console import figure_text

OVERALL = {
    "malignancy_auc": "AUC",
    "conditions_macro_auc": "macro-AUC",
    "condition_accuracy": "accuracy",
    "sensitivity_at_specificity_80": "sensitivity at 80% specificity",
}
LAST = {"int8_malignancy_auc": "AUC as INT8", "megabytes": "MB", "milliseconds": "ms"}
DIGITS = {"megabytes": 2, "milliseconds": 2}
"""Of values that are no shares, which have three."""


def summary(variants: Sequence[Variant]) -> tuple[list[str], list[list[str]]]:
    """Header and rows: mean and standard deviation over the seeds, AUC by domain where there are several."""
    domains = [name for name in _columns(variants) if name.startswith("domain/") and name.endswith("/malignancy_auc")]
    wanted = {**OVERALL, **{name: f"AUC {name.split('/')[1]}" for name in domains if len(domains) > 1}, **LAST}
    shown = {name: title for name, title in wanted.items() if name in _columns(variants)}
    rows = [
        [one.name, str(len(one.seeds)), *(_told(one.figures.get(name), name) for name in shown)] for one in variants
    ]
    return ["variant", "seeds", *shown.values()], rows


def markdown(name: str, results: Sequence[Result], variants: Sequence[Variant], failed: Mapping[str, str]) -> str:
    """The whole page."""
    parts = [
        f"# {name}",
        "Test part; mean ± standard deviation over seeds of the training. MB and ms (one thread, square to answer) "
        "are of the INT8 file where there is one, else MB of the float32 weights.",
        _table(*summary(variants)),
        *(_by_group(grouping, variants) for grouping in BY),
        "## Every run, with 95% intervals",
        _table(["run", "best epoch", *OVERALL.values()], [_run_row(one) for one in results]),
    ]
    if failed:
        parts += ["## Not finished", "\n".join(f"- {one}: {why}" for one, why in failed.items())]
    return "\n\n".join(part for part in parts if part) + "\n"


def _by_group(grouping: str, variants: Sequence[Variant]) -> str:
    groups = list(dict.fromkeys(one.split("/")[1] for one in _columns(variants) if one.startswith(f"{grouping}/")))
    if len(groups) < 2:
        return ""
    rows = []
    for one in variants:
        for figure in ("malignancy_auc", "conditions_macro_auc"):
            cells = (_told(one.figures.get(f"{grouping}/{group}/{figure}"), figure) for group in groups)
            rows.append([one.name, OVERALL[figure], *cells])
    return f"## By {grouping.replace('_', ' ')}\n\n" + _table(["variant", "figure", *groups], rows)


def _run_row(result: Result) -> list[str]:
    return [result.name, str(result.best_epoch), *(_with_interval(result.figures.get(name)) for name in OVERALL)]


def _with_interval(figure: Figure | None) -> str:
    return "-" if figure is None or figure.value != figure.value else figure_text(figure)


def _told(spread: Spread | None, name: str) -> str:
    if spread is None:
        return "-"
    digits = DIGITS.get(name, 3)
    text = f"{spread.mean:.{digits}f}"
    return text if spread.deviation is None else f"{text} ± {spread.deviation:.{digits}f}"


def _columns(variants: Sequence[Variant]) -> dict[str, None]:
    return dict.fromkeys(name for one in variants for name in one.figures)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
