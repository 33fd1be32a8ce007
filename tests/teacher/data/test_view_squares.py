"""What views are cut from: larger squares than the device sees, decoded when first asked for, found by content."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plugin_photos import make_ham

from runtime.errors import PhotoError
from runtime.photo.decode import load_square
from teacher.data import pixels
from teacher.data.batches import ViewPlan, view_batches
from teacher.data.dataset import DataOptions, Dataset, forget_derived, open_dataset
from teacher.data.sample import DataError
from teacher.data.splits import Part
from teacher.data.views import make_view
from teacher.data.views.frame import square_side

SIZE, LARGE = 48, 96
"""The drawings are as large as the canonical squares; those named below are larger than those for views."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Every third photo has more pixels than a view can use, every third one a few more than the device sees."""
    folder = make_ham(tmp_path / "photos", count=70)
    for number, path in enumerate(sorted(folder.rglob("*.jpg"))):
        if side := (0, LARGE, 60)[number % 3]:
            with Image.open(path) as image:
                larger = image.resize((side + 20, side))
            larger.save(path)
    return folder


def opened(root: Path, tmp_path: Path) -> Dataset:
    return open_dataset(DataOptions(root=root, image_size=SIZE, cache=tmp_path / "cache"))


def train_plan(dataset: Dataset) -> ViewPlan:
    train = dataset.part(Part.TRAIN)
    return ViewPlan(train, np.arange(len(train), dtype=np.int64))


def expected(dataset: Dataset, index: int) -> np.ndarray:
    return load_square(dataset.samples[index].path, size=square_side(SIZE), enlarge=False)


def check_squares(dataset: Dataset) -> None:
    train = dataset.part(Part.TRAIN)
    square = dataset.squares_for_views(train)
    for index in train:
        np.testing.assert_array_equal(square(index), expected(dataset, index))


def test_views_are_cut_from_what_the_photo_has(root: Path, tmp_path: Path) -> None:
    dataset = opened(root, tmp_path)
    plan = train_plan(dataset)
    batches = np.concatenate(list(view_batches(dataset, plan, size=32, batch_size=16)))
    assert plan.seeds is not None
    for image, index, seed in zip(batches, plan.indices, plan.seeds, strict=True):
        wanted = make_view(
            expected(dataset, index), domain=dataset.samples[index].domain, seed=int(seed), size=32, config=plan.config
        )
        np.testing.assert_array_equal(image.transpose(1, 2, 0), wanted)
    square = dataset.squares_for_views(plan.indices)
    assert {square(index).shape[0] for index in plan.indices} == {SIZE, 60, square_side(SIZE)}


def test_what_the_device_sees_stays_the_phones_own(root: Path, tmp_path: Path) -> None:
    dataset = opened(root, tmp_path)
    dataset.squares_for_views(dataset.part(Part.TRAIN))
    everyone = np.arange(len(dataset.samples))
    batches = np.concatenate(list(view_batches(dataset, ViewPlan(everyone), size=SIZE, batch_size=16)))
    for index in everyone:
        phone = load_square(dataset.samples[index].path, size=SIZE)
        np.testing.assert_array_equal(dataset.square(index), phone)
        np.testing.assert_array_equal(batches[index].transpose(1, 2, 0), phone)


