"""Whether a bundle's files answer on arm64, which phones have, as they do here: numerics, never times.

The same small program runs on both processors, here and under QEMU, with the same versions of every package. Both
decode the photos; both are then asked about the very same squares, so that what decoding does and what a model does are
told apart. Core ML is left out: it runs on Apple's systems only, and what judges its files elsewhere is PyTorch, whose
kernels for arm64 say nothing about Core ML's.
"""

import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.outcome import BenchmarkError, Outcome, Table
from benchmarks.workshop.choices import OfBundle
from benchmarks.workshop.other_processor.arm64_python import Interpreter, emulated
from benchmarks.workshop.other_processor.both_sides import Decoded, Side, files_of, here
from export.verify.reference import evenly_spread
from runtime.bundle.load import DEFAULT_BUNDLE, read_manifest
from runtime.bundle.manifest import ModelFile
from runtime.many import find_photos
from runtime.prediction import Prediction
from runtime.triage import Tier, decide
from teacher.options import OPTION

MALIGNANCY, CONDITIONS, NOVELTY = 0, slice(1, -1), -1
"""Columns of an answer."""

LARGER_THAN_A_ROUNDING = 1e-5
"""Differences of a probability up to it are float32 sums in another order: measured 1.4e-6 at most on FP32 files."""


@dataclass(frozen=True, kw_only=True)
class Options(OfBundle):
    """What `arm64` asks."""

    photos: Annotated[list[Path], OPTION]
    """photos or folders of them; several times for several"""
    count: Annotated[int, typer.Option(min=1)] = 200
    """how many of them, evenly spread over all"""
    file: Annotated[list[str] | None, OPTION] = None
    """name of a model file of the bundle; several times for several; without it every ONNX and TFLite file"""
    inside: Annotated[int, typer.Option(min=0)] = 2
    """photos for which the 8-bit maps inside INT8 files are compared as well"""
    cpu: Annotated[str, OPTION] = "cortex-a76"
    """processor that QEMU plays; this one has 8-bit dot products, as phones since 2019 have; cortex-a53 has none"""
    python: Annotated[str | None, OPTION] = None
    """command of the other Python, with its packages; without it one is set up and run by QEMU"""
    cache: Annotated[Path, OPTION] = Path(".cache/arm64")
    """where that Python is kept"""
    out: Annotated[Path, OPTION] = Path("artifacts/arm64.json")
    """where the JSON goes"""


def measure(options: Options) -> Outcome:
    """The same answers on arm64, under QEMU, as here? Decoding, every file's answers and tiers, 8-bit maps."""
    bundle = options.bundle or DEFAULT_BUNDLE
    files, photos = files_of(bundle, options.file or []), _some(options.photos, options.count)
    other = _interpreter(options)
    with tempfile.TemporaryDirectory() as name:
        sides = _sides(Path(name), other)
        decoded = [side.decoded(photos, size=read_manifest(bundle).input.height) for side in sides]
        squares, gates = decoded[0].squares, decoded[0].gates
        inside = _first(decoded[0], options.inside, folder=Path(name))
        compared: list[Compared] = []
        for file in files:
            answers = [side.answers(bundle, file, squares, count=len(photos)) for side in sides]
            parted = None
            if file.precision == "int8" and inside is not None:
                parted = compare_maps(*(side.integers(bundle, file, inside) for side in sides))
            compared.append(compare(file, *answers, photos=photos, gates=gates, parted=parted))
    decoding = compare_decoding(*decoded)
    return Outcome(
        figures=(
            options.out,
            {
                "bundle": read_manifest(bundle).model_id,
                "photos": len(photos),
                "cpu": options.cpu if options.python is None else "as found",
                "here": decoded[0].about,
                "there": decoded[1].about,
                "decoding": asdict(decoding),
                "files": [asdict(one) for one in compared],
            },
        ),
        tables=[_table(compared), *_inside_table(compared)],
        lines=[*_lines(decoding, compared, *(one.about for one in decoded)), f"all figures: {options.out}"],
    )


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """What two sides' decoders and photo gates made of the same files."""

    photos: int
    same_squares: int
    """photos of which every pixel is the same"""
    largest: int
    """difference of a pixel's channel, of 255"""
    same_gate: int
    """photos that both pass, or stop for the same reason"""


