"""What lets a run go on after Ctrl-C or kill -9: everything that it had reached, in safetensors and JSON."""

import json
import math
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from runtime.errors import SkintagError, first_line
from runtime.files import json_text

PREFIX = "checkpoint-"
STATE_NAME = "state.json"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands: after a whole epoch, or some steps into the next one."""

    epoch: int
    """epochs done"""
    best_epoch: int
    best_score: float
    history: tuple[dict[str, float], ...]
    step: int = 0
    """steps of the next epoch that are done"""
    losses: tuple[float, ...] = ()
    """of those steps"""
    origin: Mapping[str, Any] | None = None
    """what the run began with, in JSON values, where its owner wants to know that again"""

    @property
    def place(self) -> str:
        """Such as "epoch 3", or "epoch 4, step 17," inside of it."""
        return f"epoch {self.epoch + 1}, step {self.step}," if self.step else f"epoch {self.epoch}"

    @property
    def digits(self) -> str:
        """Such as "0003" and "0003-000017": by name in the order of time."""
        return f"{self.epoch:04d}-{self.step:06d}" if self.step else f"{self.epoch:04d}"


def save_checkpoint(
    run: Path,
    progress: Progress,
    models: Mapping[str, nn.Module],
    optimizer: torch.optim.Optimizer,
    *,
    error: type[SkintagError],
    only: Collection[str] | None = None,
) -> None:
    """Write a checkpoint aside, rename it, then drop the older ones.

    `only`: the tensors that training changes, where the others are in the model already. A kill at any point leaves
    either the older checkpoint or the new one whole. Raises `error` where the disk refuses; the older one stays.
    """
    aside = run / f"partial-{progress.digits}"
    try:
        _write(aside, progress, models, optimizer, only)
        target = run / f"{PREFIX}{progress.digits}"
        shutil.rmtree(target, ignore_errors=True)
        aside.rename(target)
    except (OSError, SafetensorError) as problem:  # safetensors reports a full disk in a type of its own
        shutil.rmtree(aside, ignore_errors=True)
        raise error(
            f"{run}: the checkpoint of {progress.place} cannot be written ({first_line(problem)}); the one "
            "before is kept: free some space or make the folder writable, then continue with --resume"
        ) from problem
    for older in _checkpoints(run)[:-1]:
        shutil.rmtree(older)


def _write(
    aside: Path,
    progress: Progress,
    models: Mapping[str, nn.Module],
    optimizer: torch.optim.Optimizer,
    only: Collection[str] | None,
) -> None:
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    for name, model in models.items():
        own = {key: value for key, value in model.state_dict().items() if only is None or key in only}
        save_file({key: value.contiguous() for key, value in own.items()}, aside / f"{name}.safetensors")
    save_file(_optimizer_tensors(optimizer), aside / "optimizer.safetensors")
    (aside / STATE_NAME).write_text(json_text(_progress_json(progress)))


def load_checkpoint(
    run: Path,
    models: Mapping[str, nn.Module],
    optimizer: torch.optim.Optimizer,
    *,
    only: Collection[str] | None = None,
) -> Progress | None:
    """Put the newest checkpoint back into models and optimizer; None where there is none yet."""
    found = _checkpoints(run)
    if not found:
        return None
    for name, model in models.items():
        model.load_state_dict(load_file(found[-1] / f"{name}.safetensors"), strict=only is None)
    _restore_optimizer(optimizer, load_file(found[-1] / "optimizer.safetensors"))
    return _progress(json.loads((found[-1] / STATE_NAME).read_text()))


def drop_checkpoints(run: Path) -> None:
    """Remove what a finished run no longer needs."""
    for folder in [*_checkpoints(run), *run.glob("partial-*")]:
        shutil.rmtree(folder)


def _checkpoints(run: Path) -> list[Path]:
    return sorted(run.glob(f"{PREFIX}[0-9]*"))


def _progress_json(progress: Progress) -> dict[str, Any]:
    return {**vars(progress), "history": list(progress.history), "losses": list(progress.losses)}


def _progress(values: dict[str, Any]) -> Progress:
    """What `_progress_json` gave; a null is a figure that was not known, or a score that nothing had yet."""
    score = -math.inf if values["best_score"] is None else values["best_score"]
    rows = ({key: math.nan if one is None else one for key, one in row.items()} for row in values["history"])
    losses = tuple(values.get("losses", ()))
    return Progress(**{**values, "best_score": score, "history": tuple(rows), "losses": losses})


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """AdamW's per-parameter state as flat names, "<parameter number>.<exp_avg | exp_avg_sq | step>"."""
    state = optimizer.state_dict()["state"]
    return {f"{number}.{key}": value.contiguous() for number, own in state.items() for key, value in own.items()}


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Averages get the memory layout of their parameter: the fused AdamW walks through both in memory order."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, key = name.split(".", 1)
        parameter = parameters[int(number)]
        laid_out = torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value
        state.setdefault(int(number), {})[key] = laid_out.detach()
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
