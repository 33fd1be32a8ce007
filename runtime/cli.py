"""`python -m runtime photo.jpg`: the triage of photos at the command line.

Exit codes: 0, every photo got a report ("cannot assess" is one); 1, a photo or the bundle could not be used, one line
on stderr each; 2, a wrong command line; 130, interrupted.
"""

import argparse
import json
import os
import sys
import textwrap
import warnings
from collections.abc import Sequence

from runtime.errors import INTERRUPTED, PhotoError, SkintagError, one_line
from runtime.report import Report

_WIDTH = 88
_BAR = 24


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code and never raises for a bad photo or bundle."""
    options = _parser().parse_args(argv)
    _make_printable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, about photos that are then read or refused in one line
            return _assess_all(options)
    except SkintagError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    except OSError as error:  # a full disk, or a reader such as head that has seen enough
        _drop_output()
        return 1 if isinstance(error, BrokenPipeError) else _complain(f"cannot write the answer ({error.strerror})")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m runtime",
        description="Say how soon someone should look at a skin spot. Not a diagnosis.",
    )
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="a photo of one spot: JPEG, PNG, WebP, TIFF, BMP")
    parser.add_argument("--bundle", metavar="DIR", help="model bundle to use (default: the one inside the package)")
    parser.add_argument("--json", action="store_true", help="one JSON object per photo and line, for machines")
    parser.add_argument("--threads", type=_positive, metavar="N", help="threads of the model (default: up to 4)")
    return parser


def _positive(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 up")
    return number


def _make_printable() -> None:
    """A terminal that knows no UTF-8 shows an escape for what it cannot print, instead of ending in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Send what is still buffered nowhere, or Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _assess_all(options: argparse.Namespace) -> int:
    from runtime.assess import Triage  # here, so that Ctrl-C while numpy loads ends as cleanly as later

    photos: list[str] = options.photos
    triage = Triage.load(options.bundle, threads=options.threads)
    exit_code = 0
    for number, photo in enumerate(photos):
        try:
            report = triage.assess(photo)
        except PhotoError as error:
            exit_code = _complain(str(error))
            continue
        if options.json:
            print(_json_line(photo, report), flush=True)
        else:
            print(("\n" if number else "") + _readable(photo, report), flush=True)
    return exit_code


def _complain(message: str) -> int:
    print(f"error: {one_line(message)}", file=sys.stderr, flush=True)
    return 1


def _json_line(photo: str, report: Report) -> str:
    return json.dumps({"photo": photo, **report.to_dict()}, allow_nan=False)


def _readable(photo: str, report: Report) -> str:
    advice = report.advice
    blocks = [
        [one_line(photo), f"  {report.tier.value.upper()}: {advice.headline}", f"  {advice.urgency}"],
        ["Why", *_bullets(report.reasons)],
        ["What to do", *_bullets(advice.what_to_do)],
        ["See a doctor in any case if", *_bullets(advice.red_flags)],
        *([["Looks most like", *_bars(report)]] if report.conditions else []),
    ]
    return "\n\n".join("\n".join(block) for block in [*blocks, _footer(report)])


def _bullets(texts: Sequence[str]) -> list[str]:
    return [textwrap.fill(text, _WIDTH, initial_indent="  - ", subsequent_indent="    ") for text in texts]


def _bars(report: Report) -> list[str]:
    """One line per condition: name, bar, per cent. ASCII, for every terminal."""
    width = max(len(score.display_name) for score in report.conditions)
    return [
        f"  {score.display_name:<{width}}  {'#' * round(score.probability * _BAR):<{_BAR}}  {score.probability:4.0%}"
        for score in report.conditions
    ]


def _footer(report: Report) -> list[str]:
    lines = textwrap.wrap(report.disclaimer, _WIDTH)
    if not report.calibrated:
        lines += textwrap.wrap("The thresholds of this model are defaults: they were not chosen on any data.", _WIDTH)
    malignancy = "" if report.malignancy is None else f", malignancy score {report.malignancy:.2f}"
    return [*lines, f"Model {one_line(report.model_id)}{malignancy}."]
