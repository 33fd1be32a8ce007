"""Whatever is derived from an image is found by its content, and its label by value, whatever happened to the table."""

import csv
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plugin_photos import HAM_LABELS, draw, write_table

from runtime.photo.decode import load_square
from teacher.data import pixels
from teacher.data.dataset import DataOptions, Dataset, forget_derived, grouped_folds, open_dataset
from teacher.data.sample import DataError
from teacher.data.splits import OLD_COLUMNS, Part
from teacher.data.views.frame import square_side
from teacher.models.checkpoint import Progress
from teacher.models.config import EncoderChoice, FinetuneConfig, TeacherConfig
from teacher.soft_labels import ensure_soft_labels, fold_teachers, soft_labels_folder
from teacher.soft_labels.sets import first_rows, folds_of, names, read_rows, still_holds

SIZE = 32
FIRST = 60
"""Images of a root when it is opened first; more come later."""

Rows = dict[str, str]
"""Image id to raw label."""


class Root:
    """A small HAM10000 whose table and images change."""

    def __init__(self, folder: Path, drawings: Path) -> None:
        self.folder, self._drawings = folder, drawings
        self.rows: Rows = {}

    def set(self, rows: list[tuple[str, str]]) -> None:
        """The table as given, in this order, and just these images."""
        self.rows = dict(rows)
        table = [(f"lesion-{int(image_id[-3:]) // 2}", image_id, label) for image_id, label in rows]
        write_table(self.folder / "HAM10000_metadata.csv", ("lesion_id", "image_id", "dx"), table)
        images = self.folder / "images"
        images.mkdir(parents=True, exist_ok=True)
        for path in images.iterdir():
            if path.stem not in self.rows:
                path.unlink()
        for image_id in self.rows:
            if not (images / f"{image_id}.png").is_file():
                shutil.copy2(self._drawings / f"{image_id}.png", images)

    def open(self, cache: Path) -> Dataset:
        return open_dataset(DataOptions(root=self.folder, image_size=SIZE, cache=cache))


