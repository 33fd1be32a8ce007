"""HAM10000: 10,015 dermoscopic images of 7,470 lesions, from Vienna and Queensland.

Licence:    CC BY-NC 4.0
Reference:  Tschandl, Rosendahl, Kittler: The HAM10000 dataset. Scientific Data 5, 180161 (2018). doi:10.7910/DVN/DBW86T
Classes:    akiec, bcc, bkl, df, mel, nv, vasc (labels/ham10000.csv)
Layout:     HAM10000_metadata.csv; Skin Cancer/, HAM10000_images_part_1/, HAM10000_images_part_2/ or images/

A lesion has up to six images, and groups are lesions: patients are not given. `source` is the Dataverse table's
`dataset`, such as rosendahl or vidir_modern; copies of the table have lost it.
"""

from pathlib import Path

from teacher.data.checks import groups_of, one_row_each
from teacher.data.found import Images, Loaded, Row, image_id, read_table, split_by_presence
from teacher.data.labels import label_table
from teacher.data.sample import Domain, Sample
from teacher.data.spec import DatasetSpec, is_malignant

TABLE_NAMES = ("HAM10000_metadata.csv", "HAM10000_metadata")
IMAGE_FOLDERS = ("Skin Cancer", "HAM10000_images_part_1", "HAM10000_images_part_2", "images")


def load_ham10000(root: Path) -> Loaded | None:
    """The dataset under a data root, or None where its table is not there.

    Raises DataError on a missing column, an unknown `dx`, or an image with two labels.
    """
    table = next((root / name for name in TABLE_NAMES if (root / name).is_file()), None)
    if table is None:
        return None
    labels = label_table("ham10000")
    listed = read_table(table, ("lesion_id", "image_id", "dx"))
    labels.check(table, (row["dx"] for row in listed))
    rows, repeated = one_row_each(
        table, listed, key=_id, meaning=lambda row: (labels[row["dx"]].condition or row["dx"], row["lesion_id"])
    )
    lesions = [row for row in rows if labels[row["dx"]].condition is not None]
    images = Images(root, *IMAGE_FOLDERS)
    groups = groups_of("ham10000", lesions, image=_id, lesion="lesion_id")
    samples = (_sample(row, group, images) for row, group in zip(lesions, groups, strict=True))
    present, absent = split_by_presence(samples, images)
    healthy = len(rows) - len(lesions)
    return Loaded(
        dataset="ham10000",
        samples=present,
        absent=absent,
        counts={"rows": len(listed), "lesions": len(set(groups))},
        notes=(
            *((f"{healthy:,} rows without a lesion left out",) if healthy else ()),
            *repeated,
            *images.notes(),
        ),
        looked=images.looked,
    )


def _id(row: Row) -> str:
    return image_id(row["image_id"])


def _sample(row: Row, group: str, images: Images) -> Sample:
    label = label_table("ham10000")[row["dx"]]
    return Sample(
        image_id=_id(row),
        path=images.path(_id(row)),
        dataset="ham10000",
        domain=Domain.DERMOSCOPIC,
        condition=label.known,
        malignant=is_malignant(label),
        group_id=group,
        raw_label=row["dx"],
        lesion_id=f"ham10000/{row['lesion_id']}" if row["lesion_id"] else None,
        source=row.get("dataset") or None,
    )


DATASET = DatasetSpec(
    name="ham10000",
    title="HAM10000",
    licence="CC BY-NC 4.0, non-commercial",
    commercial=False,
    citation="Tschandl et al. 2018, doi:10.7910/DVN/DBW86T",
    how_to_get="Harvard Dataverse, doi:10.7910/DVN/DBW86T, or Kaggle kmader/skin-cancer-mnist-ham10000",
    domains=(Domain.DERMOSCOPIC,),
    table="HAM10000_metadata.csv",
    labels=("ham10000",),
    published={"rows": (10_015,), "lesions": (7_470,)},
    load=load_ham10000,
)
