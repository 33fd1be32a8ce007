"""`python -m teacher download`: one dataset into a data root, in the layout that its loader reads."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from filelock import FileLock, Timeout

from runtime.files import written_whole
from teacher.data.download.desk import Addresses, Desk
from teacher.data.download.sources import fitzpatrick17k, ham10000, isic, pad_ufes, scin
from teacher.data.registry import dataset
from teacher.data.sample import DataError
from teacher.data.spec import DatasetSpec

SOURCES: dict[str, Callable[[Desk], list[str]]] = {
    "bcn20000": isic.fetch_bcn20000,
    "fitzpatrick17k": fitzpatrick17k.fetch,
    "ham10000": ham10000.fetch,
    "milk10k": isic.fetch_milk10k,
    "pad_ufes": pad_ufes.fetch,
    "scin": scin.fetch,
}
ADDRESSES = Addresses()
SECRETS = ("DATAVERSE_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")
LOCK = ".download.lock"


@dataclass(frozen=True, kw_only=True)
class DownloadOptions:
    """What a download may be told."""

    root: Annotated[Path, typer.Option("--data")]
    """data root to put the dataset in, each file where its loader looks for it"""
    per_host: Annotated[int, typer.Option(min=1, max=8)] = 4
    """requests at once to one host; the atlases of fitzpatrick17k get one in any case"""


def download(
    dataset_name: Annotated[str, typer.Argument(metavar="DATASET", help="Such as ham10000, or ddi for how to ask.")],
    options: DownloadOptions,
) -> None:
    """Get a dataset from where its authors keep it; the same command goes on after an interruption."""
    spec = dataset(dataset_name)
    if spec.name not in SOURCES:
        typer.echo(
            f"{spec.title} cannot be got by a command: {spec.how_to_get}\nterms: {spec.licence}\n{spec.citation}"
        )
        return
    secrets = {name: value for name in SECRETS if (value := os.environ.get(name, "").strip())}
    desk = Desk(root=options.root, addresses=ADDRESSES, secrets=secrets, per_host=options.per_host)
    for line in fetch_dataset(spec, desk):
        typer.echo(line)


def fetch_dataset(spec: DatasetSpec, desk: Desk) -> list[str]:
    """Gets one of SOURCES; what was done, in lines. Raises DataError, and says how to go on where it is interrupted."""
    try:
        desk.root.mkdir(parents=True, exist_ok=True)
        with FileLock(desk.root / LOCK).acquire(timeout=0):
            notice = _write_terms(spec, desk.root)
            return [*SOURCES[spec.name](desk), f"terms and citation: {notice}"]
    except Timeout as error:
        raise DataError(f"{desk.root}: another download is under way here; wait for it to end") from error
    except KeyboardInterrupt:
        typer.echo(f"stopped; what came so far is kept below {desk.root}, the same command goes on", err=True)
        raise
    except OSError as error:
        raise DataError(f"{error.filename or desk.root}: {error.strerror or error}") from error


def _write_terms(spec: DatasetSpec, root: Path) -> Path:
    path = root / f"LICENCE-{spec.name}.txt"
    terms = "any use, as its terms say" if spec.commercial else "non-commercial: so are weights trained on it"
    with written_whole(path) as partial:
        partial.write_text(
            f"{spec.title}\n\nLicence:  {spec.licence}\nUse:      {terms}\nCite:     {spec.citation}\n"
            f"From:     {spec.how_to_get}\n",
            encoding="utf-8",
        )
    return path
