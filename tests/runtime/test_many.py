"""Many photos: folders, answers as files, the progress line, and one engine shared by threads."""

import csv
import errno
import io
import json
import os
import resource
import subprocess
import sys
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from plugin_bundles import MakeBundle

from runtime import EngineError, PhotoError, Report, Tier, Triage, find_photos
from runtime.answer.locales import LANGUAGES
from runtime.answer.table import COLUMNS, AnswersFile, csv_cells, json_line
from runtime.cli import main
from runtime.conditions import Condition
from runtime.many import Passed, PassedOver, passed_over_line
from runtime.photo import magic
from runtime.progress import Progress, clock_time
from runtime.triage import Reason

ROOT = Path(__file__).parents[2]


def noise(seed: int = 1, *, side: int = 80) -> np.ndarray:
    """Pixels that pass the quality gate, uint8 [side, side, 3]."""
    return np.random.default_rng(seed).integers(30, 220, (side, side, 3), dtype=np.uint8)


def save(path: Path, seed: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise(seed)).save(path, format="PNG")
    return path


@pytest.fixture
def bundle(tiny_bundle: MakeBundle, tmp_path: Path) -> Path:
    return tiny_bundle(tmp_path / "model")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four photos, one of them damaged, one black; and things that are no photos."""
    root = tmp_path / "photos"
    save(root / "b.PNG")
    save(root / "a.jpg")
    save(root / "deeper" / "c.webp")
    Image.new("RGB", (90, 90)).save(root / "black.png")
    (root / "damaged.jpeg").write_bytes(b"\xff\xd8\xff and no more")
    (root / "notes.txt").write_text("not a photo")
    save(root / ".hidden.png")
    save(root / ".cache" / "thumbnail.png")
    return root


PHOTOS_OF_FOLDER = ["a.jpg", "b.PNG", "black.png", "damaged.jpeg", "deeper/c.webp"]


def report(**changes: object) -> Report:
    fields = {
        "tier": Tier.LOW, "malignancy": 0.25, "conditions": (), "novelty": -1.5, "reason_codes": (Reason.FEW_SIGNS,),
        "model_id": "m", "calibrated": True,
    }  # fmt: skip
    return Report(**{**fields, **changes})


# Which files


def test_a_folder_is_walked_in_order_and_only_photos_are_taken(folder: Path) -> None:
    found = list(find_photos([folder]))
    assert [Path(path).relative_to(folder).as_posix() for path in found] == PHOTOS_OF_FOLDER


def test_a_named_file_is_taken_whatever_its_suffix(folder: Path) -> None:
    named = [str(folder / "notes.txt"), str(folder / "missing.xyz"), "nul\x00byte"]
    assert list(find_photos([named[0], folder / "deeper", *named[1:]])) == [
        named[0],
        str(folder / "deeper" / "c.webp"),
        *named[1:],
    ]


def test_heic_is_taken_so_that_its_owner_is_told(tmp_path: Path) -> None:
    (tmp_path / "IMG_1.HEIC").write_bytes(b"\x00\x00\x00\x18ftypheic" + bytes(200))
    assert list(find_photos([tmp_path])) == [str(tmp_path / "IMG_1.HEIC")]


def encoded(image_format: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(noise()).save(stream, image_format)
    return stream.getvalue()


FOUND = {
    "IMG_1.jfif": "JPEG", "a.jif": "JPEG", "b.pjpeg": "JPEG", "twitter.jpg_large": "JPEG", "no_suffix": "JPEG",
    "scan.dib": "BMP", "c.dat": "TIFF", "d.txt": "WEBP", "e.mov": "PNG",
}  # fmt: skip
PASSED_OVER = {
    "._IMG_1.jpg": (b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X", Passed.HIDDEN),
    ".DS_Store": (b"\x00\x00\x00\x01Bud1", Passed.HIDDEN),
    "Thumbs.db": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Passed.NO_PHOTO),
    "BMW.txt": (b"BMW 320, silver, seen on Monday at the clinic's door", Passed.NO_PHOTO),
    "empty": (b"", Passed.EMPTY),
    "IMG_2.MOV": (b"\x00\x00\x00\x14ftypqt  ", Passed.VIDEO),
    "clip": (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00", Passed.VIDEO),
    "old.mov": (b"\x00\x00\x00\x08wide\x00\x00", Passed.VIDEO),
    "film.avi": (b"RIFF\x00\x00\x00\x00AVI LIST", Passed.VIDEO),
    "film.webm": (b"\x1aE\xdf\xa3\x01", Passed.VIDEO),
    "photo.jp2": (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Passed.OTHER_PICTURE),
    "photo.jxl": (b"\xff\x0a", Passed.OTHER_PICTURE),
    "RAW_1.DNG": (b"II*\x00", Passed.RAW),
    "table.csv": (b"photo,tier\n", Passed.NO_PHOTO),
}


def mixed(root: Path) -> Path:
    root.mkdir()
    for name, image_format in FOUND.items():
        (root / name).write_bytes(encoded(image_format))
    for name, (data, _) in PASSED_OVER.items():
        (root / name).write_bytes(data)
    os.mkfifo(root / "pipe")
    (root / "gone").symlink_to(root / "nowhere")
    return root


def test_content_decides_what_is_a_photo_and_nothing_is_left_out_without_a_word(tmp_path: Path) -> None:
    root, passed = mixed(tmp_path / "mixed"), []
    found = [Path(path).name for path in find_photos([root], on_passed_over=passed.append)]
    assert found == sorted(FOUND)
    reasons = {Path(file.path).name: file.reason for file in passed}
    expected = {name: reason for name, (_, reason) in PASSED_OVER.items()}
    assert reasons == {**expected, "pipe": Passed.NO_PHOTO, "gone": Passed.NO_PHOTO}


def test_avif_and_heic_of_any_name_are_photos(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00")
    (tmp_path / "b").write_bytes(b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1heic")
    assert [Path(path).name for path in find_photos([tmp_path])] == ["a", "b"]


def test_an_empty_photo_is_an_error_with_a_name(bundle: Path, tmp_path: Path) -> None:
    """What is called a photo and is none was one: leaving it out would lose it."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "IMG_7.jpg").touch()
    ((name, outcome),) = Triage.load(bundle).assess_many(find_photos([tmp_path / "photos"]))
    assert Path(name).name == "IMG_7.jpg"
    assert "empty" in str(outcome)


