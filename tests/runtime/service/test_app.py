"""The web service: what it answers, what it refuses, and what it keeps to itself."""

import json
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from plugin_bundles import MakeBundle
from service_peers import SERVED, Answer, FakeAssessor, assert_refused, jpeg, report
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from runtime import Triage
from runtime.answer.advice import DISCLAIMER
from runtime.errors import BundleError, EngineError, PhotoError
from runtime.photo.decode import PhotoLimits
from runtime.service.app import create_app
from runtime.service.guard import LINGER_PHOTOS
from runtime.service.limits import ServiceLimits
from runtime.triage import Tier

JPEG = {"content-type": "image/jpeg"}


def client_of(assessor: Any = None, **options: Any) -> TestClient:
    return TestClient(create_app(assessor or FakeAssessor(), served=SERVED, **options))


def as_body(client: TestClient, photo: bytes, **headers: str) -> Any:
    return client.post("/assess", content=photo, headers={**JPEG, **headers})


def as_form(client: TestClient, photo: bytes, *, name: str = "photo.jpg") -> Any:
    return client.post("/assess", files={"photo": (name, photo, "image/jpeg")})


SENDERS = pytest.mark.parametrize("send", [as_body, as_form])


@SENDERS
def test_a_photo_gets_the_report_of_the_library(
    send: Callable[..., Any], tiny_bundle: MakeBundle, tmp_path: Path
) -> None:
    triage = Triage.load(tiny_bundle(tmp_path, malignancy=0.9))
    answer = send(client_of(triage), jpeg())
    assert answer.status_code == 200
    assert answer.json() == triage.assess(jpeg()).to_dict()
    assert answer.json()["tier"] == "high"


@SENDERS
def test_the_assessor_gets_the_very_bytes(send: Callable[..., Any]) -> None:
    fake, photo = FakeAssessor(), jpeg(700)
    assert send(client_of(fake), photo).status_code == 200
    assert fake.seen == [photo]


def test_the_real_bundle_cannot_assess_a_black_photo() -> None:
    import io

    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (300, 300)).save(stream, "PNG")
    answer = client_of(Triage.load(threads=1)).post("/assess", content=stream.getvalue(), headers=JPEG).json()
    assert (answer["tier"], answer["malignancy"], answer["conditions"]) == ("cannot assess", None, [])


@SENDERS
@pytest.mark.parametrize("photo", [b"", b"This is no photo.", jpeg()[:500], b"\x00\x00\x00\x18ftypheic" + bytes(99)])
def test_what_is_no_photo_is_422_with_the_reason(send: Callable[..., Any], photo: bytes) -> None:
    answer = send(client_of(), photo)
    assert_refused(answer, 422, "unreadable_photo")
    with pytest.raises(PhotoError) as caught:
        FakeAssessor().assess(photo)
    assert answer.json()["error"]["message"] == str(caught.value)


def test_a_heic_is_answered_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    heic = b"\x00\x00\x00\x18ftypheic" + bytes(99)
    answer = client_of(Triage.load(threads=1)).post("/assess", content=heic, headers={"content-type": "image/heic"})
    assert_refused(answer, 422, "unreadable_photo")
    assert "skintag-edge[heif]" in answer.json()["error"]["message"]


