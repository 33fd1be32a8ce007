"""The operations of Core ML programs that our students produce, evaluated with PyTorch.

Definitions: coremltools' `converters/mil/mil/ops/defs/iOS15` and `iOS16`. Every operation computes in float32; the
caller rounds the result to the type that the program declares. Programs are written for one photo, (1, ...), and its F
crops, (F, ...); here the leading dimension holds B photos, (F * B, ...), all photos' first crop first. What would
mix photos (an axis 0, say) is refused, but for what joins crops and takes their mean.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from export.coreml.package import Constant, TensorType
from runtime.errors import EngineError


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The inputs of one operation; remembers which were read, so that none is passed over in silence."""

    operation: str
    """type and name, for messages"""
    values: Mapping[str, Tensor]
    """what depends on the photos, by parameter (of a list with its place: values0, values1); float32 (B, ...)"""
    constants: Mapping[str, Constant]
    declared: TensorType
    """what the program says of the output"""
    count: int = 1
    """of photos, B"""
    read: set[str] = field(default_factory=set)

    def refuse(self, text: str) -> EngineError:
        """The error that says what is not known about this operation."""
        return EngineError(f"Core ML program: {self.operation}: {text} is not known here")

    def photos(self, name: str) -> Tensor:
        """An input that depends on the photos."""
        self.read.add(name)
        if name not in self.values:
            raise self.refuse(f"{name} that does not depend on the photo")
        return self.values[name]

    def weight(self, name: str) -> Tensor:
        """A constant tensor."""
        self.read.add(name)
        value = self.constants.get(name)
        if not isinstance(value, Tensor):
            raise self.refuse(f"{name} that is no constant tensor")
        return value

    def optional_weight(self, name: str) -> Tensor | None:
        """A constant tensor, or None where the operation has none."""
        return self.weight(name) if self.has(name) else None

    def number(self, name: str) -> float:
        """A constant scalar."""
        value = self.weight(name)
        if value.numel() != 1:
            raise self.refuse(f"{name} with {value.numel()} elements")
        return value.item()

    def integers(self, name: str) -> tuple[int, ...]:
        """A constant list of integers."""
        self.read.add(name)
        value = self.constants.get(name)
        if not isinstance(value, tuple):
            raise self.refuse(f"{name} = {value}")
        return tuple(int(element) for element in value)

    def integer(self, name: str) -> int:
        """A constant integer."""
        self.read.add(name)
        value = self.constants.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.refuse(f"{name} = {value}")
        return value

    def flag(self, name: str) -> bool:
        """A constant truth value."""
        self.read.add(name)
        value = self.constants.get(name)
        if not isinstance(value, bool):
            raise self.refuse(f"{name} = {value}")
        return value

    def text(self, name: str) -> str:
        """A constant string."""
        self.read.add(name)
        value = self.constants.get(name)
        if not isinstance(value, str):
            raise self.refuse(f"{name} = {value}")
        return value

    def has(self, name: str) -> bool:
        """Whether the operation has this input at all."""
        return name in self.values or name in self.constants

    def axes(self, name: str, *, rank: int) -> tuple[int, ...]:
        """Axes counted from 0; never the photos' own."""
        axes = tuple(axis + rank if axis < 0 else axis for axis in self.integers(name))
        if not all(0 < axis < rank for axis in axes):
            raise self.refuse(f"{name} = {axes}, across photos,")
        return axes

    def check_all_read(self) -> None:
        """Raises EngineError when the operation has an input that its evaluation did not look at."""
        unread = sorted({*self.values, *self.constants} - self.read)
        if unread:
            raise self.refuse(f"the parameter {unread[0]}")


def _batch_norm(a: Arguments) -> Tensor:
    x = a.photos("x")
    shape = (1, -1, *(1,) * (x.dim() - 2))
    scale = a.weight("gamma") / torch.sqrt(a.weight("variance") + a.number("epsilon"))
    return (x - a.weight("mean").view(shape)) * scale.view(shape) + a.weight("beta").view(shape)


