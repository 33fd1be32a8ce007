"""The page as a PDF 1.7 file, written by hand: one page, two embedded fonts, one JPEG. Nothing in it is random.

A library for this (fpdf2 with what it needs) is 26 MB installed, on a phone, for the seven kinds of objects below.
"""

import zlib
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO

from PIL import Image

from mobile_app.paper.letters import ASCENT, CHARSET, DESCENT, advance, font_file
from mobile_app.paper.marks import HEIGHT, RULE, WIDTH, Mark, Page, Picture, Shape, Text
from mobile_app.paper.page import lay_out
from mobile_app.paper.sheet import Sheet

_FONTS = {False: "/F1", True: "/F2"}
_FIRST, _LAST = 32, 255
"""Character codes of which the fonts say the width."""


def as_pdf(sheet: Sheet) -> bytes:
    """The page as PDF: one A4 page whose text can be selected. The same sheet gives the same bytes."""
    page = lay_out(sheet)
    file = _File()
    pages = file.reserve()
    resources = f"<< /Font << /F1 {_font(file, bold=False)} /F2 {_font(file, bold=True)} >>{_images(file, page)} >>"
    content = file.add_stream(b"\n".join(_drawn(mark) for mark in page.marks), compress=True)
    box = f"[0 0 {_number(WIDTH)} {_number(HEIGHT)}]"
    leaf = file.add(f"<< /Type /Page /Parent {pages} /MediaBox {box} /Resources {resources} /Contents {content} >>")
    file.fill(pages, f"<< /Type /Pages /Kids [{leaf}] /Count 1 >>")
    shown = "/ViewerPreferences << /DisplayDocTitle true >>"
    root = file.add(f"<< /Type /Catalog /Pages {pages} /Lang ({page.language}) {shown} >>")
    return file.written(root=root, info=_info(file, page=page, sheet=sheet))


@dataclass
class _File:
    """Numbered objects, and the table at the end that says where each begins."""

    objects: list[bytes] = field(default_factory=list)

    def reserve(self) -> str:
        """A reference to an object that is filled later."""
        self.objects.append(b"")
        return f"{len(self.objects)} 0 R"

    def fill(self, reference: str, body: str) -> None:
        self.objects[int(reference.split()[0]) - 1] = body.encode("ascii")

    def add(self, body: str) -> str:
        """The reference of a new object."""
        reference = self.reserve()
        self.fill(reference, body)
        return reference

    def add_stream(self, data: bytes, *, entries: str = "", compress: bool = False) -> str:
        """The reference of a new object that holds bytes."""
        if compress:
            data, entries = zlib.compress(data, 9), f"{entries} /Filter /FlateDecode"
        head = f"<< /Length {len(data)} {entries} >>".encode("ascii")
        self.objects.append(head + b"\nstream\n" + data + b"\nendstream")
        return f"{len(self.objects)} 0 R"

    def written(self, *, root: str, info: str) -> bytes:
        """The whole file."""
        out = BytesIO()
        out.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")  # the second line tells mail programs that this is no text
        starts: list[int] = []
        for number, body in enumerate(self.objects, start=1):
            starts.append(out.tell())
            out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        table = out.tell()
        out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(starts) + 1))
        out.writelines(b"%010d 00000 n \n" % start for start in starts)
        trailer = f"<< /Size {len(starts) + 1} /Root {root} /Info {info} >>"
        out.write(b"trailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (trailer.encode("ascii"), table))
        return out.getvalue()


def _font(file: _File, *, bold: bool) -> str:
    """One of the two weights, embedded: it prints the same everywhere. Numbers are in thousandths of the size."""
    data = font_file(bold=bold)
    embedded = file.add_stream(data, entries=f"/Length1 {len(data)}", compress=True)
    name = f"/SkinTagPaper-{'Bold' if bold else 'Regular'}"
    heights = f"/Ascent {round(1000 * ASCENT)} /Descent {round(-1000 * DESCENT)} /CapHeight 729 /ItalicAngle 0"
    descriptor = file.add(
        f"<< /Type /FontDescriptor /FontName {name} /Flags 32 /FontBBox [-203 -303 1050 910] {heights} "
        f"/StemV {140 if bold else 80} /FontFile2 {embedded} >>"
    )
    widths = " ".join(str(round(advance(_letter(code), bold=bold))) for code in range(_FIRST, _LAST + 1))
    return file.add(
        f"<< /Type /Font /Subtype /TrueType /BaseFont {name} /Encoding /WinAnsiEncoding /FirstChar {_FIRST} "
        f"/LastChar {_LAST} /Widths [{widths}] /FontDescriptor {descriptor} >>"
    )


def _letter(code: int) -> str:
    return bytes([code]).decode(CHARSET, errors="replace")


def _images(file: _File, page: Page) -> str:
    """The entry of the resources that names the photo, or nothing."""
    photos = [mark for mark in page.marks if isinstance(mark, Picture)]
    return f" /XObject << /Photo {_image(file, photos[0].image)} >>" if photos else ""


def _image(file: _File, image: Image.Image) -> str:
    jpeg = BytesIO()
    image.save(jpeg, format="JPEG", quality=90)
    size = f"/Width {image.width} /Height {image.height} /BitsPerComponent 8 /ColorSpace /DeviceRGB"
    return file.add_stream(jpeg.getvalue(), entries=f"/Type /XObject /Subtype /Image {size} /Filter /DCTDecode")


def _info(file: _File, *, page: Page, sheet: Sheet) -> str:
    creator = f"{sheet.app_name} {sheet.app_version}"[:200]
    return file.add(
        f"<< /Title {_string(page.title)} /Creator {_string(creator)} /CreationDate {_day(sheet.taken)} "
        f"/Subject {_string(sheet.report.tier_text)} >>"
    )


def _string(text: str) -> str:
    """Any text, as UTF-16 in hexadecimal digits: no character of it can end the string."""
    return f"<{('\ufeff' + text).encode('utf-16-be', errors='replace').hex()}>"


def _day(day: date) -> str:
    """Midnight UTC of the day the photo was taken: the clock would make every file a new one."""
    return f"(D:{day.year:04d}{day.month:02d}{day.day:02d}000000Z)"


# What draws a mark. A PDF counts from the lower left corner.


def _drawn(mark: Mark) -> bytes:
    if isinstance(mark, Text):
        return _text(mark)
    if isinstance(mark, Shape):
        return _shape(mark)
    side, y = _number(mark.side), _number(HEIGHT - mark.y - mark.side)
    return f"q {side} 0 0 {side} {_number(mark.x)} {y} cm /Photo Do Q".encode("ascii")


def _text(text: Text) -> bytes:
    place = f"{_number(text.x)} {_number(HEIGHT - text.y)}"
    codes = text.text.encode(CHARSET).hex()
    font = f"{_FONTS[text.bold]} {_number(text.size)} Tf"
    return f"BT {_colour(text.colour)} rg {font} {place} Td <{codes}> Tj ET".encode("ascii")


def _shape(shape: Shape) -> bytes:
    (x, y), *others = [(_number(px), _number(HEIGHT - py)) for px, py in shape.points]
    path = " ".join((f"{x} {y} m", *(f"{px} {py} l" for px, py in others)))
    line = f"{_colour(shape.border)} RG {_number(RULE)} w " if shape.border else ""
    return f"{_colour(shape.fill)} rg {line}{path} {'b' if shape.border else 'h f'}".encode("ascii")


def _colour(colour: str) -> str:
    """ "#RRGGBB" as three shares of 1."""
    return " ".join(_number(int(colour[index : index + 2], 16) / 255) for index in (1, 3, 5))


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
