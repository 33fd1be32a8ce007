"""Writes docs/labels.md from the tables in teacher/data/labels: uv run python docs/write_labels.py"""

from pathlib import Path

from teacher.data.labels import Label, label_table
from teacher.data.registry import all_datasets

PAGE = Path(__file__).parent / "labels.md"
INTRODUCTION = """\
# Labels: from what a dataset says to one of ten conditions

Written by `uv run python docs/write_labels.py` from `teacher/data/labels/*.csv`; correct those, not this page. The same
in a terminal: `uv run python -m teacher labels`.

How the tables decide:

- Malignant means "needs a doctor to rule out or remove". A label is malignant by its condition, by its row here, or by
  the dataset's own flag for the image.
- One name means the same in every dataset: solar lentigo and lichen planus-like keratosis go with seborrheic keratosis,
  as in HAM10000 and MILK10k; Bowen's disease and keratoacanthoma are squamous cell carcinoma; scars and keloids, warts
  and molluscum are non-neoplastic; cysts, adnexal and soft tissue growths are "other".
- Tumours of which histology leaves open whether they are melanomas are "other" and malignant: they must come out.
- A malignancy outside the ten conditions (lymphoma, Kaposi sarcoma, metastasis) is "other" and malignant.
- A name that is too wide for one condition is refused: the row is left out and counted by name. A parent in the ISIC
  archive's tree has a condition only where all that stands below it has the same.
- A label that no table knows is an error that names the near ones (SCIN's long tail is the exception that
  `teacher/data/datasets/scin.py` explains).

No dermatologist has reviewed these tables yet.
"""


def page() -> str:
    """The whole page."""
    titles = {table: spec.title for spec in all_datasets() for table in spec.labels}
    return "\n".join((INTRODUCTION, *(_section(table, title) for table, title in titles.items())))


def _section(name: str, title: str) -> str:
    labels = label_table(name).labels
    head = f"## {title}: {name} ({len(labels)})\n\n| raw label | condition | malignant | note |\n|---|---|---|---|"
    return "\n".join((head, *(_row(label) for label in labels), ""))


def _row(label: Label) -> str:
    condition = f"`{label.condition}`" if label.condition else "refused"
    cells = (label.raw.replace(">", "&gt;"), condition, "yes" if label.malignant else "", label.note)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page())
