"""The page on a data root: one file that needs nothing else, with what was found and without what may not be there."""

import re
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from command_desk import Said, typed
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from plugin_photos import draw, make_ham, write_table

from teacher.data.cache import DUPLICATES_NAME
from teacher.data.dataset import DataOptions, open_dataset
from teacher.data.duplicates.table import Duplicate, write_duplicates
from teacher.data.likeness import SAME_DETAIL, likeness
from teacher.data.splits import Part


class Links(HTMLParser):
    """Everything that a page would load, and whether its tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loaded += [value or "" for name, value in attrs if name in ("src", "data", "poster", "srcset")]
        self.loaded += [value or "" for name, value in attrs if name == "href" and tag in ("link", "image", "use")]
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def report(page: Path, *more: object, capsys: pytest.CaptureFixture[str]) -> Said:
    return typed(
        *("teacher", "data", "--cache", page.parent / "cache", "--image-size", 32, "--report", page, *more),
        capsys=capsys,
    )


def parsed(text: str) -> Links:
    links = Links()
    links.feed(text)
    assert not links.open
    return links


def test_the_page_holds_everything_and_loads_nothing(
    ham_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    said = report(page, "--data", ham_root, capsys=capsys)
    assert said.code == 0, said.err
    assert f"report: {page}" in said.out
    text = page.read_text()
    loaded = parsed(text).loaded
    assert any(one.startswith("data:image/jpeg") for one in loaded)
    assert all(one.startswith(("data:", "#")) for one in loaded)
    assert "<script" not in text
    assert "url(http" not in text
    assert "70 of 75" in text
    for words in ("HAM10000, dermoscopic", "CC BY-NC 4.0", "prefers-color-scheme: dark", "10,015", "<svg"):
        assert words in text
    report(page, "--data", ham_root, capsys=capsys)
    assert page.read_text() == text, "equal data give equal pages"


def test_without_photos_there_is_no_picture_of_anybody(
    ham_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    assert report(page, "--data", ham_root, "--no-photos", capsys=capsys).code == 0
    text = page.read_text()
    parsed(text)
    assert "data:image/jpeg" not in text
    assert "HAM10000, dermoscopic" in text


def test_copies_with_contradicting_labels_stand_side_by_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, page = make_ham(tmp_path / "photos"), tmp_path / "report.html"
    rows = [("own", "own.png", "melanoma"), ("<b>bold</b>", "bold.png", "melanocytic_nevus")]
    write_table(root / "own" / "own.csv", ("patient", "path", "condition"), rows)
    draw(root / "own" / "own.png", 3)
    draw(root / "own" / "bold.png", 3)
    assert report(page, "--data", root, capsys=capsys).code == 0
    text = page.read_text()
    parsed(text)
    assert "labels differ" in text
    assert "own/own" in text
    assert "<b>bold" not in text, "what a table says is text and never markup"
    assert "&lt;b&gt;bold" in text


def alike(path: Path, seed: int) -> None:
    """A picture whose coarse parts, which is all that a hash knows, are always the same; its detail is the seed's."""
    waves = np.zeros((224, 224))
    waves[:8, :8] = np.random.default_rng(2).choice([-260.0, 260.0], (8, 8))
    waves[0, 0] = 0
    grain = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 60, (224, 224)), (0, 0), 2.5)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(128 + cv2.idct(waves) + grain, 0, 255).astype(np.uint8)).convert("RGB").save(path)


def test_different_spots_of_like_hashes_are_no_duplicates_and_stay_in_one_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, page = make_ham(tmp_path / "photos"), tmp_path / "report.html"
    rows = [(f"{seed}", f"{seed}.png", "melanoma" if seed else "melanocytic_nevus") for seed in range(2)]
    write_table(root / "own" / "own.csv", ("patient", "path", "condition"), rows)
    for seed in range(2):
        alike(root / "own" / f"{seed}.png", seed)
    assert report(page, "--image-size", 224, "--data", root, capsys=capsys).code == 0
    text = page.read_text()
    assert "1 pairs more have like hashes and different detail" in text
    assert "labels differ" not in text
    opened = open_dataset(DataOptions(root=root, image_size=224, cache=tmp_path / "cache"))
    parts = {part for sample, part in zip(opened.samples, opened.parts, strict=True) if sample.dataset == "own"}
    assert len(parts) == 1


