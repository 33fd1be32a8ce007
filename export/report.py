"""`report.md` of a bundle: what was measured, in tables, and one picture."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure as Drawing

from export.evaluate import Outputs, Thresholds
from export.formats import NOT_BUILT_YET, Written
from export.parity import Limits, describe_limits
from runtime.bundle import Figure, Manifest, ModelFile
from teacher.console import figure_text

REPORT_NAME = "report.md"
PICTURE_NAME = "agreement.png"

FIGURE_TITLES = {
    "malignancy_auc": "malignancy AUC",
    "sensitivity_at_low": "sensitivity at `low`",
    "melanoma_not_low": "melanomas not shown as low",
    "specificity_at_high": "specificity at `high`",
    "condition_accuracy": "condition accuracy",
    "condition_macro_auc": "condition macro-AUC",
    "rejected_as_unfamiliar": "rejected as unfamiliar",
}


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """One file that passed its gate."""

    entry: ModelFile
    written: Written
    outputs: Outputs
    """on the validation part"""

    @property
    def label(self) -> str:
        """Such as "onnx int8"."""
        return f"{self.entry.format} {self.entry.precision}"


@dataclass(frozen=True, kw_only=True)
class ReportContent:
    """All that the report tells."""

    manifest: Manifest
    reference_figures: Mapping[str, Figure]
    reference_outputs: Outputs
    """the PyTorch student on the validation part"""
    reference_thresholds: Thresholds
    files: Sequence[FileReport]
    limits: Mapping[str, Limits]


def write_report(folder: Path, content: ReportContent) -> None:
    """Write `report.md` and its picture into `folder`."""
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


def _lines(content: ReportContent) -> Iterator[str]:
    manifest = content.manifest
    yield f"# Bundle {manifest.model_id}"
    yield ""
    yield f"Made {manifest.created} from {manifest.architecture}, trained on {', '.join(manifest.training_data)}."
    yield f"Licence: {manifest.licence}."
    yield f"Input {manifest.input.height} x {manifest.input.width} pixels. Not built yet: {', '.join(NOT_BUILT_YET)}."
    yield ""
    yield "## Figures on the test part (95% interval)"
    yield ""
    header, rows = figure_rows(content.reference_figures, manifest.files)
    yield from _table(header, rows)
    yield ""
    yield "## Difference to the PyTorch student on the validation part"
    yield ""
    yield from _parity_table(content)
    yield ""
    yield f"![Malignancy of each file against PyTorch, validation part]({PICTURE_NAME})"
    yield ""
    yield "## Operating points, from each file's own answers on the calibration part"
    yield ""
    yield from _thresholds_table(content)
    yield ""
    yield _calibration_line(manifest)
    yield from _search_lines(content)
    yield ""
    yield "## Toolchain"
    yield ""
    yield ", ".join(f"{name} {version}" for name, version in manifest.toolchain.items())


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield "|" + "---|" * len(header)
    yield from (f"| {' | '.join(row)} |" for row in rows)


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
    return _table(header, rows)


def _thresholds_table(content: ReportContent) -> Iterator[str]:
    reference = content.reference_thresholds
    sides = [("PyTorch", reference.points, reference.novelty)]
    sides += [(file.label, file.entry.operating_points, file.entry.novelty_threshold) for file in content.files]
    rows = [(label, f"{points.low:.4f}", f"{points.high:.4f}", _novelty(novelty)) for label, points, novelty in sides]
    return _table(("file", "low", "high", "novelty"), rows)


def _novelty(value: float | None) -> str:
    return "not judged" if value is None else f"{value:.3f}"


def _calibration_line(manifest: Manifest) -> str:
    calibration = manifest.calibration
    if calibration is None:
        return "Not calibrated: the calibration part has too few photos; thresholds are the defaults, temperatures 1."
    return (
        f"Temperatures from {calibration.n:,} photos of the {calibration.part} part: malignancy "
        f"{calibration.malignancy_temperature:.3f}, conditions {calibration.conditions_temperature:.3f}."
    )


def _search_lines(content: ReportContent) -> Iterator[str]:
    for file in content.files:
        if not file.written.tried:
            continue
        yield ""
        yield f"## Recipes tried for {file.label} (taken: {file.written.recipe})"
        yield ""
        rows = [
            (
                t.recipe.name,
                t.recipe.activations,
                str(t.recipe.float_convolutions),
                f"{t.bytes:,}",
                f"{t.agreement:.1%}",
            )
            for t in file.written.tried
        ]
        yield from _table(("recipe", "activations", "first convolutions in float", "bytes", "same tier"), rows)


def _draw(content: ReportContent) -> Drawing:
    """One column per file: malignancy against PyTorch, and below it the histogram of the differences."""
    drawing = Drawing(figsize=(4.2 * len(content.files), 6.4), layout="constrained")
    axes = drawing.subplots(2, len(content.files), squeeze=False, height_ratios=(2, 1))
    reference = content.reference_outputs.malignancy
    for column, file in enumerate(content.files):
        scatter, histogram = axes[0][column], axes[1][column]
        scatter.plot([0, 1], [0, 1], color="0.8", linewidth=1)
        scatter.scatter(reference, file.outputs.malignancy, s=7, alpha=0.5, color="#2b6cb0", linewidths=0)
        scatter.set(title=file.label, xlabel="malignancy, PyTorch", ylabel="malignancy, file", aspect="equal")
        difference = file.outputs.malignancy - reference
        reach = max(float(np.abs(difference).max()), 1e-9)
        histogram.hist(difference, bins=41, range=(-reach, reach), color="#2b6cb0")
        histogram.set(xlabel="difference", ylabel="photos")
    return drawing
