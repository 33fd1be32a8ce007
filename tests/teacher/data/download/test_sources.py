"""`python -m teacher download`: each dataset from a server that answers as its host does, read by its loader."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from command_desk import Said, typed
from file_desk import FileDesk, open_desk
from PIL import Image

from teacher.data.download import archive, command
from teacher.data.download.archive import by_suffix, unpack
from teacher.data.download.desk import Addresses, Desk
from teacher.data.registry import all_datasets, dataset
from teacher.data.sample import DataError


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    for name in command.SECRETS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileDesk]:
    with open_desk() as opened:
        here = opened.address
        monkeypatch.setattr(
            command,
            "ADDRESSES",
            Addresses(
                **dict.fromkeys(("dataverse", "kaggle", "mendeley", "isic", "milk10k", "scin"), here),
                fitzpatrick17k=f"{here}/fitzpatrick17k.csv",
            ),
        )
        yield opened


def picture(seed: int = 0, kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (seed * 37 % 256, 90, 120)).save(buffer, kind)
    return buffer.getvalue()


def zipped(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return buffer.getvalue()


def table(header: str, *rows: str) -> bytes:
    return "\n".join((header, *rows, "")).encode()


def download(name: str, root: Path, capsys: pytest.CaptureFixture[str]) -> Said:
    return typed("teacher", "download", name, "--data", root, capsys=capsys)


def found(name: str, root: Path) -> int:
    """Images that the dataset's own loader finds, of those its table lists."""
    loaded = dataset(name).load(root)
    assert loaded is not None
    assert not loaded.absent
    return len(loaded.samples)


def twice(name: str, root: Path, desk: FileDesk, capsys: pytest.CaptureFixture[str]) -> Said:
    """The command, and once more: nothing comes a second time."""
    said = download(name, root, capsys)
    assert said.code == 0, said.err
    desk.asked.clear()
    assert download(name, root, capsys).code == 0
    assert desk.asked == []
    assert dataset(name).licence in (root / f"LICENCE-{name}.txt").read_text()
    assert not [path for path in root.rglob("*") if path.suffix in (".part", ".zip")]
    return said


HAM_TABLE = table("lesion_id,image_id,dx", "HAM_1,ISIC_0000001,nv", "HAM_2,ISIC_0000002,mel")


def put_dataverse(desk: FileDesk) -> list[bytes]:
    parts = [zipped((f"ISIC_000000{number}.jpg", picture(number))) for number in (1, 2)]
    files = [
        {"id": number, "filename": f"HAM10000_images_part_{number}.zip", "filesize": len(part)}
        | {"md5": hashlib.md5(part).hexdigest()}
        for number, part in enumerate(parts, 1)
    ]
    files.append({"id": 3, "filename": "HAM10000_metadata.tab", "filesize": 7, "originalFileFormat": "text/csv"})
    listing = {"data": {"latestVersion": {"files": [{"dataFile": file} for file in files]}}}
    desk.put("/api/datasets/:persistentId/", json.dumps(listing).encode())
    for number, part in enumerate(parts, 1):
        desk.put(f"/api/access/datafile/{number}", part)
    desk.put("/api/access/datafile/3?format=original", HAM_TABLE)
    return parts


