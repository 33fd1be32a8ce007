"""Fitzpatrick17k: 16,577 clinical photos from two online atlases, with skin types.

Licence:    CC BY-NC-SA 3.0 for the annotations; the photos belong to the atlases
Reference:  Groh et al.: Evaluating deep neural networks trained on clinical images. CVPR ISIC workshop (2021)
Classes:    114 values of `label` (labels/fitzpatrick17k.csv)
Layout:     fitzpatrick17k/fitzpatrick17k.csv; fitzpatrick17k/images/<md5hash>.jpg

Patients and lesions are not given, so a group is an image, and near-duplicates (there are many) are joined by their
pixels. Skin type -1 is unknown; older copies name its column `fitzpatrick`. Rows whose qc says that they are wrongly
labelled are left out. `source` is the host of the atlas.
"""

from pathlib import Path
from urllib.parse import urlsplit

from teacher.data.checks import left_out, one_row_each
from teacher.data.found import Images, Loaded, Row, image_id, read_table, split_by_presence
from teacher.data.labels import label_table
from teacher.data.sample import DataError, Domain, Sample, tone_group
from teacher.data.spec import DatasetSpec, is_malignant, read_skin_type

FOLDER = "fitzpatrick17k"
SKIN_TYPE_COLUMNS = ("fitzpatrick_scale", "fitzpatrick")
UNKNOWN_TYPE = ("", "-1", "-1.0")
WRONG = "wrongly labelled"
PARTITIONS = {"malignant": True, "benign": False, "non-neoplastic": False}


def load_fitzpatrick17k(root: Path) -> Loaded | None:
    """The dataset under a data root, or None where its table is not there.

    Raises DataError on a missing column, an unknown label or partition, a skin type outside 1-6, or an image with two
    labels.
    """
    table = root / FOLDER / "fitzpatrick17k.csv"
    if not table.is_file():
        return None
    labels = label_table(FOLDER)
    listed = read_table(table, ("md5hash", "label"))
    labels.check(table, (row["label"] for row in listed))
    rows, repeated = one_row_each(
        table, listed, key=_id, meaning=lambda row: (labels[row["label"]].condition, _flag(table, row))
    )
    right = [row for row in rows if WRONG not in row.get("qc", "").casefold()]
    images = Images(root, f"{FOLDER}/images", elsewhere=FOLDER)
    present, absent = split_by_presence((_sample(table, row, images) for row in right), images)
    wrong = [row["label"] for row in rows if WRONG in row.get("qc", "").casefold()]
    return Loaded(
        dataset=FOLDER,
        samples=present,
        absent=absent,
        counts={"rows": len(listed)},
        notes=(*left_out("rows that their qc calls wrongly labelled", wrong), *repeated, *images.notes()),
        looked=images.looked,
    )


def _id(row: Row) -> str:
    return image_id(row["md5hash"])


def _flag(table: Path, row: Row) -> bool:
    """The dataset's own flag; some copies have no such column."""
    partition = row.get("three_partition_label", "benign")
    if partition not in PARTITIONS:
        raise DataError(f"{table}: three_partition_label {partition!r} is not one of {', '.join(PARTITIONS)}")
    return PARTITIONS[partition]


def _sample(table: Path, row: Row, images: Images) -> Sample:
    label = label_table(FOLDER)[row["label"]]
    raw_type = next((row[name] for name in SKIN_TYPE_COLUMNS if name in row), "")
    fitzpatrick = read_skin_type(table, raw_type, unknown=UNKNOWN_TYPE)
    return Sample(
        image_id=_id(row),
        path=images.path(_id(row)),
        dataset=FOLDER,
        domain=Domain.CLINICAL,
        condition=label.known,
        malignant=is_malignant(label, flag=_flag(table, row)),
        group_id=f"{FOLDER}/{_id(row)}",
        raw_label=row["label"],
        fitzpatrick=fitzpatrick,
        tone_group=tone_group(fitzpatrick),
        source=_host(row.get("url", "")),
    )


def _host(url: str) -> str | None:
    """The atlas of a photo: www.dermaamin.com or atlasdermatologico.com.br; None where the address is missing."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


DATASET = DatasetSpec(
    name=FOLDER,
    title="Fitzpatrick17k",
    licence="CC BY-NC-SA 3.0, non-commercial",
    commercial=False,
    citation="Groh et al. 2021, arXiv:2104.09957",
    how_to_get="github.com/mattgroh/fitzpatrick17k: the table with addresses of the photos, or a form for the rest",
    domains=(Domain.CLINICAL,),
    table=f"{FOLDER}/fitzpatrick17k.csv",
    labels=(FOLDER,),
    published={"rows": (16_577,)},
    load=load_fitzpatrick17k,
)
