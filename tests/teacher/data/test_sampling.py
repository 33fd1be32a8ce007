"""Sampling: weights that keep their promise."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from runtime.conditions import CONDITIONS
from teacher.data.sample import Domain, ToneGroup
from teacher.data.sampling import (
    CAP,
    FLOOR,
    UNKNOWN,
    Cell,
    SamplingConfig,
    balanced_sampling,
    cell_sampling,
    cell_table,
    draw_cells,
    merged_cells,
)
from teacher.models.fine_tuning import hard_loss

cells = st.builds(Cell, st.sampled_from(Domain), st.sampled_from([*ToneGroup, UNKNOWN]), st.booleans())
worlds = st.lists(st.tuples(cells, st.integers(0, 9), st.integers(1, 90)), min_size=1, max_size=14).map(
    lambda rows: (
        [cell for cell, _, count in rows for _ in range(count)],
        np.array([condition for _, condition, count in rows for _ in range(count)]),
    )
)
configs = st.builds(
    SamplingConfig,
    condition_power=st.floats(0, 1),
    cell_power=st.floats(0, 1),
    weights_in=st.sampled_from(["draws", "loss"]),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 9), min_size=4, max_size=200), st.floats(0, 1))
def test_sampling_weights_sum_to_one_and_shifts_match_them(conditions: list[int], power: float) -> None:
    labels = np.array(conditions)
    malignant = labels < 3
    sampling = balanced_sampling(malignant, labels, power=power)
    assert sampling.weights.sum() == pytest.approx(1)
    for condition in np.unique(labels):
        drawn, own = sampling.weights[labels == condition].sum(), (labels == condition).mean()
        assert sampling.condition_shift[0, condition] == pytest.approx(np.log(drawn / own), abs=1e-5)


def test_full_power_draws_all_conditions_equally() -> None:
    labels = np.array([0] * 90 + [4] * 10)
    sampling = balanced_sampling(labels == 0, labels, power=1.0)
    assert sampling.weights[labels == 4].sum() == pytest.approx(0.5)


def test_no_power_keeps_the_data_and_shifts_nothing() -> None:
    labels = np.array([0] * 90 + [4] * 10)
    sampling = balanced_sampling(labels == 0, labels, power=0.0)
    assert np.allclose(sampling.weights, 0.01)
    assert sampling.malignancy_shift == pytest.approx(0)
    assert np.allclose(sampling.condition_shift, 0)


World = tuple[list[Cell], np.ndarray]


@settings(deadline=None, max_examples=100)
@given(worlds, configs)
def test_weights_sum_to_one_and_none_is_above_the_cap(world: World, config: SamplingConfig) -> None:
    weights = cell_sampling(*world, config).weights
    assert weights.sum() == pytest.approx(1)
    assert (weights > 0).all()
    assert weights.max() * len(weights) <= CAP * (1 + 1e-9)


@settings(deadline=None, max_examples=60)
@given(worlds)
def test_without_power_every_image_counts_as_it_stands(world: World) -> None:
    sampling = cell_sampling(*world, SamplingConfig(condition_power=0, cell_power=0))
    assert np.allclose(sampling.weights, 1 / len(world[0]))
    assert np.allclose(sampling.malignancy_shift, 0)
    assert np.allclose(sampling.condition_shift, 0)


@settings(deadline=None, max_examples=100)
@given(worlds, configs)
def test_shifts_turn_own_frequencies_into_weighed_ones_in_every_stratum(world: World, config: SamplingConfig) -> None:
    """So a loss over logits + shifts is least where the logits themselves stand at the data's own frequencies."""
    sampling = cell_sampling(*world, config)
    malignant = np.array([cell.malignant for cell in world[0]])
    for stratum in np.unique(sampling.stratum):
        own = sampling.stratum == stratum
        weights = sampling.weights[own] / sampling.weights[own].sum()
        share = malignant[own].mean()
        if 0 < share < 1:
            moved = np.log(share / (1 - share)) + sampling.malignancy_shift[stratum]
            assert 1 / (1 + np.exp(-moved)) == pytest.approx(weights[malignant[own]].sum())
        present = np.unique(world[1][own])
        logits = np.log([(world[1][own] == one).mean() for one in present]) + sampling.condition_shift[stratum, present]
        weighed = [weights[world[1][own] == one].sum() for one in present]
        np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(), weighed, rtol=1e-6)


@settings(deadline=None, max_examples=100)
@given(worlds)
def test_images_of_one_cell_stay_together_and_small_cells_are_joined(world: World) -> None:
    number = merged_cells(world[0])
    by_cell: dict[Cell, set[int]] = {}
    for cell, one in zip(world[0], number.tolist(), strict=True):
        by_cell.setdefault(cell, set()).add(one)
    assert all(len(numbers) == 1 for numbers in by_cell.values())
    for one in np.unique(number):
        members = {cell for cell, numbers in by_cell.items() if numbers == {int(one)}}
        assert len({cell.malignant for cell in members}) == 1
        if (number == one).sum() < FLOOR:  # then there is no other of its kind to join
            assert {cell.malignant for cell in by_cell if by_cell[cell] != {int(one)}} <= {
                not next(iter(members)).malignant
            }


