"""One file over HTTP, from a server that drops, lies, refuses and changes its mind: whole, or not under its name."""

import hashlib
import io
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from file_desk import FileDesk, open_desk
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from teacher.data.download import many
from teacher.data.download.item import Item, is_image, is_table, is_zip
from teacher.data.download.many import Fetched, fetch_all
from teacher.data.download.web import Manners, Web
from teacher.data.sample import DataError

BODY = random.Random(0).randbytes(600_000)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def desk() -> Iterator[FileDesk]:
    with open_desk() as opened:
        yield opened


def picture(kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((64, 48), 80).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


def get(*items: Item, waits: list[float] | None = None, manners: Manners | None = None) -> Fetched:
    web = Web(manners=manners or Manners(), wait=(waits if waits is not None else []).append)
    try:
        return fetch_all(web, items, title="getting")
    finally:
        web.close()


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_comes_whole_and_is_asked_for_once(desk: FileDesk, tmp_path: Path) -> None:
    item = Item(url=desk.put("/a.bin", BODY), target=tmp_path / "a.bin", size=len(BODY))
    assert get(item).came == 1
    assert item.target.read_bytes() == BODY
    assert get(item).describe("set") == "set: 1 of 1 files here, 0 new"
    assert desk.asked == ["/a.bin"]
    assert left(tmp_path) == {"a.bin"}


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("etag", ['"one"', 'W/"one"', ""])
def test_a_dropped_connection_is_gone_on_with(desk: FileDesk, tmp_path: Path, ranges: bool, etag: str) -> None:
    item = Item(
        url=desk.put("/a.bin", BODY, drop_after=[200_000, 1_000], ranges=ranges, etag=etag),
        target=tmp_path / "a.bin",
    )
    assert not get(item).failed
    assert item.target.read_bytes() == BODY
    resumed = ["range" in headers for headers in desk.heads["/a.bin"]]
    assert resumed == [False, *[etag == '"one"'] * 2]


def test_the_next_run_goes_on_where_the_last_one_stopped(desk: FileDesk, tmp_path: Path) -> None:
    item = Item(url=desk.put("/a.bin", BODY, drop_after=[300_000, 0, 0, 0, 0]), target=tmp_path / "a.bin")
    assert "the connection broke" in get(item).failed[item.target]
    assert left(tmp_path) == {"a.bin.part", "a.bin.tag.part"}
    desk.files["/a.bin"].drop_after.clear()
    assert not get(item).failed
    assert item.target.read_bytes() == BODY
    assert desk.heads["/a.bin"][-1]["range"].startswith("bytes=")
    assert left(tmp_path) == {"a.bin"}


def test_a_file_that_changed_meanwhile_is_not_glued_together(desk: FileDesk, tmp_path: Path) -> None:
    newer = random.Random(1).randbytes(500_000)
    url = desk.put("/a.bin", BODY, drop_after=[300_000], new_tag_after=1, new_body=newer)
    item = Item(url=url, target=tmp_path / "a.bin")
    assert not get(item).failed
    assert item.target.read_bytes() == newer


def test_a_part_that_was_whole_already_takes_its_name(desk: FileDesk, tmp_path: Path) -> None:
    item = Item(url=desk.put("/a.bin", BODY), target=tmp_path / "a.bin")
    item.part.write_bytes(BODY)
    item.tag.write_text('"one"')
    assert not get(item).failed
    assert item.target.read_bytes() == BODY
    assert len(desk.asked) == 1


def test_a_part_without_a_tag_begins_anew(desk: FileDesk, tmp_path: Path) -> None:
    item = Item(url=desk.put("/a.bin", BODY), target=tmp_path / "a.bin")
    item.part.write_bytes(b"of another file")
    assert not get(item).failed
    assert item.target.read_bytes() == BODY


@settings(max_examples=8)
@given(drops=st.lists(st.integers(1, 250_000), max_size=4), ranges=st.booleans())
def test_wherever_it_breaks_the_bytes_are_the_same(drops: list[int], ranges: bool, tmp_path_factory) -> None:  # pyright: ignore
    with open_desk() as desk, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "*")
        target = tmp_path_factory.mktemp("broken") / "a.bin"
        item = Item(
            url=desk.put("/a.bin", BODY, drop_after=drops, ranges=ranges),
            target=target,
            digest=f"sha256:{hashlib.sha256(BODY).hexdigest()}",
        )
        for _ in range(3):
            if not get(item).failed:
                break
        assert target.read_bytes() == BODY


