"""Which block of a trunk should compute in float: the one without whose rounding the features come out cleanest."""

from collections.abc import Callable, Sequence

from export.onnx_file.trunk import Layer, blocks

Clean = Callable[[tuple[int, ...]], float | None]
"""Signal-to-noise of the last feature map, in decibels, with the convolutions of these numbers in float; None where
that cannot be shipped."""


def weakest_block(trunk: Sequence[Layer], *, already: Sequence[int], clean: Clean) -> tuple[int, ...]:
    """Numbers of the block's convolutions; () where none can go to float. `already`: those that are in float.

    Each block is tried. The damage of single tensors does not tell: it piles up towards the end, and a block that
    receives much noise looks worse than the one that made it. On mobilenetv2, block 2 has the largest drop (from 21 to
    14 dB), while block 1 in float is what heals it (88% to 99% of the tiers). Blocks and not convolutions, because
    onnxruntime 1.26 miscomputes a lone depthwise convolution in float between integer ones.
    """
    numbers = [tuple(layer.index for layer in block) for block in blocks(trunk)]
    found = {block: clean((*already, *block)) for block in numbers if not set(block) & set(already)}
    possible = {block: level for block, level in found.items() if level is not None}
    return max(possible, key=lambda block: possible[block], default=())
