"""Trees as nodes of a file against XGBoost itself, on boosters and embeddings of any shape."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from export.onnx_file.served_teacher import _ConditionsTrees, _MalignancyTrees
from export.onnx_file.trees import TREES_DOMAIN, TREES_OPSET, TreeMargins, tree_node
from runtime.conditions import CONDITIONS
from teacher.models.classifiers import EPSILON, Boosters, fit_boosters
from teacher.models.config import BoosterConfig

ONE_ULP = float(np.finfo(np.float32).eps)


def in_a_file(booster: xgboost.Booster, features: np.ndarray) -> np.ndarray:
    """The node alone in a model, as onnxruntime runs it: float32 [N, K]."""
    targets = TreeMargins(booster).targets
    graph = onnx.helper.make_graph(
        [tree_node(booster, features="features", output="margins")],
        "trees",
        [onnx.helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, ["N", features.shape[1]])],
        [onnx.helper.make_tensor_value_info("margins", onnx.TensorProto.FLOAT, ["N", targets])],
    )
    opsets = [onnx.helper.make_opsetid("", 18), onnx.helper.make_opsetid(TREES_DOMAIN, TREES_OPSET)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"features": features})[0]


@st.composite
def fitted(draw: st.DrawFn) -> tuple[Boosters, np.ndarray]:
    """Boosters on random embeddings, some so sure that the floor is reached, and embeddings to ask about."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    width = draw(st.integers(1, 12))
    present = draw(st.sets(st.integers(0, len(CONDITIONS) - 1), min_size=1))
    features = rng.normal(scale=draw(st.sampled_from([0.01, 1.0, 100.0])), size=(60, width)).astype(np.float32)
    conditions = rng.choice(sorted(present), len(features))
    conditions[: len(present)] = sorted(present)
    malignant = features[:, 0] > np.quantile(features[:, 0], draw(st.sampled_from([0.0, 0.5, 0.9])))
    config = BoosterConfig(
        rounds=draw(st.integers(1, 12)),
        depth=draw(st.integers(1, 5)),
        learning_rate=draw(st.sampled_from([0.15, 1.0])),
        column_share=1.0,
        row_share=1.0,
    )
    asked = np.concatenate([features[:20], rng.normal(size=(20, width)).astype(np.float32)])
    asked[rng.random(asked.shape) < draw(st.sampled_from([0.0, 0.1]))] = np.nan
    return fit_boosters(features, malignant, conditions, config), asked


@settings(max_examples=40)
@given(fitted())
def test_a_file_says_what_xgboost_says(case: tuple[Boosters, np.ndarray]) -> None:
    boosters, features = case
    for booster in (boosters.malignancy, boosters.conditions):
        margins = booster.predict(xgboost.DMatrix(features), output_margin=True).reshape(len(features), -1)
        np.testing.assert_allclose(in_a_file(booster, features), margins, atol=1e-5, rtol=1e-6)


@settings(max_examples=40)
@given(fitted())
def test_margins_become_the_logits_that_soft_labels_are_made_of(case: tuple[Boosters, np.ndarray]) -> None:
    """Also at the floor, and for conditions that no tree knows."""
    boosters, features = case
    asked = torch.from_numpy(features)
    wanted = boosters.malignancy_logits(features)
    probability = np.clip(boosters.malignancy.predict(xgboost.DMatrix(features)), EPSILON, 1 - EPSILON)
    # XGBoost rounds the probability, whose last digit is worth more of a logit the nearer it is to 1.
    rounding = ONE_ULP / (probability * (1 - probability))
    got = _MalignancyTrees(boosters)(asked).numpy()
    assert (np.abs(got - wanted) <= 1e-5 + rounding).all()
    np.testing.assert_allclose(
        _ConditionsTrees(boosters)(asked).numpy(), boosters.condition_logits(features), atol=1e-5
    )
    assert got.min() >= wanted.min() - 1e-3


def test_other_boosters_are_refused() -> None:
    rows = xgboost.DMatrix(np.zeros((4, 2), np.float32), np.arange(4, dtype=np.float32))
    booster = xgboost.train({"objective": "reg:squarederror"}, rows, num_boost_round=1)
    with pytest.raises(ValueError, match="reg:squarederror"):
        tree_node(booster, features="features", output="margins")
