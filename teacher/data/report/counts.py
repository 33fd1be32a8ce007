"""What a page says in figures: every count comes from one table with a row per listed image."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from runtime.conditions import CONDITIONS, MALIGNANT_CONDITIONS
from teacher.data.dataset import Dataset
from teacher.data.found import Loaded
from teacher.data.registry import all_datasets
from teacher.data.sample import Domain, Sample, ToneGroup
from teacher.data.sampling import UNKNOWN, SamplingConfig, cell_of, cell_table, sampling_of
from teacher.data.splits import FOLDS, FOLDS_OF_PART, Part

NO_TONE = "no tone"
TONES = (*ToneGroup, NO_TONE)
KIND = ("benign", "malignant")


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A piece of a bar."""

    name: str
    count: int
    share: float
    """of its bar"""
    css: str
    """class that colours it"""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar with its words."""

    title: str
    note: str
    segments: tuple[Segment, ...]
    faint: bool = False
    """of what is listed only"""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table of figures; `cells` hold a text and how strongly it is tinted, 0 to 1."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]


@dataclass(frozen=True, kw_only=True)
class CellRow:
    """A cell of the sampling, before and after; shares of all."""

    name: str
    malignant: bool
    images: int
    own: bool
    share: float
    weighed: float
    times: float


@dataclass(frozen=True, kw_only=True)
class LabelRow:
    """What a raw label became."""

    raw: str
    condition: str
    malignant: str
    listed: int
    here: int


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One listed image."""

    dataset: str
    source: str
    """dataset and domain, such as MILK10k, clinical"""
    condition: str
    malignant: bool
    tone: str
    raw: str
    part: str
    """empty where the photo is not here"""


def table_of(dataset: Dataset, loaded: Sequence[Loaded]) -> list[Listed]:
    """What the tables list; of the synthetic dataset, what there is."""
    part_of = {_key(sample): part.value for sample, part in zip(dataset.samples, dataset.parts, strict=True)}
    listed = [sample for found in loaded for sample in (*found.samples, *found.absent)] or dataset.samples
    titles = {spec.name: spec.title for spec in all_datasets()}
    return [
        Listed(
            dataset=title,
            source=f"{title}, {sample.domain}",
            condition=sample.condition.value,
            malignant=sample.malignant,
            tone=sample.tone_group.value if sample.tone_group else NO_TONE,
            raw=sample.raw_label,
            part=part_of.get(_key(sample), ""),
        )
        for sample in listed
        for title in [titles.get(sample.dataset, sample.dataset)]
    ]


def condition_bars(table: Sequence[Listed]) -> tuple[Bar, ...]:
    """A bar per dataset and domain: the conditions of the photos here, or of what is listed where none is here."""
    css = {condition.value: f"c{place}" for place, condition in enumerate(CONDITIONS)}
    return _bars(table, lambda one: one.condition, css)


def tone_bars(table: Sequence[Listed]) -> tuple[Bar, ...]:
    """The same of skin tones."""
    return _bars(table, lambda one: one.tone, {str(tone): f"t{place}" for place, tone in enumerate(TONES)})


def part_bars(table: Sequence[Listed]) -> tuple[Bar, ...]:
    """A bar per stratum of the split: dataset x domain x malignant."""
    strata = _by(_here(table), lambda one: f"{one.source}, {KIND[one.malignant]}")
    css = {part.value: f"p{place}" for place, part in enumerate(Part)}
    return tuple(_bar(name, [one.part for one in own], css, note=f"{len(own):,}") for name, own in strata.items())


def intended_parts() -> str:
    """Such as "train 68%, validation 8%, ..."."""
    folds = FOLDS_OF_PART | {Part.TRAIN: FOLDS - sum(FOLDS_OF_PART.values())}
    return ", ".join(f"{part} {folds[part] / FOLDS:.0%}" for part in Part)


def composition_grid(table: Sequence[Listed]) -> Grid:
    """Photos here by condition and source, the last row all of them, tinted by their share of the source."""
    sources = _by(_here(table), lambda one: one.source)
    counts = {source: Counter(one.condition for one in own) for source, own in sources.items()}
    rows = [
        (words(name), tuple(_count(counts[source][name.value], len(own)) for source, own in sources.items()))
        for name in CONDITIONS
    ]
    total = ("all", tuple((f"{len(own):,}", 0.0) for own in sources.values()))
    return Grid(columns=tuple(sources), rows=(*rows, total))


def malignant_grid(table: Sequence[Listed]) -> Grid:
    """Share of malignant photos here by source and tone, each with how many photos that rests on."""
    rows = []
    for source, own in _by(_here(table), lambda one: one.source).items():
        cells = [_share([one for one in own if one.tone == tone]) for tone in TONES]
        rows.append((source, (*cells, _share(own))))
    return Grid(columns=(*TONES, "all"), rows=tuple(rows))


