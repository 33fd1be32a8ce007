"""What must hold for any bytes whatsoever, for the fuzz target and for the quick tests."""

import io
import struct
import time
import warnings
import zlib

import numpy as np
from PIL import Image

from runtime import PhotoError, Tier, Triage

SECONDS = 2.0
"""Processor time that one input may take."""


class BrokenLaw(AssertionError):
    """An input for which one of the laws does not hold."""


def outcome(data: bytes, triage: Triage) -> str:
    """Judge `data` and check the laws; the tier, or the name of the error. Raises BrokenLaw.

    `triage` should have a model that answers "low" for every photo, so that no cautious model hides a false low.
    """
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = _judged(data, triage)
        taken = time.process_time() - started
        if taken > SECONDS:
            raise BrokenLaw(f"took {taken:.1f} s of processor time")
        if isinstance(found, Tier) and found is not Tier.CANNOT_ASSESS:
            _check_sound(data)
    return found.value if isinstance(found, Tier) else type(found).__name__


def _judged(data: bytes, triage: Triage) -> Tier | PhotoError:
    try:
        report = triage.assess(data)
    except PhotoError as error:
        if not str(error).isprintable():
            raise BrokenLaw(f"an error of several lines: {error}") from error
        return error
    except Exception as error:
        raise BrokenLaw(f"{type(error).__name__} instead of a report or a PhotoError: {error}") from error
    if (report.malignancy is None) != (report.tier is Tier.CANNOT_ASSESS):
        raise BrokenLaw(f"tier {report.tier} with malignancy {report.malignancy}")
    return report.tier


def _check_sound(data: bytes) -> None:
    """What was assessed decodes from end to end without scaling, to a photo that is not one colour."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            pixels = np.asarray(image)
    except Exception as error:
        raise BrokenLaw(f"assessed, but does not decode: {type(error).__name__}: {error}") from error
    if pixels.min() == pixels.max():
        raise BrokenLaw("assessed, but all of it has one colour")


def with_right_sums(data: bytes) -> bytes:
    """A PNG file with every checksum that can be found made right: behind them is where the decoder starts."""
    out, at = bytearray(data), 8
    while at + 12 <= len(out):
        length = struct.unpack_from(">I", out, at)[0]
        end = at + 8 + length
        if end + 4 > len(out):
            break
        struct.pack_into(">I", out, end, zlib.crc32(out[at + 4 : end]))
        at = end + 4
    return bytes(out)
