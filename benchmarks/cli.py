"""`python -m benchmarks`: measurements of a bundle on this machine."""

import io
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image

from benchmarks.latency import STAGES, Latency, measure_latency
from benchmarks.verdicts import verdict_sheet
from runtime.bundle.load import Bundle, load_bundle
from runtime.engine import default_threads
from runtime.errors import SkintagError
from runtime.files import write_json
from runtime.triage import Tier
from teacher.console import print_table, run_cli
from teacher.data.synthetic import SyntheticConfig, render

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

PHONE_PHOTO = (4032, 3024)
"""12 megapixels, what phone cameras have written since about 2015."""


SENSOR_NOISE = 6.0
"""Standard deviation in levels of 255; gives a file of about 4 MB, as phones write."""


class BenchmarkError(SkintagError):
    """A measurement that cannot be made or written."""


@app.command()
def latency(
    photo: Annotated[Path | None, typer.Option(help="Photo to time; without it a drawn 12-megapixel JPEG.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="Bundle folder; without it the one in the package.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Counted repeats.")] = 50,
    warmup: Annotated[int, typer.Option(min=0, help="Repeats before, not counted.")] = 5,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of the model.")] = None,
    out: Annotated[Path, typer.Option(help="Where the JSON goes.")] = Path("artifacts/latency.json"),
) -> None:
    """Photo to tier: p50 and p90 of each stage, with the environment, as a table and as JSON."""
    if photo is not None and not photo.is_file():
        raise BenchmarkError(f"--photo {photo}: no such file")
    with tempfile.TemporaryDirectory() as folder:
        timed = photo or _drawn_photo(Path(folder))
        found = measure_latency(timed, bundle=bundle, repeats=repeats, warmup=warmup, threads=threads)
    _write(out, found.to_dict())
    _show(found, out)


@app.command()
def speed(
    photo: Annotated[Path | None, typer.Option(help="Photo to time; without it a drawn 12-megapixel JPEG.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="Bundle folder; without it the one in the package.")] = None,
    fp32: Annotated[
        Path | None,
        typer.Option(
            help="ONNX file of the reference, float32 [1, 3, S, S] in; without it the bundle's student is exported."
        ),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Counted repeats of each way.")] = 40,
    starts: Annotated[int, typer.Option(min=1, help="Counted processes of each kind.")] = 7,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of our model.")] = None,
    options: Annotated[bool, typer.Option(help="Also compare the options of ONNX Runtime sessions.")] = True,
    out: Annotated[Path, typer.Option(help="Where the JSON goes.")] = Path("artifacts/speed.json"),
) -> None:
    """Photo to tier against decoding, resizing and normalising in full and an FP32 model, in turns; and cold starts."""
    from benchmarks.session_options import measure_options, option_rows
    from benchmarks.speed import measure_speed, rows, verdict

    for given, option in ((photo, "--photo"), (fp32, "--fp32")):
        if given is not None and not given.is_file():
            raise BenchmarkError(f"{option} {given}: no such file")
    loaded = load_bundle(bundle)
    with tempfile.TemporaryDirectory() as folder:
        timed = photo or _drawn_photo(Path(folder))
        model = fp32 or _exported_twin(loaded, Path(folder))
        name = str(fp32) if fp32 else f"{loaded.manifest.architecture} of the bundle, exported with torch.onnx"
        found = measure_speed(
            timed, bundle=bundle, fp32=model, fp32_name=name, repeats=repeats, starts=starts, threads=threads
        )
    ort = measure_options(bundle, repeats=2 * repeats, threads=threads or default_threads()) if options else {}
    _write(out, {**found.to_dict(), "options": {name: asdict(way) for name, way in ort.items()}})
    title = f"{found.photo} ({found.photo_bytes / 1e6:.1f} MB); reference: {found.fp32}"
    header = ("", "p50 ms", "p90 ms", "fastest", "processor", "ratio", "peak MB")
    print_table(title, header, rows(found))
    if ort:
        print_table("Options of ONNX Runtime, the model alone", header, option_rows(ort))
    typer.echo(f"{verdict(found)}\nall figures: {out}")


@app.command()
def verdicts(
    bundle: Annotated[Path | None, typer.Option(help="Bundle folder; without it the one in the package.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Drawings of each condition.")] = 4,
    out: Annotated[Path, typer.Option(help="Where the picture goes (.jpg or .png).")] = Path("artifacts/verdicts.jpg"),
) -> None:
    """A contact sheet of drawn lesions with the verdict on each."""
    tiers = verdict_sheet(out, bundle=bundle, rows=rows)
    header = ("condition", *(tier.value for tier in Tier))
    print_table("Verdicts on drawings", header, [(c, *(str(n[tier]) for tier in Tier)) for c, n in tiers.items()])
    typer.echo(f"picture: {out}")


@app.command()
def quality(
    data: Annotated[Path | None, typer.Option(help="Folder of real photos; without it drawings only.")] = None,
    count: Annotated[int, typer.Option(min=1, help="Drawings per tone, and real photos per dataset to spoil.")] = 200,
    out: Annotated[Path, typer.Option(help="Folder of the JSON, the table and the picture.")] = Path("artifacts"),
) -> None:
    """How often the photo gate refuses: each defect on each skin tone, and sound real photos."""
    from benchmarks.quality import cells, header, measure_table, photo_paths, sheet, write_markdown

    if data is not None and not photo_paths(data):
        raise BenchmarkError(f"--data {data}: no photos of HAM10000 or PAD-UFES-20 there; see docs/data.md")
    found = measure_table(data=data, count=count)
    _write(out / "quality.json", found.to_dict())
    write_markdown(out / "quality.md", found)
    sheet(out / "quality.jpg")
    print_table("Photo quality", header(found), [cells(row) for row in found.rows])
    for name, refusals in found.sound.items():
        said = ", ".join(f"{problem} {n}" for problem, n in refusals.problems.items()) or "none"
        typer.echo(f"sound photos of {name}: {refusals.percent:.2f}% of {refusals.n:,} refused ({said})")
    typer.echo(f"all figures: {out / 'quality.json'}; table: {out / 'quality.md'}; picture: {out / 'quality.jpg'}")


@app.command()
def formats(
    run: Annotated[list[Path], typer.Option(help="Run folder of a student; give it once per student.")],
    peer_python: Annotated[
        Path | None, typer.Option(help="Interpreter that has litert-torch, to compare with; see docs/benchmarks.md.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=3, help="Counted rounds of the interleaved timing.")] = 60,
    fine_tune: Annotated[bool, typer.Option(help="Fine-tune for 8 bit where no recipe passes.")] = True,
    bundles: Annotated[Path, typer.Option(help="Where the bundles go.")] = Path("bundles"),
    out: Annotated[Path, typer.Option(help="Where the JSON goes.")] = Path("artifacts/formats.json"),
) -> None:
    """Every format of some students in one table, beside onnxruntime's defaults and litert-torch."""
    from benchmarks.formats import Row, as_json, measure_formats, table
    from export.workshop.stages import live_stages

    rows: list[Row] = []
    refused: dict[str, str] = {}
    for student in run:
        with live_stages() as stages:
            found, failed = measure_formats(
                student, out=bundles, peer_python=peer_python, rounds=rounds, stages=stages, fine_tune=fine_tune
            )
        rows, refused = [*rows, *found], {**refused, **failed}
        _write(out, as_json(rows, refused))  # after each student: the next one takes minutes
    print_table("Formats", *table(rows))
    for label, text in refused.items():
        typer.echo(f"refused: {label}: {text}")
    typer.echo(f"all figures: {out}")


@app.command()
def roofline(
    run: Annotated[list[Path], typer.Option(help="Run folder of a student; give it once per student.")],
) -> None:
    """The least time this machine could take for a student, in float and in 8 bit, on one thread."""
    from benchmarks.roofline import bounds

    machine, found = bounds(run)
    typer.echo(
        f"one thread: {machine.float_products / 1e9:.0f} billion multiply-adds/s in float32, "
        f"{machine.integer_products / 1e9:.0f} in 8 bit; {machine.bandwidth / 1e9:.1f} GB/s"
    )
    rows = [
        (
            name,
            f"{b.products / 1e6:,.0f}",
            f"{b.float_ms:.2f}",
            f"{b.integer_ms:.2f}",
            f"{b.ratio:.2f}",
            f"{b.memory_bound:.0%}",
        )
        for name, b in found.items()
    ]
    header = ("student", "million products", "FP32 ms, at least", "INT8 ms, at least", "ratio", "FP32 waits for memory")
    print_table("Roofline", header, rows)


@app.command()
def calibration(
    run: Annotated[Path, typer.Option(help="Run folder that the bundle came from: its photos are asked about.")],
    bundle: Annotated[Path | None, typer.Option(help="Bundle folder; without it the one in the package.")] = None,
    splits: Annotated[int, typer.Option(min=10, help="How often the photos are halved.")] = 200,
    sensitivity: Annotated[float, typer.Option(help="Target at `low`.")] = 0.95,
    confidence: Annotated[float, typer.Option(help="Chance that the target is kept.")] = 0.95,
    seed: Annotated[int, typer.Option(help="Seed of the splits.")] = 0,
    out: Annotated[Path, typer.Option(help="Where the JSON goes; the picture beside it.")] = Path(
        "artifacts/calibration.json"
    ),
) -> None:
    """Does `low` keep its target? Calibration and test part halved many times, achieved against promised."""
    from benchmarks.calibration import as_json, draw, pool_of, resample, table
    from export.verify.calibrate import Targets
    from export.workshop.stages import live_stages

    with live_stages() as stages:
        outputs, cases = pool_of(run, bundle, stages=stages)
    targets = Targets(sensitivity=sensitivity, confidence=confidence)
    found = resample(outputs, cases, targets=targets, splits=splits, seed=seed)
    _write(out, as_json(found))
    draw(found).savefig(out.with_suffix(".png"), dpi=110, metadata={"Software": None})
    cancers = int(cases.malignant.sum())
    print_table(f"{splits} halves of {len(cases.malignant):,} photos, {cancers} cancers", *table(found))
    typer.echo(f"all figures: {out}; picture: {out.with_suffix('.png')}")


@app.command()
def novelty(
    run: Annotated[Path, typer.Option(help="Run folder that the bundle came from.")],
    photos: Annotated[list[Path], typer.Option(help="Folder of photos without a lesion; give it once per folder.")],
    bundle: Annotated[Path | None, typer.Option(help="Bundle folder; without it the one in the package.")] = None,
    out: Annotated[Path, typer.Option(help="Where the JSON goes.")] = Path("artifacts/novelty.json"),
) -> None:
    """What is no lesion: a bundle's verdicts on other photos, and its novelty score beside others."""
    from benchmarks.novelty import measure_novelty, scores_table, verdicts_table
    from export.workshop.stages import live_stages

    with live_stages() as stages:
        found = measure_novelty(run, photos, bundle=bundle, stages=stages)
    _write(out, found.to_dict())
    print_table("Verdicts, quality gate included", *verdicts_table(found))
    print_table(f"Scores of novelty against {found.lesions} unseen lesions", *scores_table(found))
    typer.echo(f"all figures: {out}")


@app.command()
def service(
    bundle: Annotated[Path | None, typer.Option(help="Bundle folder; without it the one in the package.")] = None,
    clients: Annotated[list[int] | None, typer.Option(min=1, help="Clients at once; repeat for more rows.")] = None,
    requests: Annotated[int, typer.Option(min=1, help="Uploads of each photo by all clients together.")] = 200,
    out: Annotated[Path, typer.Option(help="Where the JSON goes.")] = Path("artifacts/service.json"),
) -> None:
    """Uploads per second of `python -m runtime serve`: a 224-pixel and a 12-megapixel JPEG, few and many clients."""
    from benchmarks.service import as_json, measure_service, table

    with tempfile.TemporaryDirectory() as folder:
        large = _drawn_photo(Path(folder)).read_bytes()
    photos = {"224 x 224": _small_photo(), "12 MP": large}
    loads = measure_service(photos, clients=tuple(clients or (2, 200)), requests=requests, bundle=bundle)
    _write(out, as_json(loads))
    print_table("Service", *table(loads))
    typer.echo(f"all figures: {out}")


@app.command()
def packing(
    root: Annotated[Path, typer.Option(help="Checkout to look at.")] = Path(__file__).parents[1],
) -> None:
    """What would travel to a phone, and whether it fits: own code and bundle, without Python and its packages."""
    from benchmarks.packing import packed

    try:
        found = packed(root)
    except (OSError, KeyError) as error:
        raise BenchmarkError(f"--root {root}: no checkout with [tool.flet.app] ({error})") from error
    rows = [(folder, f"{size:,}") for folder, size in found.by_folder()]
    print_table("Packed", ("part", "bytes"), [*rows, ("total", f"{found.total:,}")])
    if found.problems:
        raise BenchmarkError("; ".join(found.problems))


def _small_photo() -> bytes:
    """The same drawing at the size of the model's input."""
    pixels, _ = render(SyntheticConfig(count=1, side=224), 0)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _exported_twin(bundle: Bundle, folder: Path) -> Path:
    from benchmarks.fp32_twin import fp32_twin

    path = folder / "fp32.onnx"
    path.write_bytes(fp32_twin(bundle))
    return path


def _drawn_photo(folder: Path) -> Path:
    """A synthetic lesion at the size of a phone photo, with sensor noise: decoding costs by size and by detail."""
    pixels, _ = render(SyntheticConfig(count=1), 0)
    large = np.asarray(Image.fromarray(pixels).resize(PHONE_PHOTO, Image.Resampling.BICUBIC), dtype=np.int16)
    grain = np.random.default_rng(0).normal(0, SENSOR_NOISE, large.shape[:2]).astype(np.int16)
    noisy = np.clip(large + grain[..., None], 0, 255).astype(np.uint8)
    path = folder / "drawn-12-megapixel.jpg"
    Image.fromarray(noisy).save(path, quality=90)
    return path


def _write(out: Path, found: dict[str, Any]) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_json(out, found)
    except OSError as error:
        raise BenchmarkError(f"--out {out}: cannot be written ({error.strerror})") from error


def _show(found: Latency, out: Path) -> None:
    rows = [(stage, f"{t.p50:.2f}", f"{t.p90:.2f}") for stage in STAGES if (t := found.stages[stage])]
    bundle, machine = found.bundle, found.environment
    title = f"{bundle['model_id']} {bundle['precision']}, {found.photo} ({found.photo_bytes / 1e6:.1f} MB)"
    print_table(title, ("stage", "p50 ms", "p90 ms"), rows)
    typer.echo(f"bundle loaded in {found.load_ms:.0f} ms; {machine['cpu']}, {machine['cores']} cores")
    typer.echo(f"all figures: {out}")


def main() -> None:
    run_cli(app)
