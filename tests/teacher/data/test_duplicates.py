"""The same lesion in two datasets is found by its structure, whatever its crop and colour, and stands in one part."""

import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from plugin_photos import HAM_LABELS, write_table
from typer.testing import CliRunner

from teacher.cli import app
from teacher.data.cache import DUPLICATES_NAME
from teacher.data.dataset import DataOptions, Dataset, forget_derived, open_dataset, samples_of
from teacher.data.duplicates import features, search
from teacher.data.duplicates.search import PAIRS_NAME, find_duplicates
from teacher.data.duplicates.table import Duplicate, linked, write_duplicates
from teacher.data.sample import DataError

COUNT, TWINS, OTHERS = 30, 6, 6
"""Pictures of the first dataset, and how many of them stand in the second as well, among its OTHERS."""
SIDE = 160


def picture(index: int) -> np.ndarray:
    """uint8 [SIDE, SIDE, 3]: skin with blots of many sizes, no two pictures alike."""
    rng = np.random.default_rng(index)
    image = np.full((SIDE, SIDE, 3), (205, 165, 140), dtype=np.uint8)
    for _ in range(90):
        centre = tuple(int(value) for value in rng.integers(8, SIDE - 8, 2))
        axes = tuple(int(value) for value in rng.integers(2, 11, 2))
        colour = tuple(int(value) for value in rng.integers(40, 200, 3))
        cv2.ellipse(image, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1)
    return cv2.GaussianBlur(image, (0, 0), 0.8)


def seen_again(image: np.ndarray, index: int) -> np.ndarray:
    """The same lesion as another camera has it: turned, nearer, in other light and colour."""
    turn = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), 12.0 + 9 * index, 1.2)
    turned = cv2.warpAffine(image, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT)
    return np.clip(turned * np.array([0.75, 0.9, 1.05]) + 12, 0, 255).astype(np.uint8)


