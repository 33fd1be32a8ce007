"""The page itself: what was counted and drawn, put into the template."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runtime.files import written_whole
from teacher.data.dataset import Dataset
from teacher.data.found import Loaded
from teacher.data.overview import missing
from teacher.data.registry import all_datasets, dataset
from teacher.data.report import counts
from teacher.data.report.files import odd_shapes, photo_files, size_rows
from teacher.data.report.oddities import oddities
from teacher.data.report.pairs import Pair, contradicts, hashed_pairs, most_telling, same_picture
from teacher.data.report.pictures import galleries, size_plot, thumb_of
from teacher.data.report.template import rendered
from teacher.data.sample import DataError
from teacher.data.splits import Part

SHOWN_PAIRS, SHOWN_ODD = 24, 12


def write_report(
    path: Path,
    opened: Dataset,
    loaded: Sequence[Loaded],
    *,
    root: Path | None,
    photos: bool = True,
    more_pairs: Sequence[Pair] = (),
) -> None:
    """Write a data root as one HTML file that needs nothing else.

    `loaded`: what the tables list; empty for the synthetic dataset. `photos`: with thumbnails. `more_pairs`: the same
    lesion found in two photos by other means than a hash. Raises DataError where the file cannot be written.
    """
    page = build_report(opened, loaded, root=root, photos=photos, more_pairs=more_pairs)
    try:
        with written_whole(path) as partial:
            partial.write_text(page, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise DataError(f"--report {path}: cannot be written ({error.strerror})") from error


def build_report(
    opened: Dataset,
    loaded: Sequence[Loaded],
    *,
    root: Path | None,
    photos: bool,
    more_pairs: Sequence[Pair] = (),
) -> str:
    """The page as text."""
    return rendered(
        "teacher.data.report",
        "page.html.j2",
        name="synthetic drawings" if root is None else root.resolve().name,
        photos=photos,
        parts=[(part.value, f"p{place}") for place, part in enumerate(Part)],
        missing=missing(loaded) if loaded else [],
        licences=_licences(opened, loaded),
        odd_lines=oddities(root, opened, loaded),
        **_counted(opened, loaded),
        **_duplicates(opened, more_pairs, photos=photos),
        **_files(opened, photos=photos),
        galleries=galleries(opened) if photos else (),
    )


def _counted(opened: Dataset, loaded: Sequence[Loaded]) -> dict[str, Any]:
    table = counts.table_of(opened, loaded)
    train = [opened.samples[index] for index in opened.part(Part.TRAIN)]
    cells = counts.cell_rows(train)
    return {
        "listed": len(table),
        "here": len(opened.samples),
        "groups": len(set(opened.groups.tolist())),
        "malignant": sum(sample.malignant for sample in opened.samples),
        "toneless": sum(sample.tone_group is None for sample in opened.samples),
        "condition_bars": counts.condition_bars(table),
        "condition_legend": counts.condition_legend(),
        "composition": counts.composition_grid(table),
        "malignant_grid": counts.malignant_grid(table),
        "tone_bars": counts.tone_bars(table),
        "tone_legend": [(tone, f"t{place}") for place, tone in enumerate(counts.TONES)],
        "tone_grid": counts.tone_grid(opened.samples),
        "part_bars": counts.part_bars(table),
        "intended": counts.intended_parts(),
        "cells": cells,
        "largest_cell": max((max(cell.share, cell.weighed) for cell in cells), default=1.0),
        "labels": counts.label_rows(table),
    }


def _duplicates(opened: Dataset, more_pairs: Sequence[Pair], *, photos: bool) -> dict[str, Any]:
    hashed = hashed_pairs(opened)
    seen = [pair for pair in hashed if same_picture(opened, pair)]
    known = {frozenset((pair.left, pair.right)) for pair in seen}
    pairs = [*seen, *(pair for pair in more_pairs if frozenset((pair.left, pair.right)) not in known)]
    shown = [
        {
            "how": pair.how,
            "contradicts": contradicts(opened, pair),
            "sides": [
                (opened.samples[place], opened.parts[place], thumb_of(opened, place) if photos else None)
                for place in (pair.left, pair.right)
            ],
        }
        for pair in most_telling(opened, pairs)[:SHOWN_PAIRS]
    ]
    return {
        "pairs": len(pairs),
        "contradicting": sum(contradicts(opened, pair) for pair in pairs),
        "across": sum(opened.samples[pair.left].dataset != opened.samples[pair.right].dataset for pair in pairs),
        "shown_pairs": shown,
        "only_alike": len(hashed) - len(seen),
    }


def _files(opened: Dataset, *, photos: bool) -> dict[str, Any]:
    found = photo_files(opened.samples)
    odd = odd_shapes(found)
    captions = [f"{opened.samples[one.place].key}: {one.width} x {one.height}" for one in odd[:SHOWN_ODD]]
    thumbs = [thumb_of(opened, one.place, text) for one, text in zip(odd, captions, strict=False)] if photos else []
    return {
        "size_rows": size_rows(found),
        "size_plot": size_plot(found) if found else "",
        "odd_count": len(odd),
        "odd_captions": captions,
        "odd_thumbs": thumbs,
    }


def _licences(opened: Dataset, loaded: Sequence[Loaded]) -> list[tuple[str, ...]]:
    """Title, terms, citation and where to get it, of each dataset that is there."""
    known = {spec.name for spec in all_datasets()}
    names = [found.dataset for found in loaded] or sorted({sample.dataset for sample in opened.samples})
    specs = [dataset(name) for name in names if name in known]
    return [(spec.title, spec.licence, spec.citation, spec.how_to_get) for spec in specs]
