"""The figures of each epoch for TensorBoard, which is installed by an extra of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from distill.student import StudentError

FOLDER = "tensorboard"
"""In the run's."""


def refuse_no_tensorboard() -> None:
    """Raises StudentError where it is not installed."""
    if find_spec("tensorboard") is None:
        raise StudentError(
            "--tensorboard: it is not installed; uv sync --group tensorboard, or pip install skintag-edge[tensorboard]"
        )


@contextmanager
def logged(run: Path, *, wanted: bool) -> Iterator[Callable[[dict[str, float]], None]]:
    """What takes the figures of an epoch; where nothing is wanted it does nothing.

    An epoch that is done again after a kill outranks what stood there.
    """
    if not wanted:
        yield lambda _: None
        return
    from torch.utils.tensorboard import SummaryWriter

    writer: SummaryWriter | None = None

    def write(row: dict[str, float]) -> None:
        nonlocal writer
        epoch = int(row["epoch"])
        writer = writer or SummaryWriter(str(run / FOLDER), purge_step=epoch)
        for name, value in row.items():
            if name != "epoch":
                writer.add_scalar(name, value, epoch)
        writer.flush()

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()
