"""Everything out and in again; and archives that somebody made to do harm, or that a broken cable cut."""

import io
import json
import threading
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from mobile_app.body import Half, Place, Region
from mobile_app.store import (
    AesGcm,
    Judge,
    Merged,
    Plain,
    Store,
    StoreError,
    Unwanted,
    export_archive,
    import_archive,
    write_archive,
)
from mobile_app.store import archive as module
from runtime.bundle.manifest import Figure

LESION_ID, SHOT_ID = "a" * 32, "b" * 32
PHOTO = f"photos/{SHOT_ID}.jpg"


def jpeg(shade: int = 120, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 40), (shade, 90, 60)).save(out, format="JPEG", **options)
    return out.getvalue()


def fill(store: Store) -> None:
    lesion = store.add_lesion(name="été", place=Place(region=Region.SOLE, half=Half.RIGHT), notes="n\n")
    store.add_shot(
        lesion.id,
        photo=jpeg(),
        report={"tier": "high"},
        size_in_frame=0.5,
        answers={"changed": True},
        judge=Judge(
            model_id="b5",
            sha256="0" * 64,
            score_calibrated=True,
            figures={"malignancy_auc": Figure(value=0.93, low=0.9, high=0.95, n=812)},
        ),
    )
    store.keep_photos = False
    store.add_shot(lesion.id, photo=jpeg(), report={"tier": "low"})
    store.keep_photos = True
    store.set_reminder(lesion.id, date(2026, 6, 1))
    store.add_lesion(name="empty")
    store.set_setting("language", "fr")


def records(store: Store) -> object:
    return [(lesion, store.shots(lesion.id)) for lesion in store.lesions()], store.reminders()


def manifest() -> dict[str, Any]:
    moment = "2026-01-01T00:00:00+00:00"
    lesion = {"id": LESION_ID, "name": "a", "region": "palm", "half": None, "notes": "", "created": moment, "due": None}
    shot = {"id": SHOT_ID, "lesion_id": LESION_ID, "taken": moment, "report": {}, "has_photo": True}
    return {
        "format": "skintag-edge archive",
        "version": 1,
        "lesions": [lesion],
        "shots": [{**shot, "size_in_frame": None, "answers": {}}],
    }


