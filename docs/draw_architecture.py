"""Draws docs/images/architecture.svg, and writes the table of rooms in docs/architecture.md.

    uv run python docs/draw_architecture.py

It is told nothing that the code does not say itself: layers come from the import contracts of pyproject.toml, arrows
from the imports that exist, what travels to a phone from `tool.flet.app`, each room's words from its docstring. A test
holds picture and table to what this draws now.
"""

import ast
import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from xml.etree import ElementTree as ET

from grimp import ImportGraph, build_graph

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "architecture.svg"
PAGE = ROOT / "docs" / "architecture.md"
TABLE_START, TABLE_END = "<!-- rooms: written by docs/draw_architecture.py -->\n", "<!-- end of rooms -->"

WIDTH, MARGIN = 1140, 20
ROW, GAP = 26, 5
"""Height of a wing's box and the space below it."""
HEAD, LINE, PAD = 34, 17, 12
"""Height of a room's name, of a line of its docstring, and of the space inside its border."""
LINE_GAP = 12
"""Between two lines of columns, in a room that is too narrow for one."""
LEVEL_GAP = 34
"""Between the layers of rooms: as long as the shortest arrow."""
LETTER = 7.3
"""Pixels of an average letter of the wings' names, on the wide side: which sans serif is there, nobody knows."""
SMALL_LETTER, NAME_LETTER = 6.5, 12
CHEVRON = 14
LEGEND = 178
"""From the app's box down to the next: the legend stands between them."""

ACROSS: Mapping[str, tuple[int, int]] = {
    "benchmarks": (MARGIN, WIDTH - MARGIN),
    "mobile_app": (MARGIN, 317),
    "export": (336, WIDTH - MARGIN),
    "distill": (336, 1068),
    "teacher": (356, 1098),
    "runtime": (MARGIN, WIDTH - MARGIN),
}
"""Left and right edge of each room: a staircase, so that nearly every arrow falls straight."""

FALLS: Mapping[tuple[str, str], int] = {
    ("benchmarks", "mobile_app"): 150,
    ("benchmarks", "export"): 650,
    ("mobile_app", "runtime"): 42,
    ("export", "distill"): 650,
    ("export", "teacher"): 1083,
    ("export", "runtime"): 1109,
    ("distill", "teacher"): 650,
    ("distill", "runtime"): 346,
    ("teacher", "runtime"): 650,
}
"""Where each arrow falls straight."""
RAIL = 327
"""Where the arrows of the topmost room fall to all the rest."""

STYLE = """
text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: #16262b; }
.sheet { fill: #ffffff; stroke: #d5dee1; }
.room { fill: #f4f6f9; stroke: #8795a8; }
.device.room { fill: #ecf6f6; stroke: #0b7a86; }
.wing { fill: #dbe2ec; stroke: #8795a8; }
.device.wing { fill: #c5e6e7; stroke: #0b7a86; }
.file { fill: none; stroke: #8795a8; }
.device.file { stroke: #0b7a86; }
.name { font-size: 18px; font-weight: 650; }
.words { font-size: 13px; font-weight: 400; fill: #4d5f66; }
.label { font-size: 13px; text-anchor: middle; }
.next { font-size: 15px; text-anchor: middle; fill: #6b7c83; }
.arrow { fill: none; stroke: #4d5f66; stroke-width: 2; }
.head { fill: #4d5f66; stroke: none; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6eef0; }
  .sheet { fill: #0e1519; stroke: #2b3a41; }
  .room { fill: #161f29; stroke: #66788f; }
  .device.room { fill: #0f2427; stroke: #3ba3ad; }
  .wing { fill: #2a3748; stroke: #66788f; }
  .device.wing { fill: #15474c; stroke: #3ba3ad; }
  .file { stroke: #66788f; }
  .device.file { stroke: #3ba3ad; }
  .words { fill: #a5b5bb; }
  .next { fill: #8fa1a8; }
  .arrow { stroke: #a5b5bb; }
  .head { fill: #a5b5bb; }
}
"""


@dataclass(frozen=True, kw_only=True)
class Room:
    """A package: what it says of itself, and its parts in the order of their imports."""

    name: str
    words: str
    columns: Sequence[Sequence[str]]
    """left imports right; what stands in one column does not import each other"""
    stays: frozenset[str]
    """what no phone installs: "export", "runtime/service" """

    def on_device(self, part: str) -> bool:
        return not self.stays & {self.name, f"{self.name}/{part}"}