@dataclass(frozen=True, kw_only=True)
class Parted:
    """The 8-bit maps inside a file, on both sides."""

    maps: int
    same: int
    """maps of which every number is the same"""
    first: str | None
    """the first, in the order of the computation, that is not"""
    share: float
    """of its numbers that differ"""
    largest: int
    """8-bit steps that any number of any map differs by"""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A photo with another tier."""

    photo: str
    here: str
    there: str
    malignancy_here: float
    malignancy_there: float
    novelty_here: float
    novelty_there: float


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A file's answers on both sides, to the very same squares."""

    file: str
    photos: int
    same: int
    """photos of which all twelve numbers are the same, bit for bit"""
    close: int
    """photos of which no probability differs by more than float32 sums in another order do, 1e-5"""
    malignancy_largest: float
    malignancy_mean: float
    conditions_largest: float
    novelty_largest: float
    """relative"""
    likeliest: int
    """photos with the same likeliest condition"""
    tiers: Mapping[str, int]
    """photos by their tier here"""
    moved: Sequence[Moved]
    parted: Parted | None = None


def compare_decoding(here: Decoded, there: Decoded) -> Decoding:
    """Pixel by pixel, and by what the gate says."""
    apart = np.abs(here.pixels.astype(np.int16) - there.pixels)
    worst = apart.reshape(len(apart), -1).max(axis=1)
    return Decoding(
        photos=len(worst),
        same_squares=int((worst == 0).sum()),
        largest=int(worst.max()),
        same_gate=sum(left == right for left, right in zip(here.gates, there.gates, strict=True)),
    )


def compare(
    file: ModelFile,
    here: np.ndarray,
    there: np.ndarray,
    *,
    photos: Sequence[str],
    gates: Sequence[str],
    parted: Parted | None = None,
) -> Compared:
    """Answers of two sides, float64 [N, 12], and the tiers that the device's own rule makes of them."""
    apart = np.abs(here - there)
    tiers = [[_tier(answer, gate, file) for answer, gate in zip(side, gates, strict=True)] for side in (here, there)]
    moved = [place for place, (left, right) in enumerate(zip(*tiers, strict=True)) if left is not right]
    return Compared(
        file=f"{file.format} {file.precision}",
        photos=len(here),
        same=int((apart == 0).all(axis=1).sum()),
        close=int((apart[:, :NOVELTY] <= LARGER_THAN_A_ROUNDING).all(axis=1).sum()),
        malignancy_largest=float(apart[:, MALIGNANCY].max()),
        malignancy_mean=float(apart[:, MALIGNANCY].mean()),
        conditions_largest=float(apart[:, CONDITIONS].max()),
        novelty_largest=float((apart[:, NOVELTY] / np.maximum(np.abs(here[:, NOVELTY]), 1e-12)).max()),
        likeliest=int((here[:, CONDITIONS].argmax(axis=1) == there[:, CONDITIONS].argmax(axis=1)).sum()),
        tiers={tier.value: tiers[0].count(tier) for tier in Tier},
        moved=[
            Moved(
                photo=Path(photos[place]).name,
                here=tiers[0][place],
                there=tiers[1][place],
                malignancy_here=float(here[place, MALIGNANCY]),
                malignancy_there=float(there[place, MALIGNANCY]),
                novelty_here=float(here[place, NOVELTY]),
                novelty_there=float(there[place, NOVELTY]),
            )
            for place in moved
        ],
        parted=parted,
    )


def compare_maps(here: Mapping[str, np.ndarray], there: Mapping[str, np.ndarray]) -> Parted:
    """8-bit maps of two sides by name, in the order of the computation."""
    steps = {name: np.abs(values.astype(np.int16) - there[name]) for name, values in here.items()}
    other = [name for name, apart in steps.items() if apart.any()]
    return Parted(
        maps=len(steps),
        same=len(steps) - len(other),
        first=other[0] if other else None,
        share=float(np.mean(steps[other[0]] > 0)) if other else 0.0,
        largest=max((int(steps[name].max()) for name in other), default=0),
    )