@given(st.binary(max_size=80))
def test_any_head_of_a_file_has_one_answer(head: bytes) -> None:
    assert magic.is_photo(head) + magic.is_video(head) + magic.is_other_picture(head) <= 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_passed_over_is_one_line_with_counts_and_names(language: str, tmp_path: Path) -> None:
    passed = []
    list(find_photos([mixed(tmp_path / "mixed")], on_passed_over=passed.append))
    line = passed_over_line(passed, texts=LANGUAGES[language])
    assert line.isprintable()
    assert str(len(passed)) in line
    assert "2 (.DS_Store, ._IMG_1.jpg)" in line
    assert "5 (IMG_2.MOV, clip, film.avi, ...)" in line
    assert passed_over_line([], texts=LANGUAGES[language]) == ""


def test_names_that_would_drive_the_terminal_are_shown_escaped() -> None:
    line = passed_over_line([PassedOver(path="a/\x1b[2J\n.txt", reason=Passed.NO_PHOTO)], texts=LANGUAGES["en"])
    assert line.isprintable()


@pytest.mark.parametrize("more", [["--json"], ["--out", "answers.csv"]])
def test_the_command_says_what_it_passed_over(
    more: list[str], bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = mixed(tmp_path / "mixed")
    monkeypatch.chdir(tmp_path)
    assert main([str(root), "--lang", "fr", "--bundle", str(bundle), *more]) == 0
    captured = capsys.readouterr()
    said = captured.err if more == ["--json"] else captured.out
    lines = [line for line in said.splitlines() if line.startswith("Fichiers ignorés")]
    assert len(lines) == 1
    if more == ["--json"]:
        assert len([json.loads(line) for line in captured.out.splitlines()]) == len(FOUND)


def test_a_link_back_to_the_folder_does_not_loop(folder: Path) -> None:
    (folder / "loop").symlink_to(folder)
    (folder / "deeper" / "linked.png").symlink_to(folder / "b.PNG")
    assert len(list(find_photos([folder]))) == len(PHOTOS_OF_FOLDER) + 1


def test_a_folder_without_photos_is_told(tmp_path: Path) -> None:
    problems: list[PhotoError] = []
    (tmp_path / "empty").mkdir()
    assert list(find_photos([tmp_path / "empty"], on_problem=problems.append)) == []
    assert len(problems) == 1
    assert str(tmp_path / "empty") in str(problems[0])


def test_a_folder_that_cannot_be_read_is_told_and_the_others_are_walked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def locked(path: str) -> object:  # not by chmod: root, as in many a container, may read every folder
        if Path(path).name == "deeper":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    problems: list[PhotoError] = []
    found = list(find_photos([folder], on_problem=problems.append))
    assert len(found) == len(PHOTOS_OF_FOLDER) - 1
    assert [str(problem) for problem in problems] == [f"{folder / 'deeper'}: cannot be read (Permission denied)"]


# Judging them


def test_outcomes_come_in_order_and_a_bad_file_stops_nothing(bundle: Path, folder: Path) -> None:
    outcomes = list(Triage.load(bundle).assess_many(find_photos([folder]), language="es"))
    assert [Path(name).relative_to(folder).as_posix() for name, _ in outcomes] == PHOTOS_OF_FOLDER
    kinds = [outcome.tier if isinstance(outcome, Report) else PhotoError for _, outcome in outcomes]
    assert kinds == [Tier.LOW, Tier.LOW, Tier.CANNOT_ASSESS, PhotoError, Tier.LOW]
    assert {outcome.language for _, outcome in outcomes if isinstance(outcome, Report)} == {"es"}


def test_every_kind_of_source_has_a_name(bundle: Path, folder: Path) -> None:
    path = folder / "a.jpg"
    with path.open("rb") as stream:
        sources = [path, str(path), path.read_bytes(), stream, noise(), io.BytesIO(b"no photo"), object()]
        outcomes = list(Triage.load(bundle).assess_many(sources))  # type: ignore[arg-type]
    assert [name for name, _ in outcomes] == [
        str(path),
        str(path),
        "photo 3",
        str(path),
        "photo 5",
        "photo 6",
        "photo 7",
    ]
    assert [isinstance(outcome, Report) for _, outcome in outcomes] == [True] * 5 + [False] * 2


def test_a_source_is_asked_for_when_its_turn_comes_and_then_let_go(bundle: Path) -> None:
    """Bounded memory: of photos without end, one is alive at a time."""
    made: list[weakref.ref[np.ndarray]] = []

    def endless() -> Iterator[np.ndarray]:
        while True:
            pixels = noise()
            made.append(weakref.ref(pixels))
            yield pixels
            del pixels

    outcomes = Triage.load(bundle).assess_many(endless())
    for count in range(1, 6):
        next(outcomes)
        assert len(made) == count
        assert sum(reference() is not None for reference in made) <= 1


def test_a_kept_error_keeps_no_photo(bundle: Path) -> None:
    """A traceback holds every local variable of what raised it: megabytes for each bad photo of a list."""
    ((_, outcome),) = Triage.load(bundle).assess_many([b"\x89PNG\r\n\x1a\n damaged"])
    assert isinstance(outcome, PhotoError)
    assert (outcome.__traceback__, outcome.__cause__, outcome.__context__) == (None, None, None)


def test_a_model_that_answers_nonsense_stops_everything(tiny_bundle: MakeBundle, tmp_path: Path) -> None:
    triage = Triage.load(tiny_bundle(tmp_path, malignancy=float("nan")))
    with pytest.raises(EngineError, match="malignancy"):
        list(triage.assess_many([noise(), noise()]))


def test_eight_threads_share_one_triage() -> None:
    """The bundle that ships, drawn photos in several sizes: the answers are those of one thread."""
    from teacher.data.synthetic import SyntheticConfig, render

    drawn = [render(SyntheticConfig(count=12, side=300), index)[0] for index in range(12)]
    photos = [*drawn, *(noise(seed, side=100 + 40 * seed) for seed in range(4))]
    triage = Triage.load(threads=1)
    alone = [triage.assess(photo) for photo in photos]
    assert len({answer.tier for answer in alone}) > 1, "one and the same answer for all would prove nothing"
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(triage.assess, photos * 4))
    assert together == alone * 4


