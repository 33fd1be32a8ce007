"""DDI, Diverse Dermatology Images: 656 biopsied lesions on skin of all tones, Stanford.

Licence:    Stanford research agreement, non-commercial; neither images nor table may be passed on
Reference:  Daneshjou et al.: Disparities in dermatology AI performance. Science Advances 8, eabq6147 (2022)
Classes:    78 values of `disease` (labels/ddi.csv)
Layout:     ddi/ddi_metadata.csv; ddi/images/** (or beside the table)

`skin_tone` 12, 34 and 56 are pairs of Fitzpatrick types, so the tone group is known and the type is not. `malignant` is
the dataset's own flag; actinic keratosis, benign there, is malignant here as everywhere. Patients are not in the table:
a group is an image. Stray copies such as `000349(1).png` are in no table and are passed over.
"""

import re
from pathlib import Path

from runtime.conditions import Condition
from teacher.data.checks import left_out, one_row_each, some
from teacher.data.found import Images, Loaded, Row, image_id, read_table, split_by_presence
from teacher.data.labels import label_table
from teacher.data.sample import DataError, Domain, Sample, ToneGroup
from teacher.data.spec import DatasetSpec, is_malignant, read_flag

FOLDER = "ddi"
VALUES = "ddi_disease_values.csv"
"""A list of the diseases alone, with counts; it may be passed on and shows no image."""
TONES = {"12": ToneGroup.I_II, "34": ToneGroup.III_IV, "56": ToneGroup.V_VI}
COPY = re.compile(r"(.+?)\s*\(\d+\)")


def load_ddi(root: Path) -> Loaded | None:
    """The dataset under a data root, or None where its table is not there.

    Raises DataError on a missing column, an unknown disease, tone or flag, or an image with two labels.
    """
    table = root / FOLDER / "ddi_metadata.csv"
    if not table.is_file():
        return _values_alone(root / FOLDER / VALUES)
    labels = label_table(FOLDER)
    listed = read_table(table, ("DDI_file", "skin_tone", "malignant", "disease"))
    labels.check(table, (row["disease"] for row in listed))
    rows, repeated = one_row_each(
        table, listed, key=_id, meaning=lambda row: (labels[row["disease"]].condition, row["malignant"].casefold())
    )
    images = Images(root, f"{FOLDER}/images", elsewhere=FOLDER)
    present, absent = split_by_presence((_sample(table, row, images) for row in rows), images)
    ids = {_id(row) for row in rows}
    copies = [stem for stem in images.stems() if (match := COPY.fullmatch(stem)) and match[1] in ids]
    return Loaded(
        dataset=FOLDER,
        samples=present,
        absent=absent,
        counts={"rows": len(listed)},
        notes=(*repeated, *left_out("stray copies of images", copies), *images.notes()),
        warnings=_flag_warnings(table, rows),
        looked=images.looked,
    )


def _values_alone(path: Path) -> Loaded | None:
    if not path.is_file():
        return None
    rows = read_table(path, ("disease",))
    label_table(FOLDER).check(path, (row["disease"] for row in rows))
    images = sum(int(row["images"]) for row in rows if row.get("images", "").isdecimal())
    note = f"{VALUES} lists {len(rows)} diseases of {images:,} images; ddi_metadata.csv comes with the images"
    return Loaded(dataset=FOLDER, samples=(), notes=(note,))


def _flag_warnings(table: Path, rows: list[Row]) -> tuple[str, ...]:
    """Where the table's flag and ours differ; actinic keratosis always does."""
    labels = label_table(FOLDER)
    odd = [
        f"{_id(row)} {row['disease']}"
        for row in rows
        if (label := labels[row["disease"]]).condition is not Condition.ACTINIC_KERATOSIS
        and label.malignant != read_flag(table, row["malignant"], column="malignant")
    ]
    return (f"{len(odd):,} rows whose malignant is not their disease's, such as {some(odd)}",) if odd else ()


def _id(row: Row) -> str:
    return image_id(row["DDI_file"])


def _sample(table: Path, row: Row, images: Images) -> Sample:
    label = label_table(FOLDER)[row["disease"]]
    if row["skin_tone"].removesuffix(".0") not in TONES:
        raise DataError(f"{table}: skin_tone {row['skin_tone']!r} is not one of {', '.join(TONES)}")
    return Sample(
        image_id=_id(row),
        path=images.path(_id(row)),
        dataset=FOLDER,
        domain=Domain.CLINICAL,
        condition=label.known,
        malignant=is_malignant(label, flag=read_flag(table, row["malignant"], column="malignant")),
        group_id=f"{FOLDER}/{_id(row)}",
        raw_label=row["disease"],
        tone_group=TONES[row["skin_tone"].removesuffix(".0")],
    )


DATASET = DatasetSpec(
    name=FOLDER,
    title="DDI",
    licence="Stanford research agreement, non-commercial",
    commercial=False,
    citation="Daneshjou et al. 2022, doi:10.1126/sciadv.abq6147",
    how_to_get="on request at ddi-dataset.github.io (Stanford AIMI)",
    domains=(Domain.CLINICAL,),
    table=f"{FOLDER}/ddi_metadata.csv",
    labels=(FOLDER,),
    published={"rows": (656,)},
    load=load_ddi,
)