def packed(files: dict[str, bytes], *, coding: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", coding) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out


def good(change: Callable[[dict[str, Any]], object] = lambda _: None, **files: bytes) -> io.BytesIO:
    """A sound archive, but for what `change` does to its manifest."""
    change(content := manifest())
    return packed({"manifest.json": json.dumps(content).encode(), PHOTO: jpeg(), **files})


def is_untouched(store: Store, folder: Path) -> bool:
    return store.usage().shots == 0 and store.lesions() == [] and not list(folder.glob("*/*"))


def test_everything_comes_back_on_another_device(tmp_path: Path) -> None:
    archive = tmp_path / "all.zip"
    with Store(tmp_path / "one") as one, Store(tmp_path / "two") as two:
        fill(one)
        export_archive(one, archive)
        assert import_archive(two, archive) == Merged(lesions=2, shots=2)
        assert records(two) == records(one)
        (shot,) = [shot for lesion in one.lesions() for shot in one.shots(lesion.id) if shot.has_photo]
        first, second = (Image.open(io.BytesIO(store.photo(shot.id))) for store in (one, two))
        assert max(high for _, high in ImageChops.difference(first, second).getextrema()) <= 3
        assert two.thumbnail(shot.id)
        assert two.setting("language") is None
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["all.zip"]


def test_an_archive_of_before_the_model_was_recorded_is_taken(tmp_path: Path) -> None:
    assert "judge" not in manifest()["shots"][0]
    with Store(tmp_path) as store:
        assert import_archive(store, good()) == Merged(lesions=1, shots=1)
        assert store.shot(SHOT_ID).judge is None


def test_a_sealed_store_gives_an_archive_that_any_store_takes(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    out = io.BytesIO()
    with Store(tmp_path / "one", cipher=AesGcm(b"k" * 32)) as one, Store(tmp_path / "two", cipher=Plain()) as two:
        fill(one)
        write_archive(one, out)
        assert b"\xff\xd8\xff" in out.getvalue()  # as its docstring says: the photos are there for anyone to see
        import_archive(two, out)
        assert records(two) == records(one)


def test_an_archive_adds_and_never_changes_what_is_there(tmp_path: Path) -> None:
    with Store(tmp_path / "one") as store:
        import_archive(store, good())
        photo = store.photo(SHOT_ID)
        store.rename(LESION_ID, "mine")
        store.set_reminder(LESION_ID, date(2026, 1, 1))

        def differ(content: dict[str, Any]) -> None:
            content["lesions"][0].update(name="theirs", due="2030-01-01")
            content["shots"][0]["report"] = {"tier": "low"}
            content["shots"].append({**content["shots"][0], "id": "c" * 32, "has_photo": False})

        assert import_archive(store, good(differ)) == Merged(lesions=0, shots=1)
        assert store.lesion(LESION_ID).name == "mine"
        assert store.reminders() == {LESION_ID: date(2026, 1, 1)}
        assert store.shot(SHOT_ID).report == {}
        assert store.photo(SHOT_ID) == photo
        assert [shot.id for shot in store.shots(LESION_ID)] == [SHOT_ID, "c" * 32]


def test_photos_from_an_archive_lose_their_metadata_too(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        import_archive(store, good(**{PHOTO: jpeg(comment=b"SecretPlace") + b"SecretTail"}))
        assert b"Secret" not in store.photo(SHOT_ID)


def test_where_no_photos_are_kept_an_archive_brings_none(tmp_path: Path) -> None:
    with Store(tmp_path, keep_photos=False) as store:
        import_archive(store, good())
        assert not store.shot(SHOT_ID).has_photo
    assert not list(tmp_path.glob("*/*"))


def lesion(**change: object) -> Callable[[dict[str, Any]], object]:
    return lambda content: content["lesions"][0].update(change)


def shot(**change: object) -> Callable[[dict[str, Any]], object]:
    return lambda content: content["shots"][0].update(change)


JUDGE = {"model_id": "b5", "sha256": "0" * 64, "score_calibrated": True, "figures": {}}

HOSTILE: dict[str, Callable[[], io.BytesIO]] = {
    "no zip": lambda: io.BytesIO(b"not a zip"),
    "empty": lambda: io.BytesIO(b""),
    "cut": lambda: io.BytesIO(good().getvalue()[:-40]),
    "no manifest": lambda: packed({PHOTO: jpeg()}),
    "no JSON": lambda: packed({"manifest.json": b"{", PHOTO: jpeg()}),
    "no UTF-8": lambda: packed({"manifest.json": b"\xff\xff", PHOTO: jpeg()}),
    "a list": lambda: packed({"manifest.json": b"[]"}),
    "nested": lambda: packed({"manifest.json": b"[" * 200_000}),
    "NaN": lambda: packed({"manifest.json": b'{"a": NaN}'}),
    "long number": lambda: packed({"manifest.json": b'{"a": ' + b"9" * 10_000 + b"}"}),
    "another format": lambda: good(lambda content: content.update(format="other")),
    "newer": lambda: good(lambda content: content.update(version=2)),
    "no shots": lambda: good(lambda content: content.pop("shots")),
    "shots no list": lambda: good(lambda content: content.update(shots={})),
    "shot no object": lambda: good(lambda content: content.update(shots=[1])),
    "path in a shot's id": lambda: good(shot(id="../../../etc/passwd")),
    "path in a lesion's id": lambda: good(lesion(id="/" + "a" * 31)),
    "id with a line end": lambda: good(lesion(id=LESION_ID + "\n")),
    "id twice": lambda: good(lambda content: content["lesions"].append(content["lesions"][0])),
    "shot of no lesion": lambda: good(shot(lesion_id="d" * 32)),
    "name no text": lambda: good(lesion(name=5)),
    "unknown region": lambda: good(lesion(region="tail")),
    "no time": lambda: good(lesion(created="yesterday")),
    "time without zone": lambda: good(shot(taken="2026-01-01T00:00:00")),
    "time out of range": lambda: good(shot(taken="0001-01-01T00:00:00+23:00")),
    "due no date": lambda: good(lesion(due="soon")),
    "share beyond 1": lambda: good(shot(size_in_frame=7)),
    "share infinite": lambda: good(shot(size_in_frame="inf")),
    "report no object": lambda: good(shot(report=[])),
    "report infinite": lambda: packed(
        {
            "manifest.json": json.dumps(manifest()).replace('"report": {}', '"report": {"x": 1e999}').encode(),
            PHOTO: jpeg(),
        }
    ),
    "answers no yes or no": lambda: good(shot(answers={"changed": "maybe"})),
    "answers no object": lambda: good(shot(answers=3)),
    "judge no object": lambda: good(shot(judge=3)),
    "judge of nothing": lambda: good(shot(judge={"model_id": "b5"})),
    "judge's figure no number": lambda: good(shot(judge={**JUDGE, "figures": {"auc": {"value": "0.9"}}})),
    "judge's figure infinite": lambda: packed(
        {
            "manifest.json": json.dumps(manifest())
            .replace('"report": {}', '"report": {}, "judge": ' + json.dumps({**JUDGE, "figures": {"auc": "AUC"}}))
            .replace('"AUC"', '{"value": 1e999, "low": 0, "high": 1, "n": 3}')
            .encode(),
            PHOTO: jpeg(),
        }
    ),
    "photo missing": lambda: packed({"manifest.json": json.dumps(manifest()).encode()}),
    "photo no photo": lambda: good(**{PHOTO: b"text"}),
    "photo cut": lambda: good(**{PHOTO: jpeg()[:-60]}),
    "photo of nothing": lambda: good(**{f"photos/{'e' * 32}.jpg": jpeg()}),
    "path upwards": lambda: good(**{"../evil.jpg": jpeg()}),
    "path absolute": lambda: good(**{"/tmp/evil.jpg": jpeg()}),
    "path in photos": lambda: good(**{"photos/../../evil.jpg": jpeg()}),
    "other coding": lambda: packed(
        {"manifest.json": json.dumps(manifest()).encode(), PHOTO: jpeg()}, coding=zipfile.ZIP_LZMA
    ),
    "second of two photos bad": lambda: good(
        lambda content: content["shots"].append({**content["shots"][0], "id": "f" * 32}),
        **{f"photos/{'f' * 32}.jpg": b"text"},
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_is_told_and_nothing_of_it_is_kept(tmp_path: Path, case: str) -> None:
    with Store(tmp_path / "store") as store:
        with pytest.raises(StoreError) as told:
            import_archive(store, HOSTILE[case]())
        assert str(told.value)
        assert "\n" not in str(told.value)
        assert is_untouched(store, tmp_path / "store")
        assert import_archive(store, good()) == Merged(lesions=1, shots=1)  # and it still works
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_a_name_twice_is_told(tmp_path: Path) -> None:
    archive = good()
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(archive, "a") as again:
        again.writestr(PHOTO, jpeg(10))
    with Store(tmp_path) as store, pytest.raises(StoreError, match="a name twice"):
        import_archive(store, archive)


@pytest.mark.parametrize(
    ("limit", "value", "told"),
    [
        ("_MAX_FILES", 1, "2 files, more than 1"),
        ("_MAX_BYTES", 700, "GB unpacked"),
        ("_MAX_PHOTO_BYTES", 500, "MB unpacked"),
        ("_MAX_MANIFEST_BYTES", 100, "MB unpacked"),
    ],
)
def test_too_many_or_too_large_is_told_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, told: str
) -> None:
    monkeypatch.setattr(module, limit, value)
    with Store(tmp_path) as store:
        with pytest.raises(StoreError, match=told):
            import_archive(store, good())
        assert is_untouched(store, tmp_path)


def test_a_bomb_is_told_from_its_size_and_a_lying_size_is_not_believed(tmp_path: Path) -> None:
    zeros = bytes(40_000_000)
    bomb = packed({"manifest.json": json.dumps(manifest()).encode(), PHOTO: zeros})
    assert len(bomb.getvalue()) < 100_000
    liar = io.BytesIO(bomb.getvalue().replace(len(zeros).to_bytes(4, "little"), (5000).to_bytes(4, "little")))
    with Store(tmp_path) as store:
        with pytest.raises(StoreError, match="more than 20 MB unpacked"):
            import_archive(store, bomb)
        with pytest.raises(StoreError):
            import_archive(store, liar)
        assert is_untouched(store, tmp_path)


def test_a_file_that_is_not_there_and_a_folder_that_is_not_are_told(tmp_path: Path) -> None:
    with Store(tmp_path / "store") as store:
        with pytest.raises(StoreError, match="cannot be read"):
            import_archive(store, tmp_path / "absent.zip")
        with pytest.raises(StoreError, match="cannot be written"):
            export_archive(store, tmp_path / "absent" / "all.zip")


def test_an_export_that_fails_leaves_the_earlier_one(tmp_path: Path) -> None:
    archive = tmp_path / "all.zip"
    with Store(tmp_path / "store") as store:
        fill(store)
        export_archive(store, archive)
        before = archive.read_bytes()
        for path in (tmp_path / "store" / "photos").iterdir():
            path.unlink()
        with pytest.raises(StoreError, match="missing"):
            export_archive(store, archive)
    assert archive.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.zip", "store"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 5000), junk=st.binary(min_size=1, max_size=8))
def test_whatever_bytes_are_changed_it_is_read_whole_or_told(tmp_path: Path, at: int, junk: bytes) -> None:
    content = bytearray(good().getvalue())
    at %= len(content)
    content[at : at + len(junk)] = junk
    with Store(tmp_path / "store") as store:
        store.delete_lesion(LESION_ID)
        try:
            added = import_archive(store, io.BytesIO(bytes(content)))
        except StoreError:
            assert is_untouched(store, tmp_path / "store")
        else:
            assert added == Merged(lesions=1, shots=1)
            assert store.photo(SHOT_ID)
            assert store.shot(SHOT_ID).taken == datetime(2026, 1, 1, tzinfo=UTC)


def three_photos(folder: Path) -> io.BytesIO:
    out = io.BytesIO()
    with Store(folder) as other:
        lesion = other.add_lesion(name="left palm")
        for shade in (60, 90, 120):
            other.add_shot(lesion.id, photo=jpeg(shade), report={})
        write_archive(other, out)
    return out


@pytest.mark.parametrize("after", range(4))
def test_an_import_that_is_stopped_leaves_nothing(tmp_path: Path, after: int) -> None:
    answers = iter([True] * after + [False] * 9)
    with Store(tmp_path / "one") as store:
        source = three_photos(tmp_path / "other")
        if after == 3:  # it is asked before each photo, and never after the last one
            assert import_archive(store, source, wanted=lambda: next(answers)) == Merged(lesions=1, shots=3)
            return
        with pytest.raises(Unwanted):
            import_archive(store, source, wanted=lambda: next(answers))
        assert is_untouched(store, tmp_path / "one")
        assert import_archive(store, source) == Merged(lesions=1, shots=3)  # and it still works


def elsewhere(work: Callable[[], object]) -> object:
    """Done on another thread, which is given a while: what waits for a lock that this one holds never ends."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(work()), daemon=True)
    thread.start()
    thread.join(timeout=60)
    return found[0] if found else "waits"


def test_an_import_keeps_nobody_waiting_while_photos_are_made_ready(tmp_path: Path) -> None:
    with Store(tmp_path / "one") as store:
        seen: list[object] = []

        def wanted() -> bool:
            seen.append(elsewhere(lambda: (store.usage().shots, store.lesions())))
            return True

        import_archive(store, three_photos(tmp_path / "other"), wanted=wanted)
        assert seen == [(0, [])] * 3, "and nobody sees a part of it"


def test_what_is_deleted_while_an_import_is_made_ready_is_not_missing_from_it(tmp_path: Path) -> None:
    with Store(tmp_path / "one") as store:
        asked: list[bool] = []

        def wanted() -> bool:
            asked.append(True)
            if len(asked) == 3:
                store.delete_all()
            return True

        assert import_archive(store, three_photos(tmp_path / "other"), wanted=wanted) == Merged(lesions=1, shots=3)
        (lesion,) = store.lesions()
        assert all(store.photo(shot.id) and store.thumbnail(shot.id) for shot in store.shots(lesion.id))


def test_an_import_after_which_photos_are_not_kept_leaves_no_file(tmp_path: Path) -> None:
    with Store(tmp_path / "one") as store:

        def wanted() -> bool:
            store.keep_photos = False
            return True

        assert import_archive(store, three_photos(tmp_path / "other"), wanted=wanted) == Merged(lesions=1, shots=3)
        assert store.usage().photos == 0
        assert not [*(tmp_path / "one" / "photos").iterdir()]
