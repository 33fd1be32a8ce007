"""MILK10k: 5,240 lesions, each as a clinical close-up and as a dermoscopic image (ISIC 2025).

Licence:    CC BY-NC 4.0
Reference:  MILK study team: MILK10k. ISIC Archive (2025). doi:10.34970/648456
Classes:    48 values of `diagnosis_full` (labels/milk10k.csv, others by the ISIC archive's names), else the 11 classes
            of the ground truth (labels/milk10k_classes.csv)
Layout:     milk10k/MILK10k_Training_{Metadata,GroundTruth,Supplement}.csv; milk10k/images/ or MILK10k_Training_Input/

Both images of a lesion are one group; patients are not given. `skin_tone_class` runs from 0, very dark, to 5, very
light: it is no Fitzpatrick type. Lesions were sent for biopsy: 69% are malignant, which no village's spots are. Some
stand in HAM10000 too, in another crop and colour.
"""

from collections.abc import Mapping
from pathlib import Path

from teacher.data.checks import one_row_each, some
from teacher.data.found import Images, Loaded, Row, image_id, read_table, split_by_presence
from teacher.data.isic import last_names
from teacher.data.labels import Label, label_table
from teacher.data.sample import DataError, Domain, Sample, tone_group_of_class
from teacher.data.spec import DatasetSpec, is_malignant

FOLDER = "milk10k"
TABLE, TRUTH, SUPPLEMENT = (f"MILK10k_Training_{name}.csv" for name in ("Metadata", "GroundTruth", "Supplement"))
DOMAINS = {"clinical: close-up": Domain.CLINICAL, "dermoscopic": Domain.DERMOSCOPIC}
TONES = {text: number for number in range(6) for text in (str(number), f"{number}.0")}


def load_milk10k(root: Path) -> Loaded | None:
    """The dataset under a data root, or None where its table is not there.

    Raises DataError on a missing table or column, an unknown label, or a class that contradicts a diagnosis.
    """
    folder = root / FOLDER
    if not (folder / TABLE).is_file():
        return None
    listed = read_table(folder / TABLE, ("lesion_id", "image_type", "isic_id", "skin_tone_class"))
    rows, repeated = one_row_each(
        folder / TABLE, listed, key=_id, meaning=lambda row: (row["lesion_id"], row["image_type"])
    )
    label_of = _labels(folder, rows)
    images = Images(root, f"{FOLDER}/images", f"{FOLDER}/MILK10k_Training_Input", elsewhere=FOLDER)
    present, absent = split_by_presence(
        (_sample(folder / TABLE, row, label_of[_id(row)], images) for row in rows), images
    )
    return Loaded(
        dataset=FOLDER,
        samples=present,
        absent=absent,
        counts={"rows": len(listed), "lesions": len({row["lesion_id"] for row in rows})},
        notes=(*repeated, *images.notes()),
        looked=images.looked,
    )


def _labels(folder: Path, rows: list[Row]) -> dict[str, Label]:
    """The label of each image: its full diagnosis, else the class of its lesion."""
    full, classes = _diagnoses(folder / SUPPLEMENT), _classes(folder / TRUTH)
    class_table = label_table("milk10k_classes")
    labels: dict[str, Label] = {}
    torn: list[str] = []
    for row in rows:
        coarse = class_table[classes[row["lesion_id"]]] if row["lesion_id"] in classes else None
        label = full.get(_id(row), coarse)
        if label is None:
            raise DataError(f"{folder / TRUTH}: no class for lesion {row['lesion_id']} ({_id(row)})")
        if coarse is not None and label.malignant != coarse.malignant:
            torn.append(f"{_id(row)} as {label.raw} and as {coarse.raw}")
        labels[_id(row)] = label
    if torn:
        raise DataError(f"{folder / SUPPLEMENT}: {len(torn):,} images contradict {TRUTH}, such as {some(torn)}")
    return labels


def _diagnoses(path: Path) -> dict[str, Label]:
    """By image, where the supplement is there and names a diagnosis."""
    if not path.is_file():
        return {}
    table, more = label_table("milk10k"), last_names()
    rows = [row for row in read_table(path, ("isic_id", "diagnosis_full")) if row["diagnosis_full"]]
    table.check(path, (raw for row in rows if (raw := row["diagnosis_full"]) not in more))
    named = {image_id(row["isic_id"]): row["diagnosis_full"] for row in rows}
    return {image: table[raw] if raw in table else more[raw] for image, raw in named.items()}


def _classes(path: Path) -> Mapping[str, str]:
    """By lesion; the table is one-hot. Raises DataError for a lesion with none or two of them."""
    if not path.is_file():
        raise DataError(f"{path} is missing: {TABLE} alone names no diagnosis")
    known = [label.raw for label in label_table("milk10k_classes").labels]
    found: dict[str, str] = {}
    for row in read_table(path, ("lesion_id", *known)):
        hot = [name for name in known if row[name] in ("1", "1.0")]
        if len(hot) != 1:
            raise DataError(f"{path}: lesion {row['lesion_id']} has {len(hot)} classes ({', '.join(hot)}), not one")
        if found.setdefault(row["lesion_id"], hot[0]) != hot[0]:
            raise DataError(f"{path}: lesion {row['lesion_id']} as {found[row['lesion_id']]} and as {hot[0]}")
    return found


def _id(row: Row) -> str:
    return image_id(row["isic_id"])


def _sample(table: Path, row: Row, label: Label, images: Images) -> Sample:
    if row["image_type"] not in DOMAINS:
        raise DataError(f"{table}: image_type {row['image_type']!r} is not one of {', '.join(DOMAINS)}")
    tone = row["skin_tone_class"]
    if tone and tone not in TONES:
        raise DataError(f"{table}: skin_tone_class {tone!r} is not one of 0-5")
    tone_class = TONES[tone] if tone else None
    lesion = f"{FOLDER}/{row['lesion_id'] or _id(row)}"
    return Sample(
        image_id=_id(row),
        path=images.path(_id(row)),
        dataset=FOLDER,
        domain=DOMAINS[row["image_type"]],
        condition=label.known,
        malignant=is_malignant(label),
        group_id=lesion,
        raw_label=label.raw,
        lesion_id=lesion,
        tone_class=tone_class,
        tone_group=tone_group_of_class(tone_class),
    )


DATASET = DatasetSpec(
    name=FOLDER,
    title="MILK10k",
    licence="CC BY-NC 4.0, non-commercial",
    commercial=False,
    citation="MILK study team 2025, doi:10.34970/648456",
    how_to_get="ISIC archive, doi:10.34970/648456 (challenge.isic-archive.com, 2025)",
    domains=(Domain.CLINICAL, Domain.DERMOSCOPIC),
    table=f"{FOLDER}/{TABLE}",
    labels=("milk10k", "milk10k_classes"),
    published={"rows": (10_480,), "lesions": (5_240,)},
    load=load_milk10k,
)