def test_only_what_is_asked_for_is_decoded_and_only_once(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, decoded = opened(root, tmp_path), []

    def counted(content: bytes, *, size: int, enlarge: bool) -> np.ndarray:
        decoded.append(size)
        return load_square(content, size=size, enlarge=enlarge)

    monkeypatch.setattr(pixels, "load_square", counted)
    list(view_batches(dataset, ViewPlan(dataset.part(Part.TEST)), size=SIZE, batch_size=16))
    assert not decoded, "no view was asked for"
    train = dataset.part(Part.TRAIN)
    first = dataset.squares_for_views(train[:10])
    kept = [first(index).copy() for index in train[:10]]
    assert len(decoded) == 10
    check_squares(dataset)
    check_squares(opened(root, tmp_path))
    assert len(decoded) == len(train)
    for index, square in zip(train[:10], kept, strict=True):
        np.testing.assert_array_equal(first(index), square)


@pytest.mark.parametrize("name", ["index.csv", "squares.u8"])
@pytest.mark.parametrize("keep", [0.0, 0.4, 0.9])
def test_a_broken_store_is_healed(root: Path, tmp_path: Path, name: str, keep: float) -> None:
    check_squares(opened(root, tmp_path))
    path = next((tmp_path / "cache").glob(f"*/view-squares-*/{name}"))
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    check_squares(opened(root, tmp_path))
    check_squares(opened(root, tmp_path))


@pytest.mark.parametrize("side", ["0", "97", "99999999", "x", "-48", ""])
def test_a_side_that_cannot_be_is_not_believed(root: Path, tmp_path: Path, side: str) -> None:
    check_squares(opened(root, tmp_path))
    for index in (tmp_path / "cache").glob("*/*squares-*/index.csv"):
        lines = index.read_text().splitlines()
        lines[5] = ",".join([*lines[5].split(",")[:4], side])
        index.write_text("\n".join(lines) + "\n")
    dataset = opened(root, tmp_path)
    check_squares(dataset)
    np.testing.assert_array_equal(dataset.square(5), load_square(dataset.samples[5].path, size=SIZE))


def test_an_index_from_before_sides_were_written_is_read(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = opened(root, tmp_path)
    index = next(before.folder.glob("squares-*/index.csv"))
    index.write_text("".join(f"{line.rsplit(',', 1)[0]}\n" for line in index.read_text().splitlines()))
    with monkeypatch.context() as patch:
        patch.setattr(pixels, "load_square", lambda *_, **__: pytest.fail("decoded again"))
        again = opened(root, tmp_path)
    np.testing.assert_array_equal(again.pixels, before.pixels)
    assert again.parts == before.parts


def test_a_file_that_changed_under_an_open_dataset_gives_no_other_photo(root: Path, tmp_path: Path) -> None:
    dataset = opened(root, tmp_path)
    one, other = dataset.part(Part.TRAIN)[[3, 4]]
    shutil.copy(dataset.samples[other].path, dataset.samples[one].path)
    square = dataset.squares_for_views(np.array([one, other]))
    np.testing.assert_array_equal(square(one), dataset.square(one))
    np.testing.assert_array_equal(square(other), expected(dataset, other))


def test_a_photo_that_cannot_be_read_at_this_size_is_seen_as_the_device_sees_it(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(content: bytes, *, size: int, enlarge: bool) -> np.ndarray:
        raise PhotoError("damaged photo")

    dataset = opened(root, tmp_path)
    monkeypatch.setattr(pixels, "load_square", refuse)
    square = dataset.squares_for_views(dataset.part(Part.TRAIN))
    for index in dataset.part(Part.TRAIN):
        np.testing.assert_array_equal(square(index), dataset.square(index))


def test_a_full_disk_is_said_before(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = opened(root, tmp_path)
    with monkeypatch.context() as small:
        small.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**6, 10**6, 1000))
        with pytest.raises(DataError, match=r"the disk has 0 MB left.*--cache"):
            dataset.squares_for_views(dataset.part(Part.TRAIN))
    check_squares(dataset)


def test_forgetting_clears_them_too(root: Path, tmp_path: Path) -> None:
    dataset = opened(root, tmp_path)
    check_squares(dataset)
    forget_derived(DataOptions(root=root, image_size=SIZE, cache=tmp_path / "cache"))
    assert not list(dataset.folder.glob("*squares*"))
    check_squares(opened(root, tmp_path))


def test_squares_that_were_let_go_can_be_read_on(root: Path, tmp_path: Path) -> None:
    dataset = opened(root, tmp_path)
    train = dataset.part(Part.TRAIN)
    square, held = dataset.squares_for_views(train), [dataset.square(index) for index in train]
    before = [(one.copy(), square(index).copy()) for one, index in zip(held, train, strict=True)]
    dataset.let_go()
    for (small, large), one, index in zip(before, held, train, strict=True):
        np.testing.assert_array_equal(one, small)
        np.testing.assert_array_equal(square(index), large)


def resident_of_files() -> int:
    """Bytes of mapped files that this process holds in memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssFile")).split()[1]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="asks Linux what is resident")
def test_a_pass_over_the_batches_does_not_hold_all_squares(tmp_path: Path) -> None:
    dataset = open_dataset(
        DataOptions(root=make_ham(tmp_path / "photos", count=70), image_size=640, cache=tmp_path / "cache")
    )
    plan, whole = ViewPlan(np.arange(70)), dataset.pixels.nbytes
    before, most = resident_of_files(), 0
    for _ in view_batches(dataset, plan, size=32, batch_size=2):
        most = max(most, resident_of_files() - before)
    assert most < whole / 2
