"""Measuring the device from within the app: begun, shown, stopped, and said in words, in every language."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import flet as ft
import pytest
from app_bench import Bench, controls
from measurements import result, steady
from plugin_bundles import MakeBundle

from mobile_app.locales import LANGUAGES
from mobile_app.views.about import model_card
from mobile_app.views.measure import measure
from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.look import Look
from mobile_app.visit.measuring import Done, Failed, Going, Idle, Measured, Measuring, file_name, measure_of
from mobile_app.visit.promises import Promises
from mobile_app.visit.session import Kept, Session, Subpage
from runtime import BundleError, Triage
from runtime.measure import drawing, stream
from runtime.measure.known import known_of
from runtime.measure.result import Result
from runtime.measure.verdict import Fault

VALID = result(steady(20.0), seconds=61.0)


@dataclass
class Device:
    """Measures when the test lets it, and tells as much as the test says."""

    answer: Result | Exception | None = VALID
    shares: tuple[float, ...] = (0.0, 0.01, 0.5, 1.0)
    answers: list[bool] = field(default_factory=list)
    seen: list[Measured] = field(default_factory=list)
    pending: list[tuple[Callable[[], Any], Callable[[Any], None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.measuring = Measuring(
            measure=self._measure,
            run=lambda work, done: self.pending.append((work, done)),
            post=lambda call: call(),
            changed=lambda: self.seen.append(self.measuring.now),
        )

    def _measure(self, wanted: Callable[[float], bool], /) -> Result | None:
        self.answers = [wanted(share) for share in self.shares]
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer if all(self.answers) else None

    def finish(self) -> Measured:
        work, done = self.pending.pop(0)
        done(work())
        return self.measuring.now


def test_a_measurement_is_shown_as_it_goes_on_and_then_whole() -> None:
    device = Device()
    assert device.measuring.now == Idle()
    device.measuring.begin()
    device.measuring.begin()
    assert len(device.pending) == 1, "a second tap begins nothing"
    assert device.finish() == Done(result=VALID)
    assert device.seen == [Going(share=0.0), Going(share=0.5), Going(share=1.0), Done(result=VALID)]


def test_what_was_stopped_leaves_nothing_and_can_be_begun_again() -> None:
    device = Device()
    device.measuring.begin()
    device.measuring.stop()
    assert device.measuring.now == Idle()
    device.measuring.begin()
    device.finish()
    assert device.answers == [False] * 4, "nobody wants the first one"
    assert device.measuring.now == Going(share=0.0), "the second one still goes on"
    assert isinstance(device.finish(), Done)
    device.measuring.stop()
    assert isinstance(device.measuring.now, Done), "a result is not thrown away by a late tap"


def test_a_page_that_is_closed_ends_its_measurement_and_is_not_drawn_again() -> None:
    device = Device()
    device.measuring.begin()
    drawn = len(device.seen)
    device.measuring.leave()
    device.finish()
    assert device.answers == [False] * 4
    assert len(device.seen) == drawn


def test_a_bundle_that_is_damaged_ends_in_words() -> None:
    device = Device(answer=BundleError("model.onnx: damaged"))
    device.measuring.begin()
    found = device.finish()
    assert isinstance(found, Failed)
    assert not found.busy
    assert isinstance(Device().measuring.now, Idle)


def test_it_measures_the_bundle_by_the_rule_of_the_command_line(
    tmp_path: Path, tiny_bundle: MakeBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "FULL", stream.trial(2, warmup=0))
    monkeypatch.setattr(drawing, "drawn_photo", lambda: DRAWN)
    bundle = tiny_bundle(tmp_path)
    within: list[Measured] = []

    def wanted(share: float) -> bool:
        if not within:  # another page asks while this one measures
            other = Measuring(
                measure=measure_of(lambda: Triage.load(bundle)),
                run=lambda work, done: done(work()),
                post=lambda call: call(),
                changed=lambda: within.append(other.now),
            )
            other.begin()
        return True

    found = measure_of(lambda: Triage.load(bundle))(wanted)
    assert found is not None
    assert found.photo.name == drawing.NAME
    assert [row.series.n for row in found.rows] == [2] * 5
    busy = within[-1]
    assert isinstance(busy, Failed)
    assert busy.busy
    assert measure_of(lambda: Triage.load(bundle))(lambda _: True) is not None, "and the next one may begin"


DRAWN = drawing.drawn_photo((806, 604))


def desk(language: str, measuring: Measuring | None, *, shares: bool = True, elsewhere: bool = False) -> Desk:
    session = Session(
        journey=lambda owner: Bench().journey, kept=Kept(store=None), changed=lambda: None, language=language
    )
    files = SimpleNamespace(shares=shares, hand_on_result=lambda *given: None, model_card=lambda: None)
    promises = Promises(kept=session.kept, elsewhere=elsewhere)
    return Desk(session=session, look=Look(), files=cast("Any", files), promises=promises, measuring=measuring)


def said(language: str, now: Measured, **more: Any) -> set[str]:
    measuring = Device().measuring
    measuring.now = now
    shown = [*controls(measure(desk(language, measuring, **more), measuring))]
    texts = {control.value for control in shown if isinstance(control, ft.Text)}
    return texts | {control.content for control in shown if isinstance(getattr(control, "content", None), str)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_is_said(language: str) -> None:
    texts = LANGUAGES[language].measure
    assert {texts.measure_here, texts.measured_here, texts.begin} <= said(language, Idle())
    assert {texts.measure_there, texts.measured_there, texts.begin} <= said(language, Idle(), elsewhere=True)
    assert texts.measure_here not in said(language, Idle(), elsewhere=True)
    assert {texts.going.format(percent=40), texts.stop} <= said(language, Going(share=0.47))
    assert texts.failed.format(reason="no") in said(language, Failed(problem=BundleError("no")))
    assert texts.busy in said(language, Failed(problem=Exception(), busy=True))
    done = said(language, Done(result=VALID))
    assert {texts.valid_title, texts.save, texts.share, texts.again} <= done
    assert texts.milliseconds.format(ms="20.0") in done
    assert texts.share not in said(language, Done(result=VALID), shares=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_invalid_figure_says_why_and_never_that_it_can_be_compared(language: str) -> None:
    texts = LANGUAGES[language].measure
    hot = result([*steady(20.0, 512), *steady(30.0, 512)], seconds=61.0, others=0.3)
    words = said(language, Done(result=hot))
    assert texts.valid_title not in words
    assert texts.invalid_title in words
    assert texts.slower.format(percent="50") in words
    (why,) = [text for text in words if texts.reason(Fault.LOAD).format(found="30", limit="5") in text]
    assert texts.reason(Fault.DRIFT).format(found="50", limit="5") in why
    short = said(language, Done(result=result()))
    assert any(texts.reason(Fault.SAMPLES).format(found="4", limit="1024") in text for text in short)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_and_every_step_has_words(language: str) -> None:
    texts = LANGUAGES[language].measure
    assert [code for code, _ in texts.reasons] == [fault.value for fault in Fault]
    assert [code for code, _ in texts.parts] == ["decode", "gate", "model", "decision"]


def test_the_card_of_the_model_leads_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from mobile_app.visit.handout import card_of

    card = card_of(Triage.load().bundle, texts=LANGUAGES["en"])
    for measuring in (Device().measuring, None):
        one = desk("en", measuring)
        monkeypatch.setattr(one.files, "model_card", lambda: card)
        found = [
            c for c in controls(model_card(one)) if getattr(c, "content", None) == LANGUAGES["en"].measure.measure_here
        ]
        assert len(found) == (measuring is not None)
        if found:
            found[0].on_click()
            assert one.session.subpage is Subpage.MEASURE


def test_a_file_is_named_by_its_moment() -> None:
    assert file_name(VALID) == "skintag-measurement-2026-03-01T000000.json"


@pytest.mark.parametrize("language", LANGUAGES)
def test_other_devices_stand_beside_this_one(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = desk(language, None).texts.measure
    others = [result(steady(time), seconds=61.0, device=name) for name, time in (("Quick", 10.0), ("Slow", 40.0))]
    elsewhere = result(steady(15.0), seconds=61.0, device="Elsewhere", photo="f" * 64)
    known = known_of([*others, elsewhere])
    monkeypatch.setattr("runtime.measure.known.known_devices", lambda: known)

    def lines(now: Result) -> list[str]:
        first = texts.known_line.split("{name}")[1].split("{")[0]
        names = ("Quick, 2 cores", "Slow, 2 cores", texts.just_measured, "Elsewhere")
        return sorted(
            one for one in said(language, Done(result=now)) if one.startswith(tuple(n + first for n in names))
        )

    whole = lines(VALID)
    assert len(whole) == 3
    assert any(one.startswith(texts.just_measured) for one in whole)
    invalid = lines(result(steady(20.0), seconds=61.0, others=0.5))
    assert len(invalid) == 2, "a figure that is not valid is not ranked"
    monkeypatch.setattr("runtime.measure.known.known_devices", lambda: ())
    assert texts.known_title not in said(language, Done(result=VALID))
