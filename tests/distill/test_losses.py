"""Soft losses: what each of them asks of a student, and that none of them ends in no number."""

from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from distill.losses import SOFT_LOSSES, FeatureMatch, LossConfig, Partner, SoftLoss, Targets, distillation_loss
from distill.student import StudentOutput
from teacher.data.sampling import Shifts

KINDS = get_args(SoftLoss)
NO_SHIFTS = Shifts(malignancy=np.zeros(6, np.float32), conditions=np.zeros((6, 10), np.float32), weights=None)


def batch(seed: int, *, spread: float = 2.0) -> tuple[StudentOutput, Targets]:
    draw = torch.Generator().manual_seed(seed)
    malignancy, soft = (spread * torch.randn(6, generator=draw) for _ in range(2))
    conditions, soft_conditions = (spread * torch.randn(6, 10, generator=draw) for _ in range(2))
    targets = Targets(
        malignant=(torch.rand(6, generator=draw) < 0.5).float(),
        conditions=torch.randint(10, (6,), generator=draw),
        soft_malignancy=soft,
        soft_conditions=soft_conditions,
    )
    return StudentOutput(malignancy.requires_grad_(), conditions.requires_grad_(), torch.zeros(6, 4)), targets


def as_the_teacher(targets: Targets) -> StudentOutput:
    return StudentOutput(
        targets.soft_malignancy.clone().requires_grad_(),
        targets.soft_conditions.clone().requires_grad_(),
        torch.zeros(6, 4),
    )


