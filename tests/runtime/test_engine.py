"""The engine: what the model file says and answers is checked against its manifest."""

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plugin_bundles import MakeBundle, model_bytes, spread

from runtime.bundle.load import load_bundle
from runtime.cli import main
from runtime.conditions import Condition
from runtime.engine import Engine
from runtime.errors import EngineError

ROOT = Path(__file__).parents[2]
PHOTO = np.random.default_rng(3).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def test_a_sound_model_answers(tiny_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path, malignancy=0.25, conditions={Condition.MELANOMA: 0.4}, novelty=1.5)
    answer = Engine(load_bundle(bundle), threads=1).predict(PHOTO)
    assert answer.malignancy == 0.25
    assert answer.novelty == 1.5
    assert answer.conditions == pytest.approx(spread({Condition.MELANOMA: 0.4}))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1.5, -0.5])
def test_a_malignancy_that_is_no_probability_is_an_error(bad: float, tiny_bundle: MakeBundle, tmp_path: Path) -> None:
    engine = Engine(load_bundle(tiny_bundle(tmp_path, malignancy=bad)))
    with pytest.raises(EngineError, match="malignancy"):
        engine.predict(PHOTO)


@pytest.mark.parametrize("bad", [math.nan, math.inf, 4.0])
def test_a_condition_that_is_no_probability_is_an_error(bad: float, tiny_bundle: MakeBundle, tmp_path: Path) -> None:
    engine = Engine(load_bundle(tiny_bundle(tmp_path, conditions=[bad, *[0.1] * 9])))
    with pytest.raises(EngineError, match="melanoma"):
        engine.predict(PHOTO)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_novelty_that_is_no_number_is_an_error(bad: float, tiny_bundle: MakeBundle, tmp_path: Path) -> None:
    engine = Engine(load_bundle(tiny_bundle(tmp_path, novelty=bad)))
    with pytest.raises(EngineError, match="novelty"):
        engine.predict(PHOTO)


def test_at_the_command_line_a_nan_is_an_error_and_never_a_tier(
    tiny_bundle: MakeBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    Image.fromarray(PHOTO).save(tmp_path / "photo.png")
    bundle = tiny_bundle(tmp_path, malignancy=math.nan)
    assert main([str(tmp_path / "photo.png"), "--bundle", str(bundle)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1


MISMATCHES: dict[str, dict[str, Any]] = {
    "another size": {"size": 96},
    "another input name": {"input_name": "photo"},
    "an output renamed": {"output_names": ("malignancy", "conditions", "distance")},
    "nine conditions": {"conditions": [1 / 9] * 9},
    "eleven conditions": {"conditions": [1 / 11] * 11},
}


@pytest.mark.parametrize("name", MISMATCHES)
def test_a_model_that_is_not_what_the_manifest_says_is_refused(
    name: str, tiny_bundle: MakeBundle, tmp_path: Path
) -> None:
    sound: dict[str, Any] = {"malignancy": 0.1, "conditions": spread(None), "novelty": 0.0, "size": 64}
    bundle = tiny_bundle(tmp_path, model=model_bytes(**{**sound, **MISMATCHES[name]}))
    with pytest.raises(EngineError, match="does not match its manifest"):
        Engine(load_bundle(bundle))


@pytest.mark.parametrize("model", [b"not onnx at all", b"\x08\x09", b"\x00" * 5000], ids=["text", "stub", "zeros"])
def test_a_file_that_is_no_model_is_one_line(model: bytes, tiny_bundle: MakeBundle, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be loaded") as caught:
        Engine(load_bundle(tiny_bundle(tmp_path, model=model)))
    assert str(caught.value).isprintable()


def test_pixels_of_another_size_or_type_are_refused(tiny_bundle: MakeBundle, tmp_path: Path) -> None:
    engine = Engine(load_bundle(tiny_bundle(tmp_path)))
    for pixels in (PHOTO[:32], PHOTO[np.newaxis], PHOTO.astype(np.float32)):
        with pytest.raises(EngineError, match="wants uint8"):
            engine.predict(pixels)


def test_no_threads_at_all_is_an_error(tiny_bundle: MakeBundle, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="at least 1"):
        Engine(load_bundle(tiny_bundle(tmp_path)), threads=0)


def test_onnxruntime_is_told_to_report_nothing_before_it_is_loaded() -> None:
    """Its official builds phone home otherwise; which version a user has is not ours to choose."""
    code = (
        "import os, sys\n"
        "class Watch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'onnxruntime': print(os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
        "sys.meta_path.insert(0, Watch())\n"
        "from runtime import Triage\n"
        "Triage.load()\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "1\n", done.stderr
