"""`python -m teacher`: what it says of a data root, the labels it makes, and one line where it cannot."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_desk import Said, typed
from plugin_photos import make_ham, write_table

from teacher.data import pixels

SHORT = ("--teacher-epochs", 1, "--views", 1, "--image-size", 32)


def data(root: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> Said:
    return typed("teacher", "data", "--data", root, "--cache", cache, "--image-size", 32, capsys=capsys)


def labels(root: Path, cache: Path, *more: object, capsys: pytest.CaptureFixture[str]) -> Said:
    return typed("teacher", "soft-labels", "--data", root, "--cache", cache, *SHORT, *more, capsys=capsys)


def split_file(said: Said) -> Path:
    found = re.search(r"^split file: (.+)$", said.out, re.MULTILINE)
    assert found is not None, said.out
    return Path(found.group(1))


def test_data_says_what_was_found_and_where_each_image_went(
    ham_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = data(ham_root, tmp_path / "cache", capsys)
    assert said.code == 0
    assert "70 of 75 images found" in said.out
    parts = dict(re.findall(r"(train|validation|calibration|test) (\d+)", said.out))
    assert sum(map(int, parts.values())) == 70
    rows = split_file(said).read_text().splitlines()
    assert len(rows) == 1 + 70
    assert {row.rsplit(",", 1)[1] for row in rows[1:]} == set(parts)


def test_data_never_splits_twice(ham_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = data(ham_root, tmp_path / "cache", capsys)
    before = split_file(first).read_bytes()
    again = typed(
        *("teacher", "data", "--data", ham_root, "--cache", tmp_path / "cache", "--image-size", 32, "--seed", 7),
        capsys=capsys,
    )
    assert again.out == first.out
    assert split_file(again).read_bytes() == before


def test_after_ctrl_c_the_same_command_goes_on(
    ham_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = data(ham_root, tmp_path / "other", capsys)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pixels, "load_square", interrupted)
        stopped = data(ham_root, tmp_path / "cache", capsys)
    assert stopped.code == 130
    assert "Traceback" not in stopped.err
    assert "split file" not in stopped.out
    resumed = data(ham_root, tmp_path / "cache", capsys)
    assert resumed.code == 0
    assert split_file(resumed).read_bytes() == split_file(undisturbed).read_bytes()


def test_a_root_that_cannot_be_used_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    absent, empty, unknown = tmp_path / "nowhere", tmp_path / "empty", tmp_path / "unknown"
    empty.mkdir()
    write_table(unknown / "HAM10000_metadata.csv", ("lesion_id", "image_id", "dx"), [("1", "ISIC_1", "wart")])
    for root, words in ((absent, "no such folder"), (empty, "no known dataset"), (unknown, "wart")):
        said = data(root, tmp_path / "cache", capsys)
        assert said.code == 1
        assert words in said.error
        assert str(root) in said.error


def test_soft_labels_are_made_once_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, cache = make_ham(tmp_path / "photos"), tmp_path / "cache"
    said = labels(root, cache, capsys=capsys)
    assert said.code == 0, said.err
    summary, place = said.out.splitlines()[-2:]
    images = sum("train" in line for line in next(cache.glob("*/split.csv")).read_text().splitlines()[1:])
    assert f"{images} images x 1 views" in summary
    assert {"learned.csv", "report.json", "config.json"} <= {path.name for path in Path(place).iterdir()}

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a second teacher was trained")

    monkeypatch.setattr("teacher.soft_labels.fold_teachers.finetune", fail)
    assert labels(root, cache, capsys=capsys).out.splitlines()[-2:] == [summary, place]


def test_a_teacher_that_cannot_be_had_is_one_line(
    ham_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    junk = tmp_path / "junk.safetensors"
    junk.write_bytes(b"junk")
    wrong = (
        (("--teacher", "timm:nonsense"), "nonsense"),
        (("--teacher", "timm:test_efficientnet", "--teacher-init", tmp_path / "none"), "no such file"),
        (("--teacher", "timm:test_efficientnet", "--teacher-init", junk), "not a readable safetensors file"),
    )
    for arguments, words in wrong:
        said = labels(ham_root, tmp_path / "cache", *arguments, capsys=capsys)
        assert said.code == 1
        assert words in said.error
    assert not list((tmp_path / "cache").glob("*/soft-labels-*/soft_labels.safetensors"))


@pytest.mark.parametrize("arguments", [("--folds", 1), ("--views", 0), ("--image-size", 31), ("--teacher-epochs", "x")])
def test_a_wrong_option_exits_with_2(
    arguments: tuple[object, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = typed("teacher", "soft-labels", "--data", tmp_path, *arguments, capsys=capsys)
    assert said.code == 2
    assert str(arguments[0]) in said.err
    assert "Traceback" not in said.err


def test_only_commands_that_ask_a_network_load_one(ham_root: Path, tmp_path: Path) -> None:
    """torch, timm and transformers take seconds and 0.9 GB."""
    program = (
        "import sys; from teacher.cli import main\n"
        "for words in sys.argv[1:]:\n"
        "    sys.argv = ['teacher', *words.split('|')]\n"
        "    try: main()\n"
        "    except SystemExit as done: assert not done.code, words\n"
        "print(sorted({'torch', 'timm', 'transformers', 'xgboost'} & set(sys.modules)), file=sys.stderr)\n"
    )
    asked = f"data|--data|{ham_root}|--cache|{tmp_path}|--image-size|32"
    typed_here = ("labels", "labels|ham10000", "duplicates|--help", "download|--help", "--help", asked)
    child = [sys.executable, "-c", program, *typed_here]
    done = subprocess.run(child, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "[]", done.stderr
    assert "melanoma" in done.stdout
    assert "soft-labels" in done.stdout, "listed all the same"
