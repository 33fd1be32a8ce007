"""What the app keeps, through its one door: records, bare photos, deletes that leave nothing, full disks."""

import errno
import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from mobile_app.body import Half, Place, Region
from mobile_app.store import Store, StoreError, Usage, store_folder
from runtime import PhotoError

PALM = Place(region=Region.PALM, half=Half.LEFT)
REPORT = {"tier": "low", "conditions": [["nevus", 0.9]], "malignancy": 0.1, "reason_codes": []}


def jpeg(shade: int = 120, *, size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (shade, 90, 60)).save(out, format="JPEG", **options)
    return out.getvalue()


def picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def files(folder: Path) -> set[str]:
    """Names of all photo and thumbnail files, temporary ones included."""
    return {f"{path.parent.name}/{path.name}" for path in folder.glob("*/*")}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


def test_a_lesion_and_its_shots_come_back_after_closing(tmp_path: Path) -> None:
    taken = datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=2)))
    with Store(tmp_path) as store:
        lesion = store.add_lesion(name="Left palm", place=PALM, notes="itches\nat night \x00 日本")
        shot = store.add_shot(
            lesion.id,
            photo=jpeg(),
            report=REPORT,
            size_in_frame=0.25,
            answers={"changed": True, "A": False},
            taken=taken,
        )
        photo = store.photo(shot.id)
    with Store(tmp_path) as store:
        assert store.lesions() == [lesion]
        assert store.lesion(lesion.id) == lesion
        assert store.shots(lesion.id) == [shot]
        assert store.photo(shot.id) == photo
    assert (lesion.name, lesion.place, lesion.notes) == ("Left palm", PALM, "itches\nat night \x00 日本")
    assert lesion.created.tzinfo is UTC
    assert (shot.taken, shot.taken.tzinfo) == (taken, UTC)
    assert (shot.report, shot.size_in_frame, shot.answers) == (REPORT, 0.25, {"changed": True, "A": False})
    assert shot.has_photo


def test_editing_changes_what_is_named_and_nothing_else(store: Store) -> None:
    lesion = store.add_lesion(name="mole", place=PALM, notes="old")
    other = store.add_lesion(name="other")
    assert store.rename(lesion.id, "spot").notes == "old"
    edited = store.edit_lesion(lesion.id, name="spot", place=None, notes="new")
    assert (edited.name, edited.place, edited.notes, edited.created) == ("spot", None, "new", lesion.created)
    assert store.lesion(lesion.id) == edited
    assert store.lesion(other.id) == other


def test_lesions_come_with_the_newest_shot_first_and_shots_oldest_first(store: Store) -> None:
    first, second, empty = (store.add_lesion(name=name, created=day(1)) for name in ("first", "second", "empty"))
    late = store.add_shot(first.id, photo=jpeg(), report=REPORT, taken=day(9))
    early = store.add_shot(first.id, photo=jpeg(), report=REPORT, taken=day(2))
    store.add_shot(second.id, photo=jpeg(), report=REPORT, taken=day(5))
    assert [lesion.id for lesion in store.lesions()] == [first.id, second.id, empty.id]
    assert store.shots(first.id) == [early, late]


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", 3),
        ("ÉPAULE", 1),
        ("e\u0301paule", 1),
        ("STRASSE", 1),
        ("palm itches", 1),
        ("itches  palm ", 1),
        ("%", 0),
        ("none", 0),
    ],
)
def test_search_finds_every_word_in_names_and_notes_whatever_the_case(store: Store, search: str, found: int) -> None:
    store.add_lesion(name="Tache sur l'épaule")
    store.add_lesion(name="Straße")
    store.add_lesion(name="Palm", notes="itches")
    assert len(store.lesions(search=search)) == found


def test_lesions_of_one_region(store: Store) -> None:
    palm = store.add_lesion(name="a", place=PALM)
    store.add_lesion(name="b", place=Place(region=Region.SOLE))
    store.add_lesion(name="c")
    assert store.lesions(region=Region.PALM) == [palm]
    assert store.lesions(region=Region.PALM, search="b") == []


