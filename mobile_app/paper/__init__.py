"""One A4 page about one spot, to hand to a doctor: as PDF and as PNG, made on the device, without a network.

A `Sheet` is what the page says; `page.lay_out` puts it in place, and both writers draw that same page.
"""

from mobile_app.paper.sheet import Answer, Sheet

__all__ = ["Answer", "Sheet", "as_pdf", "as_png"]


def as_pdf(sheet: Sheet) -> bytes:
    """The page as PDF: one A4 page whose text can be selected. The same sheet gives the same bytes."""
    from mobile_app.paper import pdf  # not at import: ReportLab takes 0.2 s, and the app starts without

    return pdf.as_pdf(sheet)


def as_png(sheet: Sheet) -> bytes:
    """The page as PNG, 1240 x 1754 pixels at 150 dpi. The same sheet gives the same bytes."""
    from mobile_app.paper import png

    return png.as_png(sheet)
