"""`report.json`: the few figures that a README shows, and where they come from; no raw sample, no machine's path."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.outcome import BenchmarkError
from benchmarks.report import plan
from benchmarks.report.sections import result_of
from benchmarks.report.stages import Carried
from benchmarks.workshop.timing.shares import OURS, REFERENCE, shares_of
from runtime.bundle.load import Figure, load_bundle
from runtime.bundle.manifest import ModelFile
from runtime.measure.machine import machine
from runtime.measure.photo_way import TOTAL
from runtime.measure.result import Code, Result
from runtime.triage import Tier

SCHEMA, VERSION = "skintag-edge/report", 1
CARD = "runtime/default_bundle/README.md"
OF_A_RUN = {
    "malignancy_auc": "malignancy_auc",
    "condition_accuracy": "condition_accuracy",
    "conditions_macro_auc": "condition_macro_auc",
}
"""What a run calls its figures, and what a bundle does; its thresholds are not those of a bundle, which are bounds."""
OF_A_SOURCE = ("auc", "condition_macro_auc", "condition_accuracy", "malignant_not_low", "benign_low", "refused")
"""Names in `teacher.evaluation.metrics`."""
CELL = re.compile(r"(-?[\d.]+) \((-?[\d.]+)-(-?[\d.]+)\)")


@dataclass(frozen=True, kw_only=True)
class Made:
    """Who made a report, when and on what."""

    command: str
    ended: str
    """ISO, UTC"""
    mode: str
    """full or quick"""
    code: Code
    """as it was when the first stage began"""


def report_figures(
    given: plan.Given,
    carried: Sequence[Carried],
    left_out: Sequence[plan.LeftOut],
    *,
    made: Made,
    beside: Sequence[Path],
) -> dict[str, Any]:
    """Plain values for JSON: a column for each student and each file that ships, then the runs beside them."""
    on, code = machine(), made.code
    columns = [column for subject in given.subjects for column in _columns(subject, carried)]
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "command": made.command,
        "ended": made.ended,
        "mode": made.mode,
        "code": {"version": code.version, "commit": code.commit, "dirty": code.dirty},
        "machine": {
            "device": on.device,
            "processor": on.processor,
            "cores": on.usable_cores or on.cores,
            "memory_bytes": on.memory_bytes,
            "system": on.system,
        },
        "columns": [*columns, *map(_column_of_run, beside)],
        "left_out": [f"{one.name} of {one.of}" if one.of else one.name for one in left_out],
        "failed": [one.stage.title for one in carried if one.done.error],
    }


def read_report(path: Path) -> dict[str, Any]:
    """A report's figures. Raises BenchmarkError where the file is none, or is newer than this program."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchmarkError(f"--report {path}: cannot be read ({error})") from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA or found.get("version") != VERSION:
        raise BenchmarkError(f"--report {path}: no report of this version; make one with: python -m benchmarks all")
    return found


def commit_text(report: Mapping[str, Any]) -> str:
    """Which commit a report is of, as the rest of a sentence; empty where there was no checkout."""
    code = report["code"]
    return f", commit {code['commit'][:10]}{' and changes' if code['dirty'] else ''}" if code["commit"] else ""


def _columns(subject: plan.Subject, carried: Sequence[Carried]) -> Iterator[dict[str, Any]]:
    """Of the PyTorch student, where the bundle's report or a run tells of it; then of the file that ships."""
    own = {one.stage.name: one.found for one in carried if one.stage.of == subject.name and one.found}
    bundle = load_bundle(subject.bundle)
    called = "default bundle" if subject.bundle is None else subject.name
    told = student_figures(bundle.folder / "report.md")
    if told:
        yield {
            "title": f"{called}, PyTorch",
            "again": f"commands in the [model card]({CARD})" if subject.bundle is None else "",
            "figures": {name: asdict(figure) for name, figure in told.items()},
            "bytes": _weights(subject.run),
        }
    yield {
        "title": f"{called}, {bundle.file.precision.upper()}",
        "again": "the same" if subject.bundle is None else "",
        "ships": True,
        "sha256": bundle.file.sha256,
        "figures": {name: asdict(figure) for name, figure in bundle.file.metrics.items()},
        "bytes": bundle.file.bytes,
        **_promises(bundle.file),
        "latency": _latency(own.get(plan.LATENCY), own.get(plan.REFERENCE)),
        "no_lesion": _no_lesion(own.get(plan.NOVELTY)),
        "by_source": _by_source(own.get(plan.ACCURACY)),
    }


