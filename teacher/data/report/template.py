"""Templates of pages: every package has its own, all share one style and what pages are made of."""

from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

HOME = "teacher.data.report"


def rendered(package: str, template: str, /, **values: Any) -> str:
    """A template of a package as text; it can include `style.css` and import from `parts.html.j2`, which stand here."""

    def load(wanted: str) -> str | None:
        found = (files(home) / wanted for home in (package, HOME))
        return next((file.read_text(encoding="utf-8") for file in found if file.is_file()), None)

    environment = Environment(
        autoescape=lambda own: own is not None and not own.endswith((".css", ".md.j2")),
        loader=FunctionLoader(load),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)
