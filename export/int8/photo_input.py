"""Letting the first convolution read the photo's bytes: its normalisation moves into weights, bias and border."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper, numpy_helper

from export.onnx_file.convert import initializers, values

CHAIN = ("Add", "Mul", "Cast", "Transpose")
"""What stands between the first convolution and the photo, backwards."""

WHITE = 255


@dataclass(frozen=True, kw_only=True)
class PhotoInput:
    """The photo as the exported graph reads it: uint8 [1, S, S, 3] -> scale * pixel + offset -> first convolution.

    Where the model looks at several crops of it, those: uint8 [F, s, s, 3].
    """

    image: str
    conv: str
    replaces: frozenset[str]
    """names of the nodes that are not needed any more"""
    scale: np.ndarray
    """float64 [3], per pixel step"""
    offset: np.ndarray
    """float64 [3]"""
    pads: tuple[int, int, int, int]
    """rows above, columns left, rows below, columns right that the convolution reads beyond the photo"""
    side: int
    count: int = 1
    """of photos: one, or its crops"""

    @property
    def mean(self) -> np.ndarray:
        """uint8 [3], the colour that normalisation makes zero: at most half a pixel step beside it"""
        return np.clip(np.round(-self.offset / self.scale), 0, WHITE).astype(np.uint8)

    @property
    def zero(self) -> int:
        """The pixel value that counts as zero. Were it black, the mean colour would lift every error of a weight."""
        return int(np.round(self.mean.mean()))

    def folded(self, weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weight [O, 3, k, k] and bias [O] for an input of (pixel - zero) / 255."""
        per_pixel = weight * (WHITE * self.scale).reshape(1, 3, 1, 1)
        rest = self.offset + self.scale * self.zero
        moved = bias + (weight * rest.reshape(1, 3, 1, 1)).sum(axis=(1, 2, 3))
        return per_pixel.astype(np.float32), moved.astype(np.float32)

    def nodes(self, output: str, *, prefix: str) -> tuple[dict[str, np.ndarray], list[onnx.NodeProto]]:
        """Constants and nodes that give the photo its border and channels first, as the tensor `output`.

        The border is what the convolution would pad with zeros: the mean colour.
        """
        above, left, below, right = self.pads
        width = self.side + left + right
        constants: dict[str, np.ndarray] = {}
        nodes: list[onnx.NodeProto] = []
        current = self.image
        for axis, before, after, shape in (
            (2, left, right, lambda columns: (self.count, self.side, columns, 3)),
            (1, above, below, lambda rows: (self.count, rows, width, 3)),
        ):
            if not before and not after:
                continue
            parts = [current]
            for count, place in ((before, 0), (after, 1)):
                if count:
                    constant = f"{prefix}_border{axis}{place}"
                    constants[constant] = np.broadcast_to(self.mean, shape(count)).copy()
                    parts.insert(len(parts) * place, constant)
            current = f"{prefix}_bordered{axis}"
            nodes.append(helper.make_node("Concat", parts, [current], f"{current}_Concat", axis=axis))
        nodes.append(helper.make_node("Transpose", [current], [output], f"{prefix}_Transpose", perm=[0, 3, 1, 2]))
        return constants, nodes


def photo_input(model: onnx.ModelProto, conv: onnx.NodeProto) -> PhotoInput | None:
    """How the model's first convolution reads the photo, or None where that is not as `onnx_file.module` writes it."""
    made = {node.output[0]: node for node in model.graph.node}
    chain: list[onnx.NodeProto] = []
    current = conv.input[0]
    while current in made and len(chain) < len(CHAIN):
        chain.append(made[current])
        current = made[current].input[0]
    shape = _shape_of_bytes(current, model)
    if tuple(node.op_type for node in chain) != CHAIN or shape is None:
        return None
    constants = {name: numpy_helper.to_array(tensor) for name, tensor in initializers(model).items()}
    offset, scale = (constants[node.input[1]].astype(np.float64).reshape(3) for node in chain[:2])
    count, side = shape[:2]
    return PhotoInput(
        image=current,
        conv=conv.name,
        replaces=frozenset(node.name for node in chain),
        scale=scale,
        offset=offset,
        pads=_read_pads(conv, side, kernel=constants[conv.input[1]].shape[2]),
        side=side,
        count=count,
    )


def _shape_of_bytes(name: str, model: onnx.ModelProto) -> tuple[int, ...] | None:
    """Of the photo or what is cut from it, channels last; None for any other tensor."""
    for value in values(model):
        kind = value.type.tensor_type
        if value.name == name and kind.elem_type == onnx.TensorProto.UINT8 and len(kind.shape.dim) == 4:
            return tuple(size.dim_value for size in kind.shape.dim)
    return None


def _read_pads(conv: onnx.NodeProto, side: int, *, kernel: int) -> tuple[int, int, int, int]:
    """The padding without rows and columns that no step of the convolution reads."""
    ints: dict[str, Sequence[int]] = {attribute.name: tuple(attribute.ints) for attribute in conv.attribute}
    above, left, below, right = ints.get("pads", (0, 0, 0, 0))
    stride = ints.get("strides", (1, 1))[0]
    down, across = (_read_after(side, kernel, stride, *pair) for pair in ((above, below), (left, right)))
    return above, left, down, across


def _read_after(side: int, kernel: int, stride: int, before: int, after: int) -> int:
    steps = (side + before + after - kernel) // stride
    return max(steps * stride + kernel - side - before, 0)