def test_photos_are_kept_upright_smaller_and_without_a_byte_of_metadata(store: Store) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[29] = "2026:01:01 SecretGPS"
    source = jpeg(size=(3000, 1500), exif=exif.tobytes(), comment=b"SecretComment", icc_profile=b"SecretProfile" * 40)
    assert b"SecretGPS" in source
    shot = store.add_shot(store.add_lesion(name="a").id, photo=source, report=REPORT)
    for data, size in ((store.photo(shot.id), (1024, 2048)), (store.thumbnail(shot.id), (128, 256))):
        assert b"Secret" not in data
        kept = picture(data)
        assert (kept.format, kept.size) == ("JPEG", size)
        assert not kept.getexif()
        assert set(kept.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_small_photo_is_not_enlarged_and_looks_the_same(store: Store) -> None:
    source = Image.effect_mandelbrot((90, 60), (-2, -1.5, 1, 1.5), 30).convert("RGB")
    out = io.BytesIO()
    source.save(out, format="PNG")
    shot = store.add_shot(store.add_lesion(name="a").id, photo=out.getvalue(), report=REPORT)
    kept = picture(store.photo(shot.id))
    assert kept.size == (90, 60)
    assert ImageOps.grayscale(kept).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) == pytest.approx(
        ImageOps.grayscale(source).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)), abs=2
    )


def test_a_panorama_that_could_be_judged_can_be_kept(store: Store) -> None:
    source = jpeg(size=(11_000, 2_800))
    shot = store.add_shot(store.add_lesion(name="a").id, photo=source, report=REPORT)
    assert picture(store.photo(shot.id)).size == (2048, 521)


def test_what_is_no_photo_is_refused_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    lesion = store.add_lesion(name="a")
    with pytest.raises(PhotoError):
        store.add_shot(lesion.id, photo=b"text", report=REPORT)
    assert store.shots(lesion.id) == []
    assert files(tmp_path) == set()


def test_without_keeping_photos_the_answer_is_kept_and_no_pixel(tmp_path: Path) -> None:
    with Store(tmp_path, keep_photos=False) as store:
        lesion = store.add_lesion(name="a")
        shot = store.add_shot(lesion.id, photo=jpeg(), report=REPORT)
        assert not shot.has_photo
        assert store.shots(lesion.id)[0].report == REPORT
        for read in (store.photo, store.thumbnail):
            with pytest.raises(StoreError, match="not kept"):
                read(shot.id)
        store.keep_photos = True
        assert store.add_shot(lesion.id, photo=jpeg(), report=REPORT).has_photo
    assert len(files(tmp_path)) == 2


def test_a_shot_of_a_lesion_that_is_gone_is_refused_and_leaves_no_file(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no longer kept"):
        store.add_shot("0" * 32, photo=jpeg(), report=REPORT)
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    "wrong", [{"size_in_frame": 1.5}, {"size_in_frame": float("nan")}, {"taken": datetime(2026, 1, 1)}]
)
def test_values_of_the_wrong_unit_are_refused(store: Store, tmp_path: Path, wrong: dict[str, object]) -> None:
    lesion = store.add_lesion(name="a")
    with pytest.raises(ValueError, match=r"time zone|share"):
        store.add_shot(lesion.id, photo=jpeg(), report=REPORT, **wrong)  # pyright: ignore[reportArgumentType]
    assert store.usage().shots == 0


def test_a_report_that_json_cannot_say_is_refused_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    lesion = store.add_lesion(name="a")
    for report in ({"malignancy": float("nan")}, {"tier": object()}):
        with pytest.raises((ValueError, TypeError)):
            store.add_shot(lesion.id, photo=jpeg(), report=report)
    assert store.shots(lesion.id) == []
    assert files(tmp_path) == set()


def test_half_a_character_is_kept_as_a_question_mark(store: Store) -> None:
    assert store.add_lesion(name="a\ud800b").name == "a?b"


def test_deleting_a_shot_leaves_its_neighbours(store: Store, tmp_path: Path) -> None:
    lesion = store.add_lesion(name="a")
    gone, kept = (store.add_shot(lesion.id, photo=jpeg(), report=REPORT) for _ in range(2))
    store.delete_shot(gone.id)
    store.delete_shot(gone.id)  # a second tap
    assert store.shots(lesion.id) == [kept]
    assert files(tmp_path) == {f"photos/{kept.id}", f"thumbnails/{kept.id}"}
    with pytest.raises(StoreError, match="no longer kept"):
        store.photo(gone.id)