@dataclass(frozen=True, kw_only=True)
class House:
    """The rooms by layer, top first, and which imports which."""

    levels: Sequence[Sequence[Room]]
    arrows: Sequence[tuple[str, str]]

    @property
    def rooms(self) -> Sequence[Room]:
        return [room for level in self.levels for room in level]


@dataclass(frozen=True, kw_only=True)
class Box:
    """Where a room stands, in pixels from the top left."""

    left: int
    right: int
    top: int
    bottom: int


def read_house() -> House:
    """The house as pyproject.toml and the imports have it."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    contracts = [contract for contract in settings["importlinter"]["contracts"] if contract["type"] == "layers"]
    inside = {contract["containers"][0]: contract["layers"] for contract in contracts if "containers" in contract}
    levels = [_split(layer) for layer in next(c for c in contracts if "containers" not in c)["layers"]]
    names = [name for level in levels for name in level]
    graph = build_graph(*names, cache_dir=None)
    stays = frozenset(settings["flet"]["app"]["exclude"])

    def room(name: str) -> Room:
        columns = [_split(layer) for layer in inside[name]] if name in inside else _floors(name, graph)
        return Room(name=name, words=_first_line(name), columns=columns, stays=stays)

    return House(levels=[[room(name) for name in level] for level in levels], arrows=_arrows(names, graph))


def wings_of(package: str) -> Sequence[str]:
    """The folders of a package that hold code."""
    return sorted(path.parent.name for path in (ROOT / package).glob("*/__init__.py"))


def _split(layer: str) -> list[str]:
    return [name.strip() for name in layer.split("|")]


def _arrows(names: Sequence[str], graph: ImportGraph) -> Sequence[tuple[str, str]]:
    pairs = [(above, below) for place, above in enumerate(names) for below in names[place + 1 :]]
    return [pair for pair in pairs if _imports(graph, *pair)]


def _floors(package: str, graph: ImportGraph) -> Sequence[Sequence[str]]:
    """The wings of a package without a contract of its own as their imports order them; one column if they do not."""
    wings = wings_of(package)
    sorter = TopologicalSorter({name: [] for name in wings})
    for above in wings:
        for below in wings:
            if above != below and _imports(graph, f"{package}.{above}", f"{package}.{below}"):
                sorter.add(below, above)
    try:
        sorter.prepare()
    except CycleError:
        return [wings]
    floors = []
    while sorter.is_active():
        floors.append(sorted(sorter.get_ready()))
        sorter.done(*floors[-1])
    return floors


def _imports(graph: ImportGraph, above: str, below: str) -> bool:
    targets = graph.find_descendants(below) | {below}
    importers = graph.find_descendants(above) | {above}
    return any(graph.find_modules_directly_imported_by(module) & targets for module in importers)


def _first_line(*parts: str) -> str:
    """The first line of a package's docstring."""
    path = ROOT.joinpath(*parts) / "__init__.py"
    words = ast.get_docstring(ast.parse(path.read_text()))
    if not words:
        raise SystemExit(f"{path.relative_to(ROOT)}: say in a docstring what happens here; the picture shows it")
    return words.splitlines()[0]


def draw(house: House) -> str:
    """The picture as SVG: the same bytes for the same house."""
    boxes = _boxes(house)
    height = max(box.bottom for box in boxes.values()) + MARGIN
    svg = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {height}", role="img")
    _add(svg, "title", "Six rooms and their wings; imports go down and to the right")
    _add(svg, "style", STYLE)
    _rect(svg, "sheet", 0.5, 0.5, WIDTH - 1, height - 1, 12)
    for room in house.rooms:
        _draw_room(svg, room, boxes[room.name])
    for above, below in house.arrows:
        _draw_arrow(svg, house, boxes, above, below)
    _draw_legend(svg, boxes)
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _boxes(house: House) -> dict[str, Box]:
    """Each level below what stands above it: a room may reach down beside the levels below its own."""
    boxes: dict[str, Box] = {}
    for level in house.levels:
        across = [_known(ACROSS, room.name) for room in level]
        above = {
            name: box.bottom
            for name, box in boxes.items()
            if any(box.left < right and left < box.right for left, right in across)
        }
        top = max((y + (LEGEND if name == "mobile_app" else LEVEL_GAP) for name, y in above.items()), default=MARGIN)
        for room, (left, right) in zip(level, across, strict=True):
            boxes[room.name] = Box(left=left, right=right, top=top, bottom=top + _height(room))
    return boxes


