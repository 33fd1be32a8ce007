"""`report.md` of a bundle: what was measured, in tables, and one picture."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure as Drawing
from PIL import Image

from export.bundle.calibration_report import CALIBRATION_NAME
from export.bundle.markdown import section, table
from export.verify.candidates import Tried
from export.verify.judge import FileReport
from export.verify.outputs import Outputs, Thresholds, tiers
from export.verify.parity import Limits, describe_limits
from export.verify.reference import Photos, evenly_spread
from runtime.bundle.load import Calibration, Figure, Frames, Manifest, ModelFile
from teacher.console import figure_text

REPORT_NAME = "report.md"
PICTURE_NAME = "agreement.png"
EXAMPLES_NAME = "examples.png"

EXAMPLES = 6
"""Photos in the row of examples, from the least to the most suspicious."""

MOST_DAMAGED = 8
"""Tensors that the report names."""

FIGURE_TITLES = {
    "malignancy_auc": "malignancy AUC",
    "sensitivity_at_low": "sensitivity at `low`",
    "melanoma_not_low": "melanomas not shown as low",
    "specificity_at_low": "specificity at `low`",
    "specificity_at_high": "specificity at `high`",
    "condition_accuracy": "condition accuracy",
    "condition_macro_auc": "condition macro-AUC",
    "set_coverage": "condition in its set of likely ones",
    "set_size": "conditions in such a set",
    "rejected_as_unfamiliar": "rejected as unfamiliar",
}


@dataclass(frozen=True, kw_only=True)
class ReportContent:
    """All that the report tells."""

    manifest: Manifest
    reference_figures: Mapping[str, Figure]
    reference_outputs: Outputs
    """the PyTorch student on the validation part"""
    reference_thresholds: Thresholds
    reference_calibration: Calibration | None
    test_malignant: np.ndarray
    """bool, of the test part"""
    photos: Photos | None
    """the validation part, for the row of examples; None: no photo may be shown"""
    files: Sequence[FileReport]
    failures: Mapping[str, str]
    """what was said of the files that are missing"""
    limits: Mapping[str, Limits]
    called: str = "student"
    """what the model is to whoever reads the report"""
    about: str = ""
    """what is to be said of it beyond its architecture"""


def write_report(folder: Path, content: ReportContent) -> None:
    """Write `report.md` and its pictures into `folder`."""
    if content.photos is not None:
        _draw_examples(content, content.photos).savefig(folder / EXAMPLES_NAME, dpi=100, metadata={"Software": None})
    _draw(content).savefig(folder / PICTURE_NAME, dpi=110, metadata={"Software": None})
    (folder / REPORT_NAME).write_text("\n".join(_lines(content)) + "\n", encoding="utf-8")


def figure_rows(
    reference: Mapping[str, Figure], files: Iterable[ModelFile]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of the side-by-side table: PyTorch first, then each file."""
    files = tuple(files)
    header = ("test part", "n", "PyTorch", *(f"{file.format} {file.precision}" for file in files))
    columns = (reference, *(file.metrics for file in files))
    rows = [
        (title, count(reference.get(name)), *(describe(column.get(name)) for column in columns))
        for name, title in FIGURE_TITLES.items()
    ]
    sizes = ("size", "", "", *(f"{file.bytes / 1e6:.2f} MB" for file in files))
    return header, [*rows, sizes]


def describe(figure: Figure | None) -> str:
    """Such as "0.912 (0.880-0.940)"."""
    return "-" if figure is None else figure_text(figure)


def count(figure: Figure | None) -> str:
    """The number of photos behind a figure."""
    return "" if figure is None else f"{figure.n:,}"


def _frames_text(frames: Frames) -> str:
    if frames == Frames():
        return ""
    return f" An answer is the average over {frames.count} frames of {frames.side} x {frames.side}, inside the model."