def test_deleting_what_is_no_id_touches_no_file(store: Store, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("a stranger's")
    for hostile in ("", ".", "../precious", str(tmp_path / "precious")):
        store.delete_shot(hostile)
        store.delete_lesion(hostile)
    assert (tmp_path / "precious").exists()


def test_deleting_a_lesion_takes_its_shots_files_and_reminder(store: Store, tmp_path: Path) -> None:
    gone, kept = store.add_lesion(name="a"), store.add_lesion(name="b")
    store.add_shot(gone.id, photo=jpeg(), report=REPORT)
    shot = store.add_shot(kept.id, photo=jpeg(), report=REPORT)
    store.set_reminder(gone.id, date(2026, 5, 1))
    store.delete_lesion(gone.id)
    assert store.lesions() == [kept]
    assert store.shots(gone.id) == []
    assert store.reminders() == {}
    assert files(tmp_path) == {f"photos/{shot.id}", f"thumbnails/{shot.id}"}


@pytest.mark.parametrize("how", ["lesion", "edit", "all"])
def test_deleted_words_are_in_no_file_any_more(store: Store, tmp_path: Path, how: str) -> None:
    notes = "UNMISTAKABLE " * 900  # longer than a page: overflow pages are freed, too
    lesion = store.add_lesion(name="a", notes=notes)
    store.add_shot(lesion.id, photo=jpeg(), report={"tier": "UNMISTAKABLE"}, answers={"UNMISTAKABLE": True})
    store.add_lesion(name="stays")
    store.set_setting("doctor", "UNMISTAKABLE" if how == "all" else "x")
    assert any(b"UNMISTAKABLE" in path.read_bytes() for path in tmp_path.glob("*.*"))
    if how == "edit":
        store.delete_shot(store.shots(lesion.id)[0].id)
        store.edit_lesion(lesion.id, name="a", place=None, notes="")
    else:
        store.delete_all() if how == "all" else store.delete_lesion(lesion.id)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"UNMISTAKABLE" in path.read_bytes()]


