"""How much faster is the embedding step than a plain loop over the same photos, and where does its time go?

The plain way: for each photo decode, make the view, forward alone by the model as it comes, keep the row. The step:
photos decoded by all cores, then batches from pixels to rows, a core each, into the store. Both begin with the files,
and take turns in one process, so that a slow moment of the machine hits both. The stages are timed one by one on a
single thread, "one alone" by the model as it comes.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from benchmarks.outcome import BenchmarkError, Outcome, Table
from benchmarks.workshop.environment import environment
from runtime.many import find_photos
from runtime.photo.decode import load_square
from teacher.console import progress
from teacher.data.contents import digest_of
from teacher.data.views import plain_view
from teacher.embeddings.embed import fill
from teacher.embeddings.embedder import Embedder, batch_size_of, embedder_of
from teacher.embeddings.keys import PLAIN, Key
from teacher.embeddings.store import EmbeddingStore
from teacher.models.config import EncoderChoice
from teacher.options import OPTION


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `embed` asks."""

    photos: Annotated[Path, OPTION]
    """folder of photos"""
    encoder: EncoderChoice = field(default_factory=EncoderChoice)
    count: Annotated[int, typer.Option(min=16)] = 128
    """how many of them, evenly spread over their names"""
    square: Annotated[int, typer.Option(min=32)] = 224
    """side of the canonical squares in pixels"""
    rounds: Annotated[int, typer.Option(min=1)] = 5
    """turns of each way"""
    out: Annotated[Path, OPTION] = Path("artifacts/embed.json")
    """where the JSON goes"""


@dataclass(frozen=True, kw_only=True)
class Way:
    """Wall and processor seconds of each round over the same photos."""

    photos: int
    wall: tuple[float, ...]
    processor: tuple[float, ...]

    @property
    def per_second(self) -> float:
        """Of the median round."""
        return self.photos / float(np.median(self.wall))

    @property
    def core_milliseconds(self) -> float:
        """Processor time of one photo, all cores together, in the median round."""
        return 1e3 * float(np.median(self.processor)) / self.photos


def measure(options: Options) -> Outcome:
    """Photos a second through the embedding step and through a plain loop, and what each stage costs."""
    photos = _some(options.photos, options.count)
    embedder, as_it_comes = embedder_of(options.encoder), embedder_of(options.encoder, fold=False)
    jobs = {
        "plain loop": lambda: _plain(photos, as_it_comes, square=options.square),
        "embedding step": lambda: _step(photos, embedder, square=options.square),
    }
    ways = _in_turns(jobs, photos=len(photos), rounds=options.rounds)
    stages = _stages(photos[:32], embedder, as_it_comes, square=options.square)
    ratios = [plain / step for plain, step in zip(*(way.wall for way in ways.values()), strict=True)]
    found = {
        "environment": {**environment(None), "torch": torch.__version__, "encoder": options.encoder.name},
        "size": embedder.size,
        "ways": {name: asdict(way) for name, way in ways.items()},
        "ratios": ratios,
        "stages_milliseconds": stages,
    }
    return Outcome(
        figures=(options.out, found),
        tables=[_ways_table(ways, options, embedder), _stages_table(stages)],
        lines=[
            f"the step is {np.median(ratios):.2f} times as fast ({min(ratios):.2f} to {max(ratios):.2f} by round)",
            f"all figures: {options.out}",
        ],
    )


def _some(folder: Path, count: int) -> list[Path]:
    photos = [Path(photo) for photo in sorted(find_photos([folder]))] if folder.is_dir() else []
    if not photos:
        raise BenchmarkError(f"--photos {folder}: no folder with photos")
    return photos[:: max(1, len(photos) // count)][:count]


def _plain(photos: Sequence[Path], embedder: Embedder, *, square: int) -> None:
    rows = [embedder(_tensor([plain_view(load_square(photo, size=square), size=embedder.size)])) for photo in photos]
    np.concatenate(rows)


def _step(photos: Sequence[Path], embedder: Embedder, *, square: int) -> None:
    """What `teacher embed` does on its first run: the squares of all photos, then the rows that are missing."""
    with _scratch() as folder:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            read = pool.map(lambda photo: (digest_of(photo.read_bytes()), load_square(photo, size=square)), photos)
            squares = {Key(content, "", PLAIN): pixels for content, pixels in read}
        store = EmbeddingStore(folder, embedder.space(square))

        def images(keys: Sequence[Key]) -> torch.Tensor:
            return _tensor([plain_view(squares[key], size=embedder.size) for key in keys])

        fill(store, list(squares), images, embedder, batch_size=batch_size_of(embedder))


def _tensor(views: Sequence[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2)


def _in_turns(jobs: dict[str, Callable[[], None]], *, photos: int, rounds: int) -> dict[str, Way]:
    """Each job once a round, after a round that is not counted."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    with progress("Rounds", len(jobs) * (rounds + 1)) as advance:
        for _ in range(rounds + 1):
            for name, job in jobs.items():
                started, computed = time.perf_counter(), time.process_time()
                job()
                taken[name].append((time.perf_counter() - started, time.process_time() - computed))
                advance(name)
    columns = {name: tuple(zip(*seconds[1:], strict=True)) for name, seconds in taken.items()}
    return {name: Way(photos=photos, wall=wall, processor=processor) for name, (wall, processor) in columns.items()}


def _stages(photos: Sequence[Path], embedder: Embedder, as_it_comes: Embedder, *, square: int) -> dict[str, float]:
    """Processor milliseconds of a photo, one thread: the best of three rounds."""
    squares = [load_square(photo, size=square) for photo in photos]
    views = [plain_view(one, size=embedder.size) for one in squares]
    size = min(batch_size_of(embedder), len(views))
    batch, rows = _tensor(views[:size]), embedder(_tensor(views))
    keys = [Key(f"{number:032x}", "", PLAIN) for number in range(len(views))]
    with _scratch() as folder, _one_thread():
        store = EmbeddingStore(folder, replace(embedder.space(square), model="written"))
        store.begin()
        return {
            "decode": _cost(lambda: [load_square(photo, size=square) for photo in photos], len(photos)),
            "view": _cost(lambda: [plain_view(one, size=embedder.size) for one in squares], len(squares)),
            "forward, in batches": _cost(lambda: embedder(batch), size),
            "forward, one alone": _cost(lambda: [as_it_comes(batch[:1]) for _ in range(size)], size),
            "write": _cost(lambda: store.append(keys, rows), len(keys)),
        }


def _cost(job: Callable[[], object], photos: int) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        job()
        best = min(best, time.process_time() - started)
    return round(1e3 * best / photos, 3)


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="embed-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ways_table(ways: dict[str, Way], options: Options, embedder: Embedder) -> Table:
    rows = [
        (name, f"{way.per_second:.1f}", f"{min(way.wall):.2f} to {max(way.wall):.2f}", f"{way.core_milliseconds:.1f}")
        for name, way in ways.items()
    ]
    title = f"{options.encoder.name} at {embedder.size} pixels, {next(iter(ways.values())).photos} photos, in turns"
    return Table(title, ("", "photos a second", "seconds a round", "processor ms a photo"), rows)


def _stages_table(stages: dict[str, float]) -> Table:
    rows = [(name, f"{milliseconds:.2f}") for name, milliseconds in stages.items()]
    return Table("One photo on one thread, processor time", ("stage", "ms"), rows)