def _lines(content: ReportContent) -> Iterator[str]:
    manifest = content.manifest
    yield f"# Bundle {manifest.model_id}"
    yield ""
    yield f"Made {manifest.created} from {manifest.architecture}, trained on {', '.join(manifest.training_data)}."
    yield f"Licence: {manifest.licence}."
    yield f"Input {manifest.input.height} x {manifest.input.width} pixels.{_frames_text(manifest.frames)}"
    if content.about:
        yield content.about
    for failure in content.failures.values():
        yield f"**Incomplete**: {failure}."
    yield from section("Figures on the test part (95% interval)")
    header, rows = figure_rows(content.reference_figures, manifest.files)
    yield from table(header, rows)
    yield from section(f"Difference to the PyTorch {content.called} on the validation part")
    yield from _parity_table(content)
    yield ""
    yield f"![Malignancy of each file against PyTorch, validation part]({PICTURE_NAME})"
    yield from _examples_lines(content)
    yield from section("Temperatures, from each file's own answers on the calibration part")
    yield from _temperatures_table(content)
    yield from _prevalence_lines(content.reference_calibration)
    yield ""
    yield f"Operating points and what they are worth: [{CALIBRATION_NAME}]({CALIBRATION_NAME})."
    yield from section("How the files were made")
    yield from _making_table(content)
    yield ""
    yield from _determinism_lines(content)
    for file in content.files:
        yield from _search_lines(file)
        yield from _damage_lines(file)
    yield from section("Toolchain")
    yield ", ".join(f"{name} {version}" for name, version in manifest.toolchain.items())


def _parity_table(content: ReportContent) -> Iterator[str]:
    limits = {file.label: dict(describe_limits(content.limits[file.entry.precision])) for file in content.files}
    names = list(dict.fromkeys(name for file in content.files for name in file.entry.parity))
    header = ["figure"]
    for file in content.files:
        header += [file.label, "limit"]
    rows: list[list[str]] = []
    for name in names:
        row = [name.replace("_", " ")]
        for file in content.files:
            value = file.entry.parity.get(name)
            row += ["not measurable" if value is None else f"{value:.4g}", limits[file.label].get(name, "")]
        rows.append(row)
    return table(header, rows)


def _examples_lines(content: ReportContent) -> Iterator[str]:
    if content.photos is not None:
        yield from section("Examples from the validation part: each file's verdict")
        yield f"![Six photos with the malignancy and tier that each file gives them]({EXAMPLES_NAME})"


def _temperatures_table(content: ReportContent) -> Iterator[str]:
    sides = [("PyTorch", content.reference_calibration)]
    sides += [(file.label, file.entry.calibration) for file in content.files]
    rows = [(label, *_temperatures(calibration)) for label, calibration in sides]
    return table(("file", "malignancy", "conditions", "photos"), rows)


def _prevalence_lines(calibration: Calibration | None) -> Iterator[str]:
    if calibration is not None and (prevalence := calibration.prevalence) is not None:
        yield ""
        yield f"**Declared prevalence {prevalence.declared:.4g}**: malignancy is a probability for a place where this"
        yield "share of lesions is malignant; declared, not measured. In the calibration part it is"
        yield f"{prevalence.calibrated:.4g}. Thresholds moved along, so that tiers are as without it. Condition"
        yield "probabilities were not moved."


def _temperatures(calibration: Calibration | None) -> tuple[str, str, str]:
    if calibration is None:
        return "1 (not calibrated: too few photos)", "1", "-"
    return (
        f"{calibration.malignancy_temperature:.3f}",
        f"{calibration.conditions_temperature:.3f}",
        f"{calibration.n:,}",
    )


def _making_table(content: ReportContent) -> Iterator[str]:
    rows = [
        (
            file.label,
            file.entry.recipe or "-",
            f"{file.entry.bytes:,}",
            f"{file.written.cost.seconds:.1f}",
            f"{file.written.cost.peak_bytes / 1e6:,.0f}",
        )
        for file in content.files
    ]
    return table(("file", "recipe", "bytes", "seconds to convert", "peak memory, MB"), rows)


