"""HAM10000 from Harvard's Dataverse, by its native API; from Kaggle where Kaggle's credentials are given.

Dataverse publishes the MD5 of each file. Public files need no token; should it ask for a guestbook, DATAVERSE_TOKEN is
sent as X-Dataverse-key. Kaggle publishes no checksums: there the archive's own have to do.
"""

import base64
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from teacher.data.download.archive import by_suffix, is_unpacked
from teacher.data.download.desk import Desk, ask, get_all, get_archives
from teacher.data.download.item import Item, is_table, is_zip
from teacher.data.download.web import Web
from teacher.data.sample import DataError

NAME = "ham10000"
DOI = "doi:10.7910/DVN/DBW86T"
KAGGLE = "kmader/skin-cancer-mnist-ham10000"
TABLE = "HAM10000_metadata"
ARCHIVES = ("HAM10000_images_part_1.zip", "HAM10000_images_part_2.zip")
PLACE = by_suffix(jpg="HAM10000_images_part_1/")
"""Into one folder: ids are unique, and Kaggle's archive holds both parts twice."""
ADVICE = (
    "where Dataverse refuses, open an account there and set DATAVERSE_TOKEN, or set KAGGLE_USERNAME and KAGGLE_KEY; or "
    "get the files with a browser (docs/data.md shows where they go)"
)


def fetch(desk: Desk) -> list[str]:
    """What was done, in lines. Raises DataError."""
    web = desk.web()
    try:
        if {"KAGGLE_USERNAME", "KAGGLE_KEY"} <= set(desk.secrets):
            return [_from_kaggle(desk, web)]
        return [_from_dataverse(desk, web)]
    finally:
        web.close()


def _from_kaggle(desk: Desk, web: Web) -> str:
    user = f"{desk.secrets['KAGGLE_USERNAME']}:{desk.secrets['KAGGLE_KEY']}"
    item = Item(
        url=f"{desk.addresses.kaggle}/api/v1/datasets/download/{KAGGLE}",
        target=desk.root / "ham10000-kaggle.zip",
        check=is_zip,
        secret={"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"},
    )
    advice = "are KAGGLE_USERNAME and KAGGLE_KEY right, and has this account agreed to Kaggle's terms?"
    return get_archives(web, [item], desk.root, _kaggle_place, name=NAME, advice=advice)


def _kaggle_place(name: str) -> str | None:
    return f"{TABLE}.csv" if PurePosixPath(name).name == f"{TABLE}.csv" else PLACE(name)


def _from_dataverse(desk: Desk, web: Web) -> str:
    token = desk.secrets.get("DATAVERSE_TOKEN", "")
    secret = {"X-Dataverse-key": token} if token else {}
    if done := _done(desk):
        return done
    url = f"{desk.addresses.dataverse}/api/datasets/:persistentId/"
    listed = dict(_files(ask(web, url, params={"persistentId": DOI}, secret=secret), url))
    table = next((file for name, file in listed.items() if PurePosixPath(name).stem == TABLE), None)
    missing = [name for name in ARCHIVES if name not in listed]
    if table is None or missing:
        raise DataError(f"{url}: lists no {', '.join(missing) or TABLE} (there are: {', '.join(listed)}); {ADVICE}")
    archives = [_item(desk, listed[name], name, secret) for name in ARCHIVES]
    get_all(web, [_item(desk, table, f"{TABLE}.csv", secret)], name=NAME, advice=ADVICE)
    return get_archives(web, archives, desk.root, PLACE, name=NAME, advice=ADVICE)


def _done(desk: Desk) -> str:
    here = all(is_unpacked(desk.root / name, desk.root) for name in ARCHIVES)
    return f"{NAME}: all files are here" if here and (desk.root / f"{TABLE}.csv").is_file() else ""


def _files(answer: Any, url: str) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        for file in answer["data"]["latestVersion"]["files"]:
            yield str(file["dataFile"]["filename"]), file["dataFile"]
    except (KeyError, TypeError) as error:
        raise DataError(f"{url}: the answer is not what Dataverse documents (no {error}); {ADVICE}") from error


def _item(desk: Desk, file: dict[str, Any], name: str, secret: dict[str, str]) -> Item:
    """A table that Dataverse rewrote is asked for as it was uploaded; its size and sum are of the rewritten one."""
    rewritten = "originalFileFormat" in file
    table = not name.endswith(".zip")
    md5 = "" if rewritten else str(file.get("md5") or "")
    form = "?format=original" if rewritten else ""
    return Item(
        url=f"{desk.addresses.dataverse}/api/access/datafile/{int(file['id'])}{form}",
        target=desk.root / name,
        size=None if rewritten else file.get("filesize"),
        digest=f"md5:{md5}" if md5 else "",
        check=is_table("lesion_id", "image_id", "dx") if table else is_zip,
        secret=secret,
    )
