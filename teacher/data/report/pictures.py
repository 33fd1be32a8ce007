"""Pictures inside the page itself: thumbnails and plots as text, so that nothing is loaded from anywhere."""

import base64
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from PIL import Image

from runtime.conditions import CONDITIONS, Condition
from teacher.data.dataset import Dataset
from teacher.data.report.counts import domains_of, words
from teacher.data.report.files import PhotoFile
from teacher.data.sample import Domain, Sample

THUMB = 112
"""Pixels of a thumbnail's side: about 3 kB as JPEG, so that 210 of them stay below a megabyte."""
EACH = 7
"""Photos shown of each condition and domain."""
PLOT_COLOURS = ("#2a7fba", "#c8632b", "#3f9d63", "#9563b8", "#b58a1b", "#c24d7c", "#4aa3a2", "#7d7d7d", "#8a5a44")
"""Middling in lightness: each stands out from white and from near-black by 3 to 1 (WCAG 1.4.11)."""


@dataclass(frozen=True, kw_only=True)
class Thumb:
    """A photo of the data, small."""

    uri: str
    caption: str
    malignant: bool


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """Photos of one condition, by domain."""

    condition: str
    rows: tuple[tuple[str, tuple[Thumb, ...]], ...]


def thumb_of(dataset: Dataset, index: int, caption: str | None = None) -> Thumb:
    """A sample's square as a thumbnail."""
    sample = dataset.samples[index]
    return Thumb(
        uri=_uri(dataset.square(index)),
        caption=_caption(sample) if caption is None else caption,
        malignant=sample.malignant,
    )


def galleries(dataset: Dataset, *, seed: int = 0) -> tuple[Gallery, ...]:
    """Of each condition and domain a few photos, drawn evenly over its datasets and skin tones by a fixed seed."""
    order = np.random.default_rng(seed).permutation(len(dataset.samples))
    found = []
    for condition in CONDITIONS:
        rows = []
        for domain in domains_of(dataset.samples):
            places = _spread(dataset.samples, order, condition, domain)
            if places:
                rows.append((domain.value, tuple(thumb_of(dataset, place) for place in places)))
        if rows:
            found.append(Gallery(condition=words(condition), rows=tuple(rows)))
    return tuple(found)


def size_plot(files: Sequence[PhotoFile]) -> str:
    """Width against height of the files on disk, an inline SVG in the page's own colours."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        sources = sorted({one.source for one in files})
        for colour, source in zip(PLOT_COLOURS * len(sources), sources, strict=False):
            sizes, counts = np.unique(
                [(one.width, one.height) for one in files if one.source == source], axis=0, return_counts=True
            )
            # Area by the root of the count: one photo is still a dot, thousands of one size no moon.
            axes.scatter(*sizes.T, s=6 + 4 * np.sqrt(counts), color=colour, alpha=0.55, linewidths=0, label=source)
        axes.set(xscale="log", yscale="log", xlabel="width, pixels", ylabel="height, pixels")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:,.0f}")
            axis.set_minor_formatter("{x:,.0f}")
        for handle in axes.legend(frameon=False, fontsize=9).legend_handles:
            handle.set_sizes([40])  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
        axes.grid(alpha=0.25, linewidth=0.6, which="both")
        axes.spines[["top", "right"]].set_visible(False)

    return inline_svg(draw, size=(6.4, 4.6), name="sizes", label="Sizes of the photo files")


def inline_svg(draw: Callable[[Figure], None], *, size: tuple[float, float], name: str, label: str) -> str:
    """What `draw` puts into a figure of so many inches, as SVG for a page: in its own colours, the same every time.

    `name`: what its parts are called after, another for each plot of a page; `label`: what screen readers say.
    """
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.family": "sans-serif", "font.size": 10}):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        figure.patch.set_alpha(0)
        for axes in figure.axes:
            axes.patch.set_alpha(0)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return _in_page_colours(text.getvalue(), label)


def _in_page_colours(svg: str, label: str) -> str:
    """Without its prologue, black as the page's own ink, as wide as there is room."""
    svg = svg[svg.index("<svg") :]
    svg = svg.replace("#000000", "currentColor")
    svg = re.sub(r"<text style=\"", '<text fill="currentColor" style="', svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return re.sub(r'^<svg([^>]*?) width="[^"]*"', rf'<svg\1 role="img" aria-label="{escape(label)}"', svg)


def _spread(samples: Sequence[Sample], order: np.ndarray, condition: Condition, domain: Domain) -> list[int]:
    """Places of up to EACH photos, in turns from every dataset and tone, no group twice."""
    stacks: dict[tuple[str, object], list[int]] = {}
    groups: set[str] = set()
    for place in order.tolist():
        sample = samples[place]
        if sample.condition is condition and sample.domain is domain and sample.group_id not in groups:
            groups.add(sample.group_id)
            stacks.setdefault((sample.dataset, sample.tone_group), []).append(place)
    found: list[int] = []
    while len(found) < EACH and any(stacks.values()):
        found += [stack.pop() for _, stack in sorted(stacks.items(), key=str) if stack]
    return found[:EACH]


def _caption(sample: Sample) -> str:
    tone = f", {sample.tone_group}" if sample.tone_group else ""
    return f"{sample.key}: {sample.raw_label}{tone}"


def _uri(square: np.ndarray) -> str:
    image, content = Image.fromarray(square), io.BytesIO()
    image.thumbnail((THUMB, THUMB))
    image.save(content, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode()
