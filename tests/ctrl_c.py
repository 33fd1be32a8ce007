"""Ctrl-C for commands that tests start."""

import signal


def heed_ctrl_c() -> None:
    """`preexec_fn` of a child: a shell that starts jobs in the background has them ignore SIGINT, and so would it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
