"""Where torch's random numbers stand, as something that a checkpoint can hold."""

import torch
from torch import Tensor, nn


class Randomness(nn.Module):
    """Where torch's random numbers stand on this device: what dropout draws next."""

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._device = device
        for name, state in self._now().items():
            self.register_buffer(name, state)

    def note(self) -> None:
        self.load_state_dict(self._now())

    def restore(self) -> None:
        states = self.state_dict()
        torch.set_rng_state(states["of_cpu"])
        if self._device.type == "cuda":
            torch.cuda.set_rng_state(states["of_cuda"], self._device)
        if self._device.type == "mps":
            torch.mps.set_rng_state(states["of_mps"])

    def _now(self) -> dict[str, Tensor]:
        states = {"of_cpu": torch.get_rng_state()}
        if self._device.type == "cuda":
            states["of_cuda"] = torch.cuda.get_rng_state(self._device)
        if self._device.type == "mps":
            states["of_mps"] = torch.mps.get_rng_state()
        return states
