"""A photo's way is timed in the call that answers it, and nothing is measured that would not be asked."""

from pathlib import Path

import jsonschema_rs
import pytest
from plugin_bundles import MakeBundle
from plugin_photos import draw

from runtime import PhotoError, Triage
from runtime.measure.drawing import drawn_photo
from runtime.measure.photo_way import STAGES, MeasureError, measure_photo, photo_work
from runtime.measure.result import Result, code_of, schema
from runtime.measure.stream import trial

CODE = code_of(version="test")


class Ticks:
    """A clock that is a second later each time it is asked."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture
def photo(tmp_path: Path) -> bytes:
    draw(tmp_path / "photo.jpg", 0)
    return (tmp_path / "photo.jpg").read_bytes()


@pytest.fixture
def triage(tmp_path: Path, tiny_bundle: MakeBundle) -> Triage:
    return Triage.load(tiny_bundle(tmp_path), threads=1)


def test_the_steps_are_those_of_the_whole(photo: bytes, triage: Triage) -> None:
    found = photo_work(triage, photo, clock=Ticks())()
    assert tuple(found) == STAGES
    assert found == {"decode": 1000, "gate": 1000, "model": 1000, "decision": 1000, "total": 4000}


def test_a_measurement_of_the_app_is_a_whole_result(photo: bytes, triage: Triage) -> None:
    told: list[float] = []
    found = measure_photo(
        lambda: triage,
        photo,
        name="spot.jpg",
        plan=trial(3, warmup=1),
        code=CODE,
        wanted=lambda share: told.append(share) is None,
    )
    assert found is not None
    assert told == [0.0, pytest.approx(1 / 3), pytest.approx(2 / 3), 1.0]
    (subject,) = found.subjects
    assert subject.name == "onnx fp32"
    assert subject.threads == 1
    assert subject.provider.actual == ("CPUExecutionProvider",)
    assert tuple(subject.samples.milliseconds) == STAGES
    assert found.cold_starts[0].imports is None
    assert found.photo.bytes == len(photo)
    jsonschema_rs.validator_for(schema()).validate(found.to_dict())
    assert Result.from_json(found.to_json(), where="here").row("onnx fp32", "total").series.n == 3


def test_a_measurement_that_is_stopped_leaves_nothing(photo: bytes, triage: Triage) -> None:
    plan = trial(100, warmup=1)
    assert (
        measure_photo(lambda: triage, photo, name="", plan=plan, code=CODE, wanted=lambda share: share < 0.02) is None
    )


def test_a_photo_that_is_refused_is_said(tmp_path: Path, triage: Triage) -> None:
    dark = tmp_path / "dark.png"
    from PIL import Image

    Image.new("RGB", (200, 200)).save(dark)
    with pytest.raises(MeasureError, match="take another photo"):
        photo_work(triage, dark.read_bytes())
    with pytest.raises(PhotoError):
        photo_work(triage, b"text")


def test_the_drawing_is_a_photo_that_the_model_is_asked_about(tmp_path: Path, triage: Triage) -> None:
    drawn = drawn_photo((806, 604))
    assert drawn == drawn_photo((806, 604))
    assert triage.assess(drawn).novelty is not None


def test_the_usual_answer_is_the_same_with_and_without_a_watch(photo: bytes, triage: Triage) -> None:
    seen: list[str] = []
    assert triage.assess(photo, passed=seen.append) == triage.assess(photo)
    assert seen == ["decode", "gate", "model"]
    beside: list[str] = []
    triage.assess(photo, neighbours=[photo, photo], passed=beside.append)
    assert beside == seen
