"""What in a data root somebody should look at: one line each, with examples."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from teacher.data.dataset import Dataset
from teacher.data.found import Loaded, read_table
from teacher.data.registry import all_datasets, dataset, warnings_of
from teacher.data.report.counts import words
from teacher.data.sample import Sample

AGE_COLUMNS = ("age", "age_approx")
OLDEST = 110
EXAMPLES = 4


def oddities(root: Path | None, opened: Dataset, loaded: Sequence[Loaded]) -> list[tuple[str, str]]:
    """Where, and what: warnings of tables, files that cannot be read, owners that contradict themselves, ages."""
    lines = [(_title(found.dataset), text) for found in loaded for text in warnings_of(found)]
    lines += [(_title(found.dataset), text) for found in loaded for text in found.notes]
    lines += [("files", note) for note in opened.notes if note.startswith(("unreadable", "one picture"))]
    samples = [sample for found in loaded for sample in (*found.samples, *found.absent)] or list(opened.samples)
    lines += list(_torn(samples))
    if root is not None:
        lines += [line for found in loaded for line in _ages(root, found.dataset)]
    return lines


def _torn(samples: Iterable[Sample]) -> Iterable[tuple[str, str]]:
    """Lesions with two conditions, and patients with two skin types."""
    conditions: dict[tuple[str, str], set[str]] = {}
    tones: dict[tuple[str, str], set[int]] = {}
    for sample in samples:
        if sample.lesion_id:
            conditions.setdefault((sample.dataset, sample.lesion_id), set()).add(words(sample.condition))
        if sample.fitzpatrick:
            tones.setdefault((sample.dataset, sample.group_id), set()).add(sample.fitzpatrick)
    yield from _told(conditions, "lesions have images of two conditions")
    yield from _told(tones, "patients have two skin types")


def _told(values: dict[tuple[str, str], set], what: str) -> Iterable[tuple[str, str]]:
    torn = {key: own for key, own in values.items() if len(own) > 1}
    for name, count in sorted(Counter(key[0] for key in torn).items()):
        some = [f"{key[1]} ({', '.join(map(str, sorted(own)))})" for key, own in torn.items() if key[0] == name]
        yield _title(name), f"{count:,} {what}, such as {'; '.join(some[:EXAMPLES])}"


def _ages(root: Path, name: str) -> Iterable[tuple[str, str]]:
    """Ages that are missing, zero, or older than anybody."""
    table = root / dataset(name).table
    if not table.is_file():
        return
    rows = read_table(table)
    column = next((one for one in AGE_COLUMNS if rows and one in rows[0]), None)
    if column is None:
        return
    ages = [_age(row[column]) for row in rows]
    counts = {
        "without an age": sum(age is None for age in ages),
        "of age 0": sum(age == 0 for age in ages),
        f"older than {OLDEST} or younger than 0": sum(age is not None and not 0 <= age <= OLDEST for age in ages),
    }
    told = [f"{count:,} {what}" for what, count in counts.items() if count]
    if told:
        yield _title(name), f"of {len(rows):,} rows {', '.join(told)}"


def _age(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _title(name: str) -> str:
    return {spec.name: spec.title for spec in all_datasets()}.get(name, name)