def first(count: int = FIRST) -> list[tuple[str, str]]:
    return [(f"ISIC_{index:03d}", HAM_LABELS[index % 7]) for index in range(count)]


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighty different pictures."""
    folder = tmp_path_factory.mktemp("drawings")
    for index in range(80):
        draw(folder / f"ISIC_{index:03d}.png", index)
    return folder


@pytest.fixture
def root(tmp_path: Path, drawings: Path) -> Root:
    made = Root(tmp_path / "photos", drawings)
    made.set(first())
    return made


def check_truth(dataset: Dataset, root: Root) -> None:
    """Each sample with its own pixels and its own label."""
    assert {sample.image_id for sample in dataset.samples} <= root.rows.keys()
    for index, sample in enumerate(dataset.samples):
        assert sample.raw_label == root.rows[sample.image_id]
        np.testing.assert_array_equal(dataset.square(index), load_square(sample.path, size=SIZE))
    train = dataset.part(Part.TRAIN)
    square = dataset.squares_for_views(train)
    for index in train:
        larger = load_square(dataset.samples[index].path, size=square_side(SIZE), enlarge=False)
        np.testing.assert_array_equal(square(index), larger)


def parts_of(dataset: Dataset) -> dict[str, Part]:
    return {sample.image_id: part for sample, part in zip(dataset.samples, dataset.parts, strict=True)}


def one_part_a_group(dataset: Dataset) -> bool:
    found: dict[int, Part] = {}
    return all(found.setdefault(int(g), p) is p for g, p in zip(dataset.groups, dataset.parts, strict=True))


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[str, str]]:
    """The table after somebody worked on it: sorted otherwise, some rows gone, some new, some with another label."""
    rows = dict(first(draw(st.integers(FIRST, 80))))
    for image_id in draw(st.lists(st.sampled_from(sorted(rows)), max_size=15, unique=True)):
        del rows[image_id]
    for image_id in draw(st.lists(st.sampled_from(sorted(rows)), max_size=5, unique=True)):
        rows[image_id] = draw(st.sampled_from(HAM_LABELS))
    lesion: dict[int, str] = {}  # two images of a lesion have one label
    rows = {name: lesion.setdefault(int(name[-3:]) // 2, label) for name, label in rows.items()}
    return draw(st.permutations(list(rows.items())))


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(tables(), min_size=1, max_size=2))
def test_a_table_that_changed_gives_what_an_empty_cache_gives(
    drawings: Path, tmp_path_factory: pytest.TempPathFactory, changes: list[list[tuple[str, str]]]
) -> None:
    folder = tmp_path_factory.mktemp("changing")
    root = Root(folder / "photos", drawings)
    root.set(first())
    before = root.open(folder / "cache")
    for change in changes:
        root.set(change)
        after = root.open(folder / "cache")
        check_truth(after, root)
        assert len(after.samples) == len(change), "nobody is left out"
        stayed = parts_of(before).items() & parts_of(after).items()
        assert {name for name, _ in stayed} == parts_of(before).keys() & parts_of(after).keys(), "nobody moves"
        assert one_part_a_group(after)
        fresh = folder / "fresh" / after.folder.name
        fresh.mkdir(parents=True, exist_ok=True)
        shutil.copy2(after.split_path, fresh)
        clean = root.open(folder / "fresh")
        assert clean.samples == after.samples
        assert (clean.parts, clean.contents) == (after.parts, after.contents)
        before = after


def test_only_what_is_new_is_decoded(root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for its square, and once for the hash that tells near-duplicates, which is of one size always."""
    decoded: Counter[int] = Counter()

    def counted(content: bytes, *, size: int) -> np.ndarray:
        decoded[size] += 1
        return load_square(content, size=size)

    monkeypatch.setattr(pixels, "load_square", counted)
    root.open(tmp_path / "cache")
    assert decoded == {SIZE: FIRST, pixels.HASH_SIDE: FIRST}
    root.set(list(reversed(first())))
    root.open(tmp_path / "cache")
    root.set(first()[5:])
    root.open(tmp_path / "cache")
    assert decoded == {SIZE: FIRST, pixels.HASH_SIDE: FIRST}, "sorting and removing cost nothing"
    root.set(first(FIRST + 3))
    root.open(tmp_path / "cache")
    assert decoded == {SIZE: FIRST + 3, pixels.HASH_SIDE: FIRST + 3}


def test_an_image_that_came_later_stands_with_its_lesion(root: Root, tmp_path: Path) -> None:
    root.set(first(FIRST - 1))  # the last lesion has one image of two
    before = parts_of(root.open(tmp_path / "cache"))
    root.set(first(FIRST + 10))
    after = parts_of(root.open(tmp_path / "cache"))
    assert after[f"ISIC_{FIRST - 1:03d}"] is before[f"ISIC_{FIRST - 2:03d}"]
    assert before.items() <= after.items()
    assert root.open(tmp_path / "cache").split_path.read_text().count("\n") == FIRST + 11


def test_a_copy_that_ties_two_parts_never_teaches_what_is_tested(root: Root, tmp_path: Path) -> None:
    before = root.open(tmp_path / "cache")
    tested = before.samples[before.part(Part.TEST)[0]]
    learned = before.samples[before.part(Part.TRAIN)[0]]
    twin = tested.path.with_name("ISIC_070.png")  # the picture of a test image as a further one of a training lesion
    table = root.folder / "HAM10000_metadata.csv"
    with table.open() as file:
        rows = list(csv.reader(file))
    lesion = next(row[0] for row in rows if row[1] == learned.image_id)
    write_table(table, rows[0], [*rows[1:], (lesion, "ISIC_070", learned.raw_label)])
    shutil.copy(tested.path, twin)
    after = root.open(tmp_path / "cache")
    assert parts_of(after)["ISIC_070"] is Part.TEST
    assert parts_of(after)[tested.image_id] is Part.TEST
    assert learned.image_id not in parts_of(after)
    assert any("left out" in note for note in after.notes)
    assert one_part_a_group(after)


