"""Photo in, report out, in Python and at the command line."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from plugin_bundles import MakeBundle

import runtime
from runtime import BundleError, PhotoError, Tier, Triage
from runtime.advice import DISCLAIMER, advice_for
from runtime.cli import main
from runtime.conditions import CONDITIONS, Condition
from runtime.manifest import OperatingPoints

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
        "photo", "report_version", "tier", "malignancy", "conditions", "novelty", "reasons", "advice", "disclaimer",
        "model_id", "calibrated",
    }  # fmt: skip
    assert answer["photo"] == str(photo)
    assert answer["tier"] == "low"
    assert len(answer["conditions"]) == 10
    assert set(answer["conditions"][0]) == {"condition", "name", "probability"}
    assert set(answer["advice"]) == {"headline", "urgency", "what_to_do", "red_flags"}
    report = Triage.load(bundle).assess(photo)
    assert json.loads(report.to_json()) == {key: value for key, value in answer.items() if key != "photo"}


def test_the_readable_answer_shows_everything(
    tiny_bundle: MakeBundle, tmp_path: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(photo), "--bundle", str(tiny_bundle(tmp_path, malignancy=0.9))]) == 0
    captured = capsys.readouterr()
    text = " ".join(captured.out.split())
    advice = advice_for(Tier.HIGH)
    for expected in ("HIGH", advice.headline, advice.urgency, *advice.what_to_do, *advice.red_flags, DISCLAIMER):
        assert expected in text
    assert "Mole (melanocytic nevus) #### " not in text
    assert "82%" in text
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


@pytest.mark.parametrize("arguments", [[], ["--json"], ["x.jpg", "--threads", "0"], ["x.jpg", "--threads", "two"]])
def test_a_wrong_command_line_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_ctrl_c_ends_cleanly(
    tiny_bundle: MakeBundle, tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def interrupt(*_: object) -> None:
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


def test_importing_the_label_space_loads_no_engine() -> None:
    code = (
        "import sys, runtime, runtime.conditions, runtime.manifest, runtime.triage;"
        "print(sorted({'onnxruntime', 'numpy', 'PIL', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout == "[]\n", done.stderr


def test_everything_the_package_promises_can_be_imported() -> None:
    for name in runtime.__all__:
        assert getattr(runtime, name).__name__ == name
    with pytest.raises(AttributeError, match="Nonsense"):
        runtime.Nonsense  # noqa: B018
