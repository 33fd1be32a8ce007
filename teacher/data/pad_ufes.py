"""PAD-UFES-20: 2,298 smartphone photos of 1,373 patients (Pacheco et al. 2020, doi:10.17632/zr7vgbcyr2.1)."""

from pathlib import Path

from runtime.conditions import MALIGNANT_CONDITIONS, Condition
from teacher.data.found import Loaded, index_images, read_table, unknown_labels
from teacher.data.sample import DataError, Domain, Sample, tone_group

FOLDER = "pad_ufes"
SKIN_TYPE_COLUMNS = ("fitspatrick", "fitzpatrick")
"""The table as published misspells it; corrected copies exist."""

SKIN_TYPES = {text: number for number in range(1, 7) for text in (f"{number}.0", str(number))}
"""Fitzpatrick types as tables spell them."""

CONDITION_OF_DIAGNOSTIC: dict[str, Condition] = {
    "ACK": Condition.ACTINIC_KERATOSIS,
    "BCC": Condition.BASAL_CELL_CARCINOMA,
    "MEL": Condition.MELANOMA,
    "NEV": Condition.MELANOCYTIC_NEVUS,
    "SCC": Condition.SQUAMOUS_CELL_CARCINOMA,  # includes Bowen's disease, as its paper says
    "SEK": Condition.SEBORRHEIC_KERATOSIS,
}


def load_pad_ufes(root: Path) -> Loaded | None:
    """The dataset under a data root, or None where its table is not there.

    Grouped by patient: lesion ids are shared between patients. Raises DataError on a missing column,
    an unknown `diagnostic` or a skin type outside 1-6.
    """
    table = root / FOLDER / "metadata.csv"
    if not table.is_file():
        return None
    rows = read_table(table, ("img_id", "patient_id", "diagnostic"), key="img_id")
    unknown = {row["diagnostic"] for row in rows} - CONDITION_OF_DIAGNOSTIC.keys()
    if unknown:
        raise unknown_labels(table, unknown, list(CONDITION_OF_DIAGNOSTIC))
    images = index_images([root / FOLDER])
    found = [(row, images[stem]) for row in rows if (stem := Path(row["img_id"]).stem) in images]
    samples = tuple(_sample(table, row, path) for row, path in found)
    return Loaded(dataset="pad_ufes", samples=samples, listed=len(rows))


def _sample(table: Path, row: dict[str, str], path: Path) -> Sample:
    condition = CONDITION_OF_DIAGNOSTIC[row["diagnostic"]]
    fitzpatrick = _fitzpatrick(table, row)
    return Sample(
        image_id=path.stem,
        path=path,
        dataset="pad_ufes",
        domain=Domain.SMARTPHONE,
        condition=condition,
        malignant=condition in MALIGNANT_CONDITIONS,
        group_id=f"pad_ufes/{row['patient_id']}",
        raw_label=row["diagnostic"],
        fitzpatrick=fitzpatrick,
        tone_group=tone_group(fitzpatrick),
    )


def _fitzpatrick(table: Path, row: dict[str, str]) -> int | None:
    """The skin type of a row; None where the cell is empty or there is no such column."""
    raw = next((row[name] for name in SKIN_TYPE_COLUMNS if name in row), "")
    if not raw:
        return None
    if raw not in SKIN_TYPES:
        raise DataError(f"{table}: skin type {raw!r} is not one of {', '.join(SKIN_TYPES)}")
    return SKIN_TYPES[raw]
