"""Whatever is done in whatever order, the store answers as a few dictionaries would."""

import io
import shutil
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from PIL import Image

from mobile_app.body import Half, Place, Region
from mobile_app.store import Lesion, Shot, Store, export_archive, import_archive


def jpeg(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 40), (shade, 90, 60)).save(out, format="JPEG")
    return out.getvalue()


PHOTOS = [jpeg(shade) for shade in (30, 120, 220)]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
PLACES = st.none() | st.builds(
    lambda region, half: Place(region=region, half=half), st.sampled_from(Region), st.none() | st.sampled_from(Half)
)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


class StoreModel(RuleBasedStateMachine):
    """`lesions`, `shots`, `photos`, `due` and `set` are what ought to be kept."""

    lesion_ids = Bundle("lesion_ids")
    shot_ids = Bundle("shot_ids")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = Store(self.folder / "store")
        self.forget()
        self.marks: set[str] = set()
        self.count = 0

    def forget(self) -> None:
        self.lesions: dict[str, Lesion] = {}
        self.shots: dict[str, Shot] = {}
        self.photos: dict[str, bytes] = {}
        self.due: dict[str, date] = {}
        self.set: dict[str, object] = {}

    def mark(self) -> str:
        """Notes that occur once, to look for after they are deleted."""
        self.count += 1
        self.marks.add(mark := f"mark {self.count:06d}.")
        return mark

    @rule(target=lesion_ids, name=TEXTS, place=PLACES, created=MOMENTS)
    def add_lesion(self, name: str, place: Place | None, created: datetime) -> str:
        notes = self.mark()
        lesion = self.store.add_lesion(name=name, place=place, notes=notes, created=created)
        assert (lesion.name, lesion.place, lesion.notes, lesion.created) == (name, place, notes, created)
        self.lesions[lesion.id] = lesion
        return lesion.id

    @rule(lesion_id=lesion_ids, name=TEXTS, place=PLACES)
    def edit_lesion(self, lesion_id: str, name: str, place: Place | None) -> None:
        if lesion_id in self.lesions:
            self.lesions[lesion_id] = self.store.edit_lesion(lesion_id, name=name, place=place, notes=self.mark())

    @rule(
        target=shot_ids,
        lesion_id=lesion_ids,
        photo=st.sampled_from(PHOTOS),
        report=st.dictionaries(TEXTS, JSON, max_size=3),
        size_in_frame=st.none() | st.floats(0, 1),
        answers=st.dictionaries(TEXTS, st.booleans(), max_size=3),
        taken=MOMENTS,
        keep=st.booleans(),
    )
    def add_shot(
        self,
        lesion_id: str,
        photo: bytes,
        report: dict[str, object],
        size_in_frame: float | None,
        answers: dict[str, bool],
        taken: datetime,
        keep: bool,
    ) -> str:
        if lesion_id not in self.lesions:
            return ""
        self.store.keep_photos = keep
        shot = self.store.add_shot(
            lesion_id, photo=photo, report=report, size_in_frame=size_in_frame, answers=answers, taken=taken
        )
        self.shots[shot.id] = Shot(
            id=shot.id,
            lesion_id=lesion_id,
            taken=taken,
            report=report,
            has_photo=keep,
            size_in_frame=size_in_frame,
            answers=answers,
        )
        if keep:
            self.photos[shot.id] = self.store.photo(shot.id)
        return shot.id

    @rule(shot_id=consumes(shot_ids))
    def delete_shot(self, shot_id: str) -> None:
        self.store.delete_shot(shot_id)
        self.shots.pop(shot_id, None)
        self.photos.pop(shot_id, None)

    @rule(lesion_id=consumes(lesion_ids))
    def delete_lesion(self, lesion_id: str) -> None:
        self.store.delete_lesion(lesion_id)
        self.lesions.pop(lesion_id, None)
        self.due.pop(lesion_id, None)
        for shot_id in [shot.id for shot in self.shots.values() if shot.lesion_id == lesion_id]:
            del self.shots[shot_id]
            self.photos.pop(shot_id, None)

    @rule(lesion_id=lesion_ids, due=st.none() | st.dates())
    def set_reminder(self, lesion_id: str, due: date | None) -> None:
        if lesion_id not in self.lesions:
            return
        self.store.set_reminder(lesion_id, due)
        self.due.pop(lesion_id, None)
        if due is not None:
            self.due[lesion_id] = due

    @rule(name=st.sampled_from(["language", "keep"]), value=JSON)
    def set_setting(self, name: str, value: object) -> None:
        self.store.set_setting(name, value)
        self.set[name] = value

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store(self.folder / "store")

    @rule()
    def move_to_another_device(self) -> None:
        """By archive; settings stay behind, photos are the same but for one more encoding."""
        archive = self.folder / "all.zip"
        export_archive(self.store, archive)
        self.store.close()
        shutil.rmtree(self.folder / "store")
        self.store = Store(self.folder / "store")
        added = import_archive(self.store, archive)
        assert (added.lesions, added.shots) == (len(self.lesions), len(self.shots))
        again = import_archive(self.store, archive)
        assert (again.lesions, again.shots) == (0, 0)
        archive.unlink()
        self.set.clear()
        self.photos = {shot_id: self.store.photo(shot_id) for shot_id in self.photos}

    @rule()
    def delete_all(self) -> None:
        self.store.delete_all()
        self.forget()

    @invariant()
    def answers_as_the_model(self) -> None:
        by_shots = {lesion_id: self.shots_of(lesion_id) for lesion_id in self.lesions}
        newest = {key: max([shot.taken for shot in shots], default=None) for key, shots in by_shots.items()}
        order = sorted(self.lesions)
        order.sort(key=lambda key: newest[key] or self.lesions[key].created, reverse=True)
        assert self.store.lesions() == [self.lesions[key] for key in order]
        for lesion_id, shots in by_shots.items():
            assert self.store.shots(lesion_id) == shots
        assert self.store.reminders() == self.due
        for name in ("language", "keep"):
            assert self.store.setting(name, "unset") == self.set.get(name, "unset")
        used = self.store.usage()
        assert (used.lesions, used.shots, used.photos) == (len(self.lesions), len(self.shots), len(self.photos))

    @invariant()
    def keeps_just_the_files_it_needs(self) -> None:
        for name in ("photos", "thumbnails"):
            assert {path.name for path in (self.folder / "store" / name).iterdir()} == set(self.photos)
        for shot_id, photo in self.photos.items():
            assert self.store.photo(shot_id) == photo

    @invariant()
    def holds_no_deleted_word(self) -> None:
        deleted = self.marks - {lesion.notes for lesion in self.lesions.values()}
        on_disk = b"".join(path.read_bytes() for path in (self.folder / "store").glob("store.sqlite3*"))
        assert not [mark for mark in deleted if mark.encode() in on_disk]

    def shots_of(self, lesion_id: str) -> list[Shot]:
        shots = [shot for shot in self.shots.values() if shot.lesion_id == lesion_id]
        return sorted(shots, key=lambda shot: (shot.taken, shot.id))

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


TestStoreModel = StoreModel.TestCase
TestStoreModel.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
