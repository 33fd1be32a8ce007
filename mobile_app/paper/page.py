"""Where everything stands on the page. Lengths are in points, from the top left corner of an A4 sheet.

Head and tier box are placed first, then from below the disclaimer and the warning signs, none of which can be cut.
The two columns between them share what is left.
"""

from collections.abc import Sequence

from PIL import Image

from mobile_app.palette import LIGHT
from mobile_app.paper.letters import width
from mobile_app.paper.marks import (
    HEIGHT,
    MARGIN,
    WIDTH,
    Frame,
    Mark,
    Page,
    Picture,
    Placed,
    Row,
    Text,
    height_of,
    rectangle,
    shifted,
    stacked,
)
from mobile_app.paper.rows import BODY, GUTTER, HEADING, SMALL, least_of, rows_of, text_rows, title_rows
from mobile_app.paper.sheet import Flow, Footer, Sheet, Title, Verdict, blocks_of
from mobile_app.paper.signs import sign
from runtime.errors import PhotoError
from runtime.photo.decode import load_square

ROOM = WIDTH - 2 * MARGIN
LEFT = 0.56 * (ROOM - GUTTER)
"""Width of the left column."""
PHOTO = 170.08  # side, 60 mm
PHOTO_PIXELS = 640  # side, 270 dpi in print
GAP, PADDING = 8.0, 9.0
TIER, HEADLINE, FACT = 16.0, 11.5, 10.0
"""Sizes of what is read first."""
SIGN = 34.0
"""Side of the tier's sign."""


def lay_out(sheet: Sheet) -> Page:
    """The page of a sheet: always one, nothing outside its margins."""
    blocks = blocks_of(sheet)
    title = _place_title(blocks.title)
    verdict = _place_verdict(blocks.verdict, photo=_square(sheet.photo), y=title.frame.end + GAP)
    bottom = _place_from_below(blocks.bottom, footer=blocks.footer)
    top, end = verdict.frame.end + GAP, bottom[0].frame.y - GAP
    left = _place_column(blocks.left, x=MARGIN, y=top, room=LEFT if blocks.right else ROOM, end=end)
    right_x = MARGIN + LEFT + GUTTER
    right = _place_column(blocks.right, x=right_x, y=top, room=WIDTH - MARGIN - right_x, end=end)
    return Page(
        title=f"{sheet.labels.title}, {sheet.day}",
        language=sheet.report.language,
        placed=(title, verdict, *left, *right, *bottom),
    )


def _square(data: bytes) -> Image.Image | None:
    """The photo without what the camera wrote beside it, or None where it cannot be read."""
    try:
        return Image.fromarray(load_square(data, size=PHOTO_PIXELS))  # uint8 [PHOTO_PIXELS, PHOTO_PIXELS, 3]
    except PhotoError:
        return None


def _place(name: str, rows: Sequence[Row], *, x: float, y: float, room: float) -> Placed:
    frame = Frame(x=x, y=y, width=room, height=height_of(rows))
    return Placed(name=name, frame=frame, marks=stacked(rows, x=x, y=y))


def _place_title(title: Title) -> Placed:
    return _place("title", title_rows(title, room=ROOM), x=MARGIN, y=MARGIN, room=ROOM)


def _place_column(blocks: Sequence[Flow], *, x: float, y: float, room: float, end: float) -> tuple[Placed, ...]:
    """Blocks below each other, none below `end`; each leaves a few lines to those after it."""
    placed: list[Placed] = []
    for index, block in enumerate(blocks):
        kept = sum(GAP + least_of(later, room=room) for later in blocks[index + 1 :])
        rows = rows_of(block, room=room, height=end - y - kept)
        if rows:
            placed.append(_place(block.heading, rows, x=x, y=y, room=room))
            y = placed[-1].frame.end + GAP
    return tuple(placed)


def _place_from_below(blocks: Sequence[Flow], *, footer: Footer) -> tuple[Placed, ...]:
    """The footer at the lower margin and the blocks above it, each as high as it needs to be."""
    placed = [_place_footer(footer)]
    for block in reversed(blocks):
        rows = rows_of(block, room=ROOM)
        if rows:
            y = placed[0].frame.y - GAP - height_of(rows)
            placed.insert(0, _place(block.heading, rows, x=MARGIN, y=y, room=ROOM))
    return tuple(placed)