def student_figures(page: Path) -> dict[str, Figure]:
    """What a bundle's own report says of its PyTorch student on the test part; empty where there is no such table."""
    from export.bundle.bundle_report import FIGURE_TITLES  # torch

    titles = {title: name for name, title in FIGURE_TITLES.items()}
    try:
        lines = page.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    found: dict[str, Figure] = {}
    for cells in ([cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")):
        matched = CELL.fullmatch(cells[2]) if len(cells) > 3 and cells[0] in titles else None
        if matched is not None and cells[1].replace(",", "").isdigit():
            value, low, high = map(float, matched.groups())
            found[titles[cells[0]]] = Figure(value=value, low=low, high=high, n=int(cells[1].replace(",", "")))
    return found


def _column_of_run(run: Path) -> dict[str, Any]:
    """A run by the figures of its own test part. Raises StudentError where it is no finished run."""
    from distill.run import read_config
    from distill.student import METRICS_NAME

    config = read_config(run)
    try:
        test = json.loads((run / METRICS_NAME).read_text())["test"]
        figures = {own: asdict(Figure(**test[name])) for name, own in OF_A_RUN.items() if name in test}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BenchmarkError(f"--beside {run}: its {METRICS_NAME} cannot be read ({error!r})") from error
    synthetic = config.data.root is None
    return {
        "title": "synthetic main job, PyTorch" if synthetic else f"{run.name}, PyTorch",
        "again": f"`uv run python -m distill train --student {config.student}`" if synthetic else "",
        "figures": figures,
    }


def _weights(run: Path | None) -> int | None:
    path = None if run is None else run / "student.safetensors"
    return path.stat().st_size if path is not None and path.is_file() else None


def _promises(file: ModelFile) -> dict[str, Any]:
    points, sets, parity = file.operating_points, file.prediction_sets, file.parity
    return {
        "targets": {
            "sensitivity": points.target_sensitivity if points.calibrated else None,
            "confidence": points.confidence,
            "specificity": points.target_specificity if points.calibrated else None,
            "coverage": None if sets is None else sets.target_coverage,
        },
        "same_tier": (
            {"value": parity["tier_agreement"], "n": int(parity["photos"])}
            if {"tier_agreement", "photos"} <= parity.keys()
            else None
        ),
    }


def _latency(timed: Mapping[str, Any] | None, beside: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if timed is None:
        return None
    result = result_of(timed)
    row = result.row(result.subjects[0].name, TOTAL)
    return {
        "p50": round(row.series.p50, 1),
        "p90": round(row.series.p90, 1),
        "verdict": row.verdict.text,
        "photo_bytes": result.photo.bytes,
        "reference": None if beside is None else _share(result_of(beside)),
    }


def _by_source(judged: Mapping[str, Any] | None) -> dict[str, dict[str, Any]] | None:
    """Figures of each dataset's photos of one domain, those that rest on patients or lesions enough; by source, then
    by name."""
    if judged is None:
        return None
    told = judged["as_labelled"]["by"].get("dataset_and_domain", {})
    found: dict[str, dict[str, Any]] = {}
    for name in OF_A_SOURCE if told else ():
        for source, one in told[name]["groups"].items():
            if one["enough"]:
                found.setdefault(source, {})[name] = one["figure"]
    return found


def _share(result: Result) -> dict[str, Any]:
    share = next(one for one in shares_of(result) if one.way == REFERENCE)
    steps = result.row(REFERENCE, TOTAL)
    engine = next(subject.engine for subject in result.subjects if subject.name == REFERENCE)
    return {
        "p50": round(steps.series.p50, 1),
        "ours_p50": round(result.row(OURS, TOTAL).series.p50, 1),
        "engine": engine,
        **{name: round(getattr(share, name), 3) for name in ("share", "low", "high")},
        "valid": share.valid,
    }


def _no_lesion(found: Mapping[str, Any] | None) -> dict[str, int] | None:
    if found is None:
        return None
    tiers = [one["tiers"] for one in found["strange"]]
    count = {tier: sum(own.get(tier.value, 0) for own in tiers) for tier in Tier}
    return {
        "photos": sum(count.values()),
        "low": count[Tier.LOW],
        "cannot_assess": count[Tier.CANNOT_ASSESS],
    }
