"""A photo's way through this toolkit beside the usual ways with the same student, in one run and in turns.

The reference decodes the whole photo, resizes and normalises it in float, and runs FP32: in Pillow, numpy and ONNX
Runtime, or with a run folder in Pillow, torchvision and PyTorch. With one, what a user would pick instead stands beside
it too: the student's files by the defaults of onnxruntime and of litert-torch, behind the same full decode.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from PIL import Image

from benchmarks.measures.answer_cost.latency import lines_of, table_of
from benchmarks.outcome import Outcome, Table, write_text
from benchmarks.peers.ways import pillow_and_onnx, torchvision_and_pytorch
from benchmarks.workshop.choices import OfLength, OfReference, checked
from benchmarks.workshop.photos.sources import photo_or_drawing
from benchmarks.workshop.timing.candidates import whole_way
from benchmarks.workshop.timing.least_decoding import least_decoding
from benchmarks.workshop.timing.percentiles import Timing
from benchmarks.workshop.timing.shares import OURS, REFERENCE, Share, shares_of
from benchmarks.workshop.timing.streamed import measured
from benchmarks.workshop.timing.turns import Job
from runtime import Triage
from runtime.bundle.load import Bundle, load_bundle
from runtime.engine import default_threads
from runtime.measure.machine import state
from runtime.measure.photo_way import photo_work
from runtime.measure.result import Result
from teacher.options import OPTION, OptionError

BILINEAR = "reference, bilinear"
"""Pillow's `resize` is bicubic unless told otherwise; bilinear is its cheapest that antialiases."""
TARGET_RATIO = 0.25


@dataclass(frozen=True, kw_only=True)
class Options(OfReference, OfLength):
    """What `reference` asks."""

    run: Annotated[Path | None, OPTION] = None
    """run folder of the bundle's student: the reference then is PyTorch, and peers convert the same student"""
    peer_python: Annotated[Path | None, OPTION] = None
    """interpreter that has litert-torch, to compare with; see docs/benchmarks.md"""
    out: Annotated[Path, OPTION] = Path("artifacts/reference.json")
    """where the JSON goes"""


def measure(options: Options) -> Outcome:
    """Photo to tier beside the usual way (full decode, float transforms, FP32) and others' files, in turns."""
    _refuse_contradictions(options)
    with photo_or_drawing(options.photo) as photo:
        found = measure_reference(photo, options)
        floor = least_decoding(photo.read_bytes())
    shares = shares_of(found)
    header = ("way", "p50 ms", f"{OURS} takes of it", "95%", "says")
    return Outcome(
        files=[(options.out, lambda path: write_text(path, found.to_json()))],
        tables=[table_of(found), Table("Photo to tier", header, [share.cells() for share in shares])],
        lines=[*lines_of(found), target_line(shares), *floor_lines(floor), f"all figures: {options.out}"],
        document={
            **found.summary(),
            "shares": [share.to_dict() for share in shares],
            "least_decoding": asdict(floor) if floor else None,
        },
    )


def measure_reference(photo: Path, options: Options) -> Result:
    """Raises PhotoError or BundleError where the photo or the bundle cannot be used, RecoverError where no twin can be
    made of it, MeasureError for a photo that the gate refuses, PeerError and TurnError where a way fails."""
    plan, bundle = options.plan(), load_bundle(options.bundle)
    data = photo.read_bytes()
    if options.run is not None:
        from benchmarks.peers.student_files import refuse_another  # torch

        refuse_another(options.run, bundle.manifest)
    photo_work(Triage(bundle, threads=1), data)  # whatever is wrong is said before anything is started
    with _usual_ways(photo, bundle, options) as usual:
        jobs: dict[str, Job] = {OURS: (whole_way, (photo, options.bundle, options.threads or default_threads()))}
        jobs |= usual
        return measured(photo, data, jobs, plan=plan, whole=tuple(jobs), began=state())


def target_line(shares: Sequence[Share]) -> str:
    """The target, met or missed."""
    share = next(one.share for one in shares if one.way == REFERENCE)
    said = "met" if share < TARGET_RATIO else "missed"
    return f"{OURS} / {REFERENCE} {share:.2f}, target below {TARGET_RATIO}: {said}"


def floor_lines(floor: Timing | None) -> list[str]:
    """Beside the row's decoding; measured after the turns, by itself."""
    if floor is None:
        return []
    return [f"decoding at its least (all coefficients, hardly a pixel): p50 {floor.p50:.1f} ms, p90 {floor.p90:.1f}"]


def _refuse_contradictions(options: Options) -> None:
    checked(options.photo, option="--photo")
    checked(options.fp32, option="--fp32")
    checked(options.peer_python, option="--peer-python")
    if options.run is not None and options.fp32 is not None:
        raise OptionError("--fp32 is a reference without a run folder; --run is one itself: give one of them")
    if options.run is None and options.peer_python is not None:
        raise OptionError("--peer-python converts the student of --run FOLDER, which is missing")


@contextmanager
def _usual_ways(photo: Path, bundle: Bundle, options: Options) -> Iterator[dict[str, Job]]:
    """Jobs by name, the reference first; their files last as long as the block."""
    if options.run is None:
        from benchmarks.peers.fp32_twin import reference_file  # torch and the exporter

        with reference_file(options.fp32, bundle) as (fp32, name):
            yield {
                REFERENCE: (pillow_and_onnx, (photo, fp32, name, None)),
                BILINEAR: (pillow_and_onnx, (photo, fp32, name, Image.Resampling.BILINEAR)),
            }
        return
    from benchmarks.peers.student_files import peer_jobs

    with tempfile.TemporaryDirectory() as folder:
        peers = peer_jobs(photo, options.run, folder=Path(folder), peer_python=options.peer_python)
        yield {REFERENCE: (torchvision_and_pytorch, (photo, options.run)), **peers}
