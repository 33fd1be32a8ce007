"""SCIN, Skin Condition Image Network: 10,000 phone photos of 5,000 cases, sent in by people in the USA.

Licence:    SCIN Data Use License: any use with attribution, no attempt to identify anyone
Reference:  Ward et al.: Crowdsourcing dermatology images with Google Search ads (2024). arXiv:2402.18545
Classes:    some 200 names in `weighted_skin_condition_label` (labels/scin.csv)
Layout:     scin/scin_cases.csv, scin/scin_labels.csv; scin/images/** (or scin/dataset/, as in the bucket)

Columns are those of dataset_schema.md in google-research-datasets/scin. That page does not list the names of
conditions; those in labels/scin.csv were gathered from public code that reads the tables. A name that is not among them
is therefore no error: it carries no weight for any condition, and a warning lists it.

How weighted diagnoses become a label: weights are added up by condition. The case takes the condition that has at least
half of the weight (`MAJORITY`), and is left out where none has, where no dermatologist found the photos good enough, or
where the condition is benign while malignant diagnoses still have a tenth (`DOUBT`): only a biopsy would settle that.

A group is a case; its photos show one lesion or rash. Skin type: the middle one of the dermatologists' estimates, else
what the person said. Monk tones (`monk_skin_tone_label_us`, `monk_skin_tone_label_india`) come from trained lay
graders, one in the USA and one in India; the sample's `monk` is the darker of the two. The tone group follows from them
only where no skin type is known and both, if there are two, fall into one group of the published mapping
(`teacher.data.sample.tone_group_of_monk`). An image that stands in two cases (15 do, by its README) is left out.
"""

import ast
import math
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median_low

from runtime.conditions import Condition
from teacher.data.checks import left_out, one_row_each
from teacher.data.found import Images, Loaded, Row, image_id, read_table, split_by_presence
from teacher.data.labels import label_table
from teacher.data.sample import DataError, Domain, Sample, ToneGroup, tone_group, tone_group_of_monk
from teacher.data.spec import DatasetSpec, is_malignant

FOLDER = "scin"
CASES, LABELS = "scin_cases.csv", "scin_labels.csv"
MAJORITY = 0.5
DOUBT = 0.1
IMAGE_COLUMNS = tuple(f"image_{number}_path" for number in (1, 2, 3))
GRADABLE = "dermatologist_gradable_for_skin_condition_"
ESTIMATE = "dermatologist_fitzpatrick_skin_type_label_"
MONK_COLUMNS = ("monk_skin_tone_label_us", "monk_skin_tone_label_india")
MONK_TONES = {f"{number}": number for number in range(1, 11)}
SKIN_TYPES = {f"FST{number}": number for number in range(1, 7)}


def load_scin(root: Path) -> Loaded | None:
    """The dataset under a data root, or None where its tables are not there.

    Raises DataError on a missing table or column, or a cell that cannot be read.
    """
    folder = next((path for path in (root / FOLDER, root / FOLDER / "dataset") if (path / CASES).is_file()), None)
    if folder is None:
        return None
    cases = read_table(folder / CASES, ("case_id", IMAGE_COLUMNS[0]))
    if not (folder / LABELS).is_file():
        raise DataError(f"{folder / LABELS} is missing: {CASES} alone names no diagnosis")
    graded, repeated = one_row_each(
        folder / LABELS,
        read_table(folder / LABELS, ("case_id", "weighted_skin_condition_label")),
        key=lambda row: row["case_id"],
        meaning=lambda row: row["weighted_skin_condition_label"],
    )
    judged = {row["case_id"]: row for row in graded}
    images = Images(root, f"{FOLDER}/images", f"{FOLDER}/dataset/images", elsewhere=FOLDER)
    shown = Counter(image_id(row[name]) for row in cases for name in IMAGE_COLUMNS if row.get(name))
    samples: list[Sample] = []
    dropped: list[str] = []
    unknown: Counter[str] = Counter()
    for case in cases:
        row = judged.get(case["case_id"], {})
        verdict = _verdict(folder / LABELS, row, unknown)
        if isinstance(verdict, str):
            dropped.append(verdict)
        else:
            monk = _monk_tones(folder / LABELS, row)
            samples += [
                _sample(image, case, row, verdict, monk, images) for image in _images(case) if shown[image] == 1
            ]
    present, absent = split_by_presence(iter(samples), images)
    return Loaded(
        dataset=FOLDER,
        samples=present,
        absent=absent,
        counts={"cases": len(cases)},
        notes=(
            *left_out("cases", dropped),
            *left_out("images of more than one case", [image for image, count in shown.items() if count > 1]),
            *repeated,
            *images.notes(),
        ),
        warnings=_warnings(unknown),
        looked=images.looked,
    )


