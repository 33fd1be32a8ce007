"""BCN20000: dermoscopic images of lesions in the wild, Hospital Clinic Barcelona; a part of ISIC 2019.

Licence:    CC BY-NC 4.0
Reference:  Hernandez-Perez et al.: BCN20000. Scientific Data 11, 641 (2024). doi:10.1038/s41597-024-03387-w
Classes:    either the flat `diagnosis` of ISIC 2019 (labels/bcn20000.csv) or the archive's current `diagnosis_1` to
            `diagnosis_5` (labels/isic_diagnosis.csv: 418 paths, the too wide ones refused)
Layout:     bcn20000/bcn20000_metadata.csv or bcn20000/metadata.csv; bcn20000/images/**

2,074 ids of ISIC 2019 end in `_downsampled`; the archive has the same images without that, so it is no part of an id.
Groups are patients where the table names them, else lesions, else images.
"""

from collections.abc import Callable
from pathlib import Path

from teacher.data.checks import groups_of, left_out, one_owner_each, one_row_each
from teacher.data.found import Images, Loaded, Row, image_id, read_table, split_by_presence
from teacher.data.isic import LEVELS, path_of
from teacher.data.labels import LabelTable, label_table
from teacher.data.sample import DataError, Domain, Sample
from teacher.data.spec import DatasetSpec, is_malignant

FOLDER = "bcn20000"
TABLE_NAMES = ("bcn20000_metadata.csv", "metadata.csv")
DOWNSAMPLED = "_downsampled"
DOMAINS = {
    "": Domain.DERMOSCOPIC,
    "dermoscopic": Domain.DERMOSCOPIC,
    "clinical: close-up": Domain.CLINICAL,
    "clinical: overview": Domain.CLINICAL,
}
"""The archive's `image_type`; ISIC 2019 has no such column and is dermoscopic throughout."""


def load_bcn20000(root: Path) -> Loaded | None:
    """The dataset under a data root, or None where its table is not there.

    Raises DataError on a missing column, an unknown diagnosis, an image with two of them, a lesion in two patients.
    """
    table = next((path for name in TABLE_NAMES if (path := root / FOLDER / name).is_file()), None)
    if table is None:
        return None
    listed = read_table(table, ("isic_id",))
    labels, raw = _diagnoses(table, listed)
    named = [row for row in listed if raw(row)]
    labels.check(table, map(raw, named))
    rows, repeated = one_row_each(
        table, named, key=_id, meaning=lambda row: (labels[raw(row)].condition or raw(row), row.get("lesion_id", ""))
    )
    pairs = [(row.get("lesion_id", ""), row.get("patient_id", "")) for row in rows]
    one_owner_each(table, pairs, thing="lesion", owner="patient")
    kept = [row for row in rows if labels[raw(row)].condition is not None]
    images = Images(root, f"{FOLDER}/images", elsewhere=FOLDER)
    groups = groups_of(FOLDER, kept, image=_id, lesion="lesion_id", patient="patient_id")
    samples = (_sample(table, row, raw(row), labels, group, images) for row, group in zip(kept, groups, strict=True))
    present, absent = split_by_presence(samples, images)
    return Loaded(
        dataset=FOLDER,
        samples=present,
        absent=absent,
        counts={"rows": len(listed)},
        notes=(
            *left_out("rows without a diagnosis", ["no diagnosis"] * (len(listed) - len(named))),
            *left_out(
                "rows with a refused diagnosis", [raw(row) for row in rows if labels[raw(row)].condition is None]
            ),
            *repeated,
            *images.notes(),
        ),
        looked=images.looked,
    )


def _diagnoses(table: Path, rows: list[Row]) -> tuple[LabelTable, Callable[[Row], str]]:
    """The label table for the columns that are there, and what reads a row's label."""
    columns = set(rows[0]) if rows else set()
    if LEVELS[0] in columns:
        return label_table("isic_diagnosis"), path_of
    if rows and "diagnosis" not in columns:
        raise DataError(f"{table}: column diagnosis or {LEVELS[0]} is missing (there are: {', '.join(rows[0])})")
    return label_table(FOLDER), lambda row: row["diagnosis"]


def _id(row: Row) -> str:
    return image_id(row["isic_id"]).removesuffix(DOWNSAMPLED)


def _sample(table: Path, row: Row, raw: str, labels: LabelTable, group: str, images: Images) -> Sample:
    kind = row.get("image_type", "").casefold()
    if kind not in DOMAINS:
        raise DataError(f"{table}: image_type {kind!r} is not one of {', '.join(filter(None, DOMAINS))}")
    label, lesion = labels[raw], row.get("lesion_id", "")
    return Sample(
        image_id=_id(row),
        path=images.path(_id(row), _id(row) + DOWNSAMPLED),
        dataset=FOLDER,
        domain=DOMAINS[kind],
        condition=label.known,
        malignant=is_malignant(label),
        group_id=group,
        raw_label=raw,
        lesion_id=f"{FOLDER}/{lesion}" if lesion else None,
    )


DATASET = DatasetSpec(
    name=FOLDER,
    title="BCN20000",
    licence="CC BY-NC 4.0, non-commercial",
    commercial=False,
    citation="Hernandez-Perez et al. 2024, doi:10.1038/s41597-024-03387-w",
    how_to_get="ISIC archive, collection BCN20000 (api.isic-archive.com/collections/249)",
    domains=(Domain.DERMOSCOPIC,),
    table=f"{FOLDER}/{TABLE_NAMES[0]}",
    labels=(FOLDER, "isic_diagnosis"),
    published={"rows": (12_413, 18_946)},
    load=load_bcn20000,
)
