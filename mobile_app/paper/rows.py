"""Blocks as rows of text, no higher than they may be. Lengths are in points.

A row that does not fit is left out, never drawn over something else, and what is left out is always said.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import batched

from mobile_app.palette import LIGHT
from mobile_app.paper.letters import ASCENT, DESCENT, ELLIPSIS, LEADING, printable, width, wrap
from mobile_app.paper.marks import RULE, Frame, Row, Text, height_of, rectangle, shifted, stacked
from mobile_app.paper.sheet import Bullets, Entry, Flow, Paragraph, Table, Title

BODY, SMALL, HEADING, HEAD = 9.0, 7.8, 10.2, 19.0
"""Sizes of text."""
GUTTER = 18.0
"""Between two columns."""
MOST_OF_A_QUESTION, MOST_OF_A_BULLET, MOST_OF_A_FIGURE = 2, 4, 2
"""Lines; a figure is a small bullet without its mark."""
LEAST_LINES = 5
"""Of each block in a column, whatever stands above it."""
_INDENT = 9.0
"""Of a text after its bullet."""
_AIR = 2.0
"""Above and below an entry of a table."""


def rows_of(block: Flow, *, room: float, height: float = math.inf) -> tuple[Row, ...]:
    """A block's rows, each at most `room` wide, together at most `height` high."""
    heading = _heading(block.heading, room=room)
    left = height - height_of(heading)
    if isinstance(block, Paragraph):
        body = _paragraph(block, room=room, height=left)
    elif isinstance(block, Bullets):
        body = _fitting(_bullets(block, room=room), height=left)
    else:
        body = _table(block, room=room, height=left)
    return (*heading, *body) if body else ()


def least_of(block: Flow, *, room: float) -> float:
    """The height that a block in a column is always given; less where it needs less."""
    most = height_of(_heading(block.heading, room=room)) + LEAST_LINES * BODY * LEADING
    return min(most, height_of(rows_of(block, room=room, height=most)))


def title_rows(title: Title, *, room: float) -> tuple[Row, ...]:
    """The head, with the app's name at the right edge and a line below."""
    aside = wrap(title.aside, room=room / 3, size=SMALL, most=1)
    name = _line(title.text, size=HEAD, bold=True, colour=LIGHT.brand)
    below = [_line(line, size=BODY, colour=LIGHT.muted) for line in wrap(title.below, room=room, size=BODY, most=1)]
    marks = (*name.marks, *(_at_the_end(text, room=room, baseline=ASCENT * HEAD) for text in aside))
    return (Row(height=name.height, marks=marks), *below, Row(height=4), _rule(room=room, colour=LIGHT.brand))


def text_rows(
    text: str, *, room: float, size: float, most: int, bold: bool = False, colour: str = LIGHT.text
) -> tuple[Row, ...]:
    """`text` in at most `most` rows; cut, it ends in an ellipsis."""
    lines = wrap(text, room=room, size=size, most=most, bold=bold)
    return tuple(_line(line, size=size, bold=bold, colour=colour) for line in lines)


def _line(text: str, *, size: float, bold: bool = False, colour: str = LIGHT.text) -> Row:
    """One line, with its letters in the middle of the strip."""
    mark = Text(x=0, y=_baseline(size), text=text, size=size, bold=bold, colour=colour)
    return Row(height=LEADING * size, marks=(mark,))


def _baseline(size: float) -> float:
    return size * (ASCENT + (LEADING - ASCENT - DESCENT) / 2)


def _at_the_end(text: str, *, room: float, baseline: float) -> Text:
    x = room - width(text, size=SMALL)
    return Text(x=x, y=baseline, text=text, size=SMALL, colour=LIGHT.muted)


def _rule(*, room: float, colour: str = LIGHT.outline) -> Row:
    return Row(height=RULE, marks=(rectangle(Frame(x=0, y=0, width=room, height=RULE), fill=colour),))


def _heading(text: str, *, room: float) -> tuple[Row, ...]:
    rows = text_rows(text, room=room, size=HEADING, most=2, bold=True, colour=LIGHT.brand)
    return (*rows, Row(height=1))