# Answers as files


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_becomes_a_table(
    bundle: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "answers.csv"
    assert main([str(folder), "--out", str(out), "--lang", "es", "--bundle", str(bundle)]) == 1
    rows = read_csv(out)
    assert [Path(row["photo"]).name for row in rows] == [Path(name).name for name in PHOTOS_OF_FOLDER]
    assert [row["tier"] for row in rows] == ["low", "low", "cannot assess", "", "low"]
    assert [bool(row["error"]) for row in rows] == [False, False, False, True, False]
    assert rows[0]["tier_text"] == "Nivel de alerta bajo (sin calibrar)"
    assert rows[0]["condition"] == "melanocytic_nevus"
    assert float(rows[0]["malignancy"]) == pytest.approx(0.1)
    assert (rows[2]["malignancy"], rows[2]["reason_codes"]) == ("", "too_dark")
    assert {row["disclaimer"] for row in rows if row["tier"]} == {LANGUAGES["es"].disclaimer}
    captured = capsys.readouterr()
    assert captured.out.startswith(str(out))
    assert "4 fotos" in captured.out
    assert captured.err.count("\n") == 1
    assert "damaged.jpeg" in captured.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.csv", "model", "photos"]


def test_json_lines_hold_what_the_screen_would_say(bundle: Path, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "answers.JSONL"
    photo = folder / "deeper" / "c.webp"
    assert main([str(photo), str(folder), "--out", str(out), "--bundle", str(bundle)]) == 1
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(lines) == len(PHOTOS_OF_FOLDER) + 1
    assert lines[0] == {"photo": str(photo), **Triage.load(bundle).assess(photo).to_dict()}
    assert [set(line) == {"photo", "error"} for line in lines] == [False, False, False, False, True, False]


def test_a_sound_folder_ends_well(bundle: Path, folder: Path, tmp_path: Path) -> None:
    assert main([str(folder / "deeper"), "--out", str(tmp_path / "a.csv"), "--bundle", str(bundle)]) == 0


def test_folders_and_photos_on_the_screen(
    bundle: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    named = [str(tmp_path / "empty"), str(folder / "deeper"), str(folder / "a.jpg")]
    assert main([*named, "--json", "--bundle", str(bundle)]) == 1
    captured = capsys.readouterr()
    assert [Path(json.loads(line)["photo"]).name for line in captured.out.splitlines()] == ["c.webp", "a.jpg"]
    assert "no photo in this folder" in captured.err


texts = st.text(st.characters(codec=None)) | st.builds(
    "".join, st.tuples(st.sampled_from("=+-@\t\r\n＝＋－＠"), st.text())
)


@given(photo=texts, message=texts, model_id=texts)
def test_no_cell_is_a_formula_and_every_row_is_one_line(photo: str, message: str, model_id: str) -> None:
    for outcome in (PhotoError(message), report(model_id=model_id)):
        cells = csv_cells(photo, outcome)
        for column, cell in zip(COLUMNS, cells, strict=True):
            assert not cell.startswith(tuple("=+-@\t\r\n＝＋－＠")) or column == "novelty"
        out = io.StringIO(newline="")
        csv.writer(out).writerow(cells)
        assert len(out.getvalue().splitlines()) == 1
        assert next(csv.reader([out.getvalue()])) == cells
        out.getvalue().encode()


def test_a_negative_number_stays_a_number() -> None:
    cells = dict(zip(COLUMNS, csv_cells("a.jpg", report()), strict=True))
    assert float(cells["novelty"]) == -1.5
    assert cells["calibrated"] == "true"


def test_a_prediction_set_fits_in_a_cell() -> None:
    pair = (Condition.MELANOMA, Condition.OTHER)
    cells = dict(zip(COLUMNS, csv_cells("a.jpg", report(condition_set=pair)), strict=True))
    assert cells["condition_set"] == "melanoma; other"


@given(photo=texts, message=texts)
@example(photo="\x7f\x00\udc80", message="\ud83d\ude00")
def test_json_is_one_sound_line_whatever_a_file_is_called(photo: str, message: str) -> None:
    for outcome in (PhotoError(message), report()):
        line = json_line(photo, outcome)
        assert line.isascii()
        assert len(line.splitlines()) == 1
        assert json.loads(line)["photo"] == photo.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@pytest.mark.parametrize("name", ["answers.csv", "answers.jsonl"])
def test_each_answer_is_on_disk_before_the_next(name: str, tmp_path: Path) -> None:
    with AnswersFile(tmp_path / name) as answers:
        for count in range(1, 4):
            answers.write("a.jpg", report())
            header = name.endswith("csv")
            assert len(answers.part.read_text().splitlines()) == count + header
            assert not answers.path.exists()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def interrupt_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    original, calls = Triage.assess, iter(range(count))

    def assess(self: Triage, *arguments: object, **options: object) -> Report:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return original(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Triage, "assess", assess)


def test_an_interrupted_run_keeps_what_it_had_and_says_so(
    bundle: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "answers.csv"
    out.write_text("an earlier run's answers")
    interrupt_after(3, monkeypatch)
    assert main([str(folder), "--out", str(out), "--bundle", str(bundle)]) == 130
    assert out.read_text() == "an earlier run's answers"
    part = tmp_path / "answers.csv.part"
    assert [Path(row["photo"]).name for row in read_csv(part)] == ["a.jpg", "b.PNG", "black.png"]
    assert capsys.readouterr().err == (f"error: stopped early: 3 answers are kept in {part}\nerror: interrupted\n")


def test_a_run_interrupted_before_its_first_answer_leaves_nothing(
    bundle: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupt_after(0, monkeypatch)
    assert main([str(folder), "--out", str(tmp_path / "answers.csv"), "--bundle", str(bundle)]) == 130
    assert not list(tmp_path.glob("answers*"))
    assert capsys.readouterr().err == "error: interrupted\n"


@pytest.mark.parametrize("name", ["missing/answers.csv", "folder.csv"])
def test_what_cannot_be_written_is_said_before_any_photo_is_judged(
    name: str, bundle: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "folder.csv").mkdir()
    interrupt_after(0, monkeypatch)
    assert main([str(folder), "--out", str(tmp_path / name), "--bundle", str(bundle)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: cannot write {tmp_path / name}")
    assert error.count("\n") == 1


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.csv or \.jsonl"):
        AnswersFile(tmp_path / "answers.xlsx")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_keeps_what_it_had(bundle: Path, folder: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands in for the full disk: the write fails in the same way."""
    out = tmp_path / "answers.jsonl"
    command = [sys.executable, "-m", "runtime", str(folder), "--out", str(out), "--bundle", str(bundle)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)),
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"answers are kept in {out}.part" in done.stderr
    assert "cannot write the answer (File too large)" in done.stderr
    assert not out.exists()
    kept = Path(f"{out}.part").read_text().splitlines()
    assert json.loads(kept[0])["photo"].endswith("a.jpg")


# The progress line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_progress_line_counts_and_says_how_long_it_will_take() -> None:
    terminal, clock = Terminal(), Clock()
    progress = Progress(120, texts=LANGUAGES["en"], stream=terminal, clock=clock)
    clock.now = 10.0
    progress.update(20)
    assert terminal.getvalue() == "\r\x1b[K20 of 120 photos, about 0:50 left"
    clock.now = 10.01
    progress.update(21)
    assert "21 of" not in terminal.getvalue(), "no eye sees a hundred drawings a second"
    progress.update(120)
    assert terminal.getvalue().endswith("120 of 120 photos, about 0:00 left")
    progress.clear()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_a_log_file_gets_no_progress_line() -> None:
    log, hidden = io.StringIO(), Terminal()
    for progress in (
        Progress(2, texts=LANGUAGES["fr"], stream=log),
        Progress(2, texts=LANGUAGES["fr"], stream=hidden, hidden=True),
    ):
        progress.update(1)
        progress.clear()
    assert log.getvalue() == hidden.getvalue() == ""


@pytest.mark.parametrize(("seconds", "shown"), [(0.2, "0:00"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03")])
def test_times_are_shown_as_clocks_show_them(seconds: float, shown: str) -> None:
    assert clock_time(seconds) == shown


def test_the_command_draws_on_a_terminal_and_cleans_up(
    bundle: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main([str(folder), "--out", str(tmp_path / "a.csv"), "--lang", "fr", "--bundle", str(bundle)]) == 1
    drawn = terminal.getvalue()
    assert "5 photos sur 5" in drawn
    assert drawn.endswith("\r\x1b[K")
    assert "\x1b[Kerror: " in drawn, "an error stands on a line of its own"
