"""Two processors are held against each other as they answer; a second Python stands in for the emulated one."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from onnx import TensorProto, helper
from plugin_bundles import MakeBundle
from plugin_photos import draw

from benchmarks.cli import main
from benchmarks.measures.steadiness.arm64 import compare_maps
from runtime.bundle.load import read_manifest, write_manifest
from runtime.conditions import CONDITIONS

OTHER = """
import runpy, sys
import numpy as np

program, (step, *words) = sys.argv[2], sys.argv[3:]
sys.argv = [program, step, *words]
runpy.run_module(program, run_name="__main__")
if step == "answers":
    found = np.load(f"{words[-1]}/answers.npy")
    found[1, 0] += 0.9
    np.save(f"{words[-1]}/answers.npy", found)
if step == "maps":
    found = np.load(f"{words[-1]}/maps.npz")["0"]
    found[0, 0, 0, 0, 0] += 3
    np.savez(f"{words[-1]}/maps.npz", **{"0": found})
"""
"""A Python whose processor calls the second photo a cancer and rounds one number of a map differently."""


@pytest.fixture
def other(tmp_path: Path) -> str:
    (tmp_path / "other.py").write_text(OTHER)
    return f"{sys.executable} {tmp_path / 'other.py'}"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for index in range(3):
        draw(tmp_path / "photos" / f"{index}.png", index)
    (tmp_path / "photos" / "cut.png").write_bytes((tmp_path / "photos" / "0.png").read_bytes()[:200])
    return tmp_path / "photos"


def eight_bit() -> bytes:
    """Pixels through 8 bit, then constants."""
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, 64, 64, 3])
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("QuantizeLinear", ["pixels", "step", "start"], ["eight"]),
        helper.make_node("DequantizeLinear", ["eight", "step", "start"], ["again"]),
        helper.make_node("ReduceMean", ["again"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
    ]
    constants = [
        helper.make_tensor("step", TensorProto.FLOAT, [], [2.0]),
        helper.make_tensor("start", TensorProto.UINT8, [], [0]),
        helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
    ]
    outputs = []
    for name, values in (("malignancy", [0.05]), ("conditions", [0.0] * 10), ("novelty", [1.0])):
        shape = [1, 10] if name == "conditions" else [1]
        values = [float(one == "melanocytic_nevus") for one in CONDITIONS] if name == "conditions" else values
        constants.append(helper.make_tensor(f"{name}_is", TensorProto.FLOAT, shape, values))
        nodes.append(helper.make_node("Add", ["nothing", f"{name}_is"], [name]))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    graph = helper.make_graph(nodes, "eight", [image], outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "arm64", *words])
    with pytest.raises(SystemExit) as done:
        main()
    return int(done.value.code or 0)


def test_what_differs_is_told_apart_from_what_does_not(
    tiny_bundle: MakeBundle,
    tmp_path: Path,
    photos: Path,
    other: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bundle, out = tiny_bundle(tmp_path, model=eight_bit()), tmp_path / "arm64.json"
    manifest = read_manifest(bundle)
    write_manifest(bundle, replace(manifest, files=(replace(manifest.files[0], precision="int8"),)))
    words = ("--photos", str(photos), "--bundle", str(bundle), "--python", other, "--out", str(out))
    assert run(monkeypatch, *words) == 0
    found = json.loads(out.read_text())
    decoding, (file,) = found["decoding"], found["files"]
    assert decoding == {"photos": 4, "same_squares": 4, "largest": 0, "same_gate": 4}
    assert (file["file"], file["photos"], file["same"], file["likeliest"]) == ("onnx int8", 4, 3, 4)
    assert file["malignancy_largest"] == pytest.approx(0.9)
    (moved,) = file["moved"]
    assert (moved["photo"], moved["here"], moved["there"]) == ("1.png", "low", "high")
    parted = file["parted"]
    assert (parted["maps"], parted["same"], parted["first"], parted["largest"]) == (1, 0, "eight", 3)
    assert parted["share"] == pytest.approx(1 / (2 * 64 * 64 * 3))
    shown = capsys.readouterr().out
    assert "1.png is low here, high on arm64" in shown
    assert "4 of 4 squares alike" in shown


def test_what_is_missing_is_one_line(
    tiny_bundle: MakeBundle,
    tmp_path: Path,
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bundle = tiny_bundle(tmp_path)
    words = ("--bundle", str(bundle), "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "x.json"))
    some = ("--photos", str(photos))

    def error(*more: str) -> str:
        assert run(monkeypatch, *words, *more) == 1
        (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
        return line

    assert "no photo there" in error("--photos", str(bundle))
    assert "model.fp32.onnx" in error(*some, "--file", "model.int8.onnx")
    assert "no command" in error(*some, "--python", " ")
    assert "cannot be started" in error(*some, "--python", str(tmp_path / "nowhere"))
    (tmp_path / "broken.py").write_text("raise SystemExit('no numpy')")
    assert "no numpy" in error(*some, "--python", f"{sys.executable} {tmp_path / 'broken.py'}")
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert "apt-get install qemu-user-static" in error(*some)
    (tmp_path / "qemu-aarch64").write_text("")
    (tmp_path / "qemu-aarch64").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt-get cannot be started" in error(*some)
    assert not list((tmp_path / "cache").iterdir()), "nothing half made stays"


@settings(max_examples=25)
@given(arrays.arrays(np.uint8, (2, 3, 4), elements=st.integers(0, 255)))
def test_maps_are_counted_by_what_differs(values: np.ndarray) -> None:
    other = values.copy()
    other[0, 0, 0] ^= 0xFF  # an odd distance, so never none
    alike = compare_maps({"a": values, "b": values}, {"a": values, "b": values})
    assert (alike.maps, alike.same, alike.first, alike.largest) == (2, 2, None, 0)
    apart = compare_maps({"a": values, "b": values}, {"b": other, "a": values})
    assert (apart.same, apart.first, apart.share) == (1, "b", 1 / values.size)
    assert apart.largest == abs(int(values[0, 0, 0]) - int(other[0, 0, 0]))
