"""Several looks at one photo: crops of the model's square, some mirrored, whose answers are averaged inside the graph.

    [1, S, S, 3] -> F crops of side s -> [F, s, s, 3] -> trunk and heads, once -> the mean of logits and features

Photo and tier then change less when the frame moves a little, and no runtime needs a line for it: the input stays one
square. What follows the logits (temperature, sigmoid, softmax, novelty, and all thresholds) is that of the average. The
trunk's weights stand in the file once.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from distill.student import StudentOutput, StudentSpec
from export.onnx_file.photo_model import PhotoModel
from runtime.bundle.manifest import Frames
from runtime.errors import SkintagError, first_line

COUNTS = (1, 2, 4)
"""The whole square; two opposite corners; all four."""

STRIDE = 32
"""Sides of crops are multiples of it: every student halves a map five times."""

SHARE = 7 / 8
"""Of the square's side that a crop's is at most, where nobody says more: 192 of 224, 224 of 256. Centres of opposite
crops are then an eighth of the side or a little more apart, as far as a phone's frame moves."""


class FramesError(SkintagError):
    """Crops that a square or a student does not have; the message says what to choose."""


@dataclass(frozen=True, kw_only=True)
class Crop:
    """Where one frame is cut from the square."""

    top: int
    left: int
    mirrored: bool
    """left and right exchanged"""


def chosen_frames(count: int, side: int | None, *, model: PhotoModel) -> Frames:
    """So many frames for a student, of the side that is asked for or else the usual one.

    Raises FramesError where there are no such crops of its square, or it does not answer for them.
    """
    if count == 1 and side is None:
        return Frames()
    size = model.spec.image_size
    frames = Frames(count=count, side=usual_side(size) if side is None else side)
    _check_crops(frames, size)
    _check_model(frames, model)
    return frames


def usual_side(size: int) -> int:
    """Of the crops of a square of `size` pixels."""
    return max(int(size * SHARE) // STRIDE * STRIDE, STRIDE)


def crops(frames: Frames, size: int) -> tuple[Crop, ...]:
    """Corners of the square, every other one mirrored: what lies left in one then lies right in its neighbour."""
    if frames.side is None:
        return (Crop(top=0, left=0, mirrored=False),)
    end = size - frames.side
    corners = ((0, 0), (0, end), (end, 0), (end, end)) if frames.count == 4 else ((0, 0), (end, end))
    return tuple(Crop(top=top, left=left, mirrored=place % 2 == 1) for place, (top, left) in enumerate(corners))


def cut(images: Tensor, frames: Frames, *, rows: int) -> Tensor:
    """(B, ...) squares -> (F * B, ...) crops, all photos' first one first. `rows`: the axis of rows; columns follow."""
    if frames.side is None:
        return images
    found: list[Tensor] = []
    for crop in crops(frames, int(images.shape[rows])):
        part = images.narrow(rows, crop.top, frames.side).narrow(rows + 1, crop.left, frames.side)
        found.append(part.flip(rows + 1) if crop.mirrored else part)
    return torch.cat(found)


def averaged(output: StudentOutput, frames: Frames) -> StudentOutput:
    """What is said of (F * B, ...) crops, as `cut` orders them, as one answer for each of the B photos."""
    if frames.side is None:
        return output
    return StudentOutput(*(_mean(tensor, frames.count) for tensor in output))


def _mean(tensor: Tensor, count: int) -> Tensor:
    if len(tensor) == count:  # of one photo, as in a file: without a change of shape there
        return tensor.mean(dim=0, keepdim=True)
    return tensor.unflatten(0, (count, -1)).mean(dim=0)


def _check_crops(frames: Frames, size: int) -> None:
    if frames.count not in COUNTS:
        raise FramesError(f"--frames {frames.count}: choose from {', '.join(map(str, COUNTS))}")
    side = size if frames.side is None else frames.side
    if frames.count == 1:
        raise FramesError(f"--frame-side {side}: one frame is the whole square; choose --frames 2 or 4 with it")
    if side % STRIDE or not STRIDE <= side < size:
        raise FramesError(
            f"--frame-side {side}: must be a multiple of {STRIDE} below the student's input of {size} pixels"
        )


def _check_model(frames: Frames, model: PhotoModel) -> None:
    """By asking it: each architecture that has a size of its own refuses others in its own way."""
    assert frames.side is not None
    if not isinstance(model.spec, StudentSpec):
        raise FramesError(f"--frames {frames.count}: {model.spec.arch} is no student; only those are averaged so")
    try:
        with torch.inference_mode():
            model.train(False)(torch.zeros(1, 3, frames.side, frames.side))
    except (AssertionError, RuntimeError, ValueError, IndexError) as error:
        raise FramesError(
            f"--frames {frames.count}: {model.spec.arch} refuses crops of {frames.side} pixels ({first_line(error)}); "
            "a student with a size of its own has one frame"
        ) from error
