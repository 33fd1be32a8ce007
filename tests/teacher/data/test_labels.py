"""The tables from raw label to condition: by count, by rule, and as the page shows them."""

import csv
import runpy
from collections import Counter
from pathlib import Path

import pytest
from command_desk import typed
from hypothesis import given
from hypothesis import strategies as st

from runtime.conditions import MALIGNANT_CONDITIONS, Condition
from teacher.data.isic import STEP, last_names
from teacher.data.labels import LabelTable, label_table, read_label_table, table_names
from teacher.data.sample import DataError

HEADER = "raw,condition,malignant,note\n"


def counts(table: LabelTable) -> dict[str, int]:
    return dict(Counter(label.condition or "refused" for label in table.labels))


COUNTS = {
    "bcn20000": dict.fromkeys(tuple(Condition)[:8], 1),
    "ddi": {
        "melanoma": 4, "basal_cell_carcinoma": 3, "squamous_cell_carcinoma": 3, "actinic_keratosis": 1,
        "melanocytic_nevus": 4, "seborrheic_keratosis": 5, "dermatofibroma": 1, "vascular_lesion": 5,
        "non_neoplastic": 23, "other": 29,
    },
    "fitzpatrick17k": {
        "melanoma": 4, "basal_cell_carcinoma": 3, "squamous_cell_carcinoma": 1, "actinic_keratosis": 1,
        "melanocytic_nevus": 3, "seborrheic_keratosis": 1, "dermatofibroma": 1, "vascular_lesion": 5,
        "non_neoplastic": 76, "other": 19,
    },
    "ham10000": {
        "melanoma": 2, "basal_cell_carcinoma": 2, "squamous_cell_carcinoma": 1, "actinic_keratosis": 2,
        "melanocytic_nevus": 3, "seborrheic_keratosis": 2, "dermatofibroma": 2, "vascular_lesion": 2, "refused": 1,
    },
    "isic_diagnosis": {
        "melanoma": 29, "basal_cell_carcinoma": 11, "squamous_cell_carcinoma": 42, "actinic_keratosis": 8,
        "melanocytic_nevus": 37, "seborrheic_keratosis": 7, "dermatofibroma": 6, "vascular_lesion": 34,
        "non_neoplastic": 9, "other": 225, "refused": 10,
    },
    "milk10k": {
        "melanoma": 3, "basal_cell_carcinoma": 1, "squamous_cell_carcinoma": 3, "actinic_keratosis": 1,
        "melanocytic_nevus": 14, "seborrheic_keratosis": 4, "dermatofibroma": 1, "vascular_lesion": 5,
        "non_neoplastic": 3, "other": 12,
    },
    "milk10k_classes": {**dict.fromkeys(Condition, 1), "other": 2},
    "own": dict.fromkeys(Condition, 1),
    "pad_ufes": dict.fromkeys(tuple(Condition)[:6], 1),
    "passion": {"non_neoplastic": 4},
    "scin": {
        "melanoma": 1, "basal_cell_carcinoma": 1, "squamous_cell_carcinoma": 1, "actinic_keratosis": 1,
        "melanocytic_nevus": 2, "seborrheic_keratosis": 2, "dermatofibroma": 1, "vascular_lesion": 6,
        "non_neoplastic": 169, "other": 14, "refused": 2,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", table_names())
def test_each_table_by_count(name: str) -> None:
    assert counts(label_table(name)) == COUNTS[name]


@pytest.mark.parametrize("name", table_names())
def test_no_cancer_is_benign_and_every_refusal_has_a_reason(name: str) -> None:
    for label in label_table(name).labels:
        assert label.malignant or label.condition not in MALIGNANT_CONDITIONS
        assert label.condition or label.note


CANCERS = (
    "melanoma",
    "carcinoma",
    "sarcoma",
    "lymphoma",
    "metasta",
    "leukemia",
    "mycosis fungoides",
    "lentigo maligna",
)
BENIGN_ALL_THE_SAME = ("pseudolymphoma",)


@pytest.mark.parametrize("name", table_names())
def test_what_is_called_a_cancer_is_malignant(name: str) -> None:
    """Not how labels are mapped (tables are explicit), but a net below the tables: a missed melanoma is the harm."""
    for label in label_table(name).labels:
        words = label.raw.rsplit(STEP, 1)[-1].replace("-", " ").casefold()
        if any(word in words for word in CANCERS) and not words.startswith(BENIGN_ALL_THE_SAME):
            assert label.malignant or "Melanomaanocytic" in label.raw, label
            assert "melanoma" not in words or label.condition is Condition.MELANOMA or "Melanomaano" in label.raw, label


def test_the_lists_at_hand_are_covered(shared_data: Path) -> None:
    def rows(name: str) -> list[dict[str, str]]:
        with (shared_data / "labels" / name).open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file))

    fitzpatrick, ddi, isic = rows("fitzpatrick17k_114.csv"), rows("ddi_77_of_78.csv"), rows("isic_diagnosis_418.csv")
    assert len(fitzpatrick) == len(label_table("fitzpatrick17k").labels) == 114
    for row in fitzpatrick:
        assert label_table("fitzpatrick17k")[row["label"]].malignant == (row["three_partition"] == "malignant")
    assert len(ddi) == len(label_table("ddi").labels) - 1 == 77
    flags = {row["disease"]: row["malignant"] == "TRUE" for row in ddi}
    differing = {name for name, flag in flags.items() if label_table("ddi")[name].malignant != flag}
    assert differing == {"actinic-keratosis"}
    paths = {STEP.join(filter(None, row.values())) for row in isic}
    assert paths == {label.raw for label in label_table("isic_diagnosis").labels}
    assert len(paths) == 418


