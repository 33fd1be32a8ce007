"""The page on a data root: one file that needs nothing else, with what was found and without what may not be there."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from command_desk import Said, typed
from plugin_photos import draw, make_ham, write_table


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
