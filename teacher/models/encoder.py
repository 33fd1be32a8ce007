"""What every kind of encoder is handed over as: a network that can be cut between its blocks."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class BlockedNetwork(nn.Module):
    """A network of a stem, blocks one after the other, and an end: images (B, 3, S, S) -> embeddings (B, D).

    What the first blocks say of a view does not change where only the last ones learn, so that it can be computed once,
    without gradients, and kept.
    """

    checkpointing = False
    """whether the blocks are computed again on the way back (Chen et al. 2016, arXiv:1604.06174)"""

    @property
    @abstractmethod
    def blocks(self) -> Sequence[nn.Module]: ...

    @abstractmethod
    def stem(self, images: Tensor) -> Tensor: ...

    @abstractmethod
    def block(self, number: int, hidden: Tensor) -> Tensor:
        """What block `number` makes of its input."""

    @abstractmethod
    def end(self, hidden: Tensor) -> Tensor:
        """(B, D) from what the last block says."""

    @abstractmethod
    def end_modules(self) -> Sequence[nn.Module]:
        """What holds the weights of `end`."""

    def lower(self, images: Tensor, count: int) -> Tensor:
        """What stem and the first `count` blocks say."""
        hidden = self.stem(images)
        for number in range(count):
            hidden = self._through(number, hidden)
        return hidden

    def upper(self, hidden: Tensor, count: int) -> Tensor:
        """The embedding, from what the first `count` blocks said."""
        for number in range(count, len(self.blocks)):
            hidden = self._through(number, hidden)
        return self.end(hidden)

    def folded(self) -> "BlockedNetwork":
        """What answers the same within 1e-5 in eval mode and is quicker; the network itself where there is no such."""
        return self

    def forward(self, images: Tensor) -> Tensor:
        return self.upper(self.lower(images, 0), 0)

    def _through(self, number: int, hidden: Tensor) -> Tensor:
        if self.checkpointing and self.training:
            found = checkpoint(self.block, number, hidden, use_reentrant=False)
            assert isinstance(found, Tensor)
            return found
        return self.block(number, hidden)


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """A network from images to embeddings, and what it wants to be fed."""

    network: BlockedNetwork
    """(B, 3, S, S) float, normalised -> (B, D)"""
    image_size: int
    width: int
    """D"""
    mean: tuple[float, ...]
    std: tuple[float, ...]
    heads: Mapping[str, Tensor] = field(default_factory=dict)
    """the weights of the two heads, by their names in `Teacher`, where the encoder brings them"""
