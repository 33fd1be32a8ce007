"""`python -m PACKAGE ...` typed within the test's own process: no second interpreter, no second import of torch."""

import runpy
from dataclasses import dataclass
from unittest.mock import patch

import pytest


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line that says why it failed; what may stand above it is the progress of what went well."""
        assert "Traceback" not in self.err
        lines = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.err
        assert self.err.splitlines()[-1] == lines[0]
        return lines[0]


def typed(package: str, *arguments: object, capsys: pytest.CaptureFixture[str]) -> Said:
    """What `python -m package arguments` prints, and its exit code."""
    capsys.readouterr()
    code = 0
    with patch("sys.argv", [package, *map(str, arguments)]):
        try:
            runpy.run_module(package, run_name="__main__")
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    out, err = capsys.readouterr()
    return Said(code=code, out=out, err=err)
