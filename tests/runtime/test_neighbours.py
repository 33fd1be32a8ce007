"""The answer that stands among neighbours: never less careful than the framed one, and said to be on the edge."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper
from plugin_bundles import MakeBundle

from runtime import QualityProblem, Reason, Report, Tier, Triage
from runtime.answer.locales import LANGUAGES
from runtime.answer.printed import printed
from runtime.bundle.manifest import OperatingPoints
from runtime.conditions import CONDITIONS, Condition
from runtime.neighbours import Judged, most_careful
from runtime.photo.decode import Pixels
from runtime.prediction import Prediction
from runtime.triage import Decision, decide

ORDER = [Tier.LOW, Tier.MODERATE, Tier.HIGH]
POINTS = OperatingPoints(low=0.3, high=0.6)
REFUSED = Judged(
    decision=Decision(tier=Tier.CANNOT_ASSESS, reasons=(QualityProblem.BLURRED,)),
    prediction=None,
)


def judged(malignancy: float, *, likeliest: Condition = Condition.MELANOCYTIC_NEVUS, novelty: float = 0.0) -> Judged:
    conditions = tuple(0.91 if name is likeliest else 0.01 for name in CONDITIONS)
    prediction = Prediction(malignancy=malignancy, conditions=conditions, novelty=novelty)
    return Judged(decision=decide(prediction, points=POINTS, novelty_threshold=1.0), prediction=prediction)


MODEL_ANSWERS = st.builds(
    judged, st.floats(0, 1), likeliest=st.sampled_from(CONDITIONS), novelty=st.sampled_from([0.0, 2.0])
)
ANSWERS = MODEL_ANSWERS | st.just(REFUSED)
LOW, MODERATE, HIGH, STRANGE = judged(0.1), judged(0.4), judged(0.9), judged(0.9, novelty=2.0)
INFLAMED = judged(0.1, likeliest=Condition.NON_NEOPLASTIC)


@given(ANSWERS, st.lists(ANSWERS, max_size=6))
def test_the_tier_is_never_lower_than_the_framed_squares_own(framed: Judged, around: list[Judged]) -> None:
    stands = most_careful(framed, around)
    if not framed.assessed:
        assert stands == framed  # no neighbour gives a tier to what cannot be assessed
        return
    assert ORDER.index(stands.decision.tier) >= ORDER.index(framed.decision.tier)
    assert stands.care == max(judged.care for judged in (framed, *around) if judged.assessed)
    assert stands.prediction in [judged.prediction for judged in (framed, *around)]


@given(MODEL_ANSWERS, st.permutations(range(5)), st.lists(ANSWERS, min_size=5, max_size=5))
def test_the_order_of_the_neighbours_changes_nothing(framed: Judged, order: list[int], around: list[Judged]) -> None:
    turned = most_careful(framed, [around[index] for index in order])
    stands = most_careful(framed, around)
    assert turned.decision.tier == stands.decision.tier
    assert turned.decision.reasons[-1] == stands.decision.reasons[-1]
    assert turned.malignancy == stands.malignancy


@given(ANSWERS, st.lists(ANSWERS, max_size=6))
def test_a_raised_tier_says_that_it_is_on_the_edge(framed: Judged, around: list[Judged]) -> None:
    stands = most_careful(framed, around)
    if stands.decision.tier != framed.decision.tier:
        assert stands.decision.reasons[-1] is Reason.ON_THE_EDGE


@pytest.mark.parametrize(
    ("framed", "around", "tier", "on_the_edge"),
    [
        (LOW, [], Tier.LOW, False),
        (LOW, [LOW, LOW], Tier.LOW, False),
        (LOW, [LOW, MODERATE], Tier.MODERATE, True),
        (HIGH, [MODERATE, LOW], Tier.HIGH, True),
        (LOW, [INFLAMED], Tier.LOW, True),
        (LOW, [REFUSED], Tier.LOW, True),
        (LOW, [STRANGE], Tier.LOW, True),
        (MODERATE, [REFUSED, MODERATE], Tier.MODERATE, False),
        (MODERATE, [REFUSED, MODERATE, STRANGE], Tier.MODERATE, True),
        (LOW, [STRANGE, MODERATE], Tier.MODERATE, True),
    ],
)
def test_what_neighbours_do(framed: Judged, around: list[Judged], tier: Tier, on_the_edge: bool) -> None:
    decision = most_careful(framed, around).decision
    assert decision.tier is tier
    assert (Reason.ON_THE_EDGE in decision.reasons) is on_the_edge


def test_the_one_to_be_treated_is_the_more_careful_of_two_low_answers() -> None:
    for framed, other in ((LOW, INFLAMED), (INFLAMED, LOW)):
        assert Reason.INFLAMMATION in most_careful(framed, [other]).decision.reasons


def test_neighbours_of_what_cannot_be_assessed_are_not_even_looked_at() -> None:
    def never() -> Judged:
        raise AssertionError("looked at")

    assert most_careful(STRANGE, (never() for _ in range(6))) is STRANGE


@pytest.fixture(scope="module")
def by_brightness(tiny_bundle: MakeBundle, tmp_path_factory: pytest.TempPathFactory) -> Triage:
    """A bundle whose malignancy is the photo's mean brightness."""
    conditions = np.full((1, 10), 0.01, np.float32)
    conditions[0, CONDITIONS.index(Condition.MELANOCYTIC_NEVUS)] = 0.91
    constants = {"conditions": conditions, "novelty": np.zeros(1, np.float32)}
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float"], ["mean"], keepdims=0),
        helper.make_node("Div", ["mean", "most"], ["share"]),
        helper.make_node("Reshape", ["share", "one"], ["malignancy"]),
        *[helper.make_node("Identity", [f"{name}_value"], [name]) for name in constants],
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, 64, 64, 3])],
        [
            helper.make_tensor_value_info("malignancy", TensorProto.FLOAT, [1]),
            helper.make_tensor_value_info("conditions", TensorProto.FLOAT, [1, 10]),
            helper.make_tensor_value_info("novelty", TensorProto.FLOAT, [1]),
        ],
        initializer=[
            helper.make_tensor("most", TensorProto.FLOAT, [], [255.0]),
            helper.make_tensor("one", TensorProto.INT64, [1], [1]),
            *[
                helper.make_tensor(f"{name}_value", TensorProto.FLOAT, value.shape, value.ravel())
                for name, value in constants.items()
            ],
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    folder = tmp_path_factory.mktemp("brightness")
    return Triage.load(tiny_bundle(folder, model=model.SerializeToString(), points=POINTS), threads=1)


def photo(brightness: float) -> Pixels:
    """Noise that passes the quality gate, of about this brightness, 0-1."""
    noise = np.random.default_rng(3).integers(-40, 40, (96, 96, 3))
    return np.clip(noise + 255 * brightness, 0, 255).astype(np.uint8)


def test_a_report_carries_the_careful_tier_with_the_numbers_that_led_to_it(by_brightness: Triage) -> None:
    alone = by_brightness.assess(photo(0.2))
    assert (alone.tier, alone.on_the_edge) == (Tier.LOW, False)
    report = by_brightness.assess(photo(0.2), neighbours=[photo(0.2), photo(0.4)])
    assert (report.tier, report.on_the_edge) == (Tier.MODERATE, True)
    assert report.malignancy == pytest.approx(by_brightness.assess(photo(0.4)).malignancy)
    assert report.to_dict()["on_the_edge"] is True
    assert Report.from_dict(report.to_dict()) == report


def test_a_neighbour_that_cannot_be_judged_gives_nothing_a_tier(by_brightness: Triage) -> None:
    black = np.zeros((96, 96, 3), np.uint8)
    assert by_brightness.assess(black, neighbours=[photo(0.9)]).tier is Tier.CANNOT_ASSESS
    assert by_brightness.assess(photo(0.9), neighbours=[black]).tier is Tier.HIGH


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_said_in_every_language_wherever_an_answer_is_printed(by_brightness: Triage, language: str) -> None:
    sentence = LANGUAGES[language].reasons.on_the_edge
    report = by_brightness.assess(photo(0.2), neighbours=[photo(0.4)], language=language)
    assert report.reasons[-1] == sentence
    flat = " ".join(printed("photo.jpg", report).split())
    assert sentence in flat
    assert sentence not in " ".join(printed("photo.jpg", by_brightness.assess(photo(0.2), language=language)).split())


def test_a_report_without_a_tier_is_on_no_edge() -> None:
    with pytest.raises(ValueError, match="edge"):
        Report(
            tier=Tier.CANNOT_ASSESS,
            malignancy=None,
            conditions=(),
            novelty=None,
            reason_codes=(Reason.UNFAMILIAR, Reason.ON_THE_EDGE),
            model_id="tiny",
            calibrated=True,
        )


def test_paths_are_neighbours_too(by_brightness: Triage, tmp_path: Path) -> None:
    from PIL import Image

    paths = [tmp_path / f"{name}.png" for name in ("framed", "beside")]
    for path, brightness in zip(paths, (0.2, 0.9), strict=True):
        Image.fromarray(photo(brightness)).save(path)
    assert by_brightness.assess(paths[0], neighbours=paths[1:]).tier is Tier.HIGH
