"""PAD-UFES-20: 2,298 smartphone photos of 1,373 patients, from Espirito Santo in Brazil.

Licence:    CC BY 4.0
Reference:  Pacheco et al.: PAD-UFES-20. Data in Brief 32, 106221 (2020). doi:10.17632/zr7vgbcyr2.1
Classes:    ACK, BCC, MEL, NEV, SCC, SEK (labels/pad_ufes.csv)
Layout:     pad_ufes/metadata.csv; pad_ufes/images/**

Groups are patients: 250 lesion ids are shared by two of them, so that a lesion's name here includes its patient. The
table's `img_id` ends in .png whatever the file's own suffix.
"""

from pathlib import Path

from teacher.data.checks import groups_of, one_row_each
from teacher.data.found import Images, Loaded, Row, image_id, read_table, split_by_presence
from teacher.data.labels import label_table
from teacher.data.sample import Domain, Sample, tone_group
from teacher.data.spec import DatasetSpec, is_malignant, read_skin_type

FOLDER = "pad_ufes"
SKIN_TYPE_COLUMNS = ("fitspatrick", "fitzpatrick")
"""The table as published misspells it; corrected copies exist."""


def load_pad_ufes(root: Path) -> Loaded | None:
    """The dataset under a data root, or None where its table is not there.

    Raises DataError on a missing column, an unknown `diagnostic`, a skin type outside 1-6, or an image with two labels.
    """
    table = root / FOLDER / "metadata.csv"
    if not table.is_file():
        return None
    labels = label_table("pad_ufes")
    listed = read_table(table, ("img_id", "patient_id", "diagnostic"))
    labels.check(table, (row["diagnostic"] for row in listed))
    rows, repeated = one_row_each(
        table, listed, key=_id, meaning=lambda row: (labels[row["diagnostic"]].condition, row["patient_id"])
    )
    images = Images(root, f"{FOLDER}/images", elsewhere=FOLDER)
    groups = groups_of(FOLDER, rows, image=_id, patient="patient_id")
    samples = (_sample(table, row, group, images) for row, group in zip(rows, groups, strict=True))
    present, absent = split_by_presence(samples, images)
    return Loaded(
        dataset=FOLDER,
        samples=present,
        absent=absent,
        counts={"rows": len(listed), "patients": len(set(groups))},
        notes=(*repeated, *images.notes()),
        looked=images.looked,
    )


def _id(row: Row) -> str:
    return image_id(row["img_id"])


def _sample(table: Path, row: Row, group: str, images: Images) -> Sample:
    label = label_table("pad_ufes")[row["diagnostic"]]
    fitzpatrick = read_skin_type(table, next((row[name] for name in SKIN_TYPE_COLUMNS if name in row), ""))
    lesion = row.get("lesion_id", "")
    return Sample(
        image_id=_id(row),
        path=images.path(_id(row)),
        dataset=FOLDER,
        domain=Domain.SMARTPHONE,
        condition=label.known,
        malignant=is_malignant(label),
        group_id=group,
        raw_label=row["diagnostic"],
        lesion_id=f"{group}/{lesion}" if lesion else None,
        fitzpatrick=fitzpatrick,
        tone_group=tone_group(fitzpatrick),
    )


DATASET = DatasetSpec(
    name=FOLDER,
    title="PAD-UFES-20",
    licence="CC BY 4.0",
    commercial=True,
    citation="Pacheco et al. 2020, doi:10.17632/zr7vgbcyr2.1",
    how_to_get="Mendeley Data, doi:10.17632/zr7vgbcyr2.1",
    domains=(Domain.SMARTPHONE,),
    table="pad_ufes/metadata.csv",
    labels=("pad_ufes",),
    published={"rows": (2_298,), "patients": (1_373,)},
    load=load_pad_ufes,
)
