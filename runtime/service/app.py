"""The web service as an application: a photo in by POST, the report out as JSON.

It judges with whatever it is given: anything with `assess`, so that a teacher can be served without being imported.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from runtime.answer.advice import DISCLAIMER
from runtime.answer.report import REPORT_VERSION
from runtime.errors import PhotoError, PhotoTooLargeError, SkintagError
from runtime.service.answers import (
    PHOTO_BODY,
    REFUSALS,
    HealthAnswer,
    Refusal,
    ReportAnswer,
    no_result,
    report_response,
)
from runtime.service.guard import LOG, Guard, Metrics
from runtime.service.limits import ClientRates, ServiceLimits, client_of
from runtime.service.upload import Places, read_photo


class AssessedReport(Protocol):
    """What the service needs of a report."""

    def to_dict(self) -> Mapping[str, Any]: ...


class Assessor(Protocol):
    """What the service needs of `Triage`, or of anything in its place. Called from several threads at once."""

    def assess(self, source: bytes, /) -> AssessedReport:
        """Judge the bytes of a photo. Raises PhotoError for what is no readable photo, else SkintagError."""
        ...


@dataclass(frozen=True, kw_only=True)
class Served:
    """Who judges, as /health tells it."""

    model_id: str
    bundle: str
    """a name, not a path: strangers need not know this machine's folders"""


def create_app(
    assessor: Assessor,
    *,
    served: Served,
    limits: ServiceLimits | None = None,
    cors_origins: Sequence[str] = (),
    trust_proxy: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """The application. `assessor` should hold photos to `limits.photo_limits` itself; bytes are counted here too.

    `cors_origins`: pages of other origins whose scripts may read the answers, such as "https://clinic.example".
    `trust_proxy`: count a client by the last entry of X-Forwarded-For; only for a service behind a proxy, or anyone
    could choose an address. `clock`: seconds for the rate limit.
    """
    limits = limits or ServiceLimits()
    service = _Service(assessor, served=served, limits=limits, trust_proxy=trust_proxy, clock=clock)
    app = FastAPI(
        title="SkinTag Edge",
        description=DISCLAIMER,
        version=str(REPORT_VERSION),
        docs_url=None,  # FastAPI's own pages fetch scripts from a CDN
        redoc_url=None,
        redirect_slashes=False,
    )
    service.add_routes(app)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _not_served)
    if cors_origins:
        app.add_middleware(CORSMiddleware, allow_origins=cors_origins, allow_methods=("GET", "POST"))
    app.add_middleware(Guard, metrics=service.metrics, limits=limits)
    return app


class _Service:
    """The endpoints, and what they share."""

    def __init__(
        self,
        assessor: Assessor,
        *,
        served: Served,
        limits: ServiceLimits,
        trust_proxy: bool,
        clock: Callable[[], float],
    ) -> None:
        self.metrics = Metrics()
        self._assessor = assessor
        self._served = served
        self._limits = limits
        self._trust_proxy = trust_proxy
        self._rates = ClientRates(per_minute=limits.rate_per_minute, clock=clock)
        self._places = Places(limits)
        self._threads = CapacityLimiter(limits.threads)

    def add_routes(self, app: FastAPI) -> None:
        app.add_api_route(
            "/assess",
            self.assess,
            methods=["POST"],
            summary="Judge one photo of one spot",
            response_model=None,
            responses={200: {"model": ReportAnswer, "description": "The report."}, **REFUSALS},
            openapi_extra={"requestBody": PHOTO_BODY},
        )
        app.add_api_route(
            "/health", self.health, summary="Whether it is ready, and with which model", response_model=HealthAnswer
        )
        figures = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus text."}}
        app.add_api_route(
            "/metrics", self.figures, summary="Figures for Prometheus", response_class=Response, responses={**figures}
        )
        for path in ("/health", "/metrics"):  # load balancers probe by HEAD, for which FastAPI makes no route
            app.add_api_route(path, _there, methods=["HEAD"], include_in_schema=False)

    async def assess(self, request: Request) -> JSONResponse:
        self._check_rate(request)
        async with self._places.place():
            photo = await read_photo(request, self._limits)
            return await self._judge(photo)

    async def health(self) -> JSONResponse:
        served = {"model_id": self._served.model_id, "bundle": self._served.bundle}
        return JSONResponse({"status": "ready", **served, "disclaimer": DISCLAIMER})

    async def figures(self) -> Response:
        return Response(generate_latest(self.metrics.registry), headers={"content-type": CONTENT_TYPE_LATEST})

    def _check_rate(self, request: Request) -> None:
        peer = None if request.client is None else request.client.host
        forwarded = request.headers.getlist("x-forwarded-for")
        client = client_of(peer, forwarded, trust_proxy=self._trust_proxy)
        seconds = self._rates.seconds_to_wait(client)
        if seconds:
            message = f"Too many photos from this address. Send the next one in {seconds} s."
            raise Refusal(429, "too_many_requests", message, retry_after=seconds)

    async def _judge(self, photo: bytes) -> JSONResponse:
        """The answer on a photo. Whatever goes wrong ends in a refusal, never in a tier."""
        try:
            report = await anyio.to_thread.run_sync(self._report_on, photo, limiter=self._threads)
            response = report_response(report)
        except PhotoTooLargeError as error:
            raise Refusal(413, "too_large", str(error)) from error
        except PhotoError as error:
            raise Refusal(422, "unreadable_photo", str(error)) from error
        except SkintagError as error:
            LOG.error("no result: %s", error)
            raise no_result() from error
        self.metrics.tiers.labels(report["tier"]).inc()
        return response

    def _report_on(self, photo: bytes) -> Mapping[str, Any]:
        return self._assessor.assess(photo).to_dict()


async def _there() -> Response:
    """What HEAD is answered: no body, and the headers that every answer has."""
    return Response()


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.response()


async def _not_served(request: Request, error: Exception) -> Response:
    """Starlette's own refusals (no such path, wrong method) in the shape of ours."""
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    return Refusal(status, status.name.lower(), f"{status.phrase}: see /openapi.json.").response(error.headers)
