"""The ISIC archive's own names: `diagnosis_1` to `diagnosis_5`, from "Malignant" down to a histological variant."""

from functools import cache

from teacher.data.found import Row
from teacher.data.labels import Label, LabelTable, label_table

LEVELS = tuple(f"diagnosis_{number}" for number in range(1, 6))
STEP = " > "


def path_of(row: Row) -> str:
    """The diagnosis of a row as one label, such as "Benign > Benign melanocytic proliferations > Nevus"."""
    return STEP.join(row[name] for name in LEVELS if row.get(name))


@cache
def last_names() -> LabelTable:
    """The archive's diagnoses by the last name of their path alone, as MILK10k writes them: no name stands twice."""
    labels = label_table("isic_diagnosis").labels
    named = (
        Label(raw=one.raw.rsplit(STEP, 1)[-1], condition=one.condition, malignant=one.malignant, note=one.note)
        for one in labels
    )
    return LabelTable("isic_diagnosis", tuple(named))