def chunks(total: int) -> Iterator[bytes]:
    """A body whose length nobody announces."""
    for _ in range(total // 1000):
        yield bytes(1000)


@pytest.mark.parametrize("body", [bytes(60_000), lambda: chunks(60_000)], ids=["announced", "chunked"])
def test_too_many_bytes_are_413_and_never_reach_the_assessor(body: Any) -> None:
    fake = FakeAssessor()
    client = client_of(fake, limits=ServiceLimits(max_bytes=50_000))
    answer = client.post("/assess", content=body() if callable(body) else body, headers=JPEG)
    assert_refused(answer, 413, "too_large")
    assert "0.05 MB" in answer.json()["error"]["message"]
    assert fake.seen == []


@SENDERS
def test_the_byte_limit_is_exact(send: Callable[..., Any]) -> None:
    client = client_of(limits=ServiceLimits(max_bytes=len(jpeg())))
    assert send(client, jpeg()).status_code == 200
    assert_refused(send(client, jpeg() + b"\x00"), 413, "too_large")


def test_a_body_is_left_unread_once_it_is_too_long() -> None:
    """An endless body: the answer comes while it is still being sent."""
    import anyio

    limits = ServiceLimits(max_bytes=50_000)
    app = create_app(FakeAssessor(), served=SERVED, limits=limits)
    received, sent = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal received
        received += 10_000
        return {"type": "http.request", "body": bytes(10_000), "more_body": True}

    async def send(message: Any) -> None:
        sent.append((received, message))

    headers = [(b"content-type", b"image/jpeg"), (b"transfer-encoding", b"chunked")]
    scope = {"type": "http", "method": "POST", "path": "/assess", "headers": headers, "query_string": b""}
    anyio.run(app, scope, receive, send)
    (begun, start), (whole, body), (ended, end) = sent
    assert (start["status"], begun, whole) == (413, 60_000, 60_000)
    assert (b"connection", b"close") in start["headers"]
    assert json.loads(body["body"])["error"]["code"] == "too_large"
    assert (end["body"], end["more_body"]) == (b"", False)
    assert ended == 60_000 + LINGER_PHOTOS * limits.max_bytes


@SENDERS
def test_too_many_pixels_are_413(send: Callable[..., Any], tiny_bundle: MakeBundle, tmp_path: Path) -> None:
    triage = Triage.load(tiny_bundle(tmp_path), limits=PhotoLimits(max_pixels=95 * 96))
    answer = send(client_of(triage), jpeg(96))
    assert_refused(answer, 413, "too_large")
    assert "96 x 96 pixels" in answer.json()["error"]["message"]


def test_the_services_limits_reach_the_decoder() -> None:
    limits = ServiceLimits(max_bytes=123, max_pixels=456)
    assert (limits.photo_limits.max_bytes, limits.photo_limits.max_pixels) == (123, 456)


@pytest.mark.parametrize("media", ["", "text/plain", "application/json", "application/x-www-form-urlencoded"])
def test_other_media_types_are_415(media: str) -> None:
    headers = {"content-type": media} if media else {}
    assert_refused(client_of().post("/assess", content=jpeg(), headers=headers), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"files": {"picture": ("a.jpg", jpeg())}}, 422, "no_photo"),
        ({"files": {"other": (None, "text")}}, 422, "no_photo"),
        ({"files": {"photo": (None, "text")}}, 422, "no_photo"),
        ({"files": [("photo", ("a.jpg", jpeg())), ("photo", ("b.jpg", jpeg()))]}, 400, "bad_form"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "bad_form"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=b"}}, 400, "bad_form"),
    ],
)
def test_forms_without_one_photo_are_refused(options: dict[str, Any], status: int, code: str) -> None:
    assert_refused(client_of().post("/assess", **options), status, code)


@pytest.mark.parametrize(
    "error", [EngineError("/srv/bundle/model.onnx: NaN"), BundleError("/srv/bundle: gone"), ValueError("a\nb")]
)
def test_a_failing_model_is_500_without_a_tier_or_inner_details(error: Exception) -> None:
    answer = as_body(client_of(FakeAssessor(error=error)), jpeg())
    assert_refused(answer, 500, "no_result")
    assert "/srv" not in answer.text
    assert not any(tier.value in answer.text.lower() for tier in Tier)