def weighted_label(weights: dict[str, float]) -> tuple[Condition, bool] | str:
    """(condition, malignant) of weighted diagnoses, or why the case is left out. Unknown names count for nothing."""
    table = label_table(FOLDER)
    by_condition: defaultdict[Condition, float] = defaultdict(float)
    malignant = 0.0
    malignant_of: defaultdict[Condition, float] = defaultdict(float)
    total = math.fsum(weights.values())
    for name, weight in weights.items():
        if name in table and (condition := table[name].condition) is not None:
            by_condition[condition] += weight / total
            if is_malignant(table[name]):
                malignant += weight / total
                malignant_of[condition] += weight / total
    top = max(by_condition, key=lambda condition: by_condition[condition], default=None)
    if top is None or by_condition[top] < MAJORITY:
        return "no condition has half of the weight"
    if malignant_of[top] * 2 > by_condition[top]:
        return top, True
    return "benign with a malignant doubt" if malignant >= DOUBT else (top, False)


def _verdict(table: Path, row: Row, unknown: Counter[str]) -> tuple[Condition, bool, str] | str:
    """Condition, malignant and the heaviest name of a case, or why it is left out."""
    grades = [value for name, value in row.items() if name.startswith(GRADABLE) and value]
    if not any("YES" in value.upper() or value.casefold() == "true" for value in grades):
        return "not gradable"
    weights = _weights(table, row)
    if not weights:
        return "no diagnosis"
    unknown.update(name for name in weights if name not in label_table(FOLDER))
    label = weighted_label(weights)
    return label if isinstance(label, str) else (*label, max(weights, key=lambda name: weights[name]))


def _weights(table: Path, row: Row) -> dict[str, float]:
    """A cell such as {'Eczema': 0.67, 'Tinea': 0.33}, as Python writes it. Raises DataError for anything else."""
    cell = row["weighted_skin_condition_label"]
    try:
        read = ast.literal_eval(cell or "{}")
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        read = None
    if not isinstance(read, dict) or not all(
        isinstance(name, str) and isinstance(weight, int | float) and 0 < weight < math.inf
        for name, weight in read.items()
    ):
        raise DataError(f"{table}: case {row['case_id']}: {cell[:60]!r} is not a set of weighted diagnoses")
    return {name: float(weight) for name, weight in read.items()}


def _images(case: Row) -> list[str]:
    return list(dict.fromkeys(image_id(case[name]) for name in IMAGE_COLUMNS if case.get(name)))


def _skin_type(case: Row, row: Row) -> int | None:
    """FST1-6; anything else, such as NONE_SELECTED, is unknown."""
    estimates = [SKIN_TYPES[value] for name, value in row.items() if name.startswith(ESTIMATE) and value in SKIN_TYPES]
    return median_low(estimates) if estimates else SKIN_TYPES.get(case.get("fitzpatrick_skin_type", ""))


def _monk_tones(table: Path, row: Row) -> list[int]:
    """What each grader said, 1-10. Raises DataError for anything else."""
    tones: list[int] = []
    for cell in (row[name] for name in MONK_COLUMNS if row.get(name)):
        tone = MONK_TONES.get(cell.removesuffix(".0"))
        if tone is None:
            raise DataError(f"{table}: case {row['case_id']}: Monk skin tone {cell[:20]!r} is not one of 1-10")
        tones.append(tone)
    return tones


def _monk_group(tones: list[int]) -> ToneGroup | None:
    groups = {tone_group_of_monk(tone) for tone in tones}
    return groups.pop() if len(groups) == 1 else None


def _sample(
    image: str, case: Row, row: Row, verdict: tuple[Condition, bool, str], monk: list[int], images: Images
) -> Sample:
    condition, malignant, raw = verdict
    fitzpatrick = _skin_type(case, row)
    group = f"{FOLDER}/{case['case_id']}"
    return Sample(
        image_id=image,
        path=images.path(image),
        dataset=FOLDER,
        domain=Domain.SMARTPHONE,
        condition=condition,
        malignant=malignant,
        group_id=group,
        raw_label=raw,
        lesion_id=group,
        fitzpatrick=fitzpatrick,
        monk=max(monk, default=None),
        tone_group=tone_group(fitzpatrick) or _monk_group(monk),
    )


def _warnings(unknown: Counter[str]) -> tuple[str, ...]:
    if not unknown:
        return ()
    named = ", ".join(f"{name} ({count:,})" for name, count in unknown.most_common())
    near = label_table(FOLDER).near(unknown)
    return (f"names that labels/scin.csv lacks, so that they have no weight: {named}{near}",)


DATASET = DatasetSpec(
    name=FOLDER,
    title="SCIN",
    licence="SCIN Data Use License, with attribution",
    commercial=True,
    citation="Ward et al. 2024, arXiv:2402.18545",
    how_to_get="open: gsutil -m cp -r gs://dx-scin-public-data/dataset scin (github.com/google-research-datasets/scin)",
    domains=(Domain.SMARTPHONE,),
    table=f"{FOLDER}/{CASES}",
    labels=(FOLDER,),
    published={"cases": (5_033,)},
    load=load_scin,
)
