"""SCIN from Google's public bucket: two tables, then the photos that the cases name."""

import re
from pathlib import PurePosixPath

from teacher.data.datasets.scin import CASES, IMAGE_COLUMNS, LABELS
from teacher.data.download.desk import Desk, get_all
from teacher.data.download.item import MOST_IMAGE_BYTES, Item, is_image, is_table
from teacher.data.found import read_table

NAME = "scin"
PHOTO = re.compile(r"[-\w]+\.(?:png|jpg|jpeg)")


def fetch(desk: Desk) -> list[str]:
    """What was done, in lines. Raises DataError."""
    folder, base, web = desk.root / NAME, desk.addresses.scin, desk.web()
    try:
        tables = [
            Item(url=f"{base}/{CASES}", target=folder / CASES, check=is_table("case_id", *IMAGE_COLUMNS)),
            Item(url=f"{base}/{LABELS}", target=folder / LABELS, check=is_table("case_id")),
        ]
        get_all(web, tables, name=NAME)
        cells = (row[name] for row in read_table(folder / CASES, IMAGE_COLUMNS) for name in IMAGE_COLUMNS)
        names = dict.fromkeys(PurePosixPath(cell).name for cell in cells if cell)
        photos = [
            Item(url=f"{base}/images/{name}", target=folder / "images" / name, check=is_image, most=MOST_IMAGE_BYTES)
            for name in names
            if PHOTO.fullmatch(name)
        ]
        return [get_all(web, photos, name=NAME).describe(NAME)]
    finally:
        web.close()