@pytest.mark.parametrize(
    "change",
    [
        {"malignancy": float("nan")},
        {"malignancy": float("inf")},
        {"tier": "fine"},
        {"tier": None},
        {"tier": ["low"]},
        {"disclaimer": ""},
        {"reasons": object()},
    ],
)
def test_a_report_that_is_not_sound_is_500(change: dict[str, Any]) -> None:
    broken = Answer({**report(Tier.LOW).to_dict(), **change})
    assert_refused(as_body(client_of(FakeAssessor(broken)), jpeg()), 500, "no_result")


def test_the_rate_is_429_until_the_time_it_says() -> None:
    now = [0.0]
    client = client_of(limits=ServiceLimits(rate_per_minute=2), clock=lambda: now[0])
    assert [as_body(client, jpeg()).status_code for _ in range(2)] == [200, 200]
    refused = as_body(client, jpeg())
    assert_refused(refused, 429, "too_many_requests")
    wait = int(refused.headers["retry-after"])
    now[0] = wait - 1
    assert as_body(client, jpeg()).status_code == 429
    now[0] = wait
    assert as_body(client, jpeg()).status_code == 200
    assert client.get("/health").status_code == 200


def test_a_forwarded_address_counts_only_where_a_proxy_is_trusted() -> None:
    for trusted, expected in ((False, 429), (True, 200)):
        client = client_of(limits=ServiceLimits(rate_per_minute=1), clock=lambda: 0.0, trust_proxy=trusted)
        assert as_body(client, jpeg(), **{"x-forwarded-for": "203.0.113.1"}).status_code == 200
        assert as_body(client, jpeg(), **{"x-forwarded-for": "203.0.113.2"}).status_code == expected


def test_what_a_client_puts_before_the_proxys_word_changes_nothing() -> None:
    client = client_of(limits=ServiceLimits(rate_per_minute=1), clock=lambda: 0.0, trust_proxy=True)
    assert as_body(client, jpeg(), **{"x-forwarded-for": "203.0.113.1"}).status_code == 200
    assert as_body(client, jpeg(), **{"x-forwarded-for": "198.51.100.7, 203.0.113.1"}).status_code == 429


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/docs", 404, "not_found"),
        ("POST", "/assess/", 404, "not_found"),
        ("GET", "/assess", 405, "method_not_allowed"),
        ("DELETE", "/health", 405, "method_not_allowed"),
    ],
)
def test_other_paths_and_methods_have_the_same_shape(method: str, path: str, status: int, code: str) -> None:
    answer = client_of().request(method, path)
    assert_refused(answer, status, code)
    assert status == 404 or answer.headers["allow"]


def test_health_says_which_model_is_ready() -> None:
    found = client_of().get("/health").json()
    assert found == {"status": "ready", "model_id": "fake", "bundle": "none", "disclaimer": DISCLAIMER}


def test_figures_count_answers_and_belong_to_one_application() -> None:
    client, other = client_of(), client_of()
    as_body(client, jpeg())
    as_body(client, b"no photo")
    client.get("/anna-mustermann")
    figures = client.get("/metrics")
    assert figures.headers["content-type"].startswith("text/plain")
    for line in (
        'skintag_requests_total{method="POST",route="/assess",status="200"} 1.0',
        'skintag_requests_total{method="POST",route="/assess",status="422"} 1.0',
        'skintag_requests_total{method="GET",route="other",status="404"} 1.0',
        'skintag_request_seconds_count{route="/assess"} 2.0',
        'skintag_reports_total{tier="moderate"} 1.0',
        "skintag_requests_in_flight 1.0",  # this very question
    ):
        assert line in figures.text.splitlines()
    assert "mustermann" not in figures.text
    assert "/assess" not in other.get("/metrics").text


@pytest.mark.parametrize("path", ["/health", "/metrics", "/openapi.json"])
def test_a_load_balancer_may_ask_by_head(path: str) -> None:
    client = client_of()
    answer = client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert client.get(path).content


def test_a_head_that_has_no_get_stays_refused() -> None:
    assert client_of().head("/assess").status_code == 405
    assert client_of().head("/nowhere").status_code == 404


