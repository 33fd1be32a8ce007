"""Comparisons in turns: every way runs as often as the others, failures are one line, memory is each process's own."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from plugin_bundles import MakeBundle
from plugin_photos import draw
from turn_jobs import hoarder, quitter, refuser, sleeper

from benchmarks.measures.speed import COLD, OURS, REFERENCE, measure_speed, rows, verdict
from benchmarks.peers.fp32_twin import fp32_twin
from benchmarks.peers.reference_way import reference_way
from benchmarks.workshop.processes import start_in_turns
from benchmarks.workshop.session_options import CHANGES, ENGINE, measure_options, option_rows
from benchmarks.workshop.turns import TurnError, time_in_turns
from runtime import Triage
from runtime.bundle.load import load_bundle
from runtime.photo.decode import load_square


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    draw(tmp_path / "photo.jpg", 0)
    return tmp_path / "photo.jpg"


@pytest.fixture
def fp32(tmp_path: Path) -> Path:
    """float32 [1, 3, 32, 32] -> its mean"""
    from onnx import TensorProto, helper

    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 32, 32])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, [])
    graph = helper.make_graph([helper.make_node("ReduceMean", ["x"], ["y"], keepdims=0)], "mean", [given], [made])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    (tmp_path / "fp32.onnx").write_bytes(model.SerializeToString())
    return tmp_path / "fp32.onnx"


def test_both_ways_are_timed_as_often_as_asked(
    photo: Path, fp32: Path, tmp_path: Path, tiny_bundle: MakeBundle
) -> None:
    bundle = tiny_bundle(tmp_path)
    found = measure_speed(photo, bundle=bundle, fp32=fp32, fp32_name="a mean", repeats=3, starts=2, threads=1)
    assert {way.wall.n for way in found.warm.values()} == {3}
    assert {kind.wall.n for kind in found.cold.values()} == {2}
    assert all(0 < way.fastest <= way.wall.p50 <= way.wall.p90 for way in found.warm.values())
    assert found.ratio == found.warm[OURS].wall.p50 / found.warm[REFERENCE].wall.p50
    # The launcher stands between: a process that imports nothing is small, whatever started the measurement.
    assert found.cold["python alone"].peak_megabytes < 40 < found.cold[COLD].peak_megabytes
    assert len(rows(found)) == len(found.warm) + len(found.cold)
    assert "target" in verdict(found)
    assert json.loads(json.dumps(found.to_dict()))["fp32"] == "a mean"


def test_the_options_of_a_session_are_compared(tmp_path: Path, tiny_bundle: MakeBundle) -> None:
    names = (ENGINE, "graph, basic", "denormals are zero")  # no change, an attribute, an entry
    some = {name: CHANGES[name] for name in names}
    found = measure_options(tiny_bundle(tmp_path), repeats=2, threads=2, changes=some)
    assert tuple(found) == names
    assert option_rows(found)[0][0] == ENGINE
    assert option_rows(found)[0][-2] == "1.00"


def test_waiting_is_wall_time_and_no_processor_time() -> None:
    found = time_in_turns({"waits": (sleeper, (0.05,))}, repeats=3, advance=lambda _: None)["waits"]
    assert found.fastest >= 50
    assert found.processor.p50 < 25


def test_memory_is_that_of_the_way_itself() -> None:
    jobs = {"small": (hoarder, (1,)), "large": (hoarder, (200,))}
    found = time_in_turns(jobs, repeats=1, advance=lambda _: None)
    assert 180 < found["large"].peak_megabytes - found["small"].peak_megabytes < 240


def test_a_way_that_fails_says_why() -> None:
    with pytest.raises(TurnError, match="ValueError: no such thing"):
        time_in_turns({"refuses": (refuser, ("no such thing",))}, repeats=1, advance=lambda _: None)


def test_a_way_that_dies_is_not_waited_for() -> None:
    with pytest.raises(TurnError, match="without an answer"):
        time_in_turns({"dies": (quitter, ())}, repeats=1, advance=lambda _: None)


def test_a_process_that_fails_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match="exit code 3"):
        start_in_turns({"fails": [sys.executable, "-c", "raise SystemExit(3)"]}, starts=1)


def test_the_reference_decodes_resizes_and_normalises(photo: Path, fp32: Path) -> None:
    (mean,) = reference_way(fp32.read_bytes())(photo)
    pixels = load_square(photo, size=32) / 255.0
    expected = ((pixels - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).mean()
    assert float(mean) == pytest.approx(expected, abs=0.02)


def test_a_file_with_another_input_is_refused(photo: Path, tmp_path: Path, tiny_bundle: MakeBundle) -> None:
    model = tiny_bundle(tmp_path) / "model.fp32.onnx"
    with pytest.raises(ValueError, match=r"tensor\(uint8\)"):
        reference_way(model.read_bytes())
    words = [sys.executable, "-m", "benchmarks", "speed", "--photo", str(photo), "--fp32"]
    for given, word in ((model, "uint8"), (tmp_path / "absent.onnx", "no such file")):
        done = subprocess.run([*words, str(given), "--repeats", "1"], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith("error: ")
        assert word in last
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_twin_of_the_default_bundle_answers_like_it(tmp_path: Path) -> None:
    """Its 8-bit weights as floats: what is left between them is the rounding of activations."""
    import onnxruntime

    bundle = load_bundle()
    session = onnxruntime.InferenceSession(fp32_twin(bundle), providers=["CPUExecutionProvider"])
    triage = Triage(bundle)
    assert bundle.file.calibration is not None
    for index in range(4):
        draw(tmp_path / f"{index}.png", index)
        pixels = load_square(tmp_path / f"{index}.png", size=224)
        image = (pixels.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[np.newaxis]
        logit = session.run(None, {session.get_inputs()[0].name: image})[0].item()
        malignancy = 1 / (1 + np.exp(-logit / bundle.file.calibration.malignancy_temperature))
        assert malignancy == pytest.approx(triage.engine.predict(pixels).malignancy, abs=0.1)
