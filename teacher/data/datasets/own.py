"""A user's own photos: a clinic's folders, one a condition, or a table.

Licence:    the user's
Classes:    the ten conditions by name (labels/own.csv)
Layout:     own/<condition>/**/*.jpg, such as own/basal_cell_carcinoma/
            or own/*.csv with the columns path, condition and, where known, malignant, fitzpatrick, patient, domain

`path` is relative to own/ and may not leave it. `malignant` (true or false) is for what the condition does not tell,
such as a malignant "other". `domain` is smartphone where nothing else is said. A group is a patient, else the image: a
split can keep a person on one side only where the table names patients. With a table, images that it does not list are
left out.
"""

from pathlib import Path, PurePosixPath

from teacher.data.checks import one_row_each
from teacher.data.found import Images, Loaded, Row, read_table
from teacher.data.labels import label_table
from teacher.data.sample import DataError, Domain, Sample, tone_group
from teacher.data.spec import DatasetSpec, is_malignant, read_flag, read_skin_type

FOLDER = "own"


def load_own(root: Path) -> Loaded | None:
    """The photos under a data root, or None where there is no folder own/.

    Raises DataError on an unknown condition or folder, a path that leaves own/, a cell that cannot be read, or an image
    with two labels.
    """
    folder = root / FOLDER
    if not folder.is_dir():
        return None
    tables = sorted(path for path in folder.glob("*.csv") if not path.name.startswith("."))
    return _from_tables(folder, tables) if tables else _from_folders(root, folder)


def _from_folders(root: Path, folder: Path) -> Loaded:
    images = Images(root, FOLDER)
    samples: list[Sample] = []
    loose: list[str] = []
    for path in images.all_paths():
        inside = path.relative_to(folder)
        if len(inside.parts) == 1:
            loose.append(inside.name)
            continue
        label_table(FOLDER).check(folder, [inside.parts[0]])
        samples.append(_sample(folder, {"path": inside.as_posix(), "condition": inside.parts[0]}, path))
    note = (f"{len(loose):,} images in no folder of a condition left out, such as {loose[0]}",) if loose else ()
    return Loaded(dataset=FOLDER, samples=tuple(samples), notes=(*note, *images.notes()), looked=images.looked)


def _from_tables(folder: Path, tables: list[Path]) -> Loaded:
    listed = [row for table in tables for row in _rows(table)]
    rows, repeated = one_row_each(tables[0] if len(tables) == 1 else folder, listed, key=_path, meaning=_meaning)
    samples = [_sample(folder, row, folder / _path(row)) for row in rows]
    return Loaded(
        dataset=FOLDER,
        samples=tuple(sample for sample in samples if sample.path.is_file()),
        absent=tuple(sample for sample in samples if not sample.path.is_file()),
        notes=repeated,
        looked=f"{FOLDER}/",
    )


def _rows(table: Path) -> list[Row]:
    rows = read_table(table, ("path", "condition"))
    label_table(FOLDER).check(table, (row["condition"] for row in rows))
    for row in rows:
        if PurePosixPath(_path(row)).is_absolute() or ".." in PurePosixPath(_path(row)).parts or ":" in row["path"]:
            raise DataError(f"{table}: path {row['path']!r} leads out of {table.parent.name}/; put the photo inside it")
    return rows


def _path(row: Row) -> str:
    """A path with the slashes of this machine, and without a leading "./"."""
    text = row["path"].replace("\\", "/")
    return str(PurePosixPath(text)) if text else ""


def _meaning(row: Row) -> tuple[str, str, str]:
    label = label_table(FOLDER)[row["condition"]]
    return label.raw, row.get("malignant", "").casefold(), row.get("patient", "")


def _sample(where: Path, row: Row, path: Path) -> Sample:
    label = label_table(FOLDER)[row["condition"]]
    fitzpatrick = read_skin_type(where, row.get("fitzpatrick", ""))
    patient, flag = row.get("patient", ""), row.get("malignant", "")
    malignant = read_flag(where, flag, column="malignant") if flag else label.malignant
    if label.malignant and not malignant:
        raise DataError(f"{where}: {row['path']} is {label.raw}, which counts as malignant, but malignant is {flag!r}")
    return Sample(
        image_id=_path(row),
        path=path,
        dataset=FOLDER,
        domain=_domain(where, row.get("domain", "")),
        condition=label.known,
        malignant=is_malignant(label, flag=malignant),
        group_id=f"{FOLDER}/patient {patient}" if patient else f"{FOLDER}/{_path(row)}",
        raw_label=row["condition"],
        fitzpatrick=fitzpatrick,
        tone_group=tone_group(fitzpatrick),
    )


def _domain(where: Path, text: str) -> Domain:
    if not text:
        return Domain.SMARTPHONE
    try:
        return Domain(text.casefold())
    except ValueError:
        raise DataError(f"{where}: domain {text!r} is not one of: {', '.join(Domain)}") from None


DATASET = DatasetSpec(
    name=FOLDER,
    title="Own photos",
    licence="its owner's",
    commercial=False,
    citation="unpublished",
    how_to_get="your own photos: a folder a condition below own/, or own/*.csv",
    domains=tuple(Domain),
    table=f"{FOLDER}/",
    labels=(FOLDER,),
    load=load_own,
)
