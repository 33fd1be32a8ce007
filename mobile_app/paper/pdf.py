"""The page as a PDF file: one page, the letters that it uses embedded, one JPEG. Nothing in it is random.

ReportLab writes it: 5 MB under BSD's licence. fpdf2 would do as well, but is under the LGPL, which an app store's
package cannot honour, and brings fontTools, 23 MB.
"""

from datetime import date
from io import BytesIO

from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from mobile_app.paper.letters import Run, drawn
from mobile_app.paper.marks import HEIGHT, RULE, WIDTH, Mark, Picture, Shape, Text
from mobile_app.paper.page import lay_out
from mobile_app.paper.sheet import Sheet
from mobile_app.typefaces import REGULAR, Face, file_of

rl_config.useA85 = 0  # streams as bytes: a quarter smaller than as ASCII


def as_pdf(sheet: Sheet) -> bytes:
    """The page as PDF: one A4 page whose text can be selected. The same sheet gives the same bytes."""
    page, out = lay_out(sheet), BytesIO()
    canvas = Canvas(
        out,
        pagesize=(WIDTH, HEIGHT),
        pageCompression=1,
        invariant=1,
        lang=page.language,
        initialFontName=_registered(REGULAR),  # pyright: ignore[reportArgumentType] (its stubs say float)
    )
    canvas.setTitle(page.title)
    canvas.setAuthor("")
    canvas.setSubject(sheet.report.tier_text)
    canvas.setCreator(_sound(f"{sheet.app_name} {sheet.app_version}"[:200]))
    canvas.setDateFormatter(lambda *now: _day(sheet.taken))
    canvas.setViewerPreference("DisplayDocTitle", "true")
    canvas.setLineWidth(RULE)
    for mark in page.marks:
        _draw(mark, canvas=canvas)
    canvas.save()
    return out.getvalue()


def _day(day: date) -> str:
    """Midnight UTC of the day the photo was taken: the clock would make every file a new one."""
    return f"D:{day.year:04d}{day.month:02d}{day.day:02d}000000Z"


def _sound(text: str) -> str:
    """Without halves of characters, which no encoding has."""
    return text.encode("utf-16", errors="replace").decode("utf-16")


def _registered(face: Face) -> str:
    """The name under which ReportLab knows a font."""
    if face.file not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(face.file, BytesIO(file_of(face)), shapable=False))
    return face.file


# What draws a mark. A PDF counts from the lower left corner.


def _draw(mark: Mark, *, canvas: Canvas) -> None:
    if isinstance(mark, Text):
        canvas.setFillColor(HexColor(mark.colour))
        for run in drawn(mark.text, size=mark.size, bold=mark.bold):
            _draw_run(run, x=mark.x, y=HEIGHT - mark.y, canvas=canvas)
    elif isinstance(mark, Shape):
        _draw_shape(mark, canvas=canvas)
    else:
        _draw_picture(mark, canvas=canvas)


def _draw_run(run: Run, *, x: float, y: float, canvas: Canvas) -> None:
    text = canvas.beginText(x + run.start, y)
    text.setFont(_registered(run.face), run.size)
    text.textOut(run.text)
    canvas.drawText(text)


def _draw_shape(shape: Shape, *, canvas: Canvas) -> None:
    canvas.setFillColor(HexColor(shape.fill))
    if shape.border:
        canvas.setStrokeColor(HexColor(shape.border))
    path = canvas.beginPath()
    (x, y), *others = shape.points
    path.moveTo(x, HEIGHT - y)
    for x, y in others:
        path.lineTo(x, HEIGHT - y)
    path.close()
    canvas.drawPath(path, stroke=int(bool(shape.border)), fill=1)


def _draw_picture(picture: Picture, *, canvas: Canvas) -> None:
    jpeg = BytesIO()
    picture.image.save(jpeg, format="JPEG", quality=90)
    jpeg.seek(0)
    y = HEIGHT - picture.y - picture.side
    canvas.drawImage(ImageReader(jpeg), picture.x, y, width=picture.side, height=picture.side)
