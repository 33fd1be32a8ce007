"""What every source works with: where data goes, where it comes from, and the steps that sources share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runtime.errors import one_line
from teacher.data.download.archive import Place, is_unpacked, unpack
from teacher.data.download.item import Item
from teacher.data.download.many import Fetched, fetch_all
from teacher.data.download.web import Manners, TroubleError, Web
from teacher.data.sample import DataError


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where datasets are kept."""

    dataverse: str = "https://dataverse.harvard.edu"
    kaggle: str = "https://www.kaggle.com"
    mendeley: str = "https://data.mendeley.com"
    isic: str = "https://api.isic-archive.com/api/v2"
    milk10k: str = "https://isic-archive.s3.amazonaws.com/challenges/milk10k"
    fitzpatrick17k: str = "https://raw.githubusercontent.com/mattgroh/fitzpatrick17k/main/fitzpatrick17k.csv"
    scin: str = "https://storage.googleapis.com/dx-scin-public-data/dataset"


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One download."""

    root: Path
    """the data root, in the layout of docs/data.md"""
    addresses: Addresses = field(default_factory=Addresses)
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    """DATAVERSE_TOKEN, KAGGLE_USERNAME and KAGGLE_KEY, as far as they are set"""
    per_host: int = 4
    wait: Callable[[float], object] | None = None
    """how to wait some seconds; None: really"""

    def web(self, *, one_at_a_time: bool = False, pause: float = 0.0) -> Web:
        """Connections for this download."""
        return Web(manners=Manners(per_host=1 if one_at_a_time else self.per_host, pause=pause), wait=self.wait)


def ask(
    web: Web, url: str, *, params: Mapping[str, str] | None = None, secret: Mapping[str, str] | None = None
) -> object:
    """What an API says. Raises DataError where it does not answer."""
    try:
        return web.json(url, params=params, secret=secret)
    except TroubleError as trouble:
        raise DataError(f"{url}: {trouble.reason}; try again later") from trouble


def get_all(web: Web, items: Sequence[Item], *, name: str, advice: str = "") -> Fetched:
    """All of these files. Raises DataError that names one where any failed."""
    fetched = fetch_all(web, items, title=f"getting {name}")
    if fetched.failed:
        target, reason = next(iter(fetched.failed.items()))
        url = next(item.url for item in items if item.target == target)
        more = f" (and {len(fetched.failed) - 1:,} more files)" if len(fetched.failed) > 1 else ""
        what_next = advice or "the same command goes on with what is missing"
        raise DataError(f"{name}: {one_line(url.partition('?')[0])}: {reason}{more}; {what_next}")
    return fetched


def get_archives(web: Web, items: Sequence[Item], folder: Path, place: Place, *, name: str, advice: str = "") -> str:
    """Archives, unpacked into a folder and removed; those that an earlier run unpacked are not got again."""
    wanted = [item for item in items if not is_unpacked(item.target, folder)]
    get_all(web, wanted, name=name, advice=advice)
    taken = sum(unpack(item.target, folder, place) for item in wanted)
    return f"{name}: {taken:,} files unpacked" if wanted else f"{name}: all files are here"
