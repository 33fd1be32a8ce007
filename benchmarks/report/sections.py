"""What each stage found, as tables and pictures: one function a measure, from its JSON to what the page shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.report import plan
from benchmarks.report.pictures import accuracy_plot, distortion_plot, formats_plot, steps_plot
from benchmarks.report.stages import Carried
from benchmarks.workshop.timing.shares import OURS, shares_of
from runtime.bundle.load import Figure
from runtime.errors import SkintagError
from runtime.files import json_text
from runtime.measure.result import Result
from teacher.evaluation.frame import Estimate
from teacher.evaluation.metrics import METRICS
from teacher.evaluation.plots import Plot
from teacher.evaluation.tables import CHANGES, KERATOSIS, NONE, Table, estimate_text, gap_text

Found = Mapping[str, Any]
"""A stage's JSON."""
GROUPINGS = {"domain": "domain", "tone_group": "tone group"}
BY_GROUP = ("auc", "malignant_not_low", "benign_low", "refused", "condition_accuracy", "condition_macro_auc")
"""The figures that the report shows by group; the evaluation's own page has all."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What is shown of one stage."""

    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the page: a measure of every bundle that it was made of."""

    name: str
    title: str
    note: str
    shown: tuple[Shown, ...]
    commands: tuple[str, ...]
    problems: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def sections_of(carried: Sequence[Carried], left_out: Sequence[plan.LeftOut]) -> list[Section]:
    """The sections in the order of the page; those of which nothing was even planned are left out."""
    found: list[Section] = []
    for name, (title, note, show) in SECTIONS.items():
        own = [one for one in carried if one.stage.name == name]
        missing = [one for one in left_out if one.name == name]
        if own or missing:
            found.append(
                Section(
                    name=name,
                    title=title,
                    note=note,
                    shown=tuple(_shown(show, one) for one in own if one.found),
                    commands=tuple(one.stage.command for one in own),
                    problems=tuple(f"{one.stage.title} failed: {one.done.error}" for one in own if one.done.error),
                    left_out=tuple(one.text for one in missing),
                )
            )
    return found


def _shown(show: "Show", one: Carried) -> Shown:
    try:
        return show(one.stage.of, one.found)
    except (SkintagError, KeyError, TypeError, ValueError) as error:
        return Shown(lines=(f"{one.stage.out.name} cannot be shown: {error!r}",))


def result_of(found: Found) -> Result:
    """A measurement out of its JSON. Raises ResultError."""
    return Result.from_json(json_text(found), where="a measurement")


def latency(of: str, found: Found) -> Shown:
    result = result_of(found)
    table = timing_table(result, title=of)
    plot = steps_plot(result, name=f"latency-{of}", title=f"{of}: where the time of a photo goes")
    return Shown(tables=(table, *_cold(result, of)), plots=(plot,), lines=_notes(result))


def reference(of: str, found: Found) -> Shown:
    result = result_of(found)
    header = ("way", "p50 ms", f"{OURS} takes of it", "95%", "says")
    rows = tuple(share.cells() for share in shares_of(result))
    plot = steps_plot(result, name=f"reference-{of}", title=f"{of}: the same photo, other ways")
    tables = (Table(title=f"{of} beside the usual ways", header=header, rows=rows), timing_table(result, title="steps"))
    return Shown(tables=tables, plots=(plot,), lines=_notes(result))


def speed(of: str, found: Found) -> Shown:
    rows = [
        (name, f"{one['wall']['p50']:.0f}", f"{one['wall']['p90']:.0f}", f"{one['peak_megabytes']:.0f}")
        for name, one in found["cold"].items()
    ]
    tables = [Table(title=f"{of}: whole processes", header=("", "p50 ms", "p90 ms", "peak MB"), rows=tuple(rows))]
    if found.get("options"):
        own = [
            (name, f"{one['wall']['p50']:.2f}", f"{one['wall']['p90']:.2f}") for name, one in found["options"].items()
        ]
        tables.append(
            Table(title="options of ONNX Runtime, the model alone", header=("", "p50 ms", "p90 ms"), rows=tuple(own))
        )
    return Shown(tables=tuple(tables))


def formats(of: str, found: Found) -> Shown:
    header = ("file", "made by", "MB", "AUC", "same tier", "ms", "of ONNX FP32", "gate")
    rows = [
        (
            f"{row['format']} {row['precision']}",
            row["maker"],
            f"{row['bytes'] / 1e6:.2f}",
            f"{row['auc']:.4f}",
            f"{row['tier_agreement']:.1%}",
            NONE if row["milliseconds"] is None else f"{row['milliseconds']:.2f}",
            NONE if row["relative"] is None else f"{row['relative']:.2f}",
            "passes" if row["passes"] else "fails",
        )
        for row in found["rows"]
    ]
    plot = formats_plot(found["rows"], name=f"formats-{of}", title=f"{of}: size and time of every file")
    lines = tuple(f"{of}: refused: {label}: {why}" for label, why in found["refused"].items())
    return Shown(tables=(Table(title=of, header=header, rows=tuple(rows)),), plots=(plot,), lines=lines)


def roofline(of: str, found: Found) -> Shown:
    header = ("student", "million products", "FP32 ms, at least", "INT8 ms, at least", "ratio")
    rows = [
        (
            name,
            f"{one['products'] / 1e6:,.0f}",
            f"{one['float_ms']:.2f}",
            f"{one['integer_ms']:.2f}",
            f"{one['ratio']:.2f}",
        )
        for name, one in found["students"].items()
    ]
    on = found["one_thread"]
    speeds = (
        f"One thread: {on['float_products'] / 1e9:.0f} billion multiply-adds/s in float32, "
        f"{on['integer_products'] / 1e9:.0f} in 8 bit; {on['bandwidth'] / 1e9:.1f} GB/s."
    )
    return Shown(tables=(Table(title=of, header=header, rows=tuple(rows)),), lines=(speeds,))


def service(of: str, found: Found) -> Shown:
    header = ("photo", "at once", "answered", "lost", "per s", "p50 ms", "p95 ms", "MB")
    rows = [
        (
            one["photo"],
            str(one["clients"]),
            ", ".join(f"{count} x {status}" for status, count in one["statuses"].items()),
            str(one["lost"]),
            f"{one['per_second']:.1f}",
            f"{one['p50_ms']:,.0f}",
            f"{one['p95_ms']:,.0f}",
            NONE if one["server_peak_mb"] is None else f"{one['server_peak_mb']:.0f}",
        )
        for one in found["loads"]
    ]
    return Shown(tables=(Table(title=of, header=header, rows=tuple(rows)),))


def accuracy(of: str, found: Found) -> Shown:
    return _evaluation(of, found, called=plan.ACCURACY)


def student(of: str, found: Found) -> Shown:
    return _evaluation(of, found, called=plan.STUDENT)


def _evaluation(of: str, found: Found, *, called: str) -> Shown:
    """Overall, by domain and by tone group, with how far groups differ; and what stands distortions."""
    side, other = found["as_labelled"], found["actinic_keratosis_benign"]["overall"]
    overall = [
        (
            METRICS[name].title,
            *(NONE if own is None else estimate_text(_estimate(own)) for own in (one, other.get(name))),
        )
        for name, one in side["overall"].items()
    ]
    count = f"{found['photos']:,} photos of {found['patients_or_lesions']:,} patients or lesions"
    title = f"{of}: {found['part']} part, {count}"
    tables = [Table(title=title, header=("figure", "as labelled", KERATOSIS), rows=tuple(overall))]
    for name, words in GROUPINGS.items():
        tables += _by_group(side["by"][name], title=f"{of}, by {words}")
    tables += _odds(side["equalised_odds"], of)
    aucs = _aucs(side)
    plots = [accuracy_plot(aucs, name=f"{called}-{of}", title=f"{of}: AUC, and for whom")] if aucs else []
    if found["distortions"]:
        tables.append(_distortions(found["distortions"], of))
        moved = {one["distortion"]: (one.get("change") or {}).get("tier_changed") for one in found["distortions"]}
        if any(moved.values()):
            plots.append(
                distortion_plot(moved, name=f"{called}-distortions-{of}", title=f"{of}: photos with another tier")
            )
    return Shown(tables=tuple(tables), plots=tuple(plots))


def calibration(of: str, found: Found) -> Shown:
    header = ("bound", "promise", "kept on the whole pool", "unseen half reaches the target", "as predicted", "holds")
    rows = [
        (
            one["name"],
            "on average" if one["promise"] is None else f"{one['promise']:.0%} of splits",
            f"{one['kept_on_the_pool']:.1%}",
            f"{one['reached_on_the_unseen_half']:.1%}",
            f"{one['predicted']:.1%}",
            "yes" if one["holds"] else "NO",
        )
        for one in found["bounds"]
    ]
    return Shown(tables=(Table(title=of, header=header, rows=tuple(rows)),))


def novelty(of: str, found: Found) -> Shown:
    tiers = list(dict.fromkeys(tier for one in found["strange"] for tier in one["tiers"]))
    rows = [
        (one["name"], *(str(one["tiers"].get(tier, 0)) for tier in tiers), str(one["unreadable"]))
        for one in found["strange"]
    ]
    verdicts = Table(title=f"{of}: what it says of them", header=("folder", *tiers, "unreadable"), rows=tuple(rows))
    folders = [one["name"] for one in found["strange"]]
    scores = [
        (one["score"], *(f"{one['auroc'][name]:.3f}" for name in folders), f"{one['rejected']:.1%}")
        for one in found["compared"]
    ]
    header = ("score", *(f"{name}: AUROC" for name in folders), "lesions rejected")
    return Shown(tables=(verdicts, Table(title=f"{of}: scores", header=header, rows=tuple(scores))))


def framing(of: str, found: Found) -> Shown:
    header = ("answer", "photos", "moves", "another tier", "moderate or high to low", "high to low")
    rows = [
        (
            one["answer"],
            str(one["photos"]),
            str(one["moves"]),
            f"{one['changed']} ({one['changed'] / one['moves']:.1%})" if one["moves"] else "0",
            str(one["to_low"]),
            str(one["high_to_low"]),
        )
        for one in found["framing"]
    ]
    time = found["time"]
    line = (
        f"{of}: {time['alone_ms']:.0f} ms of processor time by the square alone, {time['beside_ms']:.0f} ms with the "
        f"squares beside it ({time['ratio']:.2f} times)."
    )
    return Shown(tables=(Table(title=of, header=header, rows=tuple(rows)),), lines=(line,))


def quality(_: str, found: Found) -> Shown:
    first = found["rows"][0]
    tones, real = list(first["tones"]), list(first["real"])
    rows = [
        (
            row["defect"],
            *(_refused(row["tones"][tone]) for tone in tones),
            f"{row['gap_points']:.1f}",
            *(_refused(row["real"][name]) for name in real),
        )
        for row in found["rows"]
    ]
    lines = [
        f"Sound photos of {name}: {one['percent']:.2f}% of {one['n']:,} refused."
        for name, one in found["sound"].items()
    ]
    table = Table(title="refused, %, by skin tone", header=("defect", *tones, "gap", *real), rows=tuple(rows))
    return Shown(tables=(table,), lines=tuple(lines))


def packing(_: str, found: Found) -> Shown:
    rows = [(name, f"{size:,}") for name, size in found["parts"].items()]
    total = ("total", f"{found['total']:,} of at most {found['limit']:,}")
    return Shown(tables=(Table(header=("part", "bytes"), rows=(*rows, total)),), lines=tuple(found["problems"]))


Show = Callable[[str, Found], Shown]
SECTIONS: Mapping[str, tuple[str, str, Show]] = {
    plan.LATENCY: ("Latency", "Photo to tier, one after the other, before any accuracy was asked for.", latency),
    plan.REFERENCE: ("Beside the usual way", "The same student and the same photo, in turns in one run.", reference),
    plan.SPEED: ("From the start", "Whole processes, from their start to their end.", speed),
    plan.FORMATS: (
        "Formats",
        "Every file of the student, beside what others' defaults make of it; one thread.",
        formats,
    ),
    plan.ROOFLINE: ("Roofline", "The least time that one thread of this machine could take.", roofline),
    plan.ACCURACY: (
        "Accuracy, robustness, fairness, stability",
        "95% intervals, by resampling patients or lesions.",
        accuracy,
    ),
    plan.STUDENT: (
        "The student before export",
        "The same of the PyTorch student, on its run's own test part.",
        student,
    ),
    plan.CALIBRATION: ("Calibration", "Does the threshold of low keep its promise?", calibration),
    plan.NOVELTY: ("Novelty", "Photos that show no lesion.", novelty),
    plan.FRAMING: ("Framing", "Frames moved by 5% of their side, or zoomed by 10%.", framing),
    plan.QUALITY: ("Photo quality", "How often the gate refuses spoilt photos, on six skin tones alike.", quality),
    plan.SERVICE: ("Service", "Uploads at once.", service),
    plan.PACKING: ("Packing", "What travels to a phone, without Python and its packages.", packing),
}
"""In the order of the page: a title, a line and what shows it, by the name of the stage."""


def timing_table(result: Result, *, title: str) -> Table:
    """A row for each step of each file, with its verdict."""
    rows = [
        (
            f"{row.subject}, {row.stage}",
            f"{row.series.p50:.2f}",
            f"{row.series.p90:.2f}",
            f"{row.series.spread:.1%}",
            f"{row.series.drift:+.1%}",
            str(row.series.n),
            "valid" if row.verdict.valid else "invalid",
        )
        for row in result.rows
    ]
    header = ("file, step", "p50 ms", "p90 ms", "spread", "drift", "n", "verdict")
    return Table(title=title, header=header, rows=tuple(rows))


def _cold(result: Result, of: str) -> tuple[Table, ...]:
    if not result.cold_starts:
        return ()
    rows = [
        (
            str(number),
            NONE if one.imports is None else f"{one.imports:.0f}",
            f"{one.session:.0f}",
            f"{one.first_answer:.0f}",
        )
        for number, one in enumerate(result.cold_starts, 1)
    ]
    header = ("cold start", "import ms", "session ms", "first answer ms")
    return (Table(title=f"{of}: fresh processes", header=header, rows=tuple(rows)),)


def _notes(result: Result) -> tuple[str, ...]:
    peaks = [f"{one.name} {one.peak_memory_bytes / 1e6:.0f} MB" for one in result.subjects if one.peak_memory_bytes]
    memory = (f"Peak memory of the whole process: {', '.join(peaks)}.",) if peaks else ()
    return (*memory, *_reasons(result), *(f"Note: {warning}." for warning in result.warnings))


def _reasons(result: Result) -> tuple[str, ...]:
    """Why rows are invalid, a line for all that share their reasons."""
    rows: dict[str, list[str]] = {}
    for row in result.rows:
        if not row.verdict.valid:
            rows.setdefault(row.verdict.text, []).append(f"{row.subject}, {row.stage}")
    return tuple(f"{text[0].upper()}{text[1:]} ({'; '.join(names)})." for text, names in rows.items())


def _by_group(frames: Mapping[str, Any], *, title: str) -> list[Table]:
    shown = {name: frames[name] for name in BY_GROUP if name in frames and frames[name]["groups"]}
    if not shown:
        return []
    groups = list(next(iter(shown.values()))["groups"])
    gaps = len(groups) > 1
    rows = [
        (
            METRICS[name].title,
            *(estimate_text(_estimate(one["groups"][group])) for group in groups),
            *((gap_text(_figure(one["difference"])),) if gaps else ()),
        )
        for name, one in shown.items()
    ]
    return [Table(title=title, header=("figure", *groups, *(("difference",) if gaps else ())), rows=tuple(rows))]


def _odds(found: Mapping[str, Any], of: str) -> list[Table]:
    rows = [
        (f"{words}, {how}", gap_text(_figure(gap)))
        for name, words in GROUPINGS.items()
        for how, gap in found[name].items()
        if gap is not None
    ]
    header = ("between groups of", "largest gap")
    return [Table(title=f"{of}: equalised odds", header=header, rows=tuple(rows))] if rows else []


def _distortions(found: Sequence[Mapping[str, Any]], of: str) -> Table:
    rows = [
        (
            one["distortion"],
            estimate_text(_estimate(one["auc"])),
            *(gap_text(_figure((one["change"] or {}).get(name))) for name in CHANGES),
        )
        for one in found
    ]
    return Table(title=f"{of}: distorted photos", header=("", "AUC", *CHANGES.values()), rows=tuple(rows))


def _aucs(side: Mapping[str, Any]) -> dict[str, Figure]:
    """Of all photos, then by domain and tone group, where there are enough."""
    found = {"all photos": _estimate(side["overall"]["auc"])}
    for name in GROUPINGS:
        found |= {group: _estimate(one) for group, one in side["by"][name].get("auc", {"groups": {}})["groups"].items()}
    return {name: one.shown for name, one in found.items() if one.shown is not None}


def _estimate(one: Mapping[str, Any]) -> Estimate:
    return Estimate(figure=_figure(one["figure"]), photos=one["photos"], patients=one["patients"], enough=one["enough"])


def _figure(one: Mapping[str, Any] | None) -> Figure | None:
    return None if one is None or one["value"] is None else Figure(**one)


def _refused(one: Mapping[str, Any]) -> str:
    return f"{100 * sum(one['problems'].values()) / max(one['n'], 1):.1f}"
