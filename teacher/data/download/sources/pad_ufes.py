"""PAD-UFES-20 from Mendeley Data, whose public API lists size and SHA-256: metadata.csv, imgs_part_1-3.zip."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from teacher.data.download.archive import by_suffix, is_unpacked
from teacher.data.download.desk import Desk, ask, get_all, get_archives
from teacher.data.download.item import Item, is_table, is_zip
from teacher.data.download.web import Web
from teacher.data.sample import DataError

NAME = "pad_ufes"
DATASET, VERSION = "zr7vgbcyr2", "1"
TABLE = "metadata.csv"
ARCHIVES = tuple(f"imgs_part_{number}.zip" for number in (1, 2, 3))


def fetch(desk: Desk) -> list[str]:
    """What was done, in lines. Raises DataError."""
    folder = desk.root / NAME
    if (folder / TABLE).is_file() and all(is_unpacked(folder / name, folder) for name in ARCHIVES):
        return [f"{NAME}: all files are here"]
    web = desk.web()
    try:
        items = list(_items(desk, web))
        get_all(web, [item for item in items if item.check is not is_zip], name=NAME)
        archives = [item for item in items if item.check is is_zip]
        return [get_archives(web, archives, folder, by_suffix(png="images/"), name=NAME)]
    finally:
        web.close()


def _items(desk: Desk, web: Web) -> Iterator[Item]:
    url = f"{desk.addresses.mendeley}/public-api/datasets/{DATASET}"
    answer: Any = ask(web, url, params={"version": VERSION})
    try:
        listed = {PurePosixPath(file["filename"]).name: file["content_details"] for file in answer["files"]}
    except (KeyError, TypeError) as error:
        raise DataError(f"{url}: the answer is not what Mendeley documents (no {error})") from error
    if missing := [name for name in (TABLE, *ARCHIVES) if name not in listed]:
        raise DataError(f"{url}: lists no {', '.join(missing)} (there are: {', '.join(listed)})")
    for name in (TABLE, *ARCHIVES):
        details = listed[name]
        digest = details.get("sha256_hash")
        yield Item(
            url=str(details["download_url"]),
            target=desk.root / NAME / name,
            size=details.get("size"),
            digest=f"sha256:{digest}" if digest else "",
            check=is_table("patient_id", "img_id", "diagnostic") if name == TABLE else is_zip,
        )
