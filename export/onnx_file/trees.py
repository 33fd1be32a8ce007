"""XGBoost's trees inside a model file: nodes of `ai.onnx.ml`, which onnxruntime runs on every device.

A file holds the trees themselves, not a network that imitates them: TreeEnsembleRegressor adds up the leaves that a
photo's features reach. PyTorch has no such operation. Its exporter leaves a placeholder, with the place of the trees in
the network, and `plant` puts them there; written out as the exporter's own attributes, the trees of a common teacher
would take it minutes.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import torch
import xgboost
from scipy.special import logit
from torch import Tensor, nn

TREES_DOMAIN, TREES_OPSET = "ai.onnx.ml", 3
"""The version that belongs to opset 18. From 5 on another operation takes this one's place."""

PLACEHOLDER_DOMAIN, PLACEHOLDER = "skintag", "Trees"

LINKS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "binary:logistic": lambda score: logit(score.astype(np.float64)),
    "multi:softprob": lambda score: score,
}
"""From what XGBoost stores as the starting score of an objective to what is added to the leaves."""


class TreeMargins(nn.Module):
    """The sums of a booster's leaves, before sigmoid or softmax: XGBoost's own in PyTorch, tree nodes in a file."""

    place = ""
    """where it stands in the network that is exported"""

    def __init__(self, booster: xgboost.Booster) -> None:
        super().__init__()
        booster.set_param({"nthread": 1})  # several photos are asked about at once
        self.booster = booster
        self.targets = targets_of(booster)
        # Among the weights, where what a network says has to be told by all that it has learned.
        self.register_buffer("learned", torch.frombuffer(booster.save_raw("ubj"), dtype=torch.uint8).clone())

    def forward(self, features: Tensor) -> Tensor:
        """(B, D) -> (B, K); K is 1 for two classes"""
        if torch.onnx.is_in_onnx_export():
            return torch.onnx.ops.symbolic(
                f"{PLACEHOLDER_DOMAIN}::{PLACEHOLDER}",
                (features,),
                {"place": self.place},
                dtype=torch.float32,
                shape=(features.shape[0], self.targets),
                version=1,
            )
        margins = self.booster.predict(xgboost.DMatrix(features.numpy()), output_margin=True)
        return torch.from_numpy(margins.reshape(len(features), self.targets))


def targets_of(booster: xgboost.Booster) -> int:
    """How many sums it gives for a photo: one a class, 1 for two classes."""
    return max(1, int(_learner(booster)["learner_model_param"]["num_class"]))


def tree_node(booster: xgboost.Booster, *, features: str, output: str) -> onnx.NodeProto:
    """The trees of a booster as one node, from float [B, D] to float [B, K]. Raises ValueError for other boosters."""
    learner = _learner(booster)
    model, objective = learner["gradient_booster"]["model"], learner["objective"]["name"]
    if objective not in LINKS or learner["gradient_booster"]["name"] != "gbtree":
        raise ValueError(f"XGBoost with {objective}: trees for {', '.join(LINKS)} can be written")
    targets = targets_of(booster)
    stored = np.array(json.loads(learner["learner_model_param"]["base_score"]), dtype=np.float32)
    attributes: Any = _attributes(model["trees"], model["tree_info"])
    return onnx.helper.make_node(
        "TreeEnsembleRegressor",
        [features],
        [output],
        name=output,
        domain=TREES_DOMAIN,
        n_targets=targets,
        aggregate_function="SUM",
        post_transform="NONE",
        base_values=np.broadcast_to(LINKS[objective](np.atleast_1d(stored)), (targets,)).astype(float).tolist(),
        **attributes,
    )


def plant(model: onnx.ModelProto, module: nn.Module) -> None:
    """Put the trees in the place of their placeholders, in place; nothing where a network has none."""
    ensembles = {name: one for name, one in module.named_modules() if isinstance(one, TreeMargins)}
    if not ensembles:
        return
    nodes = [_planted(node, ensembles) if node.domain == PLACEHOLDER_DOMAIN else node for node in model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    others = [one for one in model.opset_import if one.domain != PLACEHOLDER_DOMAIN]
    del model.opset_import[:]
    model.opset_import.extend([*others, onnx.helper.make_opsetid(TREES_DOMAIN, TREES_OPSET)])


def label_places(module: nn.Module) -> None:
    """Tell each ensemble where it stands in the network, by which its placeholder is found again."""
    for name, one in module.named_modules():
        if isinstance(one, TreeMargins):
            one.place = name


def _planted(node: onnx.NodeProto, ensembles: Mapping[str, TreeMargins]) -> onnx.NodeProto:
    place = next(attribute.s.decode() for attribute in node.attribute if attribute.name == "place")
    return tree_node(ensembles[place].booster, features=node.input[0], output=node.output[0])


def _learner(booster: xgboost.Booster) -> dict[str, Any]:
    return json.loads(booster.save_raw("json"))["learner"]


def _attributes(trees: list[dict[str, Any]], target_of: list[int]) -> dict[str, list[Any]]:
    """XGBoost goes left below a split's value and in its default direction where a feature is missing."""
    found: dict[str, list[Any]] = {name: [] for name in (*NODE_LISTS, *LEAF_LISTS)}
    for number, tree in enumerate(trees):
        rows = zip(
            tree["left_children"],
            tree["right_children"],
            tree["split_indices"],
            tree["split_conditions"],
            tree["default_left"],
            strict=True,
        )
        for place, (left, right, feature, value, default_left) in enumerate(rows):
            leaf = left == -1
            node = (0, 0, 0, 0.0, 0, "LEAF") if leaf else (left, right, feature, value, int(default_left), "BRANCH_LT")
            for name, entry in zip(NODE_LISTS, (number, place, *node), strict=True):
                found[name].append(entry)
            if leaf:
                for name, entry in zip(LEAF_LISTS, (number, place, target_of[number], value), strict=True):
                    found[name].append(entry)
    return found


NODE_LISTS = (
    "nodes_treeids",
    "nodes_nodeids",
    "nodes_truenodeids",
    "nodes_falsenodeids",
    "nodes_featureids",
    "nodes_values",
    "nodes_missing_value_tracks_true",
    "nodes_modes",
)
LEAF_LISTS = ("target_treeids", "target_nodeids", "target_ids", "target_weights")
