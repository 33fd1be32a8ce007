"""A stage in whose midst somebody presses Ctrl-C: `python -m interrupting_stage`."""

import os
import signal

if __name__ == "__main__":
    os.kill(os.getppid(), signal.SIGINT)
    signal.pause()