def _determinism_lines(content: ReportContent) -> Iterator[str]:
    reasons = [(file.label, file.entry.determinism) for file in content.files if file.entry.determinism]
    if not reasons:
        yield "Exporting again gives the same model files byte for byte; times and memory above differ."
    for label, reason in reasons:
        yield f"Exporting again gives the same bytes, except that for {label} {reason}."


def _search_lines(file: FileReport) -> Iterator[str]:
    if file.written.tried:
        yield from section(f"Recipes tried for {file.label} (taken: {file.written.recipe})")
        header = ("recipe", "stage", "bytes", "latency / FP32", "same tier", "AUC drop", "mean difference", "remark")
        yield from table(header, [_tried_row(tried) for tried in file.written.tried])


def _tried_row(tried: Tried) -> tuple[str, ...]:
    found = tried.verdict.figures
    return (
        tried.recipe.name,
        tried.stage,
        f"{tried.bytes:,}",
        "-" if tried.latency is None else f"{tried.latency.ratio:.2f} ({tried.latency.milliseconds:.1f} ms)",
        f"{found['tier_agreement']:.1%}",
        f"{found['auc_drop']:.4f}" if "auc_drop" in found else "-",
        f"{found['malignancy_mean_difference']:.4f}",
        tried.remark,
    )


def _damage_lines(file: FileReport) -> Iterator[str]:
    if file.written.damage:
        yield from section(f"Most damaged tensors of {file.label} with everything in 8 bit")
        worst = file.written.damage[:MOST_DAMAGED]
        yield from table(("tensor", "signal to noise, dB"), [(t.name, f"{t.snr_db:.1f}") for t in worst])


def _draw_examples(content: ReportContent, photos: Photos) -> Drawing:
    """One column per photo, malignancy by the student rising from left to right; below it each file's verdict."""
    reference = content.reference_outputs
    order = np.argsort(reference.malignancy, kind="stable")
    shown = order[evenly_spread(len(order), EXAMPLES)]
    sides = [("PyTorch", reference, content.reference_thresholds)]
    sides += [(file.label, file.measured.validation, file.measured.thresholds) for file in content.files]
    verdicts = [(label, outputs, tiers(outputs.take(shown), own)) for label, outputs, own in sides]
    drawing = Drawing(figsize=(2.1 * len(shown), 2.2 + 0.17 * len(sides)), layout="constrained")
    for column, (axes, index) in enumerate(zip(drawing.subplots(1, len(shown), squeeze=False)[0], shown, strict=True)):
        axes.imshow(Image.fromarray(photos.squares[index]).resize((160, 160)))
        axes.set(xticks=[], yticks=[])
        lines = [f"{label}: {own[column].value} {outputs.malignancy[index]:.3f}" for label, outputs, own in verdicts]
        axes.set_xlabel("\n".join(lines), fontsize=6.5, loc="left")
    return drawing


def _draw(content: ReportContent) -> Drawing:
    """One column per file: malignancy against PyTorch, and below it the histogram of the differences."""
    drawing = Drawing(figsize=(4.2 * len(content.files), 6.4), layout="constrained")
    axes = drawing.subplots(2, len(content.files), squeeze=False, height_ratios=(2, 1))
    reference = content.reference_outputs.malignancy
    for column, file in enumerate(content.files):
        scatter, histogram = axes[0][column], axes[1][column]
        scatter.plot([0, 1], [0, 1], color="0.8", linewidth=1)
        scatter.scatter(reference, file.measured.validation.malignancy, s=7, alpha=0.5, color="#2b6cb0", linewidths=0)
        scatter.set(title=file.label, xlabel="malignancy, PyTorch", ylabel="malignancy, file", aspect="equal")
        difference = file.measured.validation.malignancy - reference
        reach = max(float(np.abs(difference).max()), 1e-9)
        histogram.hist(difference, bins=41, range=(-reach, reach), color="#2b6cb0")
        histogram.set(xlabel="difference", ylabel="photos")
    return drawing
