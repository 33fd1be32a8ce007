"""The service keeps to its OpenAPI document, for whatever schemathesis makes of it."""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance
from service_peers import SERVED, FakeAssessor, jpeg

from runtime import Triage
from runtime.answer.advice import DISCLAIMER
from runtime.service.app import create_app
from runtime.service.limits import ServiceLimits

LIMITS = ServiceLimits(rate_per_minute=0)
PHOTOS = st.sampled_from([jpeg(), jpeg(300), b"no photo", b""]) | st.binary(max_size=64)
MEDIA = ("image/jpeg", "image/png", "image/webp", "image/tiff", "image/bmp", "image/gif", "application/octet-stream")

for media in MEDIA:
    schemathesis.openapi.media_type(media, PHOTOS)


@pytest.fixture
def fake_schema() -> object:
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(FakeAssessor(), served=SERVED, limits=LIMITS))


@pytest.fixture
def real_schema() -> object:
    app = create_app(Triage.load(threads=1), served=SERVED, limits=LIMITS)
    return schemathesis.openapi.from_asgi("/openapi.json", app)


fake = schemathesis.pytest.from_fixture("fake_schema")
real = schemathesis.pytest.from_fixture("real_schema")


def check(case: schemathesis.Case) -> None:
    # No schema can say which bytes are a photo, so bytes that fit it may be refused.
    answer = case.call_and_validate(excluded_checks=[positive_data_acceptance])
    if "json" in answer.headers["content-type"][0] and case.path != "/openapi.json":
        assert answer.json()["disclaimer"] == DISCLAIMER


@fake.parametrize()
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_answers_fit_the_document(case: schemathesis.Case) -> None:
    check(case)


@real.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_default_bundles_answers_fit_it_too(case: schemathesis.Case) -> None:
    check(case)


def test_the_document_names_every_refusal_and_the_disclaimer() -> None:
    document = create_app(FakeAssessor(), served=SERVED).openapi()
    assert document["info"]["description"] == DISCLAIMER
    assert set(document["paths"]) == {"/assess", "/health", "/metrics"}
    answers = document["paths"]["/assess"]["post"]["responses"]
    assert set(answers) == {"200", "400", "408", "413", "415", "422", "429", "500", "503"}
