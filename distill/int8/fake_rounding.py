"""8-bit arithmetic that can learn: activations, weights and gates are rounded on the way forward only.

Rounding has the gradient of the identity (Bengio et al. 2013, arXiv:1308.3432). Clipping has one for the range, which
is therefore learnt (LSQ, Esser et al. 2020, arXiv:1902.08153, in its asymmetric form LSQ+, Bhalgat et al. 2020,
arXiv:2004.09576), in its logarithm, so that one learning rate suits every range (TQT, Jain et al. 2020,
arXiv:1903.08066).
"""

from typing import Any, cast

import torch
from timm.layers.norm_act import BatchNormAct2d
from torch import Tensor, nn
from torch.nn import functional as F

STEPS = 255
"""of an 8-bit activation's range"""

WEIGHT_STEPS = 127
"""of an 8-bit weight's range, on each side of zero"""

LEAST_STEP = 1e-12
"""Keeps a channel of zeros from dividing by zero."""

RANGE_SHARE = 4
"""Every fourth photo of a batch tells a range where to go: as good a direction for a quarter of the memory traffic."""

UNLIMITED = (-float("inf"), float("inf"))


def grid(low: float, high: float) -> tuple[float, int]:
    """Step and zero point of a range: value q in 0..255 stands for (q - zero) x step."""
    step = max((high - low) / STEPS, LEAST_STEP)
    return step, round(-low / step)


class _RoundedToRange(torch.autograd.Function):
    """8-bit activations. The kernels are chosen for speed: torch.fake_quantize_* takes five times as long."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bounds: Tensor) -> Tensor:
        """x: any shape; bounds: (2,), low <= 0 <= high"""
        step, zero = grid(*bounds.tolist())
        y = x.div(step).round_().clamp_(-zero, STEPS - zero).mul_(step)
        ctx.save_for_backward(x, y)
        ctx.ends = (-zero * step, (STEPS - zero) * step)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        x, y = ctx.saved_tensors
        low, high = ctx.ends
        through = torch.ops.aten.hardtanh_backward(grads[0], x, low, high)  # the gradient where nothing was clipped
        x, y, grad, inside = (tensor[::RANGE_SHARE] for tensor in (x, y, grads[0], through))
        coarser = (inside * (y - x)).sum() / (high - low)  # a wider range makes rounding errors larger
        clipped = grad - inside
        below, above = (clipped * (x <= low)).sum(), (clipped * (x >= high)).sum()
        return through, torch.stack([below - coarser, above + coarser])


class _RoundedPerChannel(torch.autograd.Function):
    """Symmetric int8 weights, step max|w| / 127 per output channel; the gradient passes straight through."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor) -> Tensor:
        """weight: (O, I, H, W)"""
        step = weight.abs().amax(dim=(1, 2, 3), keepdim=True).div_(WEIGHT_STEPS).clamp_(min=LEAST_STEP)
        return weight.div(step).round_().mul_(step)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return grads[0]


class _EightBitGate(torch.autograd.Function):
    """x times its gate, which is rounded to 255 steps from 0 to 1; with the gradient of the smooth function."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, curve: nn.Module) -> Tensor:
        ctx.save_for_backward(x)
        ctx.curve = curve
        gate = F.hardsigmoid(x) if isinstance(curve, nn.Hardswish) else torch.sigmoid(x)
        return gate.mul_(STEPS).round_().div_(STEPS).mul_(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        aten, (x,) = torch.ops.aten, ctx.saved_tensors
        backward = aten.hardswish_backward if isinstance(ctx.curve, nn.Hardswish) else aten.silu_backward
        return backward(grads[0], x), None


class Quantiser(nn.Module):
    """One 8-bit tensor: clipped to its range and, while quantising, rounded to one of 256 values."""

    base: Tensor

    def __init__(self, clamp: tuple[float, float] = UNLIMITED) -> None:
        """`clamp`: what the activation in front of it can give; it stands in for a ReLU."""
        super().__init__()
        self.clamp = clamp
        self.quantising = False
        self.register_buffer("base", torch.tensor([0.0, 1.0]))
        self.stretch = nn.Parameter(torch.zeros(2))
        """logarithm of what the ends are multiplied by: an end at zero stays there"""

    def start(self, low: float, high: float) -> None:
        """Take this range, from which learning goes on."""
        self.base.copy_(torch.tensor([low, high]))
        self.stretch.data.zero_()

    def bounds(self) -> Tensor:
        """(2,), low and high"""
        return (self.base * self.stretch.exp()).clamp(*self.clamp)

    def range(self) -> tuple[float, float]:
        """The ends of the grid: `bounds`, moved together by less than a step so that zero is a value."""
        step, zero = grid(*self.bounds().tolist())
        return -zero * step, (STEPS - zero) * step

    def forward(self, x: Tensor) -> Tensor:
        if self.quantising:
            return cast(Tensor, _RoundedToRange.apply(x, self.bounds()))
        return x.clamp(*self.clamp) if self.clamp[0] == 0 else x


class FoldedConvolution(nn.Module):
    """A convolution with its batch norm folded in, whose weights are rounded while quantising."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution
        self.norm: BatchNormAct2d | None = None
        self.quantising = False

    def folded(self) -> tuple[Tensor, Tensor | None]:
        """The weight and bias that do the work of both."""
        weight, bias, norm = self.convolution.weight, self.convolution.bias, self.norm
        if norm is None:
            return weight, bias
        mean = cast(Tensor, norm.running_mean)
        factor = cast(Tensor, norm.weight) * torch.rsqrt(cast(Tensor, norm.running_var) + cast(float, norm.eps))
        centred = -mean if bias is None else bias - mean
        return weight * factor.view(-1, 1, 1, 1), cast(Tensor, norm.bias) + centred * factor

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.folded()
        if self.quantising:
            weight = cast(Tensor, _RoundedPerChannel.apply(weight))
        own = self.convolution
        return F.conv2d(x, weight, bias, own.stride, own.padding, own.dilation, own.groups)


class GatedActivation(nn.Module):
    """Hard-swish or SiLU, with an 8-bit gate while quantising."""

    def __init__(self, curve: nn.Module) -> None:
        super().__init__()
        self.curve = curve
        self.quantising = False

    def forward(self, x: Tensor) -> Tensor:
        if self.quantising:
            return cast(Tensor, _EightBitGate.apply(x, self.curve))
        return F.hardswish(x) if isinstance(self.curve, nn.Hardswish) else F.silu(x)
