"""A contact sheet: photos that were found to show the same lesion, next to each other."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from runtime.files import written_whole
from runtime.photo.decode import load_square
from teacher.data.duplicates.table import Duplicate
from teacher.data.sample import DataError, Sample

PAIRS, ACROSS = 20, 4
SIDE, TEXT, GAP = 224, 30, 8


def write_sheet(path: Path, duplicates: Sequence[Duplicate], samples: Mapping[tuple[str, str], Sample]) -> str:
    """Twenty pairs of the two datasets that share most, from the most matches to the fewest; says which.

    Raises DataError where no pair was found or the file cannot be written.
    """
    same = [one for one in duplicates if one.same]
    if not same:
        raise DataError(f"{path}: not written, no two photos show the same lesion")
    shared = Counter(_datasets(one) for one in same)
    wanted = max(shared, key=lambda names: (names[0] != names[1], shared[names], names))
    ranked = sorted((one for one in same if _datasets(one) == wanted), key=lambda one: (-one.matches, one.first))
    chosen = [ranked[place] for place in np.unique(np.linspace(0, len(ranked) - 1, PAIRS).round().astype(int))]
    cells = [_cell(one, samples) for one in chosen]
    width, height = cells[0].size
    down = -(-len(cells) // ACROSS)
    page = Image.new("RGB", (ACROSS * (width + GAP), down * (height + GAP)), "white")
    for place, cell in enumerate(cells):
        page.paste(cell, (place % ACROSS * (width + GAP), place // ACROSS * (height + GAP)))
    try:
        with written_whole(path) as partial:
            page.save(partial, format="JPEG", quality=90)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from error
    return f"{path}: {len(cells)} of {len(ranked):,} pairs of {' x '.join(wanted)}, from the most matches to the fewest"


def _datasets(one: Duplicate) -> tuple[str, str]:
    first, second = sorted((one.first[0], one.second[0]))
    return first, second


def _cell(one: Duplicate, samples: Mapping[tuple[str, str], Sample]) -> Image.Image:
    cell = Image.new("RGB", (2 * SIDE, SIDE + TEXT), "white")
    draw = ImageDraw.Draw(cell)
    for side, name in enumerate((one.first, one.second)):
        sample = samples[name[:2]]
        cell.paste(Image.fromarray(load_square(sample.path.read_bytes(), size=SIDE)), (side * SIDE, 0))
        draw.text((side * SIDE + 2, SIDE + 1), sample.key, fill="black")
        draw.text((side * SIDE + 2, SIDE + 14), f"{sample.condition}, {one.matches} matches", fill="black")
    return cell