def _known[K, V](places: Mapping[K, V], what: K) -> V:
    if what not in places:
        raise SystemExit(f"{what}: new, and docs/draw_architecture.py has no place for it yet (ACROSS, FALLS)")
    return places[what]


def _height(room: Room) -> int:
    return HEAD + _words_height(room) + (_parts_height(room) + PAD if room.columns else 0)


def _parts_height(room: Room) -> int:
    lines = _lines(room)
    return sum(_line_height(line) for line in lines) + LINE_GAP * (len(lines) - 1)


def _line_height(line: Sequence[Sequence[str]]) -> int:
    return _column_height(max(line, key=len))


def _column_height(column: Sequence[str]) -> int:
    return len(column) * (ROW + GAP) - GAP


def _lines(room: Room) -> Sequence[Sequence[Sequence[str]]]:
    """The room's columns, as many in a line as fit beside each other."""
    left, right = _known(ACROSS, room.name)
    lines: list[list[Sequence[str]]] = []
    for column in room.columns:
        if not lines or _wanted([*lines[-1], column]) > right - left - 2 * PAD:
            lines.append([])
        lines[-1].append(column)
    return lines


def _wanted(line: Sequence[Sequence[str]]) -> float:
    """Pixels that these columns and the chevrons between them take."""
    return sum(_column_width(column) for column in line) + CHEVRON * (len(line) - 1)


def _column_width(column: Sequence[str]) -> float:
    return max(len(name) for name in column) * LETTER + 12


def _words_height(room: Room) -> int:
    """Of the lines below the room's name; none where its words fit beside it."""
    lines = _wrapped(room)
    return LINE * len(lines) + 3 if len(lines) > 1 else 0


def _wrapped(room: Room) -> Sequence[str]:
    left, right = _known(ACROSS, room.name)
    words, width = room.words.replace("`", ""), right - left - 2 * PAD
    beside = width - NAME_LETTER * len(room.name) - PAD
    return [words] if len(words) * SMALL_LETTER <= beside else textwrap.wrap(words, int(width / SMALL_LETTER))


def _draw_room(svg: ET.Element, room: Room, box: Box) -> None:
    kind = _kind("room", device=room.on_device(""))
    _rect(svg, kind, box.left, box.top, box.right - box.left, box.bottom - box.top, 9)
    name = _text(svg, "name", box.left + PAD, box.top + 24, room.name)
    lines = _wrapped(room)
    if len(lines) == 1:
        _add(name, "tspan", lines[0], **{"class": "words", "dx": str(PAD)})
    for number, line in enumerate(lines if len(lines) > 1 else ()):
        _text(svg, "words", box.left + PAD, box.top + HEAD + PAD + LINE * number, line)
    top = box.top + HEAD + _words_height(room)
    for line in _lines(room):
        last = line[-1] is room.columns[-1]
        _draw_columns(svg, room, line, left=box.left + PAD, right=box.right - PAD, top=top, last=last)
        top += _line_height(line) + LINE_GAP


def _kind(kind: str, *, device: bool) -> str:
    return f"device {kind}" if device else kind


def _draw_columns(
    svg: ET.Element,
    room: Room,
    line: Sequence[Sequence[str]],
    *,
    left: float,
    right: float,
    top: float,
    last: bool,
) -> None:
    """One line's parts from left to right, a chevron after each column but the room's last, spread over its width."""
    wings = wings_of(room.name)
    space = right - left - _wanted(line)
    if space < 0:
        raise SystemExit(f"{room.name}: {line[0]} is {-space:.0f} pixels too wide; widen the room in ACROSS")
    middle = top + _line_height(line) / 2
    for number, column in enumerate(line):
        width = _column_width(column) + min(space / len(line), 30)
        start = middle - _column_height(column) / 2
        for row, name in enumerate(column):
            kind = _kind("wing" if name in wings else "file", device=room.on_device(name))
            _draw_part(svg, kind, name, left, start + row * (ROW + GAP), width)
        left += width
        if number + 1 < len(line) or not last:
            _text(svg, "next", left + CHEVRON / 2, middle + 4, "›")
            left += CHEVRON


