"""Opening a data root: decoding, damaged files, and the split that is written once."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plugin_photos import make_ham

from runtime.photo.decode import load_square
from teacher.data.dataset import DataOptions, Dataset, open_dataset
from teacher.data.sample import DataError
from teacher.data.splits import NEAR_DUPLICATE_BITS, Part, merged_groups, near_duplicate_pairs

SIZE = 32


def options(root: Path | None, tmp_path: Path, **more) -> DataOptions:
    return DataOptions(root=root, image_size=SIZE, cache=tmp_path / "cache", **more)


def test_pixels_are_what_the_device_sees(ham_root: Path, tmp_path: Path) -> None:
    dataset = open_dataset(options(ham_root, tmp_path))
    for index in (0, 33, 69):
        np.testing.assert_array_equal(dataset.square(index), load_square(dataset.samples[index].path, size=SIZE))
    assert dataset.notes == ("ham10000: 70 of 75 images found",)


def test_every_sample_has_one_part_and_all_parts_are_used(ham_root: Path, tmp_path: Path) -> None:
    dataset = open_dataset(options(ham_root, tmp_path))
    indices = np.concatenate([dataset.part(part) for part in Part])
    assert sorted(indices) == list(range(70))
    assert all(len(dataset.part(part)) for part in Part)


def test_the_split_is_written_once(ham_root: Path, tmp_path: Path) -> None:
    first = open_dataset(options(ham_root, tmp_path))
    text = first.split_path.read_text()
    again = open_dataset(options(ham_root, tmp_path, seed=7))
    assert again.split_path.read_text() == text
    assert again.parts == first.parts


def test_the_split_is_the_same_at_any_image_size(ham_root: Path, tmp_path: Path) -> None:
    """Or a bundle would be judged on photos that it learned from, where the first command asked for another size."""
    sizes = (SIZE, 64, 224, 256)
    asked = [DataOptions(root=ham_root, image_size=size, cache=tmp_path / str(size)) for size in sizes]
    assert len({open_dataset(options).split_path.read_text() for options in asked}) == 1


def test_images_that_come_later_get_a_part_and_no_other_moves(ham_root: Path, tmp_path: Path) -> None:
    before = open_dataset(options(ham_root, tmp_path))
    make_ham(ham_root, count=73, listed=75)
    after = open_dataset(options(ham_root, tmp_path))
    assert after.parts[:70] == before.parts
    assert len(after.samples) == 73


def test_a_damaged_image_is_named_and_skipped(ham_root: Path, tmp_path: Path) -> None:
    victim = sorted(ham_root.rglob("*.jpg"))[5]
    victim.write_bytes(victim.read_bytes()[:200])
    dataset = open_dataset(options(ham_root, tmp_path))
    assert len(dataset.samples) == 69
    assert victim.stem not in {sample.image_id for sample in dataset.samples}
    assert any(note.startswith(f"unreadable, left out: {victim.stem}") for note in dataset.notes)


def test_more_than_five_per_cent_damaged_is_an_error(ham_root: Path, tmp_path: Path) -> None:
    for victim in sorted(ham_root.rglob("*.jpg"))[:4]:  # 4 of 70 are 5.7%
        victim.write_bytes(b"not a photo")
    with pytest.raises(DataError, match=r"4 of 70 images cannot be read \(more than 5%\), first: ISIC_0000000"):
        open_dataset(options(ham_root, tmp_path))


def test_an_interrupted_scan_goes_on_where_it_stopped(ham_root: Path, tmp_path: Path) -> None:
    whole = open_dataset(options(ham_root, tmp_path))
    scan = next(whole.folder.rglob("index.csv"))
    text = scan.read_text()
    scan.write_text(text[: len(text) // 2])  # ends inside a row, as a kill leaves it
    again = open_dataset(options(ham_root, tmp_path))
    assert scan.read_text() == text
    np.testing.assert_array_equal(again.pixels, whole.pixels)


def test_a_changed_file_is_decoded_again(ham_root: Path, tmp_path: Path) -> None:
    first = open_dataset(options(ham_root, tmp_path))
    paths = [sample.path for sample in first.samples[:2]]
    paths[0].write_bytes(paths[1].read_bytes() + b"\0")
    again = open_dataset(options(ham_root, tmp_path))
    np.testing.assert_array_equal(again.square(0), again.square(1))


def test_squares_of_another_way_of_decoding_are_not_used_again(
    ham_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_dataset(options(ham_root, tmp_path))
    np.memmap(next(first.folder.rglob("squares.u8")), mode="r+")[:] = 0
    assert not open_dataset(options(ham_root, tmp_path)).square(0).any(), "from the cache"
    monkeypatch.setattr("teacher.data.pixels.DECODING", 1_000)
    assert open_dataset(options(ham_root, tmp_path)).square(0).any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: None, "no such folder"),
        (lambda root: root.mkdir(), "no known dataset here"),
        (lambda root: make_ham(root, count=0, listed=7), "tables but no images"),
        (lambda root: make_ham(root, count=14), "too few for a split"),
    ],
)
def test_a_useless_root_is_a_clear_error(tmp_path: Path, make, message: str) -> None:
    make(tmp_path / "root")
    with pytest.raises(DataError, match=message):
        open_dataset(options(tmp_path / "root", tmp_path))


def test_a_broken_split_file_is_refused(ham_root: Path, tmp_path: Path) -> None:
    dataset = open_dataset(options(ham_root, tmp_path))
    dataset.split_path.write_text("image_id,part\nISIC_0000000,training\n")
    with pytest.raises(DataError, match="not a split file"):
        open_dataset(options(ham_root, tmp_path))


def test_the_synthetic_dataset_opens_without_a_root(tmp_path: Path) -> None:
    dataset = open_dataset(options(None, tmp_path, synthetic_count=200))
    assert len(dataset.samples) == 200 + 50
    assert _groups_stay_together(dataset)


def test_further_drawings_serve_thresholds_and_judging_alone(tmp_path: Path) -> None:
    """A group goes whole to one side; all but those that share a patient with an earlier drawing."""
    dataset = open_dataset(options(None, tmp_path, synthetic_count=200))
    known = {sample.group_id for sample in dataset.samples[:200]}
    new = [dataset.parts[index] for index in range(200, 250) if dataset.samples[index].group_id not in known]
    assert set(new) == {Part.CALIBRATION, Part.VALIDATION}
    assert new.count(Part.CALIBRATION) > new.count(Part.VALIDATION)
    assert len(new) > 40


def test_a_lost_drawing_is_drawn_again(tmp_path: Path) -> None:
    first = open_dataset(options(None, tmp_path, synthetic_count=200))
    victim = first.samples[17].path
    before = victim.read_bytes()
    victim.unlink()
    open_dataset(options(None, tmp_path, synthetic_count=200))
    assert victim.read_bytes() == before


@pytest.mark.slow
def test_the_real_split_keeps_groups_and_balance(shared_data: Path, tmp_path: Path) -> None:
    dataset = open_dataset(options(shared_data, tmp_path))
    assert _groups_stay_together(dataset)
    shares = {part: dataset.malignant(dataset.part(part)).mean() for part in Part}
    assert max(shares.values()) - min(shares.values()) < 0.01


def _groups_stay_together(dataset: Dataset) -> bool:
    part_of: dict[str, Part] = {}
    same = [part_of.setdefault(s.group_id, p) is p for s, p in zip(dataset.samples, dataset.parts, strict=True)]
    with dataset.split_path.open() as file:
        rows = list(csv.DictReader(file))
    merged: dict[str, str] = {}
    return all(same) and all(merged.setdefault(row["group"], row["part"]) == row["part"] for row in rows)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=40), st.data())
def test_near_duplicates_always_share_a_group(values: list[int], data: st.DataObject) -> None:
    flips = data.draw(st.lists(st.integers(0, 63), max_size=NEAR_DUPLICATE_BITS, unique=True))
    twin = values[0]
    for bit in flips:
        twin ^= 1 << bit
    hashes = np.array([*values, twin], dtype=np.uint64)
    groups = merged_groups([f"lesion-{index}" for index in range(len(hashes))], hashes)
    assert groups[0] == groups[-1]
    left, right = near_duplicate_pairs(hashes)
    assert (groups[left] == groups[right]).all()
    assert len(np.unique(groups)) >= len(hashes) - len(left)


def test_different_pictures_of_one_patient_share_a_group() -> None:
    hashes = np.array([0, 2**64 - 1, 2**32 - 1], dtype=np.uint64)
    assert list(merged_groups(["a", "a", "b"], hashes)) == [0, 0, 1]