def test_pairs_of_the_table_of_duplicates_stand_side_by_side(
    ham_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    opened = open_dataset(DataOptions(root=ham_root, image_size=32, cache=tmp_path / "cache"))
    named = zip(opened.samples, opened.contents, opened.parts, strict=True)
    names = [(one.dataset, one.image_id, content) for one, content, part in named if part is Part.TRAIN]
    pairs = [
        Duplicate(first=names[0], second=names[1], matches=31, same=True, transform=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)),
        Duplicate(first=names[2], second=names[3], matches=7, same=False, transform=()),
        Duplicate(first=names[4], second=("gone", "gone", "0" * 32), matches=22, same=True, transform=()),
    ]
    write_duplicates(opened.folder, pairs)
    assert report(page, "--data", ham_root, capsys=capsys).code == 0
    text = page.read_text()
    assert "same lesion, 31 local features agree" in text
    assert "labels differ" in text, "HAM_LABELS in turn"
    assert "7 local features" not in text
    assert "22 local features" not in text
    (opened.folder / DUPLICATES_NAME).write_text("dataset,verdict\nham10000,maybe\n")
    said = report(page, "--data", ham_root, capsys=capsys)
    assert (said.code, "not a table of duplicates" in said.error) == (1, True)


def test_a_picture_with_two_labels_is_named_and_left_out_of_all_parts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As PAD-UFES-20 holds PAT_56 twice in other bytes, and PAT_759 in the same."""
    root, page = make_ham(tmp_path / "photos"), tmp_path / "report.html"
    header = ("img_id", "patient_id", "diagnostic")
    rows = [("same_1.png", "PAT_759", "NEV"), ("same_2.png", "PAT_759", "BCC")]
    rows += [("again_1.png", "PAT_56", "SCC"), ("again_2.png", "PAT_56", "BCC"), ("agreed.png", "PAT_56", "SCC")]
    write_table(root / "pad_ufes" / "metadata.csv", header, rows)
    images = root / "pad_ufes" / "images"
    for name, index in (("same_1", 103), ("same_2", 103), ("again_1", 105), ("again_2", 105), ("agreed", 106)):
        draw(images / f"{name}.png", index)
    with Image.open(images / "again_2.png") as image:
        image.save(images / "again_2.png", compress_level=0)
    said = report(page, "--data", root, capsys=capsys)
    assert said.code == 0, said.err
    assert "one picture, two labels, left out of all parts" in said.out
    for words in ("pad_ufes/same_1 is NEV and pad_ufes/same_2 is BCC", "again_1 is SCC and pad_ufes/again_2 is BCC"):
        assert words in " ".join(said.out.split())
        assert words in page.read_text()
    assert "labels differ" in page.read_text(), "they are shown side by side all the same"
    opened = open_dataset(DataOptions(root=root, image_size=32, cache=tmp_path / "cache"))
    used = {opened.samples[index].key for part in Part for index in opened.part(part)}
    assert "pad_ufes/agreed" in used
    assert not {f"pad_ufes/{name}" for name in ("same_1", "same_2", "again_1", "again_2")} & used
    assert "same_1" in opened.split_path.read_text(), "the split file knows them: a corrected label brings them back"


@given(seed=st.integers(0, 2**32 - 1), quality=st.integers(30, 95), cut=st.integers(0, 4))
@settings(max_examples=30, deadline=None)
def test_a_copy_is_like_its_original_and_another_picture_is_not(seed: int, quality: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = (
        cv2.GaussianBlur(rng.normal(128, 200, (224, 224, 3)), (0, 0), 5).clip(0, 255).astype(np.uint8) for _ in "ab"
    )
    cropped = cv2.resize(one[cut : 224 - cut, cut : 224 - cut], (224, 224))
    copy = cv2.imdecode(cv2.imencode(".jpg", cropped, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    assert copy is not None
    assert likeness(one, one) == pytest.approx(1)
    assert likeness(one, copy) >= SAME_DETAIL
    assert likeness(one, other) < SAME_DETAIL
    plain = np.full_like(one, 170)
    assert likeness(plain, plain + 3) == 1
    assert likeness(plain, one) == likeness(one, plain) == 0


def test_the_synthetic_dataset_has_a_page_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "report.html"
    assert report(page, "--synthetic-count", 200, "--no-photos", capsys=capsys).code == 0
    assert "synthetic drawings" in page.read_text()
    assert re.search(r"smartphone.*malignant", page.read_text())


def test_a_page_that_cannot_be_written_is_one_line(
    ham_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    page.mkdir()
    said = report(page, "--data", ham_root, capsys=capsys)
    assert said.code == 1
    assert str(page) in said.error
