"""BCN20000 and MILK10k from the ISIC archive: the one by its API, the other as its challenge handed it out.

The API lists a collection page by page (`results`, `next`), each image with its metadata and a signed address that
lasts for hours; no checksum is published, a size is. MILK10k's tables are not what the API gives, so its four files
come from the challenge.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from runtime.files import written_whole
from teacher.console import progress
from teacher.data.download.archive import by_suffix
from teacher.data.download.desk import Desk, ask, get_all, get_archives
from teacher.data.download.item import MOST_IMAGE_BYTES, Item, is_image, is_table, is_zip
from teacher.data.download.web import Web
from teacher.data.found import read_table
from teacher.data.isic import LEVELS
from teacher.data.sample import DataError

BCN, MILK = "bcn20000", "milk10k"
COLLECTION = "249"
PAGE = 100
ISIC_ID = re.compile(r"ISIC_\d{7,10}")
TABLE = "bcn20000_metadata.csv"
COLUMNS = (
    *("isic_id", "patient_id", "lesion_id", "image_type", *LEVELS, "diagnosis_confirm_type", "age_approx", "sex"),
    *("anatom_site_general", "copyright_license", "attribution"),
)
MILK_TABLES = {
    "MILK10k_Training_Metadata.csv": is_table("lesion_id", "image_type", "isic_id", "skin_tone_class"),
    "MILK10k_Training_GroundTruth.csv": is_table("lesion_id", "MEL"),
    "MILK10k_Training_Supplement.csv": is_table("isic_id", "diagnosis_full"),
}
MILK_ARCHIVE = "MILK10k_Training_Input.zip"


def fetch_bcn20000(desk: Desk) -> list[str]:
    """What was done, in lines. Raises DataError."""
    table, images = desk.root / BCN / TABLE, desk.root / BCN / "images"
    if table.is_file() and all((images / f"{row['isic_id']}.jpg").exists() for row in read_table(table, ("isic_id",))):
        return [f"{BCN}: all files are here"]
    web = desk.web()
    try:
        found = list(_collection(desk, web))
        table.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(table) as partial, partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(row for row, _ in found)
        return [get_all(web, [_image(images, row, file) for row, file in found], name=BCN).describe(BCN)]
    finally:
        web.close()


def fetch_milk10k(desk: Desk) -> list[str]:
    """What was done, in lines. Raises DataError."""
    folder, web = desk.root / MILK, desk.web()
    try:
        tables = [
            Item(url=f"{desk.addresses.milk10k}/{name}", target=folder / name, check=check)
            for name, check in MILK_TABLES.items()
        ]
        get_all(web, tables, name=MILK)
        archive = Item(url=f"{desk.addresses.milk10k}/{MILK_ARCHIVE}", target=folder / MILK_ARCHIVE, check=is_zip)
        return [get_archives(web, [archive], folder, by_suffix(jpg="images/"), name=MILK)]
    finally:
        web.close()


def _collection(desk: Desk, web: Web) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every image of the collection: its row under COLUMNS, and where its file is."""
    url = f"{desk.addresses.isic}/images/search/"
    params: dict[str, str] | None = {"collections": COLLECTION, "limit": str(PAGE)}
    seen: set[str] = set()
    page: Any = ask(web, url, params=params)
    with progress(f"listing {BCN}", max(1, -(-int(page.get("count") or PAGE) // PAGE))) as advance:
        while True:
            try:
                for image in page["results"]:
                    yield _row(image), image["files"]["full"]
                following = page["next"]
            except (KeyError, TypeError) as error:
                raise DataError(f"{url}: the answer is not what the ISIC archive documents (no {error})") from error
            advance("")
            if not following:
                return
            if following in seen or urlsplit(following).netloc != urlsplit(url).netloc:
                raise DataError(f"{url}: its next page, {following[:200]!r}, leads back or elsewhere")
            seen.add(following)
            page = ask(web, following)


def _row(image: dict[str, Any]) -> dict[str, Any]:
    """One image under COLUMNS, whichever part of the metadata holds a column."""
    flat = {**image, **image["metadata"].get("acquisition", {}), **image["metadata"].get("clinical", {})}
    if not ISIC_ID.fullmatch(str(flat["isic_id"])):
        raise DataError(f"the ISIC archive names an image {str(flat['isic_id'])[:60]!r}, which is none of its ids")
    return {name: "" if flat.get(name) is None else flat[name] for name in COLUMNS}


def _image(folder: Path, row: dict[str, Any], file: dict[str, Any]) -> Item:
    return Item(
        url=str(file["url"]),
        target=folder / f"{row['isic_id']}.jpg",
        size=file.get("size"),
        check=is_image,
        most=MOST_IMAGE_BYTES,
    )
