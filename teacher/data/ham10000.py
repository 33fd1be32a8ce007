"""HAM10000: 10,015 dermoscopic images of 7,470 lesions (Tschandl et al. 2018, doi:10.7910/DVN/DBW86T)."""

from pathlib import Path

from runtime.conditions import MALIGNANT_CONDITIONS, Condition
from teacher.data.found import Loaded, index_images, read_table, unknown_labels
from teacher.data.sample import Domain, Sample

TABLE_NAMES = ("HAM10000_metadata.csv", "HAM10000_metadata")
IMAGE_FOLDERS = ("Skin Cancer", "HAM10000_images_part_1", "HAM10000_images_part_2", "images")

CONDITION_OF_DX: dict[str, Condition] = {
    "akiec": Condition.ACTINIC_KERATOSIS,
    "bcc": Condition.BASAL_CELL_CARCINOMA,
    "bkl": Condition.SEBORRHEIC_KERATOSIS,
    "df": Condition.DERMATOFIBROMA,
    "mel": Condition.MELANOMA,
    "nv": Condition.MELANOCYTIC_NEVUS,
    "vasc": Condition.VASCULAR_LESION,
    # Spelt out in copies of the table that circulate, the last one corrupted by a search-and-replace of "mel".
    "Actinic keratoses": Condition.ACTINIC_KERATOSIS,
    "Basal cell carcinoma": Condition.BASAL_CELL_CARCINOMA,
    "Benign keratosis-like lesions": Condition.SEBORRHEIC_KERATOSIS,
    "Dermatofibroma": Condition.DERMATOFIBROMA,
    "Melanoma": Condition.MELANOMA,
    "Melanocytic nevi": Condition.MELANOCYTIC_NEVUS,
    "Vascular lesions": Condition.VASCULAR_LESION,
    "Melanomaanocytic Nevi (moles)": Condition.MELANOCYTIC_NEVUS,
}

MALIGNANT_DX = frozenset({"akiec", "Actinic keratoses"})
"""Malignant beyond the malignant conditions: HAM's akiec puts intraepithelial carcinoma (Bowen's disease)
and actinic keratosis in one class, and a class that holds cancers counts as one."""

NO_LESION = frozenset({"healthy"})
"""Rows appended to some copies: skin without a lesion is not a case for triage, so they are left out."""


def load_ham10000(root: Path) -> Loaded | None:
    """The dataset under a data root, or None where its table is not there.

    Raises DataError on a missing column or an unknown `dx`.
    """
    table = next((root / name for name in TABLE_NAMES if (root / name).is_file()), None)
    if table is None:
        return None
    rows = read_table(table, ("lesion_id", "image_id", "dx"), key="image_id")
    unknown = {row["dx"] for row in rows} - CONDITION_OF_DX.keys() - NO_LESION
    if unknown:
        raise unknown_labels(table, unknown, list(CONDITION_OF_DX))
    lesions = [row for row in rows if row["dx"] not in NO_LESION]
    images = index_images([root / name for name in IMAGE_FOLDERS if (root / name).is_dir()])
    samples = tuple(_sample(row, images[row["image_id"]]) for row in lesions if row["image_id"] in images)
    healthy = len(rows) - len(lesions)
    notes = (f"{healthy:,} rows without a lesion left out",) if healthy else ()
    return Loaded(dataset="ham10000", samples=samples, listed=len(lesions), notes=notes)


def _sample(row: dict[str, str], path: Path) -> Sample:
    condition = CONDITION_OF_DX[row["dx"]]
    return Sample(
        image_id=row["image_id"],
        path=path,
        dataset="ham10000",
        domain=Domain.DERMOSCOPIC,
        condition=condition,
        malignant=condition in MALIGNANT_CONDITIONS or row["dx"] in MALIGNANT_DX,
        group_id=f"ham10000/{row['lesion_id']}",
        raw_label=row["dx"],
    )
