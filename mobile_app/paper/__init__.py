"""One A4 page about one spot, to hand to a doctor: as PDF and as PNG, made on the device, without a network.

A `Sheet` is what the page says; `page.lay_out` puts it in place, and both writers draw that same page.
"""

from mobile_app.paper.pdf import as_pdf
from mobile_app.paper.png import as_png
from mobile_app.paper.sheet import Answer, Sheet

__all__ = ["Answer", "Sheet", "as_pdf", "as_png"]