def form_of(disposition: str, photo: bytes) -> dict[str, Any]:
    """A form with one part, whose header stands as it is given."""
    head = f"--b\r\nContent-Disposition: {disposition}\r\nContent-Type: image/jpeg\r\n\r\n".encode()
    headers = {"content-type": "multipart/form-data; boundary=b"}
    return {"content": head + photo + b"\r\n--b--\r\n", "headers": headers}


@pytest.mark.parametrize(
    "name",
    [
        "filename*=UTF-8''%C3%A9tude.jpg",
        "FileName*=UTF-8''a.jpg",
        "filename* = iso-8859-1'en'a.jpg",
        "filename=\"a.jpg\"; filename*=UTF-8''%C3%A9tude.jpg",
        "filename*=UTF-8''; filename=a.jpg",
        "filename*",
    ],
)
def test_a_file_whose_name_is_in_the_long_form_is_a_file(name: str) -> None:
    """RFC 5987: what HTTP libraries send for a name that is not ASCII."""
    fake, photo = FakeAssessor(), jpeg(700)
    answer = client_of(fake).post("/assess", **form_of(f'form-data; name="photo"; {name}', photo))
    assert answer.status_code == 200
    assert fake.seen == [photo]


@pytest.mark.parametrize("disposition", ['form-data; name="photo"', 'form-data; name="photo; filename*=x"'])
def test_a_photo_that_is_no_file_is_told_what_to_do(disposition: str) -> None:
    answer = client_of().post("/assess", **form_of(disposition, bytes(20_000)))
    assert_refused(answer, 400, "bad_form")
    assert "send the photo as a file, with a filename" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/health", "/metrics", "/openapi.json", "/nowhere"])
def test_every_answer_carries_safe_headers(path: str) -> None:
    headers = client_of().get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "server" not in headers


def test_other_origins_are_shut_out_unless_named() -> None:
    ours, theirs = {"origin": "https://clinic.example"}, {"origin": "https://other.example"}
    name = "access-control-allow-origin"
    assert name not in as_body(client_of(), jpeg(), **ours).headers
    opened = client_of(cors_origins=["https://clinic.example"])
    assert as_body(opened, jpeg(), **ours).headers[name] == "https://clinic.example"
    assert as_body(opened, b"no photo", **ours).headers[name] == "https://clinic.example"
    assert name not in as_body(opened, jpeg(), **theirs).headers
    asked = {"access-control-request-method": "POST"}
    assert opened.options("/assess", headers={**ours, **asked}).status_code == 200
    assert opened.options("/assess", headers={**theirs, **asked}).status_code == 400


def test_no_photo_is_written_to_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With nowhere to put a temporary file a form of 3 MB is read; Starlette's own way of reading it fails."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    photo = jpeg(1500, quality=100)
    assert len(photo) > 3_000_000
    assert as_form(client_of(), photo).status_code == 200

    async def spooled(request: Request) -> Response:
        return Response(str(len(await request.form())))

    usual = TestClient(Starlette(routes=[Route("/assess", spooled, methods=["POST"])]))
    with pytest.raises(FileNotFoundError):
        as_form(usual, photo)


@pytest.mark.parametrize("error", [None, EngineError("NaN"), ValueError("marked")])
def test_neither_photo_nor_its_name_is_logged(error: Exception | None, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    photo = jpeg() + b"MARKED-BYTES"
    if isinstance(error, ValueError):
        error = ValueError(f"cannot use {photo!r}")
    as_form(client_of(FakeAssessor(error=error)), photo, name="anna-mustermann.jpg")
    log = [record for record in caplog.records if record.name == "runtime.service"]
    assert any(record.getMessage().startswith("POST /assess ") for record in log)
    text = "\n".join(f"{record.getMessage()} {record.exc_info} {record.args}" for record in caplog.records)
    for secret in ("MARKED", "mustermann", "testclient"):
        assert secret not in text
