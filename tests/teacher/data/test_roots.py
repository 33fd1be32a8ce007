"""Data roots as they come: masks beside photos, links, odd names, tables with blanks, repeats and contradictions."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_desk import typed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plugin_photos import draw, make_ham, write_table

from teacher.data.datasets.ham10000 import load_ham10000
from teacher.data.datasets.pad_ufes import load_pad_ufes
from teacher.data.found import Images, Loaded, image_id, read_table
from teacher.data.sample import DataError

HEADER = ("lesion_id", "image_id", "dx")
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="names of bytes and links are POSIX's")


def ham(root: Path) -> Loaded:
    found = load_ham10000(root)
    assert found is not None
    return found


def table(root: Path, *rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> Path:
    write_table(root / "HAM10000_metadata.csv", header, rows)
    return root


# One image, two meanings


def test_an_image_with_two_labels_is_an_error_that_names_it(tmp_path: Path) -> None:
    table(tmp_path, ("H1", "ISIC_1", "nv"), ("H2", "ISIC_2", "bcc"), ("H1", "ISIC_1", "mel"))
    with pytest.raises(
        DataError, match=r"1 images .* two meanings, such as ISIC_1 as melanocytic_nevus, H1 and as melanoma"
    ):
        ham(tmp_path)


def test_an_image_of_two_lesions_is_an_error(tmp_path: Path) -> None:
    table(tmp_path, ("H1", "ISIC_1", "nv"), ("H2", "ISIC_1.jpg", "NV"))
    with pytest.raises(DataError, match="ISIC_1 as melanocytic_nevus, H1 and as melanocytic_nevus, H2"):
        ham(tmp_path)


def test_repeated_rows_are_a_note_and_a_warning_says_how_often(tmp_path: Path) -> None:
    rows = [("H1", "ISIC_1", "nv"), ("H2", "ISIC_2", "Melanoma")] * 4
    found = ham(table(tmp_path, *rows))
    assert found.listed == 2
    assert found.notes == ("6 repeated rows passed over: each row 4 times",)
    assert found.counts == {"rows": 8, "lesions": 2}


def test_pad_lesion_ids_shared_by_patients_are_no_error(tmp_path: Path) -> None:
    rows = [("PAT_1", "7", "MEL", "PAT_1_7_1.png"), ("PAT_2", "7", "NEV", "PAT_2_7_2.png")]
    write_table(tmp_path / "pad_ufes" / "metadata.csv", ("patient_id", "lesion_id", "diagnostic", "img_id"), rows)
    found = load_pad_ufes(tmp_path)
    assert found is not None
    first, second = found.absent
    assert first.group_id != second.group_id
    assert first.lesion_id != second.lesion_id


def test_rows_without_a_lesion_are_groups_of_their_own(tmp_path: Path) -> None:
    found = ham(table(tmp_path, ("", "ISIC_1", "nv"), ("", "ISIC_2", "mel"), ("H1", "ISIC_3", "df")))
    assert len({sample.group_id for sample in found.absent}) == 3
    assert [sample.lesion_id for sample in found.absent] == [None, None, "ham10000/H1"]


# What cannot be mistaken is taken


def test_blanks_case_and_a_suffix_on_the_id_are_taken(tmp_path: Path) -> None:
    table(
        tmp_path,
        ("1", "H1", "ISIC_1.jpg ", " MEL "),
        ("2", " H2", "images/ISIC_2.JPEG", "Melanocytic  Nevi"),
        header=("", " lesion_id", "image_id ", "dx"),
    )
    for number in (1, 2):
        draw(tmp_path / "images" / f"ISIC_{number}.jpg", number)
    found = ham(tmp_path)
    assert [(s.image_id, s.condition.value) for s in found.samples] == [
        ("ISIC_1", "melanoma"),
        ("ISIC_2", "melanocytic_nevus"),
    ]
    assert found.samples[1].group_id == "ham10000/H2"


@given(st.text(min_size=1, max_size=20).filter(lambda text: "/" not in text and "\\" not in text), st.data())
def test_an_id_is_the_same_with_and_without_the_suffix(name: str, data: st.DataObject) -> None:
    suffix = data.draw(st.sampled_from([".jpg", ".JPG", ".jpeg", ".Png"]))
    once = image_id(name + suffix)
    assert once == name
    assert image_id(f"a folder/{name}{suffix}") == once


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_byte_order_marks_and_line_ends(tmp_path: Path, encoding: str, end: str) -> None:
    text = end.join((",".join(HEADER), "H1,ISIC_1,nv", "H2,ISIC_2,mel", ""))
    (tmp_path / "HAM10000_metadata.csv").write_bytes(text.encode(encoding))
    assert ham(tmp_path).listed == 2


@pytest.mark.parametrize(
    "content",
    [
        b"lesion_id;image_id;dx\nH1;ISIC_1;nv\n",
        b"lesion_id\timage_id\tdx\nH1\tISIC_1\tnv\n",
        "lesion_id,image_id,dx\nH1,ISIC_1,nv\n".encode("utf-16"),
        b"lesion_id,image_id,dx\nH\xe9,ISIC_1,nv\n",
        b"",
        b"\x00\x01\x02",
        b'lesion_id,image_id,dx\n"H1,ISIC_1,nv\n',
    ],
)
def test_other_delimiters_and_encodings_are_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "HAM10000_metadata.csv").write_bytes(content)
    with pytest.raises(DataError, match=r"HAM10000_metadata\.csv: ") as caught:
        ham(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_short_row_is_an_empty_cell(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1\n2,x\n")
    assert read_table(tmp_path / "t.csv") == [{"a": "1", "b": ""}, {"a": "2", "b": "x"}]


# Folders


def test_masks_never_replace_photos(tmp_path: Path) -> None:
    root = make_ham(tmp_path, count=7)
    for number in range(7):
        draw(root / "Skin Cancer" / "A Lesion_Masks" / f"ISIC_{number:07d}.png", number + 7)
        draw(root / "Skin Cancer" / "HAM10000_segmentations_lesion" / f"ISIC_{number:07d}.png", number + 7)
    found = ham(root)
    assert {sample.path.parent for sample in found.samples} == {root / "Skin Cancer" / "Skin Cancer"}
    assert found.notes == ("passed over 2 folders of masks, such as Skin Cancer/A Lesion_Masks",)


def test_two_different_files_for_one_image_are_an_error(tmp_path: Path) -> None:
    root = make_ham(tmp_path, count=3)
    draw(root / "Skin Cancer" / "Gt" / "ISIC_0000001.png", 9)
    with pytest.raises(DataError, match=r"ISIC_0000001: two different files, Skin Cancer/Gt/.* and Skin Cancer/Skin"):
        ham(root)


def test_the_same_file_twice_is_taken_once(tmp_path: Path) -> None:
    root = make_ham(tmp_path, count=3)
    copy = root / "images" / "ISIC_0000001.jpg"
    copy.parent.mkdir()
    copy.write_bytes((root / "Skin Cancer" / "Skin Cancer" / "ISIC_0000001.jpg").read_bytes())
    assert len(ham(root).samples) == 3


def test_the_documented_folder_outranks_the_rest(tmp_path: Path) -> None:
    write_table(
        tmp_path / "pad_ufes" / "metadata.csv", ("patient_id", "diagnostic", "img_id"), [("P", "MEL", "P_1.png")]
    )
    draw(tmp_path / "pad_ufes" / "aside" / "P_1.png", 1)
    draw(tmp_path / "pad_ufes" / "images" / "imgs_part_1" / "P_1.jpg", 2)
    found = load_pad_ufes(tmp_path)
    assert found is not None
    assert [sample.path.name for sample in found.samples] == ["P_1.jpg"]


@needs_posix
def test_linked_folders_are_followed_and_loops_end(tmp_path: Path) -> None:
    elsewhere = make_ham(tmp_path / "disk", count=7)
    root = table(tmp_path / "root", *[(f"H{n}", f"ISIC_{n:07d}", "nv") for n in range(7)])
    (root / "images").mkdir()
    (root / "images" / "linked").symlink_to(elsewhere / "Skin Cancer")
    (root / "images" / "loop").symlink_to(root / "images")
    (root / "images" / "again").symlink_to(elsewhere / "Skin Cancer")
    (root / "images" / "itself").symlink_to("itself")
    found = ham(root)
    assert len(found.samples) == 7


@needs_posix
def test_links_that_lead_nowhere_are_said(tmp_path: Path) -> None:
    root = make_ham(tmp_path, count=7)
    (root / "Skin Cancer" / "ISIC_0000009.jpg").symlink_to(tmp_path / "nothing.jpg")
    (root / "Skin Cancer" / "folder").symlink_to(tmp_path / "nothing")
    found = ham(root)
    assert len(found.samples) == 7
    assert found.notes == ("passed over 2 links that lead nowhere, such as Skin Cancer/ISIC_0000009.jpg",)


@needs_posix
def test_names_that_are_no_utf8_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_ham(tmp_path / "root")
    folder = os.fsencode(root / "Skin Cancer") + b"/\xff\xfe"
    try:
        os.mkdir(folder)
    except OSError:
        pytest.skip("this disk takes no such name")
    Path(os.fsdecode(folder + b"/ISIC_0000001.jpg")).write_bytes(b"x")
    found = ham(root)
    assert len(found.samples) == 70
    assert found.notes == ("passed over 1 names that are no UTF-8 (rename them), such as Skin Cancer/\\udcff\\udcfe",)
    said = typed("teacher", "data", "--data", root, "--cache", tmp_path / "c", "--image-size", 32, capsys=capsys)
    assert said.code == 0, said.err


def test_where_it_looked_is_said_when_little_is_found(tmp_path: Path) -> None:
    root = make_ham(tmp_path / "a", count=2, listed=40)
    assert ham(root).describe() == "ham10000: 2 of 40 images found (looked in Skin Cancer/)"
    bare = table(tmp_path / "b", ("H1", "ISIC_1", "nv"))
    assert "(looked in Skin Cancer/, HAM10000_images_part_1/" in ham(bare).describe()
    assert "no such folders" in ham(bare).describe()


def test_tables_alone_are_shown_before_the_command_says_that_there_is_no_image(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    root = table(tmp_path / "root", ("H1", "ISIC_1", "nv"), ("H2", "ISIC_2", "mel"))
    said = typed("teacher", "data", "--data", root, "--cache", tmp_path / "c", capsys=capsys)
    assert said.code == 1
    assert "tables but no images" in said.error
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in said.out.splitlines() if "│" in line]
    assert ["melanoma", "0", "1", "1", "", "", "", "1"] in rows
    assert ["all", "0", "2", "1 (50%)", "", "", "", "2"] in rows
    assert ["DDI", "all", "on request at ddi-dataset.github.io (Stanford AIMI)"] in rows
    assert ["HAM10000", "2 images"] in [row[:2] for row in rows]
    assert "warning: ham10000: 2 rows in its table, 10,015 as published" in said.out


def test_the_dataverse_table_names_the_source(tmp_path: Path) -> None:
    found = ham(table(tmp_path, ("H1", "ISIC_1", "nv", "rosendahl"), header=(*HEADER, "dataset")))
    assert found.absent[0].source == "rosendahl"


def test_what_macos_leaves_is_no_image(tmp_path: Path) -> None:
    root = make_ham(tmp_path, count=3)
    (root / "Skin Cancer" / "Skin Cancer" / "._ISIC_0000001.jpg").write_bytes(b"\0\5\x16\7")
    (root / "Skin Cancer" / "__MACOSX").mkdir()
    (root / "Skin Cancer" / "__MACOSX" / "ISIC_0000001.jpg").write_bytes(b"other")
    found = ham(root)
    assert (len(found.samples), found.notes) == (3, ())


def test_two_parts_with_mixed_suffixes_unicode_and_blanks(tmp_path: Path) -> None:
    root = table(tmp_path / "Fotos de piel ñ", ("H1", "ISIC_1", "nv"), ("H2", "ISIC_2", "mel"), ("H3", "ISIC_3", "df"))
    draw(root / "HAM10000_images_part_1" / "ISIC_1.jpg", 1)
    draw(root / "HAM10000_images_part_2" / "más fotos" / "ISIC_2.PNG", 2)
    draw(root / "HAM10000_images_part_2" / "ISIC_3.JPEG", 3)
    assert len(ham(root).samples) == 3


def test_a_file_that_vanishes_is_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_ham(tmp_path, count=3)
    draw(root / "images" / "ISIC_0000001.jpg", 5)
    images = Images(root, "Skin Cancer", "images")
    (root / "images" / "ISIC_0000001.jpg").unlink()
    assert images.path("ISIC_0000001").name == "ISIC_0000001.jpg"


@needs_posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    root = make_ham(tmp_path, count=3)
    closed = root / "Skin Cancer" / "closed"
    closed.mkdir(mode=0)
    assert "folders that cannot be read, such as Skin Cancer/closed" in ham(root).describe()


# Laws

ROWS = st.lists(
    st.tuples(st.sampled_from(["H1", "H2", "H3", ""]), st.integers(0, 6), st.sampled_from(["nv", "mel", "df"])),
    min_size=1,
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(rows=ROWS, order=st.randoms(use_true_random=False))
def test_a_table_is_refused_or_means_the_same_in_any_order(
    tmp_path: Path, rows: list[tuple[str, int, str]], order: "object"
) -> None:
    """And no image stands in it with two labels or two lesions."""
    named = [(lesion, f"ISIC_{number}", dx) for lesion, number, dx in rows]
    contradict = len({(image, lesion, dx) for lesion, image, dx in named}) > len({image for _, image, _ in named})
    shuffled = list(named)
    order.shuffle(shuffled)  # pyright: ignore[reportAttributeAccessIssue]
    load: Callable[[list[tuple[str, str, str]]], dict[str, tuple[str, str]]] = lambda some: {  # noqa: E731
        sample.image_id: (sample.group_id, sample.raw_label) for sample in ham(table(tmp_path, *some)).absent
    }
    if contradict:
        with pytest.raises(DataError, match="two meanings"):
            load(named)
    else:
        assert load(named) == load(shuffled)