def test_a_replaced_file_is_another_image_of_the_same_lesion(root: Root, tmp_path: Path, drawings: Path) -> None:
    before = root.open(tmp_path / "cache")
    shutil.copy(drawings / "ISIC_079.png", before.samples[7].path)
    after = root.open(tmp_path / "cache")
    check_truth(after, root)
    assert parts_of(after) == parts_of(before)
    assert after.contents[7] != before.contents[7]


def test_an_older_split_file_is_converted(root: Root, tmp_path: Path) -> None:
    dataset = root.open(tmp_path / "cache")
    rows = [
        (sample.image_id, sample.dataset, int(sample.malignant), group, part.value)
        for sample, group, part in zip(dataset.samples, dataset.groups, dataset.parts, strict=True)
    ]
    write_table(dataset.split_path, OLD_COLUMNS, rows)
    again = root.open(tmp_path / "cache")
    assert again.parts == dataset.parts
    assert any("written by an older version; converted, 60 of 60" in note for note in again.notes)
    assert not any("converted" in note for note in root.open(tmp_path / "cache").notes)


def test_two_commands_at_once_leave_one_sound_cache(root: Root, tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from teacher.data.dataset import DataOptions, open_dataset; "
        "root, cache = map(pathlib.Path, sys.argv[1:]); "
        f"print(open_dataset(DataOptions(root=root, image_size={SIZE}, cache=cache)).parts)"
    )
    command = [sys.executable, "-c", program, str(root.folder), str(tmp_path / "cache")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert said[0][0] == said[1][0]
    dataset = root.open(tmp_path / "cache")
    check_truth(dataset, root)
    assert dataset.pixels.shape[0] == FIRST, "nothing twice"


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("name", ["index.csv", "squares.u8", "files.csv"])
def test_a_broken_cache_is_healed(root: Root, tmp_path: Path, name: str, keep: float) -> None:
    whole = root.open(tmp_path / "cache")
    path = next(whole.folder.rglob(name))
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    again = root.open(tmp_path / "cache")
    check_truth(again, root)
    assert again.parts == whole.parts
    check_truth(root.open(tmp_path / "cache"), root)


def test_lines_of_two_writers_in_one_index_are_not_believed(root: Root, tmp_path: Path) -> None:
    index = next(root.open(tmp_path / "cache").folder.rglob("index.csv"))
    lines = index.read_text().splitlines(keepends=True)
    index.write_text("".join(lines[:20] + lines[10:]))
    dataset = root.open(tmp_path / "cache")
    check_truth(dataset, root)
    assert dataset.pixels.shape[0] == FIRST


def test_a_full_disk_is_said_before_and_while(root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as small:
        small.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**6, 10**6, 1000))
        with pytest.raises(DataError, match=r"needs 0 MB and the disk has 0 MB left.*--cache"):
            root.open(tmp_path / "cache")
    with monkeypatch.context() as breaking:
        breaking.setattr(pixels, "append_rows", full)
        with pytest.raises(DataError, match=r"the disk is full.*--cache"):
            root.open(tmp_path / "cache")
    check_truth(root.open(tmp_path / "cache"), root)


def test_forgetting_keeps_the_split_and_frees_the_rest(root: Root, tmp_path: Path) -> None:
    before = root.open(tmp_path / "cache")
    text = before.split_path.read_text()
    folder, freed = forget_derived(DataOptions(root=root.folder, image_size=SIZE, cache=tmp_path / "cache"))
    assert folder == before.folder
    assert freed > FIRST * SIZE * SIZE * 3
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "split.csv"]
    after = root.open(tmp_path / "cache")
    check_truth(after, root)
    assert (after.parts, after.split_path.read_text()) == (before.parts, text)