def _tier(answer: np.ndarray, gate: str, file: ModelFile) -> Tier:
    if gate:
        return Tier.CANNOT_ASSESS
    malignancy, *conditions, novelty = map(float, answer)
    prediction = Prediction(malignancy=malignancy, conditions=tuple(conditions), novelty=novelty)
    return decide(prediction, points=file.operating_points, novelty_threshold=file.novelty_threshold).tier


def _interpreter(options: Options) -> Interpreter:
    if options.python is None:
        return emulated(options.cache, cpu=options.cpu)
    words = shlex.split(options.python)
    if not words:
        raise BenchmarkError("--python: no command; such as 'qemu-aarch64 -L /arm64 /arm64/usr/bin/python3.13'")
    return Interpreter(command=words)


def _sides(folder: Path, other: Interpreter) -> tuple[Side, Side]:
    for name in ("here", "there"):
        (folder / name).mkdir()
    return here(folder / "here"), Side(name="arm64", interpreter=other, folder=folder / "there")


def _first(decoded: Decoded, count: int, *, folder: Path) -> Path | None:
    """The first photos that are judged at all, in a file of their own; None where none is wanted or there."""
    judged = [square for square, gate in zip(decoded.pixels, decoded.gates, strict=True) if not gate][:count]
    if not judged:
        return None
    path = folder / "inside.npy"
    np.save(path, np.stack(judged))
    return path


def _some(given: Sequence[Path], count: int) -> list[str]:
    photos = sorted(find_photos(given))
    if not photos:
        raise BenchmarkError(f"--photos {' '.join(map(str, given))}: no photo there")
    return [photos[place] for place in evenly_spread(len(photos), count)]


def _table(found: Sequence[Compared]) -> Table:
    header = ("file", "photos", "same bits", "within 1e-5", "malignancy: largest", "mean", "likeliest", "another tier")
    rows = [
        (
            one.file,
            str(one.photos),
            str(one.same),
            str(one.close),
            f"{one.malignancy_largest:.2g}",
            f"{one.malignancy_mean:.2g}",
            str(one.likeliest),
            str(len(one.moved)),
        )
        for one in found
    ]
    return Table("Answers to the same squares, here and on arm64", header, rows)


def _inside_table(found: Sequence[Compared]) -> list[Table]:
    looked = [(one.file, one.parted) for one in found if one.parted is not None]
    if not looked:
        return []
    rows = [
        (file, f"{parted.same} of {parted.maps}", parted.first or "-", f"{parted.share:.1%}", str(parted.largest))
        for file, parted in looked
    ]
    header = ("file", "8-bit maps alike", "the first that is not", "of its numbers", "largest, steps")
    return [Table("Inside INT8 files, on the first photos", header, rows)]


def _lines(
    decoding: Decoding, found: Sequence[Compared], here: Mapping[str, str], there: Mapping[str, str]
) -> list[str]:
    others = ", ".join(f"{name} {here[name]} and {there[name]}" for name in here if here[name] != there[name])
    same = "all the same pixels" if decoding.same_squares == decoding.photos else "not all the same pixels"
    lines = [
        f"here and there: {others or 'the same processor and versions'}",
        f"decoding: {same}: {decoding.same_squares} of {decoding.photos} squares alike, largest difference "
        f"{decoding.largest} of 255; the photo gate says the same of {decoding.same_gate}",
    ]
    for one in found:
        lines += [
            f"{one.file}: {moved.photo} is {moved.here} here, {moved.there} on arm64 (malignancy "
            f"{moved.malignancy_here:.5f} and {moved.malignancy_there:.5f}, novelty {moved.novelty_here:.4f} and "
            f"{moved.novelty_there:.4f})"
            for moved in one.moved
        ]
    return lines