def _draw_part(svg: ET.Element, kind: str, name: str, left: float, top: float, width: float) -> None:
    _rect(svg, kind, left, top, width, ROW, 5)
    _text(svg, "label", left + width / 2, top + 17.5, name)


def _draw_arrow(svg: ET.Element, house: House, boxes: Mapping[str, Box], above: str, below: str) -> None:
    start, end = boxes[above], boxes[below]
    if (above, below) in FALLS or above != house.rooms[0].name:
        x = _known(FALLS, (above, below))
        _line(svg, [(x, start.bottom), (x, end.top)])
    elif end.left < RAIL:
        _line(svg, [(RAIL, start.bottom), (RAIL, end.top)])
    else:
        y = end.top + HEAD / 2
        _line(svg, [(RAIL, start.bottom), (RAIL, y), (end.left, y)])


def _line(svg: ET.Element, points: Sequence[tuple[float, float]]) -> None:
    (x0, y0), (x, y) = points[-2:]
    right, down = (x > x0) * 1, (y > y0) * 1
    shaft = [*points[:-1], (x - 7 * right, y - 7 * down)]
    ET.SubElement(svg, "path", {"class": "arrow", "d": "M" + " L".join(f"{_n(px)},{_n(py)}" for px, py in shaft)})
    corners = [(x, y), (x - 9 * right - 4.5 * down, y - 9 * down - 4.5 * right)]
    corners.append((x - 9 * right + 4.5 * down, y - 9 * down + 4.5 * right))
    ET.SubElement(
        svg, "path", {"class": "head", "d": "M" + " L".join(f"{_n(px)},{_n(py)}" for px, py in corners) + "Z"}
    )


def _draw_legend(svg: ET.Element, boxes: Mapping[str, Box]) -> None:
    """In the free corner below the app."""
    left, top = boxes["mobile_app"].left + 44, boxes["mobile_app"].bottom + 20
    signs = (
        ("device wing", "wing", "travels to a phone"),
        ("wing", "wing", "stays on the workbench"),
        ("file", "file", "one file, not a folder"),
    )
    for row, (kind, name, words) in enumerate(signs):
        _draw_part(svg, kind, name, left, top + row * 32, 46)
        _text(svg, "words", left + 56, top + row * 32 + 17.5, words)
    for row, words in enumerate(("a › b: a may import b,", "never the other way round", "arrows: imports that exist")):
        _text(svg, "words", left, top + 3 * 32 + 17.5 + row * LINE, words)


def _add(parent: ET.Element, tag: str, text: str, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, tag, attributes)
    child.text = text
    return child


def _rect(svg: ET.Element, kind: str, x: float, y: float, width: float, height: float, radius: int) -> None:
    places = {"x": x, "y": y, "width": width, "height": height, "rx": radius}
    ET.SubElement(svg, "rect", {"class": kind, **{name: _n(value) for name, value in places.items()}})


def _text(svg: ET.Element, kind: str, x: float, y: float, text: str) -> ET.Element:
    return _add(svg, "text", text, **{"class": kind, "x": _n(x), "y": _n(y)})


def _n(value: float) -> str:
    return f"{round(value, 1):g}"


def table(house: House) -> str:
    """The rooms from top to bottom, and the question that each wing answers."""
    rows = ["| room | wing | what happens there |\n|---|---|---|\n"]
    for room in house.rooms:
        rows.append(f"| **`{room.name}`** | | {room.words} |\n")
        shown = [name for column in room.columns for name in column if name in wings_of(room.name)]
        rows += [f"| | `{wing}/` | {_first_line(room.name, wing)} |\n" for wing in shown]
    return "".join(rows)


def with_table(page: str, house: House) -> str:
    """The page with its table of rooms as it is now."""
    before, _, rest = page.partition(TABLE_START)
    _, _, after = rest.partition(TABLE_END)
    return before + TABLE_START + table(house) + TABLE_END + after


def main() -> None:
    house = read_house()
    PICTURE.write_text(draw(house))
    PAGE.write_text(with_table(PAGE.read_text(), house))
    print(f"{PICTURE.relative_to(ROOT)} and the table in {PAGE.relative_to(ROOT)} are up to date")


if __name__ == "__main__":
    main()
