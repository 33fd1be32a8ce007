"""Priors: what is counted, and the law by which a logit moves from one share to another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from teacher.data.dataset import Dataset
from teacher.data.priors import priors, shifted_logit
from teacher.data.sample import DataError
from teacher.data.splits import Part

shares = st.floats(0.001, 0.999)
logits = st.floats(-30, 30)


@given(logits, shares)
def test_the_same_prior_changes_nothing(logit: float, share: float) -> None:
    assert shifted_logit(logit, from_prior=share, to_prior=share) == logit


@given(logits, shares, shares, shares)
def test_there_and_back_and_by_way_of_another(logit: float, one: float, other: float, third: float) -> None:
    there = shifted_logit(logit, from_prior=one, to_prior=other)
    assert shifted_logit(there, from_prior=other, to_prior=one) == pytest.approx(logit, abs=1e-9)
    onward = shifted_logit(there, from_prior=other, to_prior=third)
    assert onward == pytest.approx(shifted_logit(logit, from_prior=one, to_prior=third), abs=1e-9)


@given(st.lists(logits, min_size=2, max_size=20), shares, shares, shares)
def test_it_keeps_the_order_and_grows_with_the_prior(values: list[float], one: float, low: float, high: float) -> None:
    array = np.sort(np.array(values))
    assert (np.diff(shifted_logit(array, from_prior=one, to_prior=low)) >= 0).all()
    less, more = (shifted_logit(0.0, from_prior=one, to_prior=share) for share in sorted((low, high)))
    assert less <= more


@given(shares, shares, st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_it_is_bayes_rule(one: float, other: float, if_malignant: float, if_benign: float) -> None:
    def logit(prior: float) -> float:
        return float(np.log(prior * if_malignant) - np.log((1 - prior) * if_benign))

    assert shifted_logit(logit(one), from_prior=one, to_prior=other) == pytest.approx(logit(other), abs=1e-9)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.1, float("nan")])
def test_a_share_that_is_no_prior_is_refused(share: float) -> None:
    with pytest.raises(DataError, match="between 0 and 1"):
        shifted_logit(0.0, from_prior=0.5, to_prior=share)


def test_priors_count_the_samples_asked_for(small_data: Dataset) -> None:
    train = small_data.part(Part.TRAIN)
    found = priors(small_data, train)
    assert found.overall.photos == len(train)
    assert found.overall.share == pytest.approx(small_data.malignant(train).mean())
    assert sum(one.photos for one in found.by_domain.values()) == len(train)
    assert sum(one.malignant for one in found.by_domain.values()) == found.overall.malignant
    with pytest.raises(DataError, match="no photos"):
        priors(small_data, train[:0])