def _conv(a: Arguments) -> Tensor:
    x, weight = a.photos("x"), a.weight("weight")
    if x.dim() != 4:
        raise a.refuse(f"input of rank {x.dim()}")
    strides, dilations = a.integers("strides"), a.integers("dilations")
    top, bottom, left, right = _conv_padding(a, x.shape[2:], weight.shape[2:], strides=strides, dilations=dilations)
    if (top, left) != (bottom, right):
        x, top, left = functional.pad(x, (left, right, top, bottom)), 0, 0
    bias, groups = a.optional_weight("bias"), a.integer("groups")
    return functional.conv2d(x, weight, bias, strides, (top, left), dilations, groups)


def _conv_padding(
    a: Arguments, size: torch.Size, kernel: torch.Size, *, strides: tuple[int, ...], dilations: tuple[int, ...]
) -> tuple[int, ...]:
    """Rows of zeros above and below, columns left and right. `pad` counts only where the type is custom."""
    kind, pad = a.text("pad_type"), a.integers("pad")
    if kind == "valid":
        return (0, 0, 0, 0)
    if kind == "custom" and len(pad) == 4 and min(pad) >= 0:
        return pad
    if kind == "same":  # as TensorFlow does it: the larger half after
        missing = [
            max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n)
            for n, k, s, d in zip(size, kernel, strides, dilations, strict=True)
        ]
        return tuple(half for total in missing for half in (total // 2, total - total // 2))
    raise a.refuse(f"pad_type {kind} with pad {pad}")


def _linear(a: Arguments) -> Tensor:
    return functional.linear(a.photos("x"), a.weight("weight"), a.optional_weight("bias"))


def _elementwise(compute: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Arguments], Tensor]:
    def operation(a: Arguments) -> Tensor:
        x, y = (a.photos(name) if name in a.values else a.weight(name) for name in ("x", "y"))
        if not (_keeps_photos_apart(a, "x", beside=y) and _keeps_photos_apart(a, "y", beside=x)):
            raise a.refuse(f"x of shape {tuple(x.shape)} with y of shape {tuple(y.shape)}")
        return compute(x, y)

    return operation


def _keeps_photos_apart(a: Arguments, name: str, *, beside: Tensor) -> bool:
    """Broadcasting aligns shapes from the right: the photos' dimension must stay the first, and its own."""
    if name in a.values:
        return a.values[name].dim() >= beside.dim()
    constant = a.weight(name)
    return constant.dim() < beside.dim() or (constant.dim() == beside.dim() and constant.shape[0] == 1)


def _relu(a: Arguments) -> Tensor:
    return functional.relu(a.photos("x"))


def _relu6(a: Arguments) -> Tensor:
    return functional.relu6(a.photos("x"))


def _clip(a: Arguments) -> Tensor:
    return a.photos("x").clamp(a.number("alpha"), a.number("beta"))


def _thresholded_relu(a: Arguments) -> Tensor:
    x = a.photos("x")
    return torch.where(x >= a.number("alpha"), x, torch.zeros_like(x))


def _sigmoid(a: Arguments) -> Tensor:
    return torch.sigmoid(a.photos("x"))


def _sigmoid_hard(a: Arguments) -> Tensor:
    return (a.photos("x") * a.number("alpha") + a.number("beta")).clamp(0, 1)


def _silu(a: Arguments) -> Tensor:
    return functional.silu(a.photos("x"))


def _softmax(a: Arguments) -> Tensor:
    x, axis = a.photos("x"), a.integer("axis")
    axis += x.dim() if axis < 0 else 0
    if not 0 < axis < x.dim():
        raise a.refuse(f"axis = {axis}, across photos,")
    return torch.softmax(x, dim=axis)


def _reduce_mean(a: Arguments) -> Tensor:
    x = a.photos("x")
    if a.integers("axes") == (0,) and a.flag("keep_dims") and len(x) > a.count:
        return x.unflatten(0, (-1, a.count)).mean(dim=0)  # of each photo's crops
    return x.mean(dim=a.axes("axes", rank=x.dim()), keepdim=a.flag("keep_dims"))


def _reduce_sum(a: Arguments) -> Tensor:
    x = a.photos("x")
    return x.sum(dim=a.axes("axes", rank=x.dim()), keepdim=a.flag("keep_dims"))


def _square(a: Arguments) -> Tensor:
    return a.photos("x").square()


def _sqrt(a: Arguments) -> Tensor:
    return a.photos("x").sqrt()


def _reshape(a: Arguments) -> Tensor:
    """(1, ...) becomes (B, ...): one photo's numbers stay one photo's, and a crop's stay its own."""
    x, shape = a.photos("x"), a.integers("shape")
    if shape[0] * a.count != len(x) or min(shape) < 1:
        raise a.refuse(f"shape = {shape}")
    return x.reshape(x.shape[0], *shape[1:])


def _slice_by_index(a: Arguments) -> Tensor:
    x, begin, end = a.photos("x"), a.integers("begin"), a.integers("end")
    steps, *masks = (
        a.integers(name) if a.has(name) else (usual,) * x.dim()
        for name, usual in (("stride", 1), ("begin_mask", 0), ("end_mask", 0), ("squeeze_mask", 0))
    )
    from_start, to_end, squeezed = masks
    whole = (from_start[0] or begin[0] == 0) and (to_end[0] or end[0] * a.count == len(x))
    if not whole or any(squeezed) or min(steps) < 1:
        raise a.refuse(f"begin = {begin}, end = {end}, stride = {steps}")
    spans = zip(begin, end, steps, from_start, to_end, strict=True)
    parts = [slice(None if open_ else at, None if wide else until, step) for at, until, step, open_, wide in spans]
    return x[(slice(None), *parts[1:])]


def _reverse(a: Arguments) -> Tensor:
    x = a.photos("x")
    return x.flip(a.axes("axes", rank=x.dim()))


def _concat(a: Arguments) -> Tensor:
    """Along axis 0: the crops of each photo."""
    if a.flag("interleave"):
        raise a.refuse("interleave = True")
    return torch.cat([a.photos(name) for name in a.values], dim=a.integer("axis"))


def _squeeze(a: Arguments) -> Tensor:
    x = a.photos("x")
    return x.squeeze(dim=a.axes("axes", rank=x.dim()))


def _expand_dims(a: Arguments) -> Tensor:
    x, axes = a.photos("x"), a.integers("axes")
    for axis in sorted(a.axes("axes", rank=x.dim() + len(axes))):
        x = x.unsqueeze(axis)
    return x


def _cast(a: Arguments) -> Tensor:
    """Only between the float types: the rounding itself follows from the declared type."""
    wanted = a.text("dtype")
    if wanted != a.declared.dtype or wanted not in ("fp16", "fp32"):
        raise a.refuse(f"dtype {wanted} for a value declared {a.declared.dtype}")
    return a.photos("x")


OPERATIONS: Mapping[str, Callable[[Arguments], Tensor]] = {
    "add": _elementwise(torch.add),
    "batch_norm": _batch_norm,
    "cast": _cast,
    "clip": _clip,
    "concat": _concat,
    "conv": _conv,
    "expand_dims": _expand_dims,
    "linear": _linear,
    "minimum": _elementwise(torch.minimum),
    "mul": _elementwise(torch.mul),
    "real_div": _elementwise(torch.div),
    "reduce_mean": _reduce_mean,
    "reduce_sum": _reduce_sum,
    "relu": _relu,
    "relu6": _relu6,
    "reshape": _reshape,
    "reverse": _reverse,
    "sigmoid": _sigmoid,
    "sigmoid_hard": _sigmoid_hard,
    "silu": _silu,
    "slice_by_index": _slice_by_index,
    "softmax": _softmax,
    "sqrt": _sqrt,
    "square": _square,
    "squeeze": _squeeze,
    "sub": _elementwise(torch.sub),
    "thresholded_relu": _thresholded_relu,
}
"""What is computed per photo. Constants (const, constexpr_affine_dequantize) are computed once, by `coreml.program`."""


def affine_dequantize(a: Arguments) -> Tensor:
    """constexpr_affine_dequantize: (data - zero point) * scale, each scalar or one per index of `axis`."""
    data, axis = a.weight("quantized_data"), a.integer("axis")
    if not 0 <= axis < data.dim():
        raise a.refuse(f"axis = {axis}")
    shape = [-1 if dimension == axis else 1 for dimension in range(data.dim())]
    scale, zero_point = (
        a.weight(name) if a.weight(name).dim() == 0 else a.weight(name).view(shape) for name in ("scale", "zero_point")
    )
    return (data - zero_point) * scale
