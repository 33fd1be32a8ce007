"""One file over HTTP: resumed where the last run stopped, and named only when it is whole and what was asked for."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import httpx2

from teacher.data.download.item import Item
from teacher.data.download.web import StoppedError, TroubleError, Web

RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
NOTHING_LEFT = re.compile(r"bytes \*/(\d+)")

Count = Callable[[int], None]
"""Told of bytes that came; of negative ones where a part is thrown away."""


def fetch(web: Web, item: Item, count: Count) -> None:
    """The file under its name. Raises TroubleError where it cannot be had, StoppedError, OSError.

    A part is only gone on with where the server says by its tag (ETag, else the time of change) that the file is the
    same one; else it begins anew.
    """
    item.target.parent.mkdir(parents=True, exist_ok=True)
    count(_size(item.part))
    web.patiently(lambda: _attempt(web, item, count), progress=lambda: _size(item.part))


def _attempt(web: Web, item: Item, count: Count) -> None:
    have, tag = _size(item.part), _tag(item)
    resume = {"Range": f"bytes={have}-", "If-Range": tag} if have and tag else {}
    with web.request("GET", item.url, headers=resume, secret=item.secret) as response:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise TroubleError(f"compressed as {response.headers['content-encoding']}, though it was not asked for")
        if response.status_code != 416:
            start, total = _extent(item, response, have, tag, count)
            _check_size(item, total)
            _receive(web, item, response, start, total, count)
        elif not _is_all(response, have):
            _drop(item, count)
            raise TroubleError("the server has less than came before", again=True)
    _finish(item, count)


def _extent(item: Item, response: httpx2.Response, have: int, tag: str, count: Count) -> tuple[int, int | None]:
    """Where the body starts in the file, and how long the file is."""
    if response.status_code == 200:
        length = response.headers.get("content-length", "")
        return 0, int(length) if length.isdecimal() else None
    found = RANGE.fullmatch(response.headers.get("content-range", "").strip())
    changed = tag.startswith('"') and response.headers.get("etag", tag) != tag
    if found is None or int(found[1]) != have or not have or changed:
        _drop(item, count)
        raise TroubleError("the server sent another piece than was asked for", again=True)
    return have, None if found[2] == "*" else int(found[2])


def _check_size(item: Item, total: int | None) -> None:
    if total is not None and item.size is not None and total != item.size:
        raise TroubleError(f"the server has {total:,} bytes, {item.size:,} are published")
    if total is not None and total > item.most:
        raise TroubleError(f"{total:,} bytes are more than such a file may have ({item.most:,})")


def _receive(web: Web, item: Item, response: httpx2.Response, start: int, total: int | None, count: Count) -> None:
    if not start:
        _begin_anew(item, response, count)
    size = start
    with item.part.open("ab") as file:
        for chunk in response.iter_raw():  # as they come: a size would keep bytes back from the part
            if web.stopped.is_set():
                raise StoppedError
            file.write(chunk)
            size += len(chunk)
            count(len(chunk))
            if size > item.most:
                raise TroubleError(f"more than {item.most:,} bytes came")
    if total is not None and size != total:
        raise TroubleError(f"{size:,} of {total:,} bytes came", again=True)


def _begin_anew(item: Item, response: httpx2.Response, count: Count) -> None:
    """An empty part and its tag. The tag goes first: a part without one is never gone on with."""
    _drop(item, count)
    item.part.touch()
    etag, changed = response.headers.get("etag", ""), response.headers.get("last-modified", "")
    if tag := etag if etag.startswith('"') else changed if not etag else "":  # weak tags name no bytes
        item.tag.write_text(tag, encoding="utf-8")


def _finish(item: Item, count: Count) -> None:
    if reason := item.wrong(item.part):
        _drop(item, count)
        raise TroubleError(reason, again="published" in reason or reason.startswith("no whole"))
    with item.part.open("rb+") as file:
        os.fsync(file.fileno())
    item.part.replace(item.target)
    item.tag.unlink(missing_ok=True)


def _is_all(response: httpx2.Response, have: int) -> bool:
    found = NOTHING_LEFT.fullmatch(response.headers.get("content-range", "").strip())
    return found is not None and have > 0 and int(found[1]) == have


def _drop(item: Item, count: Count) -> None:
    count(-_size(item.part))
    item.tag.unlink(missing_ok=True)
    item.part.unlink(missing_ok=True)


def _tag(item: Item) -> str:
    return item.tag.read_text(encoding="utf-8", errors="replace").strip() if item.tag.is_file() else ""


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
