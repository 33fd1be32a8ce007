"""Photo in, report out, in Python and at the command line."""

import json
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from plugin_bundles import MakeBundle

import runtime
from runtime import BundleError, PhotoError, QualityProblem, Reason, Report, Tier, Triage, cli
from runtime.answer.advice import DISCLAIMER, AdviceKind, advice_for
from runtime.answer.locales import LANGUAGES, texts_for
from runtime.bundle.manifest import OperatingPoints
from runtime.cli import main
from runtime.conditions import CONDITIONS, Condition

ROOT = Path(__file__).parents[2]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo that passes the quality gate."""
    path = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(2).integers(40, 200, (120, 90, 3), dtype=np.uint8)).save(path)
    return path


@pytest.mark.parametrize(
    ("malignancy", "condition", "tier"),
    [
        (0.1, Condition.MELANOCYTIC_NEVUS, Tier.LOW),
        (0.4, Condition.MELANOCYTIC_NEVUS, Tier.MODERATE),
        (0.9, Condition.MELANOCYTIC_NEVUS, Tier.HIGH),
        (0.1, Condition.BASAL_CELL_CARCINOMA, Tier.MODERATE),
    ],
)
def test_a_report_carries_the_tier_and_all_that_belongs_to_it(
    malignancy: float, condition: Condition, tier: Tier, tiny_bundle: MakeBundle, tmp_path: Path, photo: Path
) -> None:
    report = Triage.load(tiny_bundle(tmp_path, malignancy=malignancy, conditions=condition)).assess(photo)
    assert report.tier is tier
    assert report.malignancy == pytest.approx(malignancy)
    assert report.advice == advice_for(tier)
    assert report.advice.kind == tier.value
    assert report.disclaimer == DISCLAIMER
    assert report.conditions[0].condition is condition
    assert {score.condition for score in report.conditions} == set(CONDITIONS)
    probabilities = [score.probability for score in report.conditions]
    assert probabilities == sorted(probabilities, reverse=True)
    assert (report.model_id, report.calibrated) == ("tiny", False)
    assert report.reasons


def test_the_manifests_operating_points_decide(tiny_bundle: MakeBundle, tmp_path: Path, photo: Path) -> None:
    points = OperatingPoints(low=0.05, high=0.09, calibrated=True)
    report = Triage.load(tiny_bundle(tmp_path, malignancy=0.1, points=points)).assess(photo)
    assert (report.tier, report.calibrated) == (Tier.HIGH, True)


def test_an_unfamiliar_photo_gets_no_tier_and_no_numbers(tiny_bundle: MakeBundle, tmp_path: Path, photo: Path) -> None:
    report = Triage.load(tiny_bundle(tmp_path, novelty=2.0, novelty_threshold=1.9)).assess(photo)
    assert report.tier is Tier.CANNOT_ASSESS
    assert (report.malignancy, report.conditions) == (None, ())
    assert report.novelty == 2.0
    assert report.reason_codes == (Reason.UNFAMILIAR,)


def test_the_condition_that_raised_a_tier_is_named(tiny_bundle: MakeBundle, tmp_path: Path, photo: Path) -> None:
    report = Triage.load(tiny_bundle(tmp_path, malignancy=0.1, conditions=Condition.ACTINIC_KERATOSIS)).assess(photo)
    assert report.reason_codes == (Reason.CONDITION_NEEDS_DOCTOR,)
    assert report.raised_by is Condition.ACTINIC_KERATOSIS
    assert "Actinic keratosis" in report.reasons[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_inflammation_is_shown_as_for_a_doctor_and_never_as_low(
    language: str, tiny_bundle: MakeBundle, tmp_path: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tiny_bundle(tmp_path, malignancy=0.01, conditions=Condition.NON_NEOPLASTIC)
    report = Triage.load(bundle, language=language).assess(photo)
    texts = texts_for(language)
    assert report.tier is Tier.LOW
    assert report.advice.kind is AdviceKind.TREATMENT
    assert report.advice.headline == texts.advice.treatment.headline
    assert main([str(photo), "--bundle", str(bundle), "--lang", language]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert texts.advice.treatment.headline in said
    for shown in (said.lower(), report.to_json().lower()):
        for low in (texts.advice.low.label, texts.advice.low.headline, texts.advice.low.urgency):
            assert json.dumps(low.lower())[1:-1] not in shown
            assert low.lower() not in shown


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("calibrated", [True, False])
def test_uncalibrated_stands_wherever_a_tier_is_shown(
    calibrated: bool, language: str, tiny_bundle: MakeBundle, tmp_path: Path, photo: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    bundle = tiny_bundle(tmp_path, points=OperatingPoints(calibrated=calibrated))
    word = texts_for(language).uncalibrated
    report = Triage.load(bundle).assess(photo, language=language)
    assert (word in report.tier_text) is not calibrated
    assert (word in report.to_dict()["tier_text"]) is not calibrated
    assert main([str(photo), "--bundle", str(bundle), "--lang", language]) == 0
    out = capsys.readouterr().out.removeprefix(str(photo))
    assert (f"({word.upper()}): {report.advice.headline}" in out) is not calibrated
    assert (word in out.lower()) is not calibrated


def test_each_call_may_name_its_language(tiny_bundle: MakeBundle, tmp_path: Path, photo: Path) -> None:
    triage = Triage.load(tiny_bundle(tmp_path), language="pt_BR.UTF-8")
    portuguese, french = triage.assess(photo), triage.assess(photo, language="fr-CA")
    assert (portuguese.language, french.language) == ("pt", "fr")
    assert french.disclaimer == LANGUAGES["fr"].disclaimer
    assert french.reasons == (LANGUAGES["fr"].reasons.few_signs,)
    for load in (lambda: triage.assess(photo, language="tlh"), lambda: Triage.load(language="tlh")):
        with pytest.raises(ValueError, match="en, es, pt, fr"):
            load()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_prediction_set_is_shown_by_name(language: str) -> None:
    fields = {
        "tier": Tier.LOW,
        "malignancy": 0.1,
        "conditions": (),
        "novelty": 0.0,
        "model_id": "m",
        "calibrated": True,
    }
    one_of = (Condition.MELANOCYTIC_NEVUS, Condition.VASCULAR_LESION)
    report = Report(**fields, reason_codes=(Reason.FEW_SIGNS,), condition_set=one_of, language=language)
    texts = texts_for(language)
    assert report.to_dict()["condition_set"] == ["melanocytic_nevus", "vascular_lesion"]
    for name in (texts.conditions.melanocytic_nevus.name, texts.conditions.vascular_lesion.name):
        assert name in report.to_dict()["condition_set_text"]
    assert {type(value) for value in report.to_dict()["condition_set"]} == {str}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_prediction_set_of_one_is_not_called_one_of_several(language: str) -> None:
    texts = texts_for(language)
    report = Report(
        tier=Tier.LOW,
        malignancy=0.1,
        conditions=(),
        condition_set=(Condition.MELANOCYTIC_NEVUS,),
        novelty=0.0,
        reason_codes=(Reason.FEW_SIGNS,),
        model_id="m",
        calibrated=True,
        language=language,
    )
    name = texts.conditions.melanocytic_nevus.name
    assert report.condition_set_text == texts.condition_set_of_one.format(conditions=name)
    assert not report.condition_set_text.startswith(texts.condition_set.partition("{")[0])


@pytest.mark.parametrize(
    "contradiction",
    [
        {"tier": Tier.CANNOT_ASSESS, "malignancy": 0.1},
        {"tier": Tier.CANNOT_ASSESS, "condition_set": (Condition.OTHER,)},
        {"reason_codes": (Reason.CONDITION_NEEDS_DOCTOR,)},
        {"raised_by": Condition.MELANOMA},
        {"language": "tlh"},
    ],
)
def test_a_report_that_contradicts_itself_cannot_be_made(contradiction: dict[str, object]) -> None:
    sound = {
        "tier": Tier.MODERATE, "malignancy": None, "conditions": (), "novelty": None, "reason_codes": (),
        "model_id": "m", "calibrated": True,
    }  # fmt: skip
    assert Report(**sound).disclaimer
    with pytest.raises(ValueError, match=r"^a report|^no texts in the language"):
        Report(**{**sound, **contradiction})


@pytest.mark.parametrize("size", [32, 64, 224])
def test_dark_flat_white_and_blurred_photos_get_no_tier(size: int, tiny_bundle: MakeBundle, tmp_path: Path) -> None:
    triage = Triage.load(tiny_bundle(tmp_path, malignancy=0.01, size=size))
    noise = Image.fromarray(np.random.default_rng(2).integers(0, 256, (400, 400, 3), dtype=np.uint8))
    bad = [Image.new("RGB", (300, 300), (level,) * 3) for level in (0, 5, 128, 255)]
    bad.append(noise.resize((8, 8)).resize((400, 400)).filter(ImageFilter.GaussianBlur(20)))
    for image in bad:
        report = triage.assess(np.asarray(image))
        assert report.tier is Tier.CANNOT_ASSESS
        assert report.malignancy is None
        assert len(report.reasons) == 1
        assert isinstance(report.reason_codes[0], QualityProblem)


def test_no_photo_and_no_bundle_are_errors(tiny_bundle: MakeBundle, tmp_path: Path) -> None:
    with pytest.raises(PhotoError):
        Triage.load(tiny_bundle(tmp_path)).assess(tmp_path / "missing.jpg")
    with pytest.raises(BundleError):
        Triage.load(tmp_path / "nowhere")


def test_json_is_one_object_per_photo_with_stable_keys(
    tiny_bundle: MakeBundle, tmp_path: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tiny_bundle(tmp_path)
    assert main([str(photo), str(photo), "--json", "--bundle", str(bundle), "--threads", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    answer = json.loads(lines[0])
    assert set(answer) == {
        "photo", "report_version", "language", "tier", "tier_text", "calibrated", "malignancy", "conditions",
        "condition_set", "condition_set_text", "novelty", "reason_codes", "reasons", "on_the_edge", "raised_by",
        "advice", "disclaimer", "model_id",
    }  # fmt: skip
    assert answer["photo"] == str(photo)
    assert (answer["tier"], answer["language"], answer["report_version"]) == ("low", "en", 2)
    assert (answer["condition_set"], answer["condition_set_text"]) == ([], "")
    assert (answer["reason_codes"], answer["raised_by"]) == (["few_signs"], None)
    assert len(answer["conditions"]) == 10
    assert set(answer["conditions"][0]) == {"condition", "name", "description", "probability"}
    assert set(answer["advice"]) == {
        "kind", "headline", "urgency", "what_to_do", "red_flags_now", "red_flags", "abcde",
    }  # fmt: skip
    report = Triage.load(bundle).assess(photo)
    assert json.loads(report.to_json()) == {key: value for key, value in answer.items() if key != "photo"}


def test_the_readable_answer_shows_everything(
    tiny_bundle: MakeBundle, tmp_path: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(photo), "--bundle", str(tiny_bundle(tmp_path, malignancy=0.9))]) == 0
    captured = capsys.readouterr()
    text = " ".join(captured.out.split())
    advice = advice_for(Tier.HIGH)
    for expected in (
        "HIGH CONCERN (UNCALIBRATED): ", advice.headline, advice.urgency, *advice.what_to_do, advice.red_flags_now,
        *advice.red_flags, *advice.abcde, DISCLAIMER,
    ):  # fmt: skip
        assert expected in text
    assert "82%" in text
    assert " 0%" not in text
    assert LANGUAGES["en"].conditions.melanocytic_nevus.description in text
    assert max(map(len, captured.out.splitlines())) <= 100
    assert captured.err == ""


def test_cannot_assess_is_an_answer_not_an_error(
    tiny_bundle: MakeBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (200, 200)).save(tmp_path / "black.png")
    assert main([str(tmp_path / "black.png"), "--bundle", str(tiny_bundle(tmp_path))]) == 0
    out = capsys.readouterr().out
    assert "CANNOT ASSESS" in out
    assert "Looks most like" not in out
    assert "%" not in out


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["--json"], ["x.jpg", "--threads", "0"], ["x.jpg", "--threads", "two"], ["x.jpg", "--lang", "tlh"],
        ["x.jpg", "--out", "answers.xlsx"], ["x.jpg", "--json", "--out", "answers.csv"],
    ],
)  # fmt: skip
def test_a_wrong_command_line_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_ctrl_c_ends_cleanly(
    tiny_bundle: MakeBundle, tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Triage, "assess", interrupt)
    assert main([str(photo), "--bundle", str(tiny_bundle(tmp_path))]) == 130
    assert capsys.readouterr().err == "error: interrupted\n"


def test_a_full_disk_is_one_line(tiny_bundle: MakeBundle, tmp_path: Path, photo: Path) -> None:
    bundle = tiny_bundle(tmp_path)
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "runtime", str(photo), "--bundle", str(bundle)]
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot write the answer")
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_language_is_answered_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["x.jpg", "--lang", "tlh"])
    assert "'tlh'; there are: en, es, pt, fr" in capsys.readouterr().err


def test_the_whole_answer_is_in_the_language_that_was_asked_for(
    tiny_bundle: MakeBundle, tmp_path: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tiny_bundle(tmp_path, malignancy=0.9)
    printed: dict[str, set[str]] = {}
    for language in LANGUAGES:
        assert main([str(photo), "--bundle", str(bundle), "--lang", language]) == 0
        out = capsys.readouterr().out
        assert max(map(len, out.splitlines())) <= 100
        assert LANGUAGES[language].disclaimer in " ".join(out.split())
        printed[language] = {line for line in out.splitlines() if line and "%" not in line} - {str(photo)}
    english = printed.pop("en")  # without the bars: "Melanoma" is called so in three of the languages
    for lines in printed.values():
        assert not english & lines


def test_a_photo_called_serve_can_still_be_judged(
    tiny_bundle: MakeBundle, tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    bundle = tiny_bundle(tmp_path)
    monkeypatch.chdir(tmp_path)
    photo.rename("serve")
    assert main(["./serve", "--bundle", str(bundle)]) == 0
    assert "LOW CONCERN" in capsys.readouterr().out


def test_serve_hands_its_options_to_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    service = types.ModuleType("runtime.service.command")
    service.main = lambda arguments: len(arguments)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "runtime.service.command", service)
    monkeypatch.setattr(cli, "find_spec", lambda name: name)
    assert main(["serve", "--port", "0"]) == 2


def test_serve_without_its_packages_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda name: None)
    assert main(["serve"]) == 1
    assert capsys.readouterr().err == (
        'error: the service needs fastapi and uvicorn: pip install "skintag-edge[serve]"\n'
    )


@pytest.mark.parametrize("module", ["runtime.cli", "runtime.answer.locales", "runtime.answer.report"])
def test_help_and_words_wait_for_no_engine(module: str) -> None:
    code = f"import {module}; import sys; print(sorted({{'onnxruntime', 'numpy', 'PIL'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout == "[]\n", done.stderr


def test_importing_the_label_space_loads_no_engine() -> None:
    code = (
        "import sys, runtime, runtime.conditions, runtime.bundle.manifest, runtime.triage;"
        "print(sorted({'onnxruntime', 'numpy', 'PIL', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout == "[]\n", done.stderr


def test_everything_the_package_promises_can_be_imported() -> None:
    for name in runtime.__all__:
        assert getattr(runtime, name).__name__ == name
    with pytest.raises(AttributeError, match="Nonsense"):
        runtime.Nonsense  # noqa: B018