def _place_footer(footer: Footer) -> Placed:
    """The disclaimer in a box, with as many lines as it takes."""
    rows = text_rows(footer.text, room=ROOM - 2 * PADDING, size=BODY, most=10, bold=True)
    height = height_of(rows) + 2 * PADDING
    frame = Frame(x=MARGIN, y=HEIGHT - MARGIN - height, width=ROOM, height=height)
    box = rectangle(frame, fill=LIGHT.neutral.background, border=LIGHT.neutral.accent)
    words = stacked(rows, x=frame.x + PADDING, y=frame.y + PADDING)
    return Placed(name="footer", frame=frame, marks=(box, *words))


def _place_verdict(verdict: Verdict, *, photo: Image.Image | None, y: float) -> Placed:
    """The photo at the left; right of it which spot it is, and below that the tier box down to the photo's end."""
    x, room = MARGIN + PHOTO + GUTTER, ROOM - PHOTO - GUTTER
    facts = _facts(verdict.facts, room=room)
    box_y = y + height_of(facts) + GAP
    words = _tier_rows(verdict, room=room - 2 * PADDING - SIGN - PADDING)
    end = max(y + PHOTO, box_y + height_of(words) + 2 * PADDING)
    box = Frame(x=x, y=box_y, width=room, height=end - box_y)
    frame = Frame(x=MARGIN, y=y, width=ROOM, height=end - y)
    marks = (*_photo(photo, verdict=verdict, y=y), *stacked(facts, x=x, y=y), *_tier_box(verdict, words, box=box))
    return Placed(name="verdict", frame=frame, marks=marks)


def _photo(photo: Image.Image | None, *, verdict: Verdict, y: float) -> tuple[Mark, ...]:
    if photo is not None:
        return (Picture(x=MARGIN, y=y, side=PHOTO, image=photo),)
    frame = Frame(x=MARGIN, y=y, width=PHOTO, height=PHOTO)
    box = rectangle(frame, fill=LIGHT.neutral.background, border=LIGHT.neutral.border)
    x = MARGIN + (PHOTO - width(verdict.no_photo, size=HEADING)) / 2
    return (box, Text(x=x, y=y + PHOTO / 2, text=verdict.no_photo, size=HEADING, colour=LIGHT.muted))


def _facts(facts: Sequence[tuple[str, str, int]], *, room: float) -> tuple[Row, ...]:
    """Labels in one column, what they name in bold in another."""
    start = max(width(label, size=FACT) for label, _, _ in facts) + GUTTER / 2
    rows: list[Row] = []
    for label, value, most in facts:
        name = text_rows(label, room=room, size=FACT, most=1, colour=LIGHT.muted)
        lines = [shifted(row, x=start) for row in text_rows(value, room=room - start, size=FACT, most=most, bold=True)]
        lines[0] = Row(height=lines[0].height, marks=(*name[0].marks, *lines[0].marks))
        rows += lines
    return tuple(rows)


def _tier_rows(verdict: Verdict, *, room: float) -> tuple[Row, ...]:
    tone = LIGHT.tones[verdict.kind]
    return (
        *text_rows(verdict.tier, room=room, size=TIER, most=2, bold=True, colour=tone.accent),
        *text_rows(verdict.headline, room=room, size=HEADLINE, most=3, bold=True, colour=tone.text),
        *text_rows(verdict.urgency, room=room, size=FACT, most=4, colour=tone.text),
        *text_rows(verdict.note, room=room, size=SMALL, most=4, colour=tone.text),
    )


def _tier_box(verdict: Verdict, words: Sequence[Row], *, box: Frame) -> tuple[Mark, ...]:
    """The sign at the left, the words right of it."""
    tone = LIGHT.tones[verdict.kind]
    x, y = box.x + PADDING, box.y + PADDING
    return (
        rectangle(box, fill=tone.background, border=tone.accent),
        *sign(verdict.kind, x=x, y=y, side=SIGN, tone=tone),
        *stacked(words, x=x + SIGN + PADDING, y=y),
    )
