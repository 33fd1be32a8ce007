"""`python -m runtime photo.jpg`: the triage of photos and folders at the command line.

Exit codes: 0, every photo got a report ("cannot assess" is one); 1, a photo, a folder or the bundle could not be used,
one line on stderr each; 2, a wrong command line; 130, interrupted.
"""

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, TextIO

from runtime.errors import INTERRUPTED, PhotoError, SkintagError, one_line

if TYPE_CHECKING:
    from runtime.answer.report import Outcome
    from runtime.answer.table import AnswersFile
    from runtime.assess import Triage
    from runtime.many import PassedOver
    from runtime.progress import Progress

# What needs numpy, Pillow or the words is imported inside functions: --help and a wrong option wait for none of it, and
# Ctrl-C while numpy loads ends as cleanly as later.

_SERVICE_NEEDS = ("fastapi", "uvicorn")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code and never raises for a bad photo or bundle."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["serve"]:  # a photo of that name is ./serve
        return _serve(arguments[1:])
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.explain and (len(options.photos) > 1 or os.path.isdir(options.photos[0])):
        parser.error("--explain draws one picture: name one photo")
    _make_printable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, about photos that are then read or refused in one line
            return _to_screen(options) if options.out is None else _to_file(options)
    except SkintagError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    except OSError as error:  # a full disk, or a reader such as head that has seen enough
        if error.filename is None:
            _drop_output()
        what = "the answer" if error.filename is None else error.filename
        return 1 if isinstance(error, BrokenPipeError) else _complain(f"cannot write {what} ({error.strerror})")


def _serve(arguments: Sequence[str]) -> int:
    missing = [name for name in _SERVICE_NEEDS if find_spec(name) is None]
    if missing:
        return _complain(f'the service needs {" and ".join(missing)}: pip install "skintag-edge[serve]"')
    return import_module("runtime.service.command").main(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m runtime",
        description="Say how soon someone should look at a skin spot. Not a diagnosis.",
        epilog='"python -m runtime serve --help" tells how to answer over HTTP; a photo of that name is ./serve.',
    )
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTO",
        help="a photo of one spot (JPEG, PNG, WebP, TIFF, BMP, AVIF, HEIC), or a folder: every photo in it",
    )
    parser.add_argument("--bundle", metavar="DIR", help="model bundle to use (default: the one inside the package)")
    parser.add_argument("--public-key", metavar="FILE", help="refuse a bundle that this key's owner did not sign (PEM)")
    parser.add_argument("--lang", type=_language, default="en", metavar="LANG", help="en, es, pt or fr (default: en)")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="one JSON object per photo and line, for machines")
    output.add_argument("--out", type=_answers_path, metavar="FILE", help="write the answers to a .csv or .jsonl file")
    parser.add_argument("--threads", type=_positive, metavar="N", help="threads of the model (default: up to 4)")
    parser.add_argument("--explain", type=_picture, metavar="PNG", help="write a picture of where the model looked")
    return parser


def _picture(text: str) -> str:
    if not text.lower().endswith(".png"):
        raise argparse.ArgumentTypeError(f"{text!r} does not end in .png")
    return text


