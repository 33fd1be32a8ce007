"""`python -m mobile_app`: the app in a window, or as a page in the browser."""

import argparse
import importlib.util
import os
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from mobile_app.serving.addresses import is_this_computer
from mobile_app.serving.certificate import CertificateProblem
from mobile_app.web import AddressTaken, serve
from runtime.errors import INTERRUPTED

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8550
DEFAULT_FORGET_AFTER = 15  # minutes: a phone put away during a conversation, not a shared computer's next user
MAX_FORGET_AFTER = 24 * 60


def main(argv: Sequence[str] | None = None) -> int:
    """Run the app until it is closed or Ctrl-C is pressed. Returns the exit status."""
    options = _parse(argv)
    try:
        return _run(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (AddressTaken, CertificateProblem) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    if not options.web:
        obstacle = no_window_because()
        if obstacle is None:
            return _open_window(options.bundle)
        print(f"No window: {obstacle}. Serving the app as a web page instead.", flush=True)
    serve(
        host=options.host,
        port=options.port,
        bundle=options.bundle,
        keep=options.keep,
        forget_after_s=60 * options.forget_after,
        https=options.https,
    )
    return 0


def on_device() -> None:
    """The packed app: its bundle is inside it, what is kept lies in the app's own storage."""
    _open_window(None)


def no_window_because() -> str | None:
    """Why a window cannot be opened here, or None where it can."""
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        return "there is no display (DISPLAY is not set)"
    if importlib.util.find_spec("flet_desktop") is None:
        return "flet's desktop client is not installed (pip install flet-desktop; it fetches itself at its first start)"
    return None


def _open_window(bundle: Path | None) -> int:
    """The window is a process of its own: while it starts, the app is imported beside it."""
    import flet as ft

    threading.Thread(target=import_module, args=("mobile_app.main",), daemon=True).start()

    async def start(page: ft.Page) -> None:
        from mobile_app.device.keeping import OnDevice
        from mobile_app.main import Started, build_app

        await build_app(Started(bundle=bundle, keeper=OnDevice()))(page)

    ft.run(start)
    return 0


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m mobile_app",
        description="Pick a photo of a spot on the skin, read how soon someone should look at it. Works offline.",
    )
    parser.add_argument("--web", action="store_true", help="serve the app as a web page even where a window can open")
    parser.add_argument(
        "--host", default=DEFAULT_HOST, help="address to serve on (default: %(default)s, this computer)"
    )
    parser.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help="port to serve on; 0 takes a free one (default: %(default)s)"
    )
    secrecy = parser.add_mutually_exclusive_group()
    secrecy.add_argument(
        "--https",
        action="store_true",
        help="encrypt what travels, with a certificate that this computer makes for itself: what phones need",
    )
    secrecy.add_argument(
        "--http",
        action="store_true",
        help="let other computers open the page unencrypted: only behind a proxy that encrypts, or for a trial",
    )
    parser.add_argument(
        "--bundle", type=Path, metavar="DIR", help="model bundle to use (default: the one in the package)"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="as a web page: keep spots and photos in this folder, seen by everyone who opens the page "
        "(default: each visit has its own, gone when it ends)",
    )
    parser.add_argument(
        "--forget-after",
        type=_minutes,
        default=DEFAULT_FORGET_AFTER,
        metavar="MINUTES",
        help="as a web page: how long after its page was closed a visit and its photos are still there, to survive a "
        "reload or a lost connection (default: %(default)s)",
    )
    options = parser.parse_args(argv)
    if not (options.https or options.http or is_this_computer(options.host)):
        parser.error(
            f"--host {options.host} lets other computers open the page, and by plain http everyone on the network can "
            "read their photos and no browser gives the page a camera: add --https, or --http to do so all the same"
        )
    return options


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: use a number from 0 to 65535")
    return int(text)


def _minutes(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_FORGET_AFTER:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: use whole minutes from 0 to {MAX_FORGET_AFTER}")
    return int(text)