def save(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty pictures posing as HAM10000; six of them again, among others, posing as PAD-UFES-20."""
    folder = tmp_path_factory.mktemp("duplicates") / "photos"
    rows = [(f"HAM_{index:03d}", f"ISIC_{index:03d}", HAM_LABELS[index % 7]) for index in range(COUNT)]
    write_table(folder / "HAM10000_metadata.csv", ("lesion_id", "image_id", "dx"), rows)
    for index in range(COUNT):
        save(folder / "images" / f"ISIC_{index:03d}.png", picture(index))
    header = ("patient_id", "lesion_id", "img_id", "diagnostic", "fitspatrick")
    pad = [(f"PAT_{index}", f"{index}", f"PAT_{index}.png", "NEV", "2") for index in range(OTHERS + TWINS)]
    write_table(folder / "pad_ufes" / "metadata.csv", header, pad)
    for index in range(OTHERS + TWINS):
        image = seen_again(picture(index), index) if index < TWINS else picture(1000 + index)
        save(folder / "pad_ufes" / "images" / f"PAT_{index}.png", image)
    return folder


def options(root: Path, cache: Path) -> DataOptions:
    return DataOptions(root=root, cache=cache, image_size=32)


def find(root: Path, cache: Path) -> list[Duplicate]:
    samples, folder = samples_of(options(root, cache))
    return find_duplicates(samples, folder, seed=0)


def run(root: Path, cache: Path, *more: str) -> str:
    result = CliRunner().invoke(app, ["duplicates", "--data", str(root), "--cache", str(cache), *more])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def expected() -> set[tuple[str, str]]:
    return {(f"ISIC_{index:03d}", f"PAT_{index}") for index in range(TWINS)}


def ids(found: list[Duplicate]) -> set[tuple[str, str]]:
    return {(one.first[1].removesuffix(".png"), one.second[1].removesuffix(".png")) for one in found if one.same}


def place(dataset: Dataset, image_id: str) -> int:
    return next(i for i, one in enumerate(dataset.samples) if one.image_id.removesuffix(".png") == image_id)


@pytest.fixture(scope="module")
def whole(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Duplicate]]:
    cache = tmp_path_factory.mktemp("whole")
    return cache, find(root, cache)


def table(cache: Path) -> str:
    return next(cache.rglob(DUPLICATES_NAME)).read_text()


def test_the_same_lesion_is_found_and_others_are_not(whole: tuple[Path, list[Duplicate]]) -> None:
    _, found = whole
    assert ids(found) == expected()
    assert all(one.matches >= 9 for one in found if one.same)


def test_the_transform_says_how_one_photo_lies_on_the_other(whole: tuple[Path, list[Duplicate]]) -> None:
    for index, one in enumerate(whole[1]):
        across, down = np.array(one.transform[:2]), np.array(one.transform[3:5])
        assert np.linalg.norm(across) == pytest.approx(1.2, rel=0.03)
        assert np.linalg.norm(down) == pytest.approx(1.2, rel=0.03)
        assert np.degrees(np.arctan2(across[1], across[0])) == pytest.approx(12 + 9 * index, abs=2)


def test_a_lesion_of_two_datasets_stands_in_one_part(root: Path, whole: tuple[Path, list[Duplicate]]) -> None:
    dataset = open_dataset(options(root, whole[0]))
    for one, other in expected():
        left, right = place(dataset, one), place(dataset, other)
        assert dataset.groups[left] == dataset.groups[right]
        assert dataset.parts[left] is dataset.parts[right]
    assert len(dataset.samples) == COUNT + OTHERS + TWINS


def test_a_split_that_was_there_before_leaves_out_what_must_not_be_known(root: Path, tmp_path: Path) -> None:
    before = open_dataset(options(root, tmp_path))
    torn = [p for p in expected() if before.parts[place(before, p[0])] is not before.parts[place(before, p[1])]]
    assert torn, "else there is nothing to see"
    assert "the split was there before" in run(root, tmp_path)
    after = open_dataset(options(root, tmp_path))
    assert len(after.samples) == len(before.samples) - len(torn)
    assert any(f"{len(torn)} images left out" in note for note in after.notes)


def test_it_goes_on_where_it_was_interrupted(
    root: Path, whole: tuple[Path, list[Duplicate]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "CHUNK", 8)
    monkeypatch.setattr(search, "CHUNK", 50)
    taken, looked = features.features_of, search.agreement
    count = {"taken": 0, "looked": 0}

    def breaking(name: str, limit: int, function):
        def call(*given):
            count[name] += 1
            if count[name] > limit:
                raise KeyboardInterrupt
            return function(*given)

        return call

    with monkeypatch.context() as first:
        first.setattr(features, "features_of", breaking("taken", 20, taken))
        with pytest.raises(KeyboardInterrupt):
            find(root, tmp_path)
    with monkeypatch.context() as second:
        count["taken"] = 0
        second.setattr(features, "features_of", breaking("taken", 50, taken))
        second.setattr(search, "agreement", breaking("looked", 300, looked))
        with pytest.raises(KeyboardInterrupt):
            find(root, tmp_path)
    assert not list(tmp_path.rglob(DUPLICATES_NAME)), "no table of half a search"
    before = len(next(tmp_path.rglob(PAIRS_NAME)).read_text().splitlines())
    assert before >= 200
    count["looked"] = 0
    monkeypatch.setattr(search, "agreement", breaking("looked", 10**9, looked))
    assert find(root, tmp_path) == whole[1]
    assert table(tmp_path) == table(whole[0])
    assert count["looked"] == len(next(tmp_path.rglob(PAIRS_NAME)).read_text().splitlines()) - before
    find(root, tmp_path)
    assert count["looked"] == len(next(tmp_path.rglob(PAIRS_NAME)).read_text().splitlines()) - before, "nothing twice"


@pytest.mark.parametrize("keep", [0.0, 0.63])
@pytest.mark.parametrize("name", ["keypoints.bin", "index.csv", PAIRS_NAME])
def test_what_was_cut_off_is_done_again(
    root: Path, whole: tuple[Path, list[Duplicate]], tmp_path: Path, name: str, keep: float
) -> None:
    subprocess.run(["cp", "-r", f"{whole[0]}/.", str(tmp_path)], check=True)
    path = next(path for path in tmp_path.rglob(name) if "features" in path.parent.name)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    assert find(root, tmp_path) == whole[1]
    assert table(tmp_path) == table(whole[0])


def test_the_command_shows_what_it_found(root: Path, tmp_path: Path) -> None:
    advice = "run python -m teacher duplicates"
    asked = ["data", "--data", str(root), "--cache", str(tmp_path), "--image-size", "32"]
    assert advice in " ".join(CliRunner().invoke(app, asked).output.split())
    sheet = tmp_path / "sheet.jpg"
    said = run(root, tmp_path, "--sheet", str(sheet))
    assert "ham10000 x pad_ufes" in said
    equal = sum(HAM_LABELS[index] == "nv" for index in range(TWINS))
    assert said.count("one lesion, two labels") == TWINS - equal
    with Image.open(sheet) as page:
        assert page.width > 4 * 2 * 224
    assert advice not in " ".join(CliRunner().invoke(app, asked).output.split())


def test_forgetting_keeps_the_table(root: Path, whole: tuple[Path, list[Duplicate]], tmp_path: Path) -> None:
    subprocess.run(["cp", "-r", f"{whole[0]}/.", str(tmp_path)], check=True)
    folder, _ = forget_derived(options(root, tmp_path))
    assert (folder / DUPLICATES_NAME).is_file()
    assert not (folder / features.FOLDER_NAME).exists()


def test_one_damaged_photo_does_not_stop_the_search(root: Path, tmp_path: Path) -> None:
    subprocess.run(["cp", "-r", str(root), str(tmp_path / "photos")], check=True)
    (tmp_path / "photos" / "images" / "ISIC_039.png").write_bytes(b"no photo")
    save(tmp_path / "photos" / "images" / "ISIC_038.png", np.full((SIDE, SIDE, 3), 200, dtype=np.uint8))
    assert ids(find(tmp_path / "photos", tmp_path / "cache")) == expected()


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "content,other_content,verdict\nx,y,perhaps\n", "content\n\x00\xff\n"])
def test_a_table_that_is_none_is_said_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / DUPLICATES_NAME).write_text(text)
    with pytest.raises(DataError, match=r"not a table of duplicates.*teacher duplicates"):
        linked(tmp_path, ["x", "y"])


NAMES = st.tuples(st.sampled_from(["ham10000", "own"]), st.text(min_size=1, max_size=8), st.text("0123456789abcdef"))
"""Ids of photos hold whatever names of files hold."""


@given(st.lists(st.tuples(NAMES, NAMES, st.booleans()), max_size=6))
def test_the_table_gives_back_the_pairs_that_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[tuple[str, str, str], tuple[str, str, str], bool]]
) -> None:
    folder = tmp_path_factory.mktemp("table")
    written = [
        Duplicate(first=first, second=second, matches=9, same=same, transform=(1.0, 0.0, 2.5, 0.0, 1.0, -3.0))
        for first, second, same in pairs
    ]
    write_duplicates(folder, written)
    contents = sorted({end[2] for first, second, _ in pairs for end in (first, second)})
    found = {(contents[left], contents[right]) for left, right in linked(folder, contents)}
    assert found == {(first[2], second[2]) for first, second, same in pairs if same}