def gradients(output: StudentOutput, loss: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad(loss, [output.malignancy, output.conditions], materialize_grads=True)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), temperature=st.sampled_from([0.5, 1.0, 4.0]))
def test_a_student_that_says_what_the_teacher_says_has_nothing_left_to_learn(
    kind: SoftLoss, seed: int, temperature: float
) -> None:
    output, targets = batch(seed)
    same = as_the_teacher(targets)
    losses = SOFT_LOSSES[kind](same, targets, temperature)
    assert losses.shape == (6,)
    assert losses.mean() <= SOFT_LOSSES[kind](output, targets, temperature).mean() + 1e-5
    for gradient in gradients(same, losses.mean()):
        torch.testing.assert_close(gradient, torch.zeros_like(gradient), atol=2e-5, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spread", [0.0, 40.0])
def test_the_same_everywhere_or_sure_of_all_is_still_a_number(kind: SoftLoss, spread: float) -> None:
    output, targets = batch(3, spread=spread)
    losses = SOFT_LOSSES[kind](output, targets, 1.0)
    assert torch.isfinite(losses).all()
    assert all(torch.isfinite(one).all() for one in gradients(output, losses.mean()))


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_against_the_gradient_brings_the_student_nearer(kind: SoftLoss) -> None:
    output, targets = batch(5)
    loss = SOFT_LOSSES[kind](output, targets, 1.0).mean()
    first, second = gradients(output, loss)
    moved = StudentOutput(output.malignancy - 0.05 * first, output.conditions - 0.05 * second, output.features)
    assert SOFT_LOSSES[kind](moved, targets, 1.0).mean() < loss


def test_correlations_do_not_ask_for_the_teachers_range() -> None:
    _, targets = batch(7)
    shifted = StudentOutput(targets.soft_malignancy, 3.0 * targets.soft_conditions + 5.0, torch.zeros(6, 4))
    plain, scored = (SOFT_LOSSES[kind] for kind in ("kl", "standardised"))
    at_best = scored(as_the_teacher(targets), targets, 1.0)
    torch.testing.assert_close(scored(shifted, targets, 1.0), at_best, atol=1e-4, rtol=0)
    assert (plain(shifted, targets, 1.0) > plain(as_the_teacher(targets), targets, 1.0) + 1e-3).any()


def test_what_the_soft_weight_weighs() -> None:
    output, targets = batch(11)
    soft, hard, both = (
        distillation_loss(output, targets, config=LossConfig(soft_weight=weight), shifts=NO_SHIFTS)
        for weight in (1.0, 0.0, 0.25)
    )
    torch.testing.assert_close(both, 0.25 * soft + 0.75 * hard)
    torch.testing.assert_close(soft, SOFT_LOSSES["kl"](output, targets, 1.0).mean())


def test_smoothing_asks_for_less_than_certainty() -> None:
    _, targets = batch(13)
    sure = StudentOutput(
        80 * (targets.malignant - 0.5),
        40 * torch.nn.functional.one_hot(targets.conditions, 10).float(),
        torch.zeros(6, 4),
    )
    plain, smoothed = (
        distillation_loss(sure, targets, config=LossConfig(soft_weight=0, smoothing=share), shifts=NO_SHIFTS)
        for share in (0.0, 0.1)
    )
    assert plain < 1e-6
    # Half of a tenth at 40 logits (malignancy), nine tenths of a tenth at 40 (conditions).
    torch.testing.assert_close(smoothed, torch.tensor(0.05 * 40 + 0.09 * 40), atol=1e-3, rtol=0)


def shifts_of(seed: int, *, weights: bool = False) -> Shifts:
    rng = np.random.default_rng(seed)
    drawn = rng.random(6, dtype=np.float32) * 2 if weights else None
    return Shifts(
        malignancy=rng.normal(size=6).astype(np.float32),
        conditions=rng.normal(size=(6, 10)).astype(np.float32),
        weights=drawn,
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weights", [False, True])
def test_a_partner_of_no_share_changes_nothing(kind: SoftLoss, weights: bool) -> None:
    (output, targets), (_, others) = batch(17), batch(19)
    config, own, theirs = LossConfig(soft=kind), shifts_of(1, weights=weights), shifts_of(2, weights=weights)
    alone = distillation_loss(output, targets, config=config, shifts=own)
    partner = Partner(share=1.0, targets=others, shifts=theirs)
    torch.testing.assert_close(distillation_loss(output, targets, config=config, shifts=own, partner=partner), alone)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.floats(0.5, 1))
def test_labels_are_mixed_as_images_are(seed: int, share: float) -> None:
    """Cross-entropy is linear in its labels: of mixed labels it is the mixed cross-entropy, soft and hard alike."""
    (output, targets), (_, others) = batch(seed), batch(seed + 1)
    for weight in (0.0, 0.5, 1.0):
        config = LossConfig(soft_weight=weight, smoothing=0.1)
        own, theirs = (distillation_loss(output, one, config=config, shifts=NO_SHIFTS) for one in (targets, others))
        partner = Partner(share=share, targets=others, shifts=NO_SHIFTS)
        mixed = distillation_loss(output, targets, config=config, shifts=NO_SHIFTS, partner=partner)
        torch.testing.assert_close(mixed, share * own + (1 - share) * theirs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spread", [0.0, 60.0])
def test_mixed_labels_that_are_sure_of_opposites_are_still_numbers(kind: SoftLoss, spread: float) -> None:
    (output, targets), (_, others) = batch(23, spread=spread), batch(29, spread=spread)
    partner = Partner(share=0.75, targets=others, shifts=NO_SHIFTS)
    loss = distillation_loss(output, targets, config=LossConfig(soft=kind), shifts=NO_SHIFTS, partner=partner)
    assert torch.isfinite(loss)
    assert all(torch.isfinite(one).all() for one in gradients(output, loss))


def seen(targets: Targets, embeddings: Tensor, folds: Tensor) -> Targets:
    return Targets(**{**vars(targets), "embeddings": embeddings, "folds": folds})


def test_features_are_matched_through_a_map_of_each_fold() -> None:
    output, targets = batch(31)
    features, folds = torch.randn(6, 4, generator=torch.Generator().manual_seed(3)), torch.tensor([0, 1, 0, 1, 0, 1])
    match = FeatureMatch(folds=2, width=4, dimensions=3)
    maps, shifts = match.maps.weight.view(2, 3, 4), match.maps.bias.view(2, 3)
    mapped = torch.einsum("bdw,bw->bd", maps[folds], features) + shifts[folds]
    torch.testing.assert_close(match(features, seen(targets, mapped, folds)), torch.zeros(6))
    wanted = seen(targets, mapped + 2, folds)
    torch.testing.assert_close(match(features, wanted), torch.full((6,), 4.0))
    output = StudentOutput(output.malignancy, output.conditions, features)
    plain, matched = (
        distillation_loss(output, wanted, config=LossConfig(feature_weight=0.5), shifts=NO_SHIFTS, match=one)
        for one in (None, match)
    )
    torch.testing.assert_close(matched, plain + 0.5 * 4)
