"""What the tests of the web service share: assessors whose answer the test chooses, photos, and a real server."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from fastapi import FastAPI
from PIL import Image

from runtime.answer.advice import DISCLAIMER
from runtime.answer.report import Report
from runtime.photo.decode import load_square
from runtime.service.app import Served
from runtime.service.command import listening, server_of
from runtime.triage import Reason, Tier

SERVED = Served(model_id="fake", bundle="none")


def jpeg(side: int = 96, *, quality: int = 90) -> bytes:
    """A noisy square photo that passes the quality gate."""
    noise = np.random.default_rng(3).integers(40, 200, (side, side, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def report(tier: Tier = Tier.MODERATE) -> Report:
    return Report(
        tier=tier,
        malignancy=0.4,
        conditions=(),
        novelty=0.0,
        reason_codes=(Reason.SOME_SIGNS,),
        model_id="fake",
        calibrated=False,
    )


@dataclass
class FakeAssessor:
    """Reads the photo as every assessor does, then answers what it was given."""

    answer: Any = field(default_factory=report)
    error: Exception | None = None
    seen: list[bytes] = field(default_factory=list)

    def assess(self, source: bytes, /) -> Any:
        self.seen.append(source)
        if self.error is not None:
            raise self.error
        load_square(source, size=32)
        return self.answer


@dataclass
class Answer:
    """A report as a dictionary of the test's making."""

    content: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return self.content


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The application on a free port of this computer, served as the command line does; its address."""
    with listening("127.0.0.1", 0) as listener:
        server = server_of(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def assert_refused(answer: Any, status: int, code: str) -> None:
    """An error of the one shape that all have, with the disclaimer and nothing that looks like a result."""
    assert answer.status_code == status, answer.text
    found = answer.json()
    assert set(found) == {"error", "disclaimer"}
    assert set(found["error"]) == {"code", "message"}
    assert found["error"]["code"] == code
    assert found["error"]["message"].isprintable()
    assert found["disclaimer"] == DISCLAIMER