def test_busy_servers_are_waited_for_as_they_ask(desk: FileDesk, tmp_path: Path) -> None:
    item = Item(url=desk.put("/a", BODY, statuses=[429, 503], retry_after="7"), target=tmp_path / "a", size=len(BODY))
    waits: list[float] = []
    assert not get(item, waits=waits).failed
    assert waits == [7.0, 7.0]


def test_who_asks_for_too_long_a_wait_is_left_alone_in_this_run(desk: FileDesk, tmp_path: Path) -> None:
    items = [
        Item(url=desk.put(f"/{name}", BODY, statuses=[429], retry_after="86400"), target=tmp_path / name, size=9)
        for name in "abc"
    ]
    waits: list[float] = []
    failed = get(*items, waits=waits, manners=Manners(per_host=1)).failed
    assert all("asks to wait 86,400 seconds" in reason for reason in failed.values())
    assert len(failed) == 3
    assert len(desk.asked) == 1
    assert waits == []


def test_what_is_gone_is_asked_for_once_and_named(desk: FileDesk, tmp_path: Path) -> None:
    item = Item(url=desk.address + "/gone", target=tmp_path / "gone", size=1)
    assert get(item).failed == {item.target: "404 Not Found"}
    assert desk.asked == ["/gone"]
    assert left(tmp_path) == set()


def test_a_server_in_trouble_is_given_up_after_some_attempts(desk: FileDesk, tmp_path: Path) -> None:
    item = Item(url=desk.put("/a", BODY, statuses=[500] * 9), target=tmp_path / "a", size=1)
    waits: list[float] = []
    assert get(item, waits=waits).failed[item.target].startswith("500")
    assert waits == [1.0, 2.0, 4.0]


