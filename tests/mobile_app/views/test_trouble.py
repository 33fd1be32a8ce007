"""What is said of a file that cannot be read."""

from types import SimpleNamespace
from typing import Any, cast

import flet as ft
import pytest
from app_bench import Bench, controls

from mobile_app.locales import LANGUAGES
from mobile_app.photo.screens import PhotoRefused
from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.look import Look
from mobile_app.views.trouble import photo_refused
from mobile_app.visit.promises import Promises
from mobile_app.visit.session import Kept, Session


def desk(language: str, *, as_jpeg: bool = False) -> Desk:
    session = Session(
        journey=lambda owner: Bench().journey, kept=Kept(store=None), changed=lambda: None, language=language
    )
    files = SimpleNamespace(picker=ft.FilePicker(), sends=False, as_jpeg=as_jpeg)
    return Desk(session=session, look=Look(), files=cast("Any", files), promises=Promises(kept=session.kept))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("heic", [True, False])
def test_a_heic_gets_its_own_advice(language: str, heic: bool) -> None:
    shown = photo_refused(desk(language), PhotoRefused(reason="IMG_1.HEIC: no", heic=heic))
    said = {control.value for control in controls(shown) if isinstance(control, ft.Text)}
    texts = LANGUAGES[language].trouble
    assert (texts.heic_advice in said, texts.refused_advice in said) == (heic, not heic)


@pytest.mark.parametrize(("as_jpeg", "quality"), [(True, 100), (False, 0)])
def test_only_a_chooser_that_converts_is_asked_to(as_jpeg: bool, quality: int) -> None:
    button = cast("Any", desk("en", as_jpeg=as_jpeg).choose("Choose"))
    actions = [control.action for control in controls(button) if getattr(control, "action", None)]
    assert [action.compression_quality for action in actions] == [quality]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_did_not_arrive_is_offered_to_be_sent_again_and_not_said_to_be_unusable(language: str) -> None:
    shown = photo_refused(desk(language), PhotoRefused(reason="mole.jpg: no", unsent=True))
    said = {control.value for control in controls(shown) if isinstance(control, ft.Text)}
    texts = LANGUAGES[language].trouble
    assert {"mole.jpg: no", texts.not_arrived_title} <= said
    assert not {texts.refused_title, texts.refused_advice} & said
    choosers = [control for control in controls(shown) if getattr(control, "action", None)]
    assert [control.content for control in choosers] == [texts.try_again]