def test_the_archives_branch_is_kept_but_for_named_exceptions() -> None:
    """Malignant stays malignant; of Benign, three tumours of low grade count as malignant too."""
    for label in label_table("isic_diagnosis").labels:
        if label.condition is None:
            continue
        branch = label.raw.split(STEP)[0]
        assert label.malignant or branch == "Benign", label
        if branch == "Benign" and label.malignant:
            assert "benign in the archive, yet" in label.note


def test_the_archives_last_names_are_unique_and_agree_with_milk10k() -> None:
    assert len(last_names().labels) == 418
    for label in label_table("milk10k").labels:
        archives = last_names()[label.raw]
        assert (label.condition, label.malignant) == (archives.condition, archives.malignant)


def test_a_parent_has_a_condition_only_where_all_below_share_it() -> None:
    labels = {label.raw: label for label in label_table("isic_diagnosis").labels}
    for raw, label in labels.items():
        below = [one for other, one in labels.items() if other.startswith(raw + STEP)]
        if label.condition is not None:
            assert {(one.condition, one.malignant) for one in below} <= {(label.condition, label.malignant)}, raw


@given(st.sampled_from(label_table("fitzpatrick17k").labels), st.data())
def test_case_blanks_and_hyphens_do_not_matter(label, data: st.DataObject) -> None:
    blank = data.draw(st.sampled_from([" ", "  ", "-", "_", "\t"]))
    raw = data.draw(st.sampled_from([str.upper, str.title, str.lower]))(label.raw).replace(" ", blank)
    table = label_table("fitzpatrick17k")
    pad = data.draw(st.sampled_from(["", " ", "\n"]))
    assert table[pad + raw + pad] is table[label.raw]


def test_an_unknown_label_names_the_near_ones() -> None:
    words = r"t.csv: unknown label melanom \(114 are known: python -m teacher labels fitz.*near melanom: melanoma"
    with pytest.raises(DataError, match=words):
        label_table("fitzpatrick17k").check(Path("t.csv"), ["melanoma", "melanom"])
    with pytest.raises(DataError, match=r"unknown label \(empty\) \(known: ACK, BCC"):
        label_table("pad_ufes").check(Path("t.csv"), [""])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raw,condition\n", "columns must be raw, condition, malignant, note"),
        (HEADER + ",melanoma,true,\n", "line 2: an empty label"),
        (HEADER + "a,melanoma,yes,\n", "malignant is 'yes', not true or false"),
        (HEADER + "a,melanom,true,\n", "'melanom' is not one of: melanoma"),
        (HEADER + "a,melanoma,false,\n", "'a' is melanoma, which is malignant, but the row says false"),
        (HEADER + "a,,false,\n", "'a' is refused without a reason"),
        (HEADER + "a b,other,false,\nA-B,other,false,\n", "'A-B' stands twice"),
    ],
)  # fmt: skip
def test_a_wrong_table_says_where(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_label_table("t", text)


def test_a_refused_label_cannot_become_a_sample() -> None:
    with pytest.raises(DataError, match="no label to learn from: too wide"):
        _ = label_table("isic_diagnosis")["Malignant"].known


def test_the_command_prints_them(capsys: pytest.CaptureFixture[str]) -> None:
    said = typed("teacher", "labels", "bcn20000", capsys=capsys)
    assert said.code == 0
    assert "bcn20000: 8 labels" in said.out
    assert "isic_diagnosis: 418 labels" in said.out
    assert typed("teacher", "labels", "nope", capsys=capsys).code == 1


def test_the_page_shows_the_tables_as_they_are() -> None:
    script = Path(__file__).parents[3] / "docs" / "write_labels.py"
    names = runpy.run_path(str(script))
    assert names["PAGE"].read_text() == names["page"](), "out of date: uv run python docs/write_labels.py"