def test_ham10000_from_dataverse(
    desk: FileDesk, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_dataverse(desk)
    monkeypatch.setenv("DATAVERSE_TOKEN", "a-token")
    twice("ham10000", tmp_path, desk, capsys)
    assert found("ham10000", tmp_path) == 2
    assert {heads["x-dataverse-key"] for asked in desk.heads.values() for heads in asked} == {"a-token"}


def test_an_archive_that_is_not_what_was_published_is_not_unpacked(
    desk: FileDesk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = put_dataverse(desk)[0]
    desk.files["/api/access/datafile/1"].body = bytes(len(part))
    said = download("ham10000", tmp_path, capsys)
    assert said.code == 1
    assert "its md5 is" in said.error
    assert not list(tmp_path.rglob("*.jpg"))


def test_where_dataverse_refuses_the_message_says_what_else_there_is(
    desk: FileDesk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_dataverse(desk)
    desk.files["/api/access/datafile/1"].statuses = [403]
    said = download("ham10000", tmp_path, capsys)
    assert "403" in said.error
    assert "KAGGLE_USERNAME" in said.error


def test_ham10000_from_kaggle_where_its_credentials_are_set(
    desk: FileDesk, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", "me")
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    path = "/api/v1/datasets/download/kmader/skin-cancer-mnist-ham10000"
    members = [(f"HAM10000_images_part_{n}/ISIC_000000{n}.jpg", picture(n)) for n in (1, 2)]
    again = [(name.lower().replace("isic", "ISIC"), content) for name, content in members]
    desk.put(path, zipped(("HAM10000_metadata.csv", HAM_TABLE), ("hmnist_8_8_L.csv", b"1,2"), *members, *again))
    said = twice("ham10000", tmp_path, desk, capsys)
    assert found("ham10000", tmp_path) == 2
    assert desk.heads[path][0]["authorization"] == "Basic bWU6c2VjcmV0"
    assert "secret" not in said.out + said.err
    assert not (tmp_path / "hmnist_8_8_L.csv").exists()


def test_pad_ufes_from_mendeley(desk: FileDesk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"PAT_{n},PAT_{n}_1_{n}.png,NEV,2.0,{n}" for n in (1, 2, 3)]
    contents = {"metadata.csv": table("patient_id,img_id,diagnostic,fitspatrick,lesion_id", *rows)}
    for n in (1, 2, 3):
        contents[f"imgs_part_{n}.zip"] = zipped((f"imgs_part_{n}/PAT_{n}_1_{n}.png", picture(n, "PNG")))
    files = [
        {
            "filename": name,
            "content_details": {
                "download_url": desk.put(f"/files/{name}", content),
                "size": len(content),
                "sha256_hash": hashlib.sha256(content).hexdigest(),
            },
        }
        for name, content in contents.items()
    ]
    desk.put("/public-api/datasets/zr7vgbcyr2", json.dumps({"files": files}).encode())
    twice("pad_ufes", tmp_path, desk, capsys)
    assert found("pad_ufes", tmp_path) == 3


def put_pages(desk: FileDesk, ids: Sequence[str]) -> None:
    """A page an image, as the archive's API answers."""
    for number, name in enumerate(ids):
        content = picture(number)
        url = desk.put(f"/images/{number}.jpg", content)
        clinical = {"diagnosis_1": "Benign", "diagnosis_2": "Benign melanocytic proliferations", "diagnosis_3": "Nevus"}
        image = {
            "isic_id": name,
            "copyright_license": "CC-BY-NC",
            "attribution": "BCN",
            "files": {"full": {"url": f"{url}?signed={number}", "size": len(content)}},
            "metadata": {
                "acquisition": {"image_type": "dermoscopic"},
                "clinical": {**clinical, "lesion_id": f"IL_{number}", "age_approx": None},
            },
        }
        following = f"{desk.address}/images/search/?cursor={number + 1}" if number + 1 < len(ids) else None
        page = json.dumps({"count": len(ids), "next": following, "results": [image]}).encode()
        desk.put(f"/images/search/?cursor={number}" if number else "/images/search/", page)


def test_bcn20000_page_by_page(desk: FileDesk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put_pages(desk, [f"ISIC_000000{n}" for n in range(3)])
    desk.files["/images/1.jpg"].statuses = [404]
    assert "404" in download("bcn20000", tmp_path, capsys).error
    twice("bcn20000", tmp_path, desk, capsys)
    assert found("bcn20000", tmp_path) == 3


def test_an_archive_that_names_a_path_is_refused(
    desk: FileDesk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_pages(desk, ["../../etc/passwd"])
    assert "none of its ids" in download("bcn20000", tmp_path, capsys).error


def test_milk10k(desk: FileDesk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    classes = "AKIEC,BCC,BEN_OTH,BKL,DF,INF,MAL_OTH,MEL,NV,SCCKA,VASC"
    rows = ("IL_1,dermoscopic,ISIC_0000001,3", "IL_1,clinical: close-up,ISIC_0000002,3")
    desk.put("/MILK10k_Training_Metadata.csv", table("lesion_id,image_type,isic_id,skin_tone_class", *rows))
    desk.put("/MILK10k_Training_GroundTruth.csv", table(f"lesion_id,{classes}", "IL_1,0,0,0,0,0,0,0,0,1,0,0"))
    desk.put("/MILK10k_Training_Supplement.csv", table("isic_id,diagnosis_full", "ISIC_0000001,Nevus"))
    members = [(f"MILK10k_Training_Input/IL_1/ISIC_000000{n}.jpg", picture(n)) for n in (1, 2)]
    desk.put("/MILK10k_Training_Input.zip", zipped(*members, ("__MACOSX/IL_1/._ISIC_0000001.jpg", b"no photo")))
    desk.files["/MILK10k_Training_Input.zip"].drop_after = [500]
    twice("milk10k", tmp_path, desk, capsys)
    assert found("milk10k", tmp_path) == 2


def test_scin(desk: FileDesk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header = "case_id,image_1_path,image_2_path,image_3_path"
    desk.put("/scin_cases.csv", table(header, "1,dataset/images/-12.png,dataset/images/34.png,"))
    labels = "case_id,weighted_skin_condition_label,dermatologist_gradable_for_skin_condition_1"
    desk.put("/scin_labels.csv", table(labels, "1,{'Eczema': 1.0},DEFAULT_YES_IMAGE_QUALITY_SUFFICIENT"))
    for number, name in enumerate(("-12", "34")):
        desk.put(f"/images/{name}.png", picture(number, "PNG"))
    twice("scin", tmp_path, desk, capsys)
    assert found("scin", tmp_path) == 2


def fitzpatrick_rows(addresses: Sequence[str]) -> bytes:
    rows = (f"{number:032x},2,psoriasis,non-neoplastic,,{url}" for number, url in enumerate(addresses))
    return table("md5hash,fitzpatrick_scale,label,three_partition_label,qc,url", *rows)


def fetch_fitzpatrick(root: Path, waits: list[float]) -> list[str]:
    desk = Desk(root=root, addresses=command.ADDRESSES, per_host=8, wait=waits.append)
    return command.fetch_dataset(dataset("fitzpatrick17k"), desk)


def test_fitzpatrick17k_keeps_what_failed_and_tries_only_that_again(desk: FileDesk, tmp_path: Path) -> None:
    good = [desk.put(f"/atlas/{n}.jpg", picture(n)) for n in range(8)]
    page = desk.put("/atlas/page.jpg", b"<html>moved</html>")
    dead = f"{desk.address}/atlas/dead.jpg"
    desk.put("/fitzpatrick17k.csv", fitzpatrick_rows([*good, page, dead, ""]))
    waits: list[float] = []
    lines = fetch_fitzpatrick(tmp_path, waits)
    assert lines[0].startswith("fitzpatrick17k: 8 of 10 files here, 8 new; failed: ")
    assert "3 photos that failed" in lines[1]
    failed = (tmp_path / "fitzpatrick17k" / "failed.csv").read_text()
    assert [line.split(",")[1] for line in failed.splitlines()[1:]] == [
        *("a web page and not the file", "404 Not Found", "the table has no address")
    ]
    assert set(desk.most_at_once.values()) == {1}
    assert set(waits) == {0.5}

    desk.asked.clear()
    desk.put("/atlas/dead.jpg", picture(9))
    lines = fetch_fitzpatrick(tmp_path, waits)
    assert sorted(desk.asked) == ["/atlas/dead.jpg", "/atlas/page.jpg"]
    assert lines[0].startswith("fitzpatrick17k: 9 of 10 files here, 1 new")
    assert "2 photos that failed" in lines[1]


def test_two_atlases_are_asked_side_by_side_and_each_once_at_a_time(desk: FileDesk, tmp_path: Path) -> None:
    with open_desk() as other:
        urls = [at.put(f"/{n}.jpg", picture(n)) for n in range(12) for at in (desk, other)]
        moved = [desk.put(f"/moved/{n}.jpg", location=f"{other.address}/{n}.jpg") for n in range(6)]
        desk.put("/fitzpatrick17k.csv", fitzpatrick_rows([*urls, *moved]))
        assert "30 of 30 files here" in fetch_fitzpatrick(tmp_path, [])[0]
        assert set(desk.most_at_once.values()) | set(other.most_at_once.values()) == {1}


@pytest.mark.parametrize("name", ["ddi", "passion", "own"])
def test_what_no_command_can_get_says_how_to_ask(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = download(name, tmp_path, capsys)
    assert said.code == 0
    assert dataset(name).how_to_get in said.out
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_dataset_lists_those_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = download("isic2031", tmp_path, capsys)
    assert all(spec.name in said.error for spec in all_datasets())


def test_ctrl_c_says_how_to_go_on(
    desk: FileDesk, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Desk) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setitem(command.SOURCES, "scin", interrupted)
    said = download("scin", tmp_path, capsys)
    assert said.code == 130
    assert "the same command goes on" in said.err


@pytest.mark.parametrize("name", ["../out.jpg", "/out.jpg", "a/../../out.jpg", "C:\\out.jpg", "..\\out.jpg"])
def test_nothing_lands_outside_the_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    path = folder / "a.zip"
    path.write_bytes(zipped((name, picture())))
    with pytest.raises(DataError, match="outside the folder"):
        unpack(path, folder, lambda member: member)
    assert list(tmp_path.iterdir()) == [folder]
    assert list(folder.iterdir()) == [path]


def test_a_link_and_a_bomb_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a.jpg")
    link.external_attr = 0o120777 << 16
    for content, reason in ((link, "is a link"), (None, "claims")):
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr(content or "a.jpg", b"/etc/passwd" if content else bytes(30_000_000))
        with pytest.raises(DataError, match=reason):
            unpack(path, tmp_path, by_suffix(jpg="images/"))
    assert not (tmp_path / "images").exists()


def test_a_damaged_archive_is_removed_so_that_the_next_run_gets_it(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    content = bytearray(zipped(("a.jpg", picture())))
    content[45:60] = bytes(15)
    path.write_bytes(content)
    with pytest.raises(DataError, match="the same command gets it again"):
        unpack(path, tmp_path, by_suffix(jpg="images/"))
    assert not list(tmp_path.rglob("*.jpg"))
    assert not path.exists()
    assert not archive.is_unpacked(path, tmp_path)
