"""What the service answers: the JSON of reports and of refusals, and how OpenAPI describes both."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from runtime.answer.advice import DISCLAIMER
from runtime.errors import EngineError, one_line
from runtime.triage import Tier


class Refusal(Exception):
    """A request that gets no report. `code` is stable, for programs; the message is a sentence for people."""

    def __init__(self, status: int, code: str, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = one_line(message)
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}

    def response(self, headers: Mapping[str, str] | None = None) -> JSONResponse:
        content = {"error": {"code": self.code, "message": self.message}, "disclaimer": DISCLAIMER}
        return JSONResponse(content, status_code=self.status, headers={**(headers or {}), **self.headers})


def no_result() -> Refusal:
    """The answer where the service itself is at fault: what went wrong is logged, not told to strangers."""
    return Refusal(500, "no_result", "The service could not judge this photo. No result is not a good result.")


def report_response(report: Mapping[str, Any]) -> JSONResponse:
    """A report as JSON. Raises EngineError for one that has no tier of ours, no disclaimer or a number like NaN."""
    if report.get("tier") not in set(Tier) or not report.get("disclaimer"):
        raise EngineError(f"the report has the tier {report.get('tier')!r}, or no disclaimer")
    try:
        return JSONResponse(dict(report))  # starlette writes no NaN and no infinity
    except (TypeError, ValueError) as error:
        raise EngineError(f"the report is no JSON ({error})") from error


class AdviceAnswer(BaseModel):
    headline: str
    urgency: str
    what_to_do: list[str]
    red_flags: list[str]


class ConditionAnswer(BaseModel):
    condition: str
    name: str
    probability: float


class ReportAnswer(BaseModel):
    """The report on one photo; keys are only ever added."""

    model_config = ConfigDict(extra="allow")

    report_version: int
    tier: Tier
    malignancy: float | None
    conditions: list[ConditionAnswer]
    reasons: list[str]
    advice: AdviceAnswer
    model_id: str
    calibrated: bool
    disclaimer: str


class ErrorDetail(BaseModel):
    code: str
    message: str


class ErrorAnswer(BaseModel):
    """No report, and why."""

    error: ErrorDetail
    disclaimer: str


class HealthAnswer(BaseModel):
    status: str
    model_id: str
    bundle: str
    disclaimer: str


_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorAnswer, "description": "The form is damaged."},
    408: {"model": ErrorAnswer, "description": "The photo took too long to arrive."},
    413: {"model": ErrorAnswer, "description": "The photo has too many bytes or pixels."},
    415: {"model": ErrorAnswer, "description": "Neither a form nor an image."},
    422: {"model": ErrorAnswer, "description": "Not a photo that can be read."},
    429: {"model": ErrorAnswer, "description": "Too many photos from this client.", "headers": _RETRY_AFTER},
    500: {"model": ErrorAnswer, "description": "The service failed; there is no result."},
    503: {"model": ErrorAnswer, "description": "Too many photos are waiting.", "headers": _RETRY_AFTER},
}
"""What a photo may be answered with beside a report."""

_BINARY = {"schema": {"type": "string", "format": "binary"}}

PHOTO_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["photo"],
                "properties": {"photo": {"type": "string", "format": "binary", "description": "a file"}},
            }
        },
        **{f"image/{kind}": _BINARY for kind in ("jpeg", "png", "webp", "tiff", "bmp", "gif", "avif", "heic")},
        "application/octet-stream": _BINARY,
    },
}
"""A photo in a form's field `photo`, or alone as the body."""