def test_delete_all_leaves_a_store_as_new(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        lesion = store.add_lesion(name="a")
        store.add_shot(lesion.id, photo=jpeg(), report=REPORT)
        store.set_reminder(lesion.id, date(2026, 5, 1))
        store.set_setting("language", "fr")
        (tmp_path / "photos" / "not ours.txt").write_text("a stranger's file")
        store.delete_all()
        used = store.usage()
        assert (used.lesions, used.shots, used.photos) == (0, 0, 0)
        assert store.reminders() == {}
        assert store.setting("language") is None
        assert files(tmp_path) == {"photos/not ours.txt"}
        assert store.add_lesion(name="again") in store.lesions()


def test_settings_are_whatever_json_can_say(store: Store) -> None:
    for value in ({"a": [1, 2.5, None, True, "é"]}, None, False, "text"):
        store.set_setting("key", value)
        assert store.setting("key", "default") == value
    assert store.setting("unknown") is None
    assert store.setting("unknown", 3) == 3
    with pytest.raises(TypeError):
        store.set_setting("key", object())
    assert store.setting("key") == "text"


def test_reminders_come_soonest_first_and_can_be_taken_back(store: Store) -> None:
    later, sooner = store.add_lesion(name="a"), store.add_lesion(name="b")
    store.set_reminder(later.id, date(2026, 5, 1))
    store.set_reminder(sooner.id, date(2027, 5, 1))
    store.set_reminder(sooner.id, date(2026, 4, 1))
    assert list(store.reminders().items()) == [(sooner.id, date(2026, 4, 1)), (later.id, date(2026, 5, 1))]
    store.set_reminder(sooner.id, None)
    assert store.reminders() == {later.id: date(2026, 5, 1)}
    with pytest.raises(StoreError, match="no longer kept"):
        store.set_reminder("0" * 32, date(2026, 4, 1))


def test_usage_counts_and_weighs(store: Store, tmp_path: Path) -> None:
    lesion = store.add_lesion(name="a")
    store.add_shot(lesion.id, photo=jpeg(), report=REPORT)
    store.keep_photos = False
    store.add_shot(lesion.id, photo=jpeg(), report=REPORT)
    size = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert store.usage() == Usage(lesions=1, shots=2, photos=1, bytes=size)


def test_opening_removes_orphans_and_only_those(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        shot = store.add_shot(store.add_lesion(name="a").id, photo=jpeg(), report=REPORT)
    mine = files(tmp_path)
    for name in ("a" * 32, f"{shot.id}x8q2.tmp", f"{'b' * 32}x8q2.tmp"):
        (tmp_path / "photos" / name).write_bytes(b"half a pho")
    (tmp_path / "thumbnails" / "holiday.jpg").write_bytes(b"a stranger's")
    with Store(tmp_path) as store:
        assert store.photo(shot.id)
    assert files(tmp_path) == mine | {"thumbnails/holiday.jpg"}


def test_photos_whose_database_is_gone_are_not_taken_for_orphans(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.add_shot(store.add_lesion(name="a").id, photo=jpeg(), report=REPORT)
    kept = files(tmp_path)
    (tmp_path / "store.sqlite3").unlink()
    for _ in range(2):
        with pytest.raises(StoreError, match="no database"):
            Store(tmp_path)
    assert files(tmp_path) == kept


def test_a_missing_file_is_told_and_the_record_stays(store: Store, tmp_path: Path) -> None:
    lesion = store.add_lesion(name="a")
    shot = store.add_shot(lesion.id, photo=jpeg(), report=REPORT)
    (tmp_path / "photos" / shot.id).unlink()
    with pytest.raises(StoreError, match="missing"):
        store.photo(shot.id)
    assert store.shots(lesion.id) == [shot]


def test_a_second_process_is_kept_out(store: Store, tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from mobile_app.store import Store; Store(Path(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "StoreError" in done.stderr
    assert "another window" in done.stderr


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        pass
    with pytest.raises(StoreError, match="closed"):
        store.lesions()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such bits")
def test_other_users_of_the_computer_see_nothing(tmp_path: Path) -> None:
    with Store(tmp_path / "new") as store:
        store.add_lesion(name="a")
    for path in (tmp_path / "new").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_two_threads_lose_nothing_of_each_other(store: Store, tmp_path: Path) -> None:
    lesion = store.add_lesion(name="a")
    problems: list[Exception] = []

    def work(shade: int) -> None:
        try:
            for index in range(8):
                shot = store.add_shot(lesion.id, photo=jpeg(shade), report={"by": shade, "index": index})
                assert picture(store.photo(shot.id)).getpixel((0, 0))[0] == pytest.approx(shade, abs=4)
                store.add_lesion(name=f"{shade} {index}")
                if index % 2:
                    store.delete_shot(shot.id)
                store.lesions(search="a")
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(shade,)) for shade in (60, 180)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    kept = store.shots(lesion.id)
    assert sorted((shot.report["by"], shot.report["index"]) for shot in kept) == [
        (shade, index) for shade in (60, 180) for index in (0, 2, 4, 6)
    ]
    assert len(store.lesions()) == 17
    assert files(tmp_path) == {f"{folder}/{shot.id}" for shot in kept for folder in ("photos", "thumbnails")}


@pytest.mark.parametrize("nth", [1, 2])
def test_a_full_disk_is_told_and_takes_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    """`nth` 1: no room for the photo; 2: none for its thumbnail."""
    lesion = store.add_lesion(name="a")
    kept = store.add_shot(lesion.id, photo=jpeg(), report=REPORT)
    before = files(tmp_path)
    writes: list[Path] = []

    @contextmanager
    def full(path: Path) -> Iterator[Path]:
        writes.append(path)
        if len(writes) == nth:
            raise OSError(errno.ENOSPC, "No space left on device")
        yield path

    with monkeypatch.context() as patch:
        patch.setattr("mobile_app.store.album.written_whole", full)
        with pytest.raises(StoreError, match="the photo cannot be kept: the disk is full"):
            store.add_shot(lesion.id, photo=jpeg(), report=REPORT)
    assert store.shots(lesion.id) == [kept]
    assert files(tmp_path) == before
    assert store.add_shot(lesion.id, photo=jpeg(), report=REPORT) in store.shots(lesion.id)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
def test_a_database_that_cannot_grow_is_told_and_takes_nothing(store: Store, tmp_path: Path) -> None:
    import resource

    lesion = store.add_lesion(name="a")
    shot = store.add_shot(lesion.id, photo=jpeg(), report=REPORT)
    before = files(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))  # what a full disk is to SQLite: a failed write
    try:
        with pytest.raises(StoreError, match="cannot be kept"):
            store.add_lesion(name="b", notes="x" * 1_000_000)
        with pytest.raises(StoreError, match="cannot be kept"):
            store.add_shot(lesion.id, photo=jpeg(), report={"tier": "x" * 1_000_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert store.lesions() == [lesion]
    assert store.shots(lesion.id) == [shot]
    assert files(tmp_path) == before
    store.rename(lesion.id, "still works")


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({"FLET_APP_STORAGE_DATA": "/device/files", "XDG_DATA_HOME": "/xdg"}, "linux", "/device/files"),
        ({"XDG_DATA_HOME": "/xdg"}, "linux", "/xdg/skintag-edge"),
        ({"XDG_DATA_HOME": "relative"}, "linux", "/home/ada/.local/share/skintag-edge"),
        ({}, "linux", "/home/ada/.local/share/skintag-edge"),
        ({"XDG_DATA_HOME": "/xdg"}, "darwin", "/home/ada/Library/Application Support/skintag-edge"),
        ({"APPDATA": "/roaming"}, "win32", "/roaming/skintag-edge"),
        ({}, "win32", "/home/ada/AppData/Roaming/skintag-edge"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="paths are written as POSIX does")
def test_the_folder_is_the_platforms_own(environ: dict[str, str], platform: str, expected: str) -> None:
    assert store_folder(environ=environ, platform=platform, home=Path("/home/ada")) == Path(expected)


def test_the_store_loads_without_flet_or_cryptography() -> None:
    code = "import sys, mobile_app.store; sys.exit(bool({'flet', 'cryptography', 'onnxruntime'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
