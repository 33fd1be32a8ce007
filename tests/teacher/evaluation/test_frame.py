"""Figures over groups: intervals that resample patients, gaps that are what they say, and no figure of too few."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from runtime.conditions import CONDITIONS, MALIGNANT_CONDITIONS, Condition
from runtime.triage import Tier
from teacher.data.sample import Domain, Sample, tone_group
from teacher.evaluation.figures import auc_figure
from teacher.evaluation.frame import FEWEST, FEWEST_OF_A_KIND, equalised_odds, frame, measure
from teacher.evaluation.groups import GROUPINGS, Grouping, groups_of
from teacher.evaluation.metrics import METRICS, About, Cases, Metric, Needs, metrics_for
from teacher.evaluation.predictions import Predictions
from teacher.evaluation.resampling import draws


def cases(count: int, *, seed: int = 0, tiers: bool = True) -> Cases:
    """Photos of every condition, and a model that knows a little."""
    rng = np.random.default_rng(seed)
    conditions = rng.integers(0, len(CONDITIONS), count)
    malignant = np.isin(conditions, [CONDITIONS.index(one) for one in MALIGNANT_CONDITIONS])
    said = Predictions(
        names=tuple(("made", f"{place:05d}", f"{place:032x}") for place in range(count)),
        malignancy=np.clip(rng.normal(0.35 + 0.3 * malignant, 0.25), 0, 1),
        conditions=rng.dirichlet(np.ones(len(CONDITIONS)), count),
        tiers=tuple(rng.choice(np.array(Tier, dtype=object), count)) if tiers else None,
    )
    return Cases(malignant=malignant, conditions=conditions, said=said)


def sample(place: int, cases: Cases, *, skin: int | None) -> Sample:
    return Sample(
        image_id=f"{place:05d}",
        path=Path("nowhere"),
        dataset="made",
        domain=list(Domain)[place % 3],
        condition=CONDITIONS[cases.conditions[place]],
        malignant=bool(cases.malignant[place]),
        group_id=str(place),
        raw_label="drawn",
        fitzpatrick=skin,
        tone_group=tone_group(skin),
    )


def samples(cases: Cases) -> list[Sample]:
    """Skin types I to VI and unknown in turns."""
    types = [None, 1, 2, 3, 4, 5, 6]
    return [sample(place, cases, skin=types[place % 7]) for place in range(len(cases.malignant))]


@pytest.mark.parametrize("name", METRICS)
def test_photos_of_one_patient_each_are_resampled_as_photos(name: str) -> None:
    made = cases(90)
    metric = METRICS[name]
    rng, again = np.random.default_rng(0), []
    for _ in range(1000):
        take = rng.integers(0, 90, 90)
        again.append(metric.compute(made.take(take), np.ones((1, 90)))[0])
    values, estimate = measure(metric, made, draws(np.arange(90)), np.arange(90))
    assert values[1:] == pytest.approx(np.array(again), abs=1e-6, nan_ok=True)
    assert estimate.figure is not None
    low, high = np.nanquantile(again, (0.025, 0.975))
    assert (estimate.figure.low, estimate.figure.high) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))


def test_the_simple_figure_is_the_same_where_every_photo_has_its_patient() -> None:
    made = cases(120)
    _, estimate = measure(METRICS["auc"], made, draws(np.arange(120)), np.arange(120))
    assert estimate.figure == auc_figure(made.malignant, made.said.malignancy)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(sorted(METRICS)))
def test_the_order_of_photos_changes_nothing(seed: int, name: str) -> None:
    made, rng = cases(60, seed=seed), np.random.default_rng(seed)
    patients, order = rng.integers(0, 40, 60), rng.permutation(60)
    metric = METRICS[name]
    one, _ = measure(metric, made, draws(patients, resamples=50), patients)
    other, _ = measure(metric, made.take(order), draws(patients[order], resamples=50), patients[order])
    assert one == pytest.approx(other, abs=1e-6, nan_ok=True)


def test_copies_of_each_photo_do_not_make_an_interval_narrower() -> None:
    made = cases(100)
    doubled = np.repeat(np.arange(100), 4)
    for name in ("auc", "accuracy", "condition_f1_macro", "brier"):
        _, once = measure(METRICS[name], made, draws(np.arange(100)), np.arange(100))
        _, often = measure(METRICS[name], made.take(doubled), draws(doubled), doubled)
        assert once.figure is not None
        assert often.figure is not None
        assert (often.figure.value, often.figure.low, often.figure.high) == pytest.approx(
            (once.figure.value, once.figure.low, once.figure.high)
        )
        assert (often.photos, often.patients) == (400, 100)


def test_too_few_say_so_and_take_no_part_in_a_gap() -> None:
    made = cases(200)
    patients = np.arange(200)
    sides = np.array(["large", "middling", "few"])[np.digitize(np.arange(200), (120, 200 - FEWEST + 1))]
    groups = groups_of(
        Grouping(name="side", title="side", group_of=lambda one: sides[int(one.image_id)]), samples(made)
    )
    found = frame(METRICS["accuracy"], made, groups, draws(patients), patients)
    assert found.names == ("few", "large", "middling")
    few = found.by_group["few"]
    assert (few.enough, few.shown, few.patients) == (False, None, FEWEST - 1)
    assert few.figure is not None
    assert found.compared == ("large", "middling")
    shares = [found.by_group[name].figure.value for name in found.compared]  # pyright: ignore[reportOptionalMemberAccess]
    assert found.difference is not None
    assert found.ratio is not None
    assert found.difference.value == pytest.approx(max(shares) - min(shares))
    assert found.ratio.value == pytest.approx(min(shares) / max(shares))
    assert 0 <= found.difference.low <= found.difference.value <= found.difference.high + 1e-9


def test_many_photos_of_few_patients_are_few() -> None:
    made = cases(90)
    _, estimate = measure(METRICS["accuracy"], made, draws(np.arange(90) // 9), np.arange(90) // 9)
    assert (estimate.photos, estimate.patients, estimate.enough) == (90, 10, False)


def test_what_compares_two_kinds_needs_enough_of_both() -> None:
    made = cases(200)
    benign = np.flatnonzero(~made.malignant)
    kept = np.concatenate([benign, np.flatnonzero(made.malignant)[: FEWEST_OF_A_KIND - 1]])
    scarce = made.take(kept)
    patients = np.arange(len(kept))
    for name, enough in (("auc", False), ("specificity", True), ("sensitivity", False), ("accuracy", True)):
        assert measure(METRICS[name], scarce, draws(patients), patients)[1].enough is enough, name


def test_a_figure_that_cannot_be_had_is_none() -> None:
    harmless = cases(100).take(np.flatnonzero(~cases(100).malignant))
    patients = np.arange(len(harmless.malignant))
    _, estimate = measure(METRICS["auc"], harmless, draws(patients), patients)
    assert (estimate.figure, estimate.shown, estimate.enough) == (None, None, False)


def test_all_right_is_not_certain() -> None:
    made = cases(100)
    sure = replace(made, said=replace(made.said, malignancy=made.malignant.astype(float)))
    patients = np.arange(100) // 2
    _, estimate = measure(METRICS["accuracy"], sure, draws(patients), patients)
    assert estimate.figure is not None
    assert (estimate.figure.value, estimate.figure.high) == (1.0, 1.0)
    assert estimate.figure.low == pytest.approx(0.929, abs=1e-3), "Wilson's for 50 of 50 patients"


def test_equalised_odds_are_the_larger_gap() -> None:
    made = cases(600)
    patients, groups = np.arange(600), groups_of(GROUPINGS["tone_group"], samples(made))
    found, spared = (
        frame(METRICS[name], made, groups, draws(patients), patients) for name in ("sensitivity", "specificity")
    )
    gap = equalised_odds(found, spared)
    assert gap is not None
    assert found.difference is not None
    assert spared.difference is not None
    assert gap.value == pytest.approx(max(found.difference.value, spared.difference.value))
    assert gap.low >= max(found.difference.low, spared.difference.low) - 1e-9


def test_a_keratosis_is_benign_on_the_other_side_and_nothing_else_moves() -> None:
    made = cases(300)
    other = made.keratosis_benign()
    keratosis = made.conditions == CONDITIONS.index(Condition.ACTINIC_KERATOSIS)
    assert (made.malignant != other.malignant).tolist() == keratosis.tolist()
    weights = np.ones((1, 300))
    assert METRICS["auc"].compute(other, weights)[0] == pytest.approx(
        roc_auc_score(made.malignant & ~keratosis, made.said.malignancy)
    )
    assert METRICS["condition_accuracy"].compute(other, weights) == METRICS["condition_accuracy"].compute(made, weights)


def test_groupings_know_their_order_and_leave_out_what_is_not_known() -> None:
    made = cases(70)
    skins = groups_of(GROUPINGS["fitzpatrick"], samples(made))
    assert skins.names == ("I", "II", "III", "IV", "V", "VI")
    assert skins.grouped == 60
    assert groups_of(GROUPINGS["tone_group"], samples(made)).names == ("I-II", "III-IV", "V-VI")
    assert groups_of(GROUPINGS["domain"], samples(made)).names == tuple(Domain)
    assert groups_of(GROUPINGS["domain"], []).names == ()


def test_a_model_without_tiers_has_no_figures_of_tiers() -> None:
    assert all(one.about is not About.TIERS for one in metrics_for(cases(5, tiers=False).said))
    assert metrics_for(cases(5).said) == tuple(METRICS.values())


def test_a_new_figure_is_one_function() -> None:
    made = cases(100)
    metric = Metric(
        name="mine", title="mine", about=About.MALIGNANCY, needs=Needs.ALL, compute=lambda own, weights: weights[:, 0]
    )
    groups = groups_of(GROUPINGS["domain"], samples(made))
    found = frame(metric, made, groups, draws(np.arange(100)), np.arange(100))
    assert found.by_group["clinical"].figure is not None
    assert found.overall.figure is not None
    assert found.overall.figure.value == 1.0