def _fitting(rows: Sequence[Row], *, height: float) -> tuple[Row, ...]:
    """As many rows as fit; where some do not, an ellipsis stands in place of the last."""
    if height_of(rows) <= height:
        return tuple(rows)
    kept = list(rows)
    ellipsis = _line(ELLIPSIS, size=BODY)
    while kept and height_of((*kept, ellipsis)) > height:
        kept.pop()
    return (*kept, ellipsis) if kept else ()


def _paragraph(block: Paragraph, *, room: float, height: float) -> tuple[Row, ...]:
    lead = text_rows(block.lead, room=room, size=BODY, most=1, bold=True)
    most = int((height - height_of(lead)) / (BODY * LEADING)) if math.isfinite(height) else 100
    text = text_rows(block.text, room=room, size=BODY, most=most)
    return (*lead, *text) if text else ()


def _bullets(block: Bullets, *, room: float) -> tuple[Row, ...]:
    size = SMALL if block.small else BODY
    lead = text_rows(block.lead, room=room, size=size, most=2, bold=True)
    column_room = (room - GUTTER * (block.columns - 1)) / block.columns
    items = [_bullet(item, room=column_room, size=size, marked=block.marked) for item in block.items]
    if block.columns == 1 or not items:
        return (*lead, *(row for item in items for row in item))
    columns = list(batched(items, math.ceil(len(items) / block.columns)))
    return (*lead, _beside(columns, step=column_room + GUTTER))


def _bullet(text: str, *, room: float, size: float, marked: bool) -> tuple[Row, ...]:
    indent, most = (_INDENT, MOST_OF_A_BULLET) if marked else (0.0, MOST_OF_A_FIGURE)
    rows = [shifted(row, x=indent) for row in text_rows(text, room=room - indent, size=size, most=most)]
    if marked and rows:
        bullet = Text(x=0, y=_baseline(size), text="•", size=size)
        rows[0] = Row(height=rows[0].height, marks=(bullet, *rows[0].marks))
    return tuple(rows)


def _beside(columns: Sequence[Sequence[Sequence[Row]]], *, step: float) -> Row:
    """Columns of items as one strip, drawn column by column: a selection of the text reads that way too."""
    stacks = [[row for item in column for row in item] for column in columns]
    marks = tuple(mark for index, rows in enumerate(stacks) for mark in stacked(rows, x=index * step, y=0))
    return Row(height=max(height_of(rows) for rows in stacks), marks=marks)


def _table(block: Table, *, room: float, height: float) -> tuple[Row, ...]:
    """All entries; or all without what is said below each; or as many as fit, and how many do not."""
    whole = [_entry(entry, room=room) for entry in block.entries]
    short = [
        _entry(replace(entry, below=""), room=room) if entry.below else rows
        for entry, rows in zip(block.entries, whole, strict=True)
    ]
    fewer = [short[:shown] for shown in range(len(short) - 1, 0, -1)]
    after = tuple(row for text in block.after for row in text_rows(text, room=room, size=SMALL, most=4))
    for entries in (whole, short, *fewer):
        missing = block.more.format(count=len(whole) - len(entries)) if len(entries) < len(whole) else ""
        more = text_rows(missing, room=room, size=SMALL, most=1)
        rows = (*(row for entry in entries for row in entry), *more, Row(height=_AIR), *after)
        if height_of(rows) <= height:
            return rows
    return ()


def _entry(entry: Entry, *, room: float) -> tuple[Row, ...]:
    """A name with its value at the right edge, what is said below it, and a line."""
    value = printable(entry.value)
    value_width = width(value, size=BODY, bold=entry.strong)
    name_room = room - value_width - GUTTER / 2
    rows = list(text_rows(entry.name, room=name_room, size=BODY, most=MOST_OF_A_QUESTION, bold=entry.strong))
    rows = rows or [Row(height=LEADING * BODY)]
    said = Text(x=room - value_width, y=_baseline(BODY), text=value, size=BODY, bold=entry.strong)
    rows[0] = Row(height=rows[0].height, marks=(*rows[0].marks, said))
    below = text_rows(entry.below, room=room, size=SMALL, most=3, colour=LIGHT.muted)
    return (Row(height=_AIR), *rows, *below, Row(height=_AIR), _rule(room=room))