def _positive(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 up")
    return number


def _language(text: str) -> str:
    from runtime.answer.locales import texts_for

    try:
        return texts_for(text).language
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _answers_path(text: str) -> str:
    if not text.lower().endswith((".csv", ".jsonl")):
        raise argparse.ArgumentTypeError(f"{one_line(text)!r} must end in .csv or .jsonl")
    return text


def _make_printable() -> None:
    """A terminal that knows no UTF-8 shows an escape for what it cannot print, instead of ending in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Send what is still buffered nowhere, or Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _to_screen(options: argparse.Namespace) -> int:
    from runtime.answer.printed import printed
    from runtime.answer.table import json_line

    shown = 0

    def show(photo: str, outcome: "Outcome") -> None:
        nonlocal shown
        if isinstance(outcome, PhotoError):
            return
        text = json_line(photo, outcome) if options.json else ("\n" if shown else "") + printed(photo, outcome)
        print(text, flush=True)
        shown += 1

    passed: list[PassedOver] = []
    failed = _assess_all(options, write=show, passed=passed)
    _say_what_was_passed_over(passed, options, stream=sys.stderr)
    return 1 if failed else 0


def _to_file(options: argparse.Namespace) -> int:
    from runtime.answer.locales import texts_for
    from runtime.answer.table import AnswersFile

    passed: list[PassedOver] = []
    with AnswersFile(options.out) as answers:  # before the model loads: what cannot be written is said at once
        try:
            failed = _assess_all(options, write=answers.write, passed=passed)
        except BaseException:
            _say_what_is_kept(answers)
            raise
    summary = texts_for(options.lang).summary
    print(summary.format(file=one_line(options.out), judged=answers.judged, failed=failed), flush=True)
    _say_what_was_passed_over(passed, options, stream=sys.stdout)
    return 1 if failed else 0


def _say_what_was_passed_over(passed: "list[PassedOver]", options: argparse.Namespace, *, stream: TextIO) -> None:
    from runtime.answer.locales import texts_for
    from runtime.many import passed_over_line

    line = passed_over_line(passed, texts=texts_for(options.lang))
    if line:
        print(line, file=stream, flush=True)


def _say_what_is_kept(answers: "AnswersFile") -> None:
    if answers.count:
        _complain(f"stopped early: {answers.count} answers are kept in {answers.part}")


def _assess_all(
    options: argparse.Namespace, *, write: "Callable[[str, Outcome], None]", passed: "list[PassedOver]"
) -> int:
    """Judge every photo and hand each outcome to `write`; the number of photos and folders that could not be used.

    What of a folder is no photo comes into `passed`.
    """
    from runtime.answer.locales import texts_for
    from runtime.assess import Triage
    from runtime.many import find_photos

    problems: list[PhotoError] = []
    photos = list(find_photos(options.photos, on_problem=problems.append, on_passed_over=passed.append))
    triage = Triage.load(options.bundle, threads=options.threads, language=options.lang, public_key=options.public_key)
    progress = _progress(options, total=len(photos))
    said = texts_for(options.lang).refusal_of
    for problem in problems:
        _complain(said(problem))
    try:
        failed = len(problems) + _pass_on(triage.assess_many(photos), said=said, write=write, progress=progress)
    finally:
        progress.clear()
    if options.explain and not failed:
        print(_draw(triage, options), file=sys.stderr if options.json else sys.stdout, flush=True)
    return failed


def _pass_on(
    outcomes: "Iterable[tuple[str, Outcome]]",
    *,
    said: "Callable[[PhotoError], str]",
    write: "Callable[[str, Outcome], None]",
    progress: "Progress",
) -> int:
    failed = 0
    for done, (photo, outcome) in enumerate(outcomes, start=1):
        if isinstance(outcome, PhotoError):
            failed += 1
            progress.clear()
            _complain(said(outcome))
        write(photo, outcome)
        progress.update(done)
    return failed


def _progress(options: argparse.Namespace, *, total: int) -> "Progress":
    """On stderr where it is a terminal, unless the answers themselves appear there."""
    from runtime.answer.locales import texts_for
    from runtime.progress import Progress

    beside_answers = options.out is None and sys.stdout.isatty()
    return Progress(total, texts=texts_for(options.lang), stream=sys.stderr, hidden=beside_answers or total < 2)


def _draw(triage: "Triage", options: argparse.Namespace) -> str:
    """Write the picture of where the model looked; what must be said beside it."""
    from runtime.answer.locales import texts_for
    from runtime.answer.printed import paragraph
    from runtime.explain import overlay, save_whole
    from runtime.photo.decode import load_square

    texts = texts_for(options.lang)
    pixels = load_square(options.photos[0], size=triage.engine.size)
    explanation = triage.explain(pixels)
    if explanation is None:
        return "\n" + paragraph(texts.no_explanation)
    save_whole(overlay(pixels, explanation), options.explain)
    return "\n" + paragraph(f"{one_line(options.explain)}: {texts.explanation_caveat}")


def _complain(message: str) -> int:
    print(f"error: {one_line(message)}", file=sys.stderr, flush=True)
    return 1
