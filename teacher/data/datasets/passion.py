"""PASSION: 4,901 photos of 1,653 patients in Madagascar, Guinea, Malawi and Tanzania; dark skin, mostly children's.

Licence:    PASSION Data Public License, non-commercial; on request, the download may not be passed on
Reference:  Gottfrois et al.: PASSION for Dermatology. MICCAI (2024). doi:10.1007/978-3-031-72384-1_66
Classes:    Eczema, Fungal, Scabies, Others: non-neoplastic all (labels/passion.csv)
Layout:     passion/label.csv; passion/images/<subject><number>.jpeg (or anywhere below passion/)

Columns (subject_id, country, age, sex, fitzpatrick, body_loc, impetig, conditions_PASSION) are those that the project's
own evaluation code reads. How files are named could not be verified from public text: a file belongs to the subject
whose id its name begins with, where nothing but a number follows, with or without a separator; others are counted.
A row is a subject, so it is not known how many images are missing. A group is a subject.
"""

import re
from pathlib import Path

from teacher.data.checks import left_out, one_row_each
from teacher.data.found import Images, Loaded, Row, read_table
from teacher.data.labels import label_table
from teacher.data.sample import Domain, Sample, tone_group
from teacher.data.spec import DatasetSpec, is_malignant, read_skin_type

FOLDER = "passion"
NUMBER = re.compile(r"[\s_.-]*\d*")


def load_passion(root: Path) -> Loaded | None:
    """The dataset under a data root, or None where its table is not there.

    Raises DataError on a missing column, an unknown condition, a skin type outside 1-6, or a subject with two meanings.
    """
    table = root / FOLDER / "label.csv"
    if not table.is_file():
        return None
    labels = label_table(FOLDER)
    listed = read_table(table, ("subject_id", "conditions_PASSION", "fitzpatrick"))
    labels.check(table, (row["conditions_PASSION"] for row in listed))
    rows, repeated = one_row_each(
        table,
        listed,
        key=lambda row: row["subject_id"],
        meaning=lambda row: (labels[row["conditions_PASSION"]].condition, row["fitzpatrick"]),
    )
    subjects = {row["subject_id"]: row for row in rows}
    images = Images(root, f"{FOLDER}/images", elsewhere=FOLDER)
    owner_of = {stem: _subject(stem, subjects) for stem in images.stems()}
    samples = tuple(
        _sample(table, stem, subjects[owner], images.path(stem)) for stem, owner in owner_of.items() if owner
    )
    without = len(subjects.keys() - set(owner_of.values()))
    return Loaded(
        dataset=FOLDER,
        samples=samples,
        counts={"subjects": len(subjects)},
        notes=(
            *((f"{without:,} of {len(subjects):,} subjects have no image",) if without else ()),
            *left_out("images of no subject", [stem for stem, owner in owner_of.items() if not owner]),
            *repeated,
            *images.notes(),
        ),
        looked=images.looked,
    )


def _subject(stem: str, subjects: dict[str, Row]) -> str:
    """The longest subject id that a file name begins with and only a number follows; "" where there is none."""
    for end in range(len(stem), 0, -1):
        if stem[:end] in subjects and NUMBER.fullmatch(stem[end:]):
            return stem[:end]
    return ""


def _sample(table: Path, stem: str, row: Row, path: Path) -> Sample:
    label = label_table(FOLDER)[row["conditions_PASSION"]]
    fitzpatrick = read_skin_type(table, row["fitzpatrick"])
    return Sample(
        image_id=stem,
        path=path,
        dataset=FOLDER,
        domain=Domain.SMARTPHONE,
        condition=label.known,
        malignant=is_malignant(label),
        group_id=f"{FOLDER}/{row['subject_id']}",
        raw_label=row["conditions_PASSION"],
        fitzpatrick=fitzpatrick,
        tone_group=tone_group(fitzpatrick),
    )


DATASET = DatasetSpec(
    name=FOLDER,
    title="PASSION",
    licence="PASSION Data Public License, non-commercial",
    commercial=False,
    citation="Gottfrois et al. 2024, doi:10.1007/978-3-031-72384-1_66",
    how_to_get="on request at passionderm.github.io",
    domains=(Domain.SMARTPHONE,),
    table=f"{FOLDER}/label.csv",
    labels=(FOLDER,),
    published={"subjects": (1_653,)},
    load=load_passion,
)