def tone_grid(samples: Sequence[Sample]) -> Grid:
    """Photos by Fitzpatrick type and by MILK10k's class, which run in opposite directions."""
    rows = []
    for name, key, values in (
        ("Fitzpatrick type, 1 light to 6 dark", "fitzpatrick", range(1, 7)),
        ("tone class, 5 very light to 0 very dark", "tone_class", range(5, -1, -1)),
    ):
        counts = [sum(getattr(sample, key) == value for sample in samples) for value in values]
        if most := max(counts):
            cells = zip(values, counts, strict=True)
            rows.append((name, tuple((f"{value}: {n:,}", n / most) for value, n in cells)))
    return Grid(columns=("lightest", "", "", "", "", "darkest"), rows=tuple(rows))


def cell_rows(samples: Sequence[Sample]) -> tuple[CellRow, ...]:
    """The cells of the training photos at the usual powers, before and after."""
    if not samples:
        return ()
    table = cell_table([cell_of(sample) for sample in samples], sampling_of(samples, SamplingConfig()))
    return tuple(
        CellRow(
            name=f"{row['domain']}, {NO_TONE if row['tone'] == UNKNOWN else row['tone']}",
            malignant=bool(row["malignant"]),
            images=int(row["images"]),
            own=bool(row["own"]),
            share=float(row["share"]),
            weighed=float(row["weighed"]),
            times=float(row["times"]),
        )
        for row in table.to_dict("records")
    )


def label_rows(table: Sequence[Listed]) -> tuple[tuple[str, tuple[LabelRow, ...]], ...]:
    """By dataset the raw labels that occur, the most frequent first, with what they became."""
    found = []
    for name, own in _by(table, lambda one: one.dataset).items():
        rows = [_label_row(those) for those in _by(own, lambda one: f"{one.raw}\n{one.condition}").values()]
        found.append((name, tuple(sorted(rows, key=lambda row: (-row.listed, row.raw)))))
    return tuple(found)


def condition_legend() -> tuple[tuple[str, str], ...]:
    """Names of the conditions and the classes that colour them."""
    marked = [
        (words(one) + (" *" if one in MALIGNANT_CONDITIONS else ""), f"c{at}") for at, one in enumerate(CONDITIONS)
    ]
    return tuple(marked)


def words(name: object) -> str:
    """A condition as people write it."""
    return str(name).replace("_", " ")


def domains_of(samples: Sequence[Sample]) -> tuple[Domain, ...]:
    """The domains that occur."""
    there = {sample.domain for sample in samples}
    return tuple(domain for domain in Domain if domain in there)


def _label_row(those: Sequence[Listed]) -> LabelRow:
    malignant = sum(one.malignant for one in those)
    return LabelRow(
        raw=those[0].raw,
        condition=words(those[0].condition),
        malignant={0: "", len(those): "yes"}.get(malignant, f"{malignant:,} of {len(those):,}"),
        listed=len(those),
        here=len(_here(those)),
    )


def _here(table: Sequence[Listed]) -> list[Listed]:
    return [one for one in table if one.part]


def _by(table: Sequence[Listed], name: Callable[[Listed], str]) -> dict[str, list[Listed]]:
    """The rows of each name, in the order of names."""
    found: dict[str, list[Listed]] = {}
    for one in table:
        found.setdefault(name(one), []).append(one)
    return dict(sorted(found.items()))


def _bars(table: Sequence[Listed], value: Callable[[Listed], str], css: Mapping[str, str]) -> tuple[Bar, ...]:
    bars = []
    for source, listed in _by(table, lambda one: one.source).items():
        here = _here(listed)
        note = f"{len(here):,} of {len(listed):,}" if len(here) < len(listed) else f"{len(here):,}"
        note += "" if here else ", table alone"
        bars.append(_bar(source, [value(one) for one in here or listed], css, note=note, faint=not here))
    return tuple(bars)


def _bar(title: str, values: Sequence[str], css: Mapping[str, str], *, note: str, faint: bool = False) -> Bar:
    counts = Counter(values)
    segments = [
        Segment(name=words(name), count=counts[name], share=counts[name] / len(values), css=its)
        for name, its in css.items()
        if counts[name]
    ]
    return Bar(title=title, note=note, segments=tuple(segments), faint=faint)


def _count(count: int, of: int) -> tuple[str, float]:
    return f"{count:,}" if count else "", count / of


def _share(own: Sequence[Listed]) -> tuple[str, float]:
    if not own:
        return "", 0.0
    share = sum(one.malignant for one in own) / len(own)
    return f"{share:.0%} of {len(own):,}", share


def _key(sample: Sample) -> tuple[str, str]:
    return sample.dataset, sample.image_id
