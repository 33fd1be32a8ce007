"""A network of one hidden layer that answers both targets; early stopping on the validation part."""

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from runtime.conditions import CONDITIONS
from runtime.files import written_whole
from teacher.models.compute import this_compute
from teacher.probes.examples import Examples

HIDDEN, DROPOUT = 256, 0.3
EPOCHS, PATIENCE, BATCH = 60, 8, 256
LEARNING_RATE, WEIGHT_DECAY = 1e-3, 1e-2


class Network(nn.Module):
    """(B, D) -> (B, 11) logits, malignancy first; it standardises what it is shown itself."""

    mean: Tensor
    scale: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.hidden = nn.Linear(width, HIDDEN)
        self.answer = nn.Linear(HIDDEN, 1 + len(CONDITIONS))

    def forward(self, features: Tensor) -> Tensor:
        standard = (features - self.mean) / self.scale
        hidden = F.dropout(F.gelu(self.hidden(standard)), DROPOUT, self.training)
        return self.answer(hidden)


@dataclass(frozen=True, kw_only=True)
class Perceptron:
    """The network, in eval mode, on the CPU."""

    network: Network

    def malignancy_logits(self, features: np.ndarray) -> np.ndarray:
        """features: [N, D] -> float32 [N]"""
        return self._answers(features)[:, 0]

    def condition_logits(self, features: np.ndarray) -> np.ndarray:
        """features: [N, D] -> float32 [N, 10]"""
        return self._answers(features)[:, 1:]

    def save(self, folder: Path, stem: str) -> None:
        """One safetensors file. Raises OSError."""
        with written_whole(folder / f"{stem}.safetensors") as partial:
            save_file(self.network.state_dict(), partial)

    @classmethod
    def load(cls, folder: Path, stem: str) -> Self:
        """What `save` wrote."""
        tensors = load_file(folder / f"{stem}.safetensors")
        network = Network(len(tensors["mean"]))
        network.load_state_dict(tensors)
        return cls(network=network.eval())

    @torch.inference_mode()
    def _answers(self, features: np.ndarray) -> np.ndarray:
        return self.network(torch.from_numpy(features)).numpy()


def fit_perceptron(learn: Examples, validation: Examples, *, seed: int = 0) -> Perceptron:
    """Weighted losses of both targets added up; the epoch with the least on the validation part is kept."""
    device = this_compute().device
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network(learn.features.shape[1])
        network.mean.copy_(torch.from_numpy(learn.features.mean(axis=0)))
        network.scale.copy_(torch.from_numpy(learn.features.std(axis=0) + 1e-6))
        _learn(network.to(device), learn, validation, np.random.default_rng(seed))
    return Perceptron(network=network.cpu().eval())


def _learn(network: Network, learn: Examples, validation: Examples, rng: np.random.Generator) -> None:
    device = next(network.parameters()).device
    rows, watched = _tensors(learn, device), _tensors(validation, device)
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    best, kept, waited = float("inf"), deepcopy(network.state_dict()), 0
    for _ in range(EPOCHS):
        network.train()
        order = torch.from_numpy(rng.permutation(len(learn.malignant))).to(device)
        for part in order.split(BATCH):
            optimizer.zero_grad()
            _loss(network, [tensor[part] for tensor in rows]).backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            loss = _loss(network, watched).item()
        if loss < best:
            best, kept, waited = loss, deepcopy(network.state_dict()), 0
        else:
            waited += 1
        if waited == PATIENCE:
            break
    network.load_state_dict(kept)


def _tensors(examples: Examples, device: torch.device) -> list[Tensor]:
    arrays = (
        examples.features,
        examples.malignant.astype(np.float32),
        examples.conditions,
        examples.weights.astype(np.float32),
    )
    return [torch.from_numpy(array).to(device) for array in arrays]


def _loss(network: Network, rows: list[Tensor]) -> Tensor:
    features, malignant, conditions, weights = rows
    said = network(features)
    losses = F.binary_cross_entropy_with_logits(said[:, 0], malignant, reduction="none")
    return ((losses + F.cross_entropy(said[:, 1:], conditions, reduction="none")) * weights).mean()