def test_a_rare_camera_is_learned_from_as_much_as_the_common_one() -> None:
    many, few = Cell(Domain.DERMOSCOPIC, UNKNOWN, False), Cell(Domain.SMARTPHONE, ToneGroup.I_II, False)
    sampling = cell_sampling([many] * 400 + [few] * 100, np.zeros(500, int), SamplingConfig(cell_power=1.0))
    assert sampling.weights[400:].sum() == pytest.approx(0.5)


def test_a_handful_of_photos_does_not_stand_for_a_group() -> None:
    rest, few = Cell(Domain.SMARTPHONE, ToneGroup.I_II, True), Cell(Domain.SMARTPHONE, ToneGroup.V_VI, True)
    count = FLOOR - 1
    sampling = cell_sampling([rest] * 400 + [few] * count, np.zeros(400 + count, int), SamplingConfig(cell_power=1.0))
    assert np.allclose(sampling.weights, 1 / (400 + count))


def test_one_camera_moves_no_other_cameras_probabilities() -> None:
    """Half of the close-ups are malignant and a tenth of the phone photos: weighed alike, each keeps its own."""
    kinds = [Cell(domain, UNKNOWN, sick) for domain in (Domain.CLINICAL, Domain.SMARTPHONE) for sick in (True, False)]
    world = [kinds[0]] * 500 + [kinds[1]] * 500 + [kinds[2]] * 100 + [kinds[3]] * 900
    sampling = cell_sampling(world, np.zeros(2000, int), SamplingConfig(cell_power=1.0))
    assert sampling.malignancy_shift == pytest.approx([0, np.log(9)])


@pytest.mark.parametrize("weights_in", ["draws", "loss"])
def test_the_loss_is_least_at_the_datas_own_frequency(weights_in: str) -> None:
    config = SamplingConfig(condition_power=1.0, cell_power=1.0, weights_in=weights_in)
    kinds = [Cell(Domain.CLINICAL, UNKNOWN, sick) for sick in (True, False)]
    world, labels = [kinds[0]] * 200 + [kinds[1]] * 1800, np.array([0] * 200 + [3] * 1800)
    sampling = cell_sampling(world, labels, config)
    drawn = np.concatenate([sampling.draw(np.random.default_rng(seed)) for seed in range(20)])
    odds, logits = torch.zeros((), requires_grad=True), torch.zeros(len(CONDITIONS), requires_grad=True)
    optimizer = torch.optim.LBFGS([odds, logits], max_iter=60, line_search_fn="strong_wolfe")
    sick = torch.from_numpy(np.array([cell.malignant for cell in world]))[drawn].float()

    def step() -> torch.Tensor:
        optimizer.zero_grad()
        loss = hard_loss(
            odds.expand(len(drawn)),
            logits.expand(len(drawn), -1),
            malignant=sick,
            condition_labels=torch.from_numpy(labels[drawn]),
            shifts=sampling.shifts(drawn),
        )
        loss.backward()
        return loss

    optimizer.step(step)
    assert odds.sigmoid().item() == pytest.approx(0.1, abs=0.005)
    assert logits.softmax(0)[0].item() == pytest.approx(0.1, abs=0.005)


def test_with_weights_in_the_loss_an_epoch_shows_every_image_once() -> None:
    labels = np.array([0] * 90 + [4] * 10)
    world = [Cell(Domain.CLINICAL, UNKNOWN, bool(label)) for label in labels]
    sampling = cell_sampling(world, labels, SamplingConfig(weights_in="loss"))
    drawn = sampling.draw(np.random.default_rng(0))
    assert sorted(drawn.tolist()) == list(range(100))
    weights = sampling.shifts(drawn).weights
    assert weights is not None
    assert weights.mean() == pytest.approx(1)


def test_the_table_of_cells_shows_data_and_what_is_learned_from() -> None:
    many, few = Cell(Domain.DERMOSCOPIC, UNKNOWN, False), Cell(Domain.SMARTPHONE, ToneGroup.V_VI, True)
    world = [many] * 300 + [few] * 20
    table = cell_table(world, cell_sampling(world, np.array([4] * 300 + [0] * 20), SamplingConfig()))
    assert table["images"].tolist() == [300, 20]
    assert table["share"].sum() == pytest.approx(1)
    assert table["weighed"].sum() == pytest.approx(1)
    assert table["own"].tolist() == [True, False]
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(draw_cells(table))
    text = console.export_text()
    assert "V-VI" in text
    assert f"fewer than {FLOOR} images" in text
