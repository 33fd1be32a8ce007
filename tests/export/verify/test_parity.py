"""The gate's arithmetic on answers made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from export.verify.outputs import Outputs, Thresholds
from export.verify.parity import LIMITS, GateError, breaches, check, compare, worst_photo
from runtime.bundle.load import OperatingPoints

THRESHOLDS = Thresholds(points=OperatingPoints(low=0.3, high=0.6), novelty=2.0)
MALIGNANT = np.arange(40) >= 20


def answers(seed: int = 0) -> Outputs:
    """40 photos, malignancy from 0 to 1 in order, conditions random, none unfamiliar."""
    conditions = np.random.default_rng(seed).dirichlet(np.full(10, 0.5), 40)
    conditions[:, 4] += 1.0  # a mole each time, so that the condition never raises a tier
    conditions /= conditions.sum(axis=1, keepdims=True)
    return Outputs(malignancy=np.linspace(0.01, 0.99, 40), conditions=conditions, novelty=np.ones(40))


def compared(outputs: Outputs, own: Thresholds = THRESHOLDS) -> dict[str, float]:
    return compare(answers(), outputs, malignant=MALIGNANT, reference_thresholds=THRESHOLDS, own_thresholds=own)


def test_the_same_answers_pass_every_limit() -> None:
    parity = compared(answers())
    assert parity["malignancy_max_difference"] == 0
    assert parity["tier_agreement"] == 1
    assert parity["auc_drop"] == 0
    for limits in LIMITS.values():
        check(parity, limits, label="onnx fp32")


def test_a_photo_from_high_to_low_is_never_allowed() -> None:
    malignancy = answers().malignancy.copy()
    malignancy[-1] = 0.05
    parity = compared(replace(answers(), malignancy=malignancy))
    assert parity["high_to_low"] == 1
    with pytest.raises(GateError, match=r"onnx int8 .* 40 validation photos: .*high_to_low 1, the limit is at most 0"):
        check(parity, LIMITS["int8"], label="onnx int8")


def test_each_side_uses_its_own_thresholds() -> None:
    """Halved probabilities with halved thresholds are the same verdicts."""
    halved = replace(answers(), malignancy=answers().malignancy / 2)
    own = Thresholds(points=OperatingPoints(low=0.15, high=0.3), novelty=2.0)
    assert compared(halved, own)["tier_agreement"] == 1
    assert compared(halved)["tier_agreement"] < 0.7


def test_a_photo_newly_unfamiliar_counts_as_disagreement() -> None:
    novelty = np.ones(40)
    novelty[:4] = 3.0
    assert compared(replace(answers(), novelty=novelty))["tier_agreement"] == pytest.approx(0.9)


def test_swapped_conditions_are_seen_though_the_top_answer_stays() -> None:
    order = [0, 1, 2, 3, 4, 5, 7, 6, 8, 9]
    parity = compared(replace(answers(), conditions=answers().conditions[:, order]))
    assert parity["condition_agreement"] == 1
    assert parity["conditions_out_of_order"] == 2


def test_small_noise_is_no_swap() -> None:
    noise = np.random.default_rng(3).normal(0, 0.01, (40, 10))
    noisy = (answers().conditions + noise).clip(0, 1)
    noisy /= noisy.sum(axis=1, keepdims=True)
    assert compared(replace(answers(), conditions=noisy))["conditions_out_of_order"] == 0


def test_one_pair_in_the_wrong_order_is_allowed_and_two_are_not() -> None:
    """3 cancers and 9 benign lesions: one pair is 1/27, far over the limit of 0.002."""
    parity = {"photos": 12.0, "malignant_photos": 3.0}
    assert breaches({**parity, "auc_drop": 1 / 27}, LIMITS["fp16"]) == ()
    assert [b.figure for b in breaches({**parity, "auc_drop": 2 / 27}, LIMITS["fp16"])] == ["auc_drop"]


def test_an_auc_drop_is_measured_and_limited() -> None:
    malignancy = answers().malignancy.copy()
    malignancy[20:24] = malignancy[20:24] - 0.3
    found = breaches(compared(replace(answers(), malignancy=malignancy)), LIMITS["int8"])
    drop = next(breach for breach in found if breach.figure == "auc_drop")
    # 400 pairs; four malignant photos, each now below 8 to 11 benign ones
    assert drop.measured == pytest.approx((8 + 9 + 10 + 11) / 400)
    assert drop.limit == 0.005


def test_a_figure_that_is_no_number_is_a_breach() -> None:
    parity = {**compared(answers()), "auc_drop": float("nan")}
    assert [breach.figure for breach in breaches(parity, LIMITS["int8"])] == ["auc_drop"]


def test_one_kind_of_photo_gives_no_auc() -> None:
    parity = compare(
        answers(),
        answers(),
        malignant=np.zeros(40, dtype=bool),
        reference_thresholds=THRESHOLDS,
        own_thresholds=THRESHOLDS,
    )
    assert "auc_drop" not in parity
    assert breaches(parity, LIMITS["int8"]) == ()


def test_cancers_that_fall_below_low_are_a_drop_of_sensitivity() -> None:
    """Of 20: one is the least there can be and is allowed, two are not."""
    malignancy = answers().malignancy.copy()
    for fallen, refused in ((20, False), (21, True)):
        malignancy[fallen] = 0.29
        parity = compared(replace(answers(), malignancy=malignancy))
        assert parity["sensitivity_drop"] == pytest.approx(0.05 * (fallen - 19))
        assert ("sensitivity_drop" in {breach.figure for breach in breaches(parity, LIMITS["int8"])}) is refused


def test_a_failure_names_what_it_is_told_to() -> None:
    malignancy = answers().malignancy.copy()
    malignancy[7] = 0.9
    changed = replace(answers(), malignancy=malignancy)
    assert worst_photo(answers(), changed) == 7
    with pytest.raises(GateError, match=r"tier_agreement .*; worst photo seven$"):
        check(compared(changed), LIMITS["fp32"], label="onnx fp32", details=lambda: ["worst photo seven"])
    asked = []
    check(compared(answers()), LIMITS["fp32"], label="onnx fp32", details=lambda: asked)
    assert asked == []


def test_a_margin_asks_for_more_agreement_and_never_for_the_impossible() -> None:
    assert LIMITS["int8"].stricter(0.01).tier_agreement == pytest.approx(0.98)
    assert LIMITS["fp32"].stricter(0.05).tier_agreement == 1.0
    assert replace(LIMITS["int8"], tier_agreement=1.1).stricter(0.01).tier_agreement == 1.1
