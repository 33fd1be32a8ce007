"""Fitzpatrick17k: the project's table, then each photo from the atlas that its row names.

Most of those addresses have died, and the two atlases are small: one request at once per host, a pause between two.
What failed stands with its reason in failed.csv; the next run asks only for what is not here.
"""

import csv
import re
import threading
from pathlib import Path

from runtime.files import written_whole
from teacher.data.download.desk import Desk, get_all
from teacher.data.download.item import MOST_IMAGE_BYTES, Item, is_image, is_table
from teacher.data.download.many import fetch_all
from teacher.data.download.web import Web
from teacher.data.found import Row, image_id, read_table

NAME = "fitzpatrick17k"
TABLE, FAILED = "fitzpatrick17k.csv", "failed.csv"
PAUSE = 0.5
"""Seconds between two photos of an atlas: 12,600 of the larger one take two hours."""
MD5 = re.compile(r"[0-9a-f]{32}")
NO_ADDRESS = "the table has no address"


def fetch(desk: Desk) -> list[str]:
    """What was done, in lines. Raises DataError where the table cannot be had."""
    web = desk.web(one_at_a_time=True, pause=PAUSE)
    try:
        folder = desk.root / NAME
        table = Item(
            url=desk.addresses.fitzpatrick17k, target=folder / TABLE, check=is_table("md5hash", "label", "url")
        )
        get_all(web, [table], name=NAME)
        return _photos(web, folder)
    finally:
        web.close()


def _photos(web: Web, folder: Path) -> list[str]:
    rows = [row for row in read_table(folder / TABLE, ("md5hash", "url")) if MD5.fullmatch(image_id(row["md5hash"]))]
    address = {image_id(row["md5hash"]): row["url"] for row in rows}
    items = [_item(folder, row) for row in rows if row["url"]]
    reasons = _known(folder / FAILED) | {name: NO_ADDRESS for name, url in address.items() if not url}
    lock = threading.Lock()

    def failed(target: Path, reason: str) -> None:
        with lock:
            reasons[target.stem] = reason

    try:
        fetched = fetch_all(web, items, title=f"getting {NAME}", tell=failed)
    finally:  # after Ctrl-C too
        here = {item.target.stem for item in items if item.target.exists()}
        left = {name: why for name, why in reasons.items() if name in address and name not in here}
        _write(folder / FAILED, [(name, reason, address[name]) for name, reason in sorted(left.items())])
    lines = [fetched.describe(NAME)]
    if left:
        lines.append(f"{folder / FAILED} lists {len(left):,} photos that failed; the same command tries them again")
    return lines


def _item(folder: Path, row: Row) -> Item:
    name = image_id(row["md5hash"])
    return Item(url=row["url"], target=folder / "images" / f"{name}.jpg", check=is_image, most=MOST_IMAGE_BYTES)


def _known(path: Path) -> dict[str, str]:
    """Reasons of earlier runs."""
    if not path.is_file():
        return {}
    return {row["md5hash"]: row["reason"] for row in read_table(path, ("md5hash", "reason"))}


def _write(path: Path, rows: list[tuple[str, str, str]]) -> None:
    with written_whole(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("md5hash", "reason", "url"), *rows])
