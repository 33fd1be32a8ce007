"""Trunks of timm, filled from local files: what teacher and student both ask of one, and one as a teacher's encoder."""

from collections.abc import Sequence
from copy import deepcopy
from itertools import pairwise
from pathlib import Path

import timm
import torch
from safetensors.torch import load_file
from timm.data import resolve_model_data_config
from timm.models import EfficientNet, VisionTransformer
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from runtime.errors import SkintagError
from teacher.models.config import TIMM_PREFIX, EncoderChoice, TeacherError
from teacher.models.encoder import BlockedNetwork, Encoder


def trunk_encoder(choice: EncoderChoice) -> Encoder:
    """`timm:NAME` as an encoder. Raises TeacherError where timm does not know it or its file does not fit."""
    name = choice.name.removeprefix(TIMM_PREFIX)
    if not timm.is_model(name):
        raise TeacherError(f"--teacher {choice.name}: timm knows no model {name}")
    trunk = timm.create_model(name, pretrained=False, num_classes=0, drop_path_rate=0.1)
    if choice.init is not None:
        fill_trunk(trunk, choice.init, option="--teacher-init", arch=name, error=TeacherError)
    data = resolve_model_data_config(trunk)
    size = choice.image_size or data["input_size"][-1]
    return Encoder(
        network=_blocked(trunk),
        image_size=size,
        width=feature_width(trunk, size),
        mean=tuple(data["mean"]),
        std=tuple(data["std"]),
    )


class _WholeTrunk(BlockedNetwork):
    """A trunk whose insides are not known here: one block."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return (self.trunk,)

    def stem(self, images: Tensor) -> Tensor:
        return images

    def block(self, number: int, hidden: Tensor) -> Tensor:
        return self.trunk(hidden)

    def end(self, hidden: Tensor) -> Tensor:
        return hidden

    def end_modules(self) -> Sequence[nn.Module]:
        return ()


class _ConvolutionalTrunk(BlockedNetwork):
    """EfficientNets and their kin (also V2 and MobileNetV2): inverted residuals, one block each."""

    def __init__(self, trunk: EfficientNet) -> None:
        super().__init__()
        self.trunk = trunk

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return [block for stage in self.trunk.blocks for block in stage]  # pyright: ignore[reportGeneralTypeIssues]

    def stem(self, images: Tensor) -> Tensor:
        return self.trunk.bn1(self.trunk.conv_stem(images))

    def block(self, number: int, hidden: Tensor) -> Tensor:
        return self.blocks[number](hidden)

    def end(self, hidden: Tensor) -> Tensor:
        return self.trunk.forward_head(self.trunk.bn2(self.trunk.conv_head(hidden)))

    def end_modules(self) -> Sequence[nn.Module]:
        return (self.trunk.conv_head, self.trunk.bn2)

    def folded(self) -> BlockedNetwork:
        """Normalisations go into the convolutions before them: a fifth of the time of an EfficientNetV2-B0."""
        copy = deepcopy(self).eval()
        for module in list(copy.modules()):
            _fold_norms(module)
        return copy


class _TransformerTrunk(BlockedNetwork):
    """Vision transformers of timm."""

    def __init__(self, trunk: VisionTransformer) -> None:
        super().__init__()
        self.trunk = trunk

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return list(self.trunk.blocks)

    def stem(self, images: Tensor) -> Tensor:
        patches = self.trunk._pos_embed(self.trunk.patch_embed(images))
        return self.trunk.norm_pre(self.trunk.patch_drop(patches))

    def block(self, number: int, hidden: Tensor) -> Tensor:
        return self.trunk.blocks[number](hidden)

    def end(self, hidden: Tensor) -> Tensor:
        return self.trunk.forward_head(self.trunk.norm(hidden))

    def end_modules(self) -> Sequence[nn.Module]:
        return [one for one in (self.trunk.norm, self.trunk.fc_norm, self.trunk.attn_pool) if one is not None]


def _fold_norms(module: nn.Module) -> None:
    """Of a module of an EfficientNet, whose layers stand in the order in which they act."""
    for (name, layer), (norm_name, norm) in pairwise(list(module.named_children())):
        if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            setattr(module, name, fuse_conv_bn_eval(layer, norm))
            setattr(module, norm_name, getattr(norm, "act", nn.Identity()))  # timm's act as well


def _blocked(trunk: nn.Module) -> BlockedNetwork:
    if isinstance(trunk, EfficientNet):
        return _ConvolutionalTrunk(trunk)
    return _TransformerTrunk(trunk) if isinstance(trunk, VisionTransformer) else _WholeTrunk(trunk)


def feature_width(trunk: nn.Module, image_size: int) -> int:
    """Width of the pooled features. Asked of the model, because timm's num_features leaves out some heads."""
    training = trunk.training
    trunk.eval()
    with torch.no_grad():
        width = trunk(torch.zeros(1, 3, image_size, image_size)).shape[1]
    trunk.train(training)
    return width


def fill_trunk(trunk: nn.Module, path: Path, *, option: str, arch: str, error: type[SkintagError]) -> None:
    """Fill a trunk from a safetensors file in timm's names; a classifier in it is ignored.

    Raises `error`, naming the command line's `option`, when the file cannot be read, or a trunk tensor is missing from
    it or has another shape.
    """
    if not path.is_file():
        raise error(f"{option} {path}: no such file")
    try:
        tensors = load_file(path)
    except Exception as problem:  # safetensors' own exception has no public base
        raise error(f"{option} {path}: not a readable safetensors file ({problem})") from problem
    wanted = trunk.state_dict()
    usable = {k: v for k, v in tensors.items() if k in wanted and v.shape == wanted[k].shape}
    missing = [k for k in wanted if k not in usable and not k.endswith("num_batches_tracked")]
    if missing:
        raise error(
            f"{option} {path}: {len(missing)} of {len(wanted)} tensors of {arch} are missing "
            f"or of another shape (first: {missing[0]}); is it the right architecture?"
        )
    trunk.load_state_dict(usable, strict=False)
