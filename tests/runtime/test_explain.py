"""The map of where the model looked: on models whose one interest is known, it must point there."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from plugin_bundles import MakeBundle, spread

from runtime import EngineError, PhotoError, Triage
from runtime.answer.locales import texts_for
from runtime.cli import main
from runtime.conditions import CONDITIONS
from runtime.explain import Explanation, explain, overlay
from runtime.photo.decode import Pixels
from runtime.prediction import Prediction

SIDE = 64
CAVEAT = texts_for("en").explanation_caveat
QUADRANTS = {"top left": (0, 0), "top right": (0, 1), "bottom left": (1, 0), "bottom right": (1, 1)}


def spotted(side: int = SIDE) -> Pixels:
    """A dark spot in the middle of each quadrant of grainy skin: covering any of them changes the photo as much."""
    y, x = np.mgrid[0:side, 0:side] / side % 0.5
    spot = ((x - 0.25) ** 2 + (y - 0.25) ** 2 < 0.01)[..., np.newaxis]
    grain = np.random.default_rng(0).normal(0, 6, (side, side, 1))
    return (np.where(spot, (90, 50, 40), (210, 160, 140)) + grain).clip(0, 255).astype(np.uint8)


def model_of(weights: np.ndarray) -> bytes:
    """An ONNX model: malignancy is the weighted sum of the pixels' darkness, [SIDE, SIDE] weights, within [0, 1]."""
    from onnx import TensorProto, helper, numpy_helper

    spreaded = np.broadcast_to(weights[np.newaxis, ..., np.newaxis] / 3, (1, SIDE, SIDE, 3)).astype(np.float32)
    constants = {
        "weights": spreaded,
        "white": np.float32(255),
        "scale": np.float32(1 / 255),
        "one": np.array([1]),
        "zero": np.float32(0),
        "conditions_value": np.array([spread(None)], np.float32),
        "novelty_value": np.array([0], np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["white", "pixels"], ["dark"]),
        helper.make_node("Mul", ["dark", "scale"], ["darkness"]),
        helper.make_node("Mul", ["darkness", "weights"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted"], ["sum"], keepdims=0),
        helper.make_node("Reshape", ["sum", "one"], ["malignancy"]),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "conditions_value"], ["conditions"]),
        helper.make_node("Add", ["nothing", "novelty_value"], ["novelty"]),
    ]
    shapes = {"malignancy": [1], "conditions": [1, len(CONDITIONS)], "novelty": [1]}
    graph = helper.make_graph(
        nodes,
        "darkness",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, SIDE, SIDE, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return made.SerializeToString()


def quadrant_weights(row: int, column: int) -> np.ndarray:
    """Mean over one quadrant."""
    half = SIDE // 2
    weights = np.zeros((SIDE, SIDE))
    weights[row * half :, column * half :][:half, :half] = 1 / half**2
    return weights


class Stub:
    """An engine that answers with a function of the photo and keeps what it was shown."""

    def __init__(self, malignancy: Callable[[Pixels], float]) -> None:
        self.malignancy = malignancy
        self.shown: list[Pixels] = []

    def predict(self, pixels: Pixels) -> Prediction:
        self.shown.append(pixels)
        return Prediction(malignancy=self.malignancy(pixels), conditions=tuple(spread(None)), novelty=0.0)


@pytest.mark.parametrize("name", QUADRANTS)
def test_the_hottest_cell_is_in_the_quadrant_that_alone_counts(
    name: str, tmp_path: Path, tiny_bundle: MakeBundle
) -> None:
    row, column = QUADRANTS[name]
    triage = Triage.load(tiny_bundle(tmp_path, model=model_of(quadrant_weights(row, column)), size=SIDE))
    found = triage.explain(spotted())
    assert found is not None
    hottest = np.unravel_index(found.heat.argmax(), found.heat.shape)
    half = found.heat.shape[0] // 2
    assert (hottest[0] >= half, hottest[1] >= half) == (bool(row), bool(column))
    assert found.heat.max() > 0.02
    # A region reaches one cell beyond its own: the quadrant across the middle shows nothing of this one.
    far = found.heat[:: -1 if row else 1, :: -1 if column else 1][half + 1 :, half + 1 :]
    assert np.abs(far).max() < 0.01 * found.heat.max()


@pytest.mark.parametrize("name", QUADRANTS)
def test_what_lowered_the_score_is_below_zero(name: str) -> None:
    weights = quadrant_weights(*QUADRANTS[name])
    fair = Stub(lambda pixels: float((pixels.mean(axis=2) / 255 * weights).sum()))
    dark = Stub(lambda pixels: float(1 - (pixels.mean(axis=2) / 255 * weights).sum()))
    lowered, raised = explain(fair, spotted()), explain(dark, spotted())
    assert lowered.heat.min() < -0.02
    np.testing.assert_allclose(lowered.heat, -raised.heat, atol=1e-6)


def test_every_pixel_is_covered_and_far_from_its_region_none(tmp_path: Path) -> None:
    """Of a noisy photo the blur differs everywhere, so a pixel that never changes was never covered."""
    photo = np.random.default_rng(0).integers(0, 2, (SIDE, SIDE, 3), dtype=np.uint8) * 200
    stub = Stub(lambda _: 0.5)
    explain(stub, photo, cells=8)
    changed = np.array([np.any(shown != photo, axis=2) for shown in stub.shown])
    assert len(changed) == 8 * 8 + 1
    assert changed.any(axis=0).all()
    assert changed.mean(axis=(1, 2)).max() < 0.3


def test_covered_photos_hold_no_colour_that_the_photo_lacks() -> None:
    stub = Stub(lambda _: 0.5)
    photo = spotted()
    explain(stub, photo)
    shown = np.stack(stub.shown)
    assert (shown.min(axis=(0, 1, 2)) >= photo.min(axis=(0, 1))).all()
    assert (shown.max(axis=(0, 1, 2)) <= photo.max(axis=(0, 1))).all()


def test_twice_the_same_on_any_number_of_threads(tmp_path: Path, tiny_bundle: MakeBundle) -> None:
    triage = Triage.load(tiny_bundle(tmp_path, model=model_of(quadrant_weights(0, 1)), size=SIDE))
    maps = [explain(triage.engine, spotted(), threads=threads).heat for threads in (1, 2, 2, 8)]
    assert all(np.array_equal(maps[0], other) for other in maps[1:])


def test_a_model_that_looks_nowhere_gives_zeros_and_the_photo_itself(tmp_path: Path, tiny_bundle: MakeBundle) -> None:
    found = Triage.load(tiny_bundle(tmp_path, malignancy=0.4, size=SIDE)).explain(spotted())
    assert found is not None
    assert found.malignancy == pytest.approx(0.4)
    assert not found.heat.any()
    assert np.array_equal(np.asarray(overlay(spotted(), found)), spotted())


def heat(value: float) -> Explanation:
    values = np.zeros((4, 4), np.float32)
    values[1, 2] = value
    return Explanation(heat=values, malignancy=0.5)


def test_the_overlay_is_yellow_where_raised_blue_where_lowered_and_clear_elsewhere() -> None:
    photo = np.full((SIDE, SIDE, 3), 128, np.uint8)
    raised, lowered = (np.asarray(overlay(photo, heat(value))).astype(int) for value in (0.2, -0.2))
    y, x = 24, 40  # the middle of the cell
    assert raised[y, x, 0] > 150 > 110 > raised[y, x, 2]
    assert lowered[y, x, 2] > 140 > 80 > lowered[y, x, 0]
    assert np.array_equal(raised[48:], photo[48:])
    # What cannot be told by hue can be told by lightness.
    assert raised[y, x].mean() - lowered[y, x].mean() > 20


def test_a_change_that_rounding_makes_stays_pale() -> None:
    photo = np.full((SIDE, SIDE, 3), 128, np.uint8)
    strengths = [
        np.abs(np.asarray(overlay(photo, heat(value))).astype(int) - 128).max() for value in (0.005, 0.05, 0.9)
    ]
    assert strengths[0] < strengths[1] / 5
    assert strengths[1] == strengths[2]


@pytest.mark.parametrize("cells", [0, -1, SIDE + 1])
def test_a_grid_that_does_not_fit_is_refused(cells: int) -> None:
    with pytest.raises(ValueError, match="cells"):
        explain(Stub(lambda _: 0.5), spotted(), cells=cells)


def test_a_model_that_fails_half_way_raises() -> None:
    answers = iter([0.5] * 50 + [float("nan")] * 99)
    with pytest.raises(EngineError):
        explain(Stub(lambda _: next(answers)), spotted(), threads=1)


def test_a_photo_that_cannot_be_assessed_gets_no_map(tmp_path: Path, tiny_bundle: MakeBundle) -> None:
    triage = Triage.load(tiny_bundle(tmp_path / "familiar", size=SIDE))
    assert triage.explain(np.zeros((SIDE, SIDE, 3), np.uint8)) is None
    strict = Triage.load(tiny_bundle(tmp_path / "strict", novelty=2.0, novelty_threshold=1.0, size=SIDE))
    assert strict.explain(spotted()) is None
    with pytest.raises(PhotoError):
        triage.explain(b"no photo")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    Image.fromarray(spotted()).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_the_command_line_writes_the_picture_and_the_caveat(
    photo: Path, tmp_path: Path, tiny_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tiny_bundle(tmp_path, model=model_of(quadrant_weights(1, 1)), size=SIDE)
    out = tmp_path / "where.png"
    assert main([str(photo), "--bundle", str(bundle), "--explain", str(out)]) == 0
    with Image.open(out) as picture:
        assert isinstance(picture, PngImagePlugin.PngImageFile)
        assert (picture.mode, picture.size) == ("RGB", (SIDE, SIDE))
        assert not np.array_equal(np.asarray(picture), spotted())
    assert CAVEAT in " ".join(capsys.readouterr().out.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "photo.png", "where.png"]
    assert main([str(photo), "--bundle", str(bundle), "--json", "--explain", str(out)]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["tier"]
    assert CAVEAT in " ".join(captured.err.split())


def test_no_picture_of_a_photo_that_cannot_be_assessed(
    tmp_path: Path, tiny_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    black = tmp_path / "black.png"
    Image.new("RGB", (80, 80)).save(black)
    arguments = [str(black), "--bundle", str(tiny_bundle(tmp_path, size=SIDE)), "--explain", str(tmp_path / "out.png")]
    assert main(arguments) == 0
    assert "No picture" in capsys.readouterr().out
    assert not (tmp_path / "out.png").exists()


def test_a_picture_that_cannot_be_written_is_one_line(photo: Path, tmp_path: Path, tiny_bundle: MakeBundle) -> None:
    words = [sys.executable, "-m", "runtime", str(photo), "--bundle", str(tiny_bundle(tmp_path)), "--explain"]
    done = subprocess.run([*words, str(tmp_path / "absent" / "x.png")], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["--explain", "x.txt"], ["second.png", "--explain", "x.png"]])
def test_wrong_command_lines(arguments: list[str], photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([str(photo), *arguments])
    assert stop.value.code == 2
    assert "--explain" in capsys.readouterr().err


def test_the_default_bundle_looks_at_the_drawn_spot_and_not_at_the_corner() -> None:
    """The shipped model on a drawing: what it says changes more with the spot covered than with plain skin covered."""
    y, x = np.mgrid[-1:1:224j, -1:1:224j]
    spot = (x**2 + (1.3 * y) ** 2 < 0.12)[..., np.newaxis]
    grain = np.random.default_rng(0).normal(0, 7, (224, 224, 1))
    drawn = (np.where(spot, (60, 35, 40), (214, 166, 150)) + grain).clip(0, 255).astype(np.uint8)
    found = explain(Triage.load().engine, drawn)
    assert np.abs(found.heat[3:7, 3:7]).max() > 2 * np.abs(found.heat[[0, 0, -1, -1], [0, -1, 0, -1]]).max()
