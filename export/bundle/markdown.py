"""The pieces that an export's reports are written of."""

from collections.abc import Iterable, Iterator, Sequence


def section(title: str) -> Iterator[str]:
    """A heading with room round it."""
    yield from ("", f"## {title}", "")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table, line by line."""
    yield f"| {' | '.join(header)} |"
    yield "|" + "---|" * len(header)
    yield from (f"| {' | '.join(row)} |" for row in rows)
