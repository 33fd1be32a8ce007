"""What the app says of its model is what the bundle says, in every language."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mobile_app.locales import LANGUAGES
from mobile_app.visit.handout import card_of
from runtime import Triage
from runtime.bundle.load import Calibration, OperatingPoints, Prevalence
from runtime.bundle.manifest import GroupAssurance


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_card_names_the_model_its_data_its_licence_and_its_limits(code: str) -> None:
    texts = LANGUAGES[code]
    bundle = Triage.load().bundle
    card = card_of(bundle, texts=texts)
    facts = dict(card.facts)
    assert bundle.manifest.model_id in facts[texts.settings.model]
    assert "ham10000" in facts[texts.settings.trained_on]
    assert facts[texts.settings.licence] == bundle.manifest.licence
    assert "MB" in facts[texts.settings.size]
    figures = dict(card.figures)
    measured = bundle.file.metrics["melanoma_not_low"]
    assert figures[texts.settings.melanomas].startswith(f"{measured.value:.2f} ({measured.low:.2f}-")
    assert str(measured.n) in figures[texts.settings.melanomas]
    assert any("V-VI" in limit for limit in card.limits), "the bundle promises nothing for dark skin: say so"


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_declared_prevalence_stands_on_the_card(code: str, tmp_path: Path, tiny_bundle: Any) -> None:
    bundle, texts = Triage.load(tiny_bundle(tmp_path)).bundle, LANGUAGES[code]
    assert texts.settings.prevalence not in dict(card_of(bundle, texts=texts).facts)
    calibration = Calibration(
        part="calibration",
        n=50,
        malignancy_temperature=1.0,
        conditions_temperature=1.0,
        prevalence=Prevalence(declared=0.025, calibrated=0.4),
    )
    declared = replace(bundle, file=replace(bundle.file, calibration=calibration))
    assert dict(card_of(declared, texts=texts).facts)[texts.settings.prevalence].startswith("2.5%")


def test_a_promise_for_a_group_is_not_denied(tmp_path: Path, tiny_bundle: Any) -> None:
    groups = (
        GroupAssurance(group="I-II", assured=True, cancers=200),
        GroupAssurance(group="V-VI", assured=False, cancers=3),
        GroupAssurance(group="unknown", assured=False, cancers=40),
    )
    points = OperatingPoints(low=0.1, high=0.5, calibrated=True, groups=groups)
    bundle = Triage.load(tiny_bundle(tmp_path, points=points)).bundle
    (said,) = [limit for limit in card_of(bundle, texts=LANGUAGES["en"]).limits if "Fitzpatrick" in limit]
    assert "V-VI" in said
    assert "I-II" not in said
    assert "unknown" not in said


def test_a_bundle_without_figures_has_a_card_without_them(tmp_path: Path, tiny_bundle: Any) -> None:
    card = card_of(Triage.load(tiny_bundle(tmp_path)).bundle, texts=LANGUAGES["en"])
    assert card.figures == ()
    assert card.limits