def test_a_host_that_takes_no_connection_is_not_asked_for_every_file(tmp_path: Path) -> None:
    with open_desk() as closed:
        address = closed.address
    items = [Item(url=f"{address}/{number}", target=tmp_path / str(number), size=1) for number in range(300)]
    waits: list[float] = []
    failed = get(*items, waits=waits, manners=Manners(per_host=1)).failed
    assert len(failed) == 300
    assert sum("cannot be reached" in reason for reason in failed.values()) >= 298
    assert len(waits) < 10


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><p>gone", b"\n <html><body>", b"\xef\xbb\xbf<html>"])
@pytest.mark.parametrize("check", [is_image, is_zip, is_table("label")])
def test_a_page_instead_of_the_file_is_refused(desk: FileDesk, tmp_path: Path, page: bytes, check: object) -> None:
    item = Item(url=desk.put("/a.jpg", page), target=tmp_path / "a.jpg", check=check)  # type: ignore[arg-type]
    assert get(item).failed == {item.target: "a web page and not the file"}
    assert left(tmp_path) == set()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_an_image_that_ends_early_is_no_image(desk: FileDesk, tmp_path: Path, kind: str) -> None:
    whole = picture(kind)
    good = Item(url=desk.put("/good", whole), target=tmp_path / "good", check=is_image)
    cut = Item(url=desk.put("/cut", whole[: len(whole) // 2]), target=tmp_path / "cut", check=is_image)
    # the server says fewer bytes than it has
    short = Item(url=desk.put("/short", whole, claims=len(whole) - 200), target=tmp_path / "short", check=is_image)
    failed = get(good, cut, short).failed
    assert set(failed) == {cut.target, short.target}
    assert "no whole image" in failed[cut.target]
    # what it sends beyond its word stands on the connection where the next try looks for its answer
    assert re.search("no whole image|the connection broke", failed[short.target])
    assert left(tmp_path) == {"good"}


def test_fewer_bytes_than_were_announced_are_no_file(desk: FileDesk, tmp_path: Path) -> None:
    url = desk.put("/a", BODY, claims=len(BODY) + 10, ranges=False)
    item = Item(url=url, target=tmp_path / "a")
    assert item.target in get(item).failed
    assert not item.target.exists()


def test_another_size_than_published_is_refused_before_it_comes(desk: FileDesk, tmp_path: Path) -> None:
    item = Item(url=desk.put("/a", BODY), target=tmp_path / "a", size=len(BODY) - 1)
    assert get(item).failed == {item.target: "the server has 600,000 bytes, 599,999 are published"}


def test_another_checksum_than_published_is_refused(desk: FileDesk, tmp_path: Path) -> None:
    item = Item(url=desk.put("/a", BODY), target=tmp_path / "a", digest="md5:" + "0" * 32)
    assert "published is 000" in get(item).failed[item.target]
    assert left(tmp_path) == set()


def test_an_endless_file_is_stopped(desk: FileDesk, tmp_path: Path) -> None:
    item = Item(url=desk.put("/a", BODY), target=tmp_path / "a", most=1_000)
    assert "more than such a file may have" in get(item).failed[item.target]


def test_a_redirect_does_not_carry_secrets_to_another_host(desk: FileDesk, tmp_path: Path) -> None:
    with open_desk() as other:
        item = Item(url=desk.put("/a", location=other.put("/b", BODY)), target=tmp_path / "a", secret={"X-Key": "mine"})
        assert not get(item).failed
        assert desk.heads["/a"][0]["x-key"] == "mine"
        assert "x-key" not in other.heads["/b"][0]


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://"])
def test_a_redirect_leads_to_the_web_or_nowhere(desk: FileDesk, tmp_path: Path, location: str) -> None:
    item = Item(url=desk.put("/a", location=location), target=tmp_path / "a")
    assert item.target in get(item).failed


def test_a_redirect_in_a_circle_ends(desk: FileDesk, tmp_path: Path) -> None:
    item = Item(url=desk.put("/a", location="/a"), target=tmp_path / "a")
    assert "redirects" in get(item).failed[item.target]


@pytest.mark.parametrize("url", ["", "nowhere", "file:///etc/passwd", "http://[", "http://a b/", "http://127.0.0.1:x/"])
def test_an_address_that_is_none_fails_alone(tmp_path: Path, url: str) -> None:
    item = Item(url=url, target=tmp_path / "a", size=1)
    assert item.target in get(item).failed


def test_too_small_a_disk_is_said_before_anything_comes(
    desk: FileDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = Item(url=desk.put("/a", BODY), target=tmp_path / "set" / "a", size=10**18)
    with pytest.raises(DataError, match=r"GB are needed and .* GB are free"):
        get(item)
    assert desk.asked == []


def test_a_full_disk_is_one_line_and_keeps_the_parts(
    desk: FileDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28), "photos/a.part")

    monkeypatch.setattr(many, "fetch", full)
    with pytest.raises(DataError, match=r"photos/a.part: No space left on device; .* the same command goes on"):
        get(Item(url=desk.put("/a", BODY), target=tmp_path / "a", size=1))


def test_an_interruption_leaves_only_parts(desk: FileDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [Item(url=desk.put(f"/{name}", BODY), target=tmp_path / name, size=len(BODY)) for name in "abcdef"]

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(many, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            get(*items)
    for path in tmp_path.iterdir():
        assert path.suffix == ".part" or path.read_bytes() == BODY
    assert not get(*items).failed
    assert all(item.target.read_bytes() == BODY for item in items)
