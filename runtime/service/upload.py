"""From a request to the bytes of one photo: in memory only, counted while they arrive."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from runtime.service.answers import Refusal
from runtime.service.limits import ServiceLimits

FORM_BYTES = 16_384
"""What a form may add to its photo: boundaries, headers, a few short fields."""


class Places:
    """Room for so many photos in memory; requests beyond them wait with their body unread, in order of arrival."""

    def __init__(self, limits: ServiceLimits) -> None:
        self._limits = limits
        self._free = asyncio.Semaphore(limits.max_uploads)
        self._waiting = 0

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None]:
        """Hold a place. Raises Refusal (503) where too many wait already."""
        if self._free.locked() and self._waiting >= self._limits.max_waiting:
            message = "Too many photos are waiting. Send it again in a moment."
            raise Refusal(503, "busy", message, retry_after=self._limits.retry_seconds)
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()


async def read_photo(request: Request, limits: ServiceLimits) -> bytes:
    """The photo of a request: its field `photo`, or its whole body. Raises Refusal."""
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    is_form = media == "multipart/form-data"
    if not is_form and not media.startswith("image/") and media != "application/octet-stream":
        message = "Send the photo in the field 'photo' of a multipart/form-data form, or as a body of type image/*."
        raise Refusal(415, "unsupported_media_type", message)
    stream = _counted(request, limit=limits.max_bytes + (FORM_BYTES if is_form else 0), limits=limits)
    try:
        async with asyncio.timeout(limits.upload_seconds):
            photo = await _from_form(request, stream) if is_form else b"".join([chunk async for chunk in stream])
    except TimeoutError as error:
        message = f"The photo did not arrive within {limits.upload_seconds:g} seconds."
        raise Refusal(408, "too_slow", message) from error
    if len(photo) > limits.max_bytes:
        raise _too_large(limits)
    return photo


async def _counted(request: Request, *, limit: int, limits: ServiceLimits) -> AsyncGenerator[bytes, None]:
    """The body as it arrives, up to the first byte too many; a length announced beyond the limit is believed."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limits)
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > limit:
            raise _too_large(limits)
        yield chunk


def _too_large(limits: ServiceLimits) -> Refusal:
    return Refusal(413, "too_large", f"The photo is larger than {limits.max_bytes / 1e6:g} MB; save it smaller.")


class _MemoryForm(MultiPartParser):
    """Starlette's parser, which would write a file above 1 MB to disk; `_counted` bounds the memory instead."""

    spool_max_size = sys.maxsize

    def on_headers_finished(self) -> None:
        """A name in the form of RFC 5987 makes a part a file, too: browsers never send one, HTTP libraries do."""
        disposition = self._current_part.content_disposition
        if disposition is not None and _names_a_file_only_at_length(disposition):
            self._current_part.content_disposition = disposition + b'; filename="photo"'
        super().on_headers_finished()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        part = self._current_part
        if part.file is None and len(part.data) + end - start > self.max_part_size:
            raise MultiPartException(
                f"a field that is no file has more than {self.max_part_size // 1024} KB; "
                "send the photo as a file, with a filename."
            )
        super().on_part_data(data, start, end)


def _names_a_file_only_at_length(disposition: bytes) -> bool:
    """Whether there is a `filename*` and no `filename`."""
    outside = b"".join(disposition.split(b'"')[::2]).lower()  # a field's name may hold anything between its quotes
    names = {parameter.partition(b"=")[0].strip() for parameter in outside.split(b";")[1:]}
    return b"filename*" in names and b"filename" not in names


async def _from_form(request: Request, stream: AsyncGenerator[bytes, None]) -> bytes:
    try:
        form = await _MemoryForm(request.headers, stream, max_files=1, max_fields=8, max_part_size=FORM_BYTES).parse()
    except MultiPartException as error:
        raise Refusal(400, "bad_form", f"The form cannot be read: {error.message}") from error
    return await _photo_field(form)


async def _photo_field(form: FormData) -> bytes:
    try:
        field = form.get("photo")
        if not isinstance(field, UploadFile):
            raise Refusal(422, "no_photo", "The form has no file in its field 'photo'.")
        return await field.read()
    finally:
        await form.close()
