"""Mixup: which views of a batch are mixed with which, and how far, by the step alone, so that a run can stop anywhere.

Zhang et al. 2018, arXiv:1710.09412. Views stay the stored ones: what is mixed is what the teacher was asked about.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

OWN_DRAWS = 7
"""Tells the draws of mixing from those of an epoch's images and views, which begin with the same seed."""


@dataclass(frozen=True)
class Mix:
    """What is mixed in one batch of B views."""

    share: float
    """of the own view, from 1/2 to 1: the other half of the draws would be the same pairs the other way round"""
    partner: np.ndarray
    """int64 [B], the place of each view's partner"""

    def needed(self, own: np.ndarray) -> np.ndarray:
        """The places that a process must draw views of, whose own places of the batch are these; sorted."""
        return np.union1d(own, self.partner[own])

    def mixed(self, images: Tensor, own: np.ndarray) -> Tensor:
        """(B, 3, S, S) of the own places, channels last. images: those of `needed`, normalised."""
        places = self.needed(own)
        first, second = (torch.from_numpy(np.searchsorted(places, one)) for one in (own, self.partner[own]))
        mixed = torch.lerp(images[second.to(images.device)], images[first.to(images.device)], self.share)
        return mixed.contiguous(memory_format=torch.channels_last)


def mix_of(alpha: float, *, seed: int, epoch: int, step: int, count: int) -> Mix | None:
    """Of one step; None where nothing is mixed. alpha: both parameters of the Beta distribution of the share."""
    if alpha == 0:
        return None
    rng = np.random.default_rng((seed, epoch, step, OWN_DRAWS))
    share = float(rng.beta(alpha, alpha))
    return Mix(max(share, 1 - share), rng.permutation(count))