def test_cross_validation_judges_everyone_once_and_splits_no_lesion(root: Root, tmp_path: Path) -> None:
    dataset = root.open(tmp_path / "cache")
    everyone = np.arange(len(dataset.samples))
    folds = grouped_folds(dataset, everyone, folds=5, seed=0)
    assert sorted(np.concatenate([judge for _, judge in folds])) == list(everyone)
    assert all(not set(dataset.groups[learn]) & set(dataset.groups[judge]) for learn, judge in folds)
    with pytest.raises(DataError, match="100 folds of 30 patients"):
        grouped_folds(dataset, everyone, folds=100, seed=0)


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> TeacherConfig:
    """A teacher that learns nothing: what it says of a view depends on the view alone, and costs nothing."""
    monkeypatch.setattr(
        fold_teachers, "finetune", lambda *_, **__: Progress(epoch=1, best_epoch=1, best_score=0.5, history=())
    )
    return TeacherConfig(encoder=EncoderChoice(name="tiny"), finetune=FinetuneConfig(epochs=1), views=2)


def labels_by_image(dataset: Dataset, config: TeacherConfig) -> dict[tuple[str, str, str], bytes]:
    labels = ensure_soft_labels(dataset, config)
    called = names(dataset, dataset.part(Part.TRAIN))
    assert len(called) == len(labels.seeds)
    return {name: labels.seeds[i].tobytes() + labels.malignancy[i].tobytes() for i, name in enumerate(called)}


def test_soft_labels_follow_their_image(root: Root, tmp_path: Path, teacher: TeacherConfig) -> None:
    dataset = root.open(tmp_path / "cache")
    before = labels_by_image(dataset, teacher)
    folder = soft_labels_folder(dataset, teacher)
    root.set(list(reversed(first()))[4:])
    shorter = root.open(tmp_path / "cache")
    assert labels_by_image(shorter, teacher).items() <= before.items()
    root.set(first(FIRST + 4))
    longer = root.open(tmp_path / "cache")
    assert labels_by_image(longer, teacher).items() >= before.items()
    assert soft_labels_folder(longer, teacher) == folder, "no teacher was fitted anew"


def test_a_changed_label_asks_for_new_teachers(root: Root, tmp_path: Path, teacher: TeacherConfig) -> None:
    dataset = root.open(tmp_path / "cache")
    ensure_soft_labels(dataset, teacher)
    folder = soft_labels_folder(dataset, teacher)
    learned = dataset.samples[dataset.part(Part.TRAIN)[0]].image_id
    other = "mel" if dict(first())[learned] != "mel" else "nv"
    lesion = int(learned[-3:]) // 2
    root.set([(name, other if int(name[-3:]) // 2 == lesion else label) for name, label in first()])
    assert soft_labels_folder(root.open(tmp_path / "cache"), teacher) != folder
    root.set(first())
    assert soft_labels_folder(root.open(tmp_path / "cache"), teacher) == folder


def test_teachers_are_judged_by_what_they_learned_from(root: Root, tmp_path: Path) -> None:
    dataset = root.open(tmp_path / "cache")
    rows = first_rows(dataset, folds=2, seed=0)
    assert still_holds(rows, dataset)
    train = dataset.part(Part.TRAIN)
    known = names(dataset, train)
    folds = folds_of(rows, dataset, folds=2)
    assert [rows[name].fold for name in known] == list(folds)
    fewer = {name: row for name, row in rows.items() if name != known[0]}
    assert still_holds(fewer, dataset), "an image that came later"
    twin = next(i for i in range(1, len(train)) if dataset.groups[train[i]] == dataset.groups[train[0]])
    assert folds_of(fewer, dataset, folds=2)[0] == rows[known[twin]].fold, "with the lesion that it belongs to"
    assert not still_holds(dict(list(fewer.items())[: len(fewer) // 2]), dataset), "too many new ones"
    assert not still_holds(rows | {known[0]: replace(rows[known[0]], malignant=not rows[known[0]].malignant)}, dataset)
    assert not still_holds(rows | {known[0]: replace(rows[known[0]], fold=1 - rows[known[0]].fold)}, dataset)
    tested = names(dataset, dataset.part(Part.TEST))[0]
    assert not still_holds(rows | {tested: rows[known[0]]}, dataset), "a teacher that saw the test part"
    assert read_rows(tmp_path) is None
