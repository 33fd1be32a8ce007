"""Loaders on the real tables and on the oddities that circulate."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from plugin_photos import draw, make_ham, write_table

from runtime.conditions import Condition
from teacher.data.datasets.ham10000 import load_ham10000
from teacher.data.datasets.pad_ufes import load_pad_ufes
from teacher.data.found import Loaded
from teacher.data.labels import label_table
from teacher.data.sample import DataError, Domain, Sample, ToneGroup, tone_group


def loaded(found: Loaded | None) -> Loaded:
    assert found is not None
    return found


def test_real_ham_reports_what_is_absent(shared_data: Path) -> None:
    found = loaded(load_ham10000(shared_data))
    assert found.describe() == "ham10000: 5,984 of 10,015 images found"
    assert Counter(sample.raw_label for sample in found.samples) == {
        "nv": 4323, "bkl": 583, "mel": 491, "bcc": 264, "akiec": 183, "vasc": 80, "df": 60
    }  # fmt: skip


def test_real_pad_is_grouped_by_patient(shared_data: Path) -> None:
    found = loaded(load_pad_ufes(shared_data))
    assert found.describe() == "pad_ufes: 710 of 2,298 images found"
    assert len({sample.group_id for sample in found.samples}) == 540
    types = Counter(sample.fitzpatrick for sample in found.samples)
    assert types == {None: 267, 2: 242, 3: 119, 1: 56, 4: 24, 5: 1, 6: 1}
    assert {sample.domain for sample in found.samples} == {Domain.SMARTPHONE}


def test_actinic_keratosis_counts_as_malignant_whatever_the_camera(shared_data: Path) -> None:
    ham, pad = loaded(load_ham10000(shared_data)), loaded(load_pad_ufes(shared_data))
    flags = {
        s.raw_label: s.malignant for s in (*ham.samples, *pad.samples) if s.condition is Condition.ACTINIC_KERATOSIS
    }
    assert flags == {"akiec": True, "ACK": True}


def test_absent_dataset_is_none(tmp_path: Path) -> None:
    assert load_ham10000(tmp_path) is None
    assert load_pad_ufes(tmp_path) is None


def test_unknown_label_lists_the_known_ones(tmp_path: Path) -> None:
    root = make_ham(tmp_path, count=7)
    table = root / "HAM10000_metadata.csv"
    table.write_text(table.read_text().replace(",mel", ",malignant melanoma"))
    with pytest.raises(DataError, match=r"unknown label malignant melanoma \(known: akiec, bcc"):
        load_ham10000(root)


def test_missing_column_is_named(tmp_path: Path) -> None:
    write_table(tmp_path / "HAM10000_metadata.csv", ("image_id", "dx"), [("ISIC_1", "nv")])
    with pytest.raises(DataError, match="column lesion_id is missing"):
        load_ham10000(tmp_path)


def test_tables_seen_in_the_wild(tmp_path: Path) -> None:
    rows = [
        ("HAM_1", "ISIC_1", "Melanomaanocytic Nevi (moles)"),
        ("HAM_1", "ISIC_1", "Melanomaanocytic Nevi (moles)"),
        ("HAM_2", "ISIC_2", "Melanoma"),
        ("HAM_3", "ISIC_3", "healthy"),
    ]
    write_table(tmp_path / "HAM10000_metadata.csv", ("lesion_id", "image_id", "dx"), rows)
    for number in (1, 2, 3):
        draw(tmp_path / "HAM10000_images_part_1" / f"ISIC_{number}.jpg", number)
    found = loaded(load_ham10000(tmp_path))
    conditions = {sample.image_id: sample.condition for sample in found.samples}
    assert conditions == {"ISIC_1": Condition.MELANOCYTIC_NEVUS, "ISIC_2": Condition.MELANOMA}
    assert "1 rows without a lesion left out" in found.describe()
    assert found.listed == 2


@pytest.mark.parametrize("column", ["fitspatrick", "fitzpatrick"])
def test_pad_reads_either_spelling_of_the_skin_type(tmp_path: Path, column: str) -> None:
    rows = [("PAT_1", "MEL", "PAT_1_1_1.png", "5.0"), ("PAT_2", "NEV", "PAT_2_1_2.png", "")]
    write_table(tmp_path / "pad_ufes" / "metadata.csv", ("patient_id", "diagnostic", "img_id", column), rows)
    for number in (1, 2):
        draw(tmp_path / "pad_ufes" / "images" / f"PAT_{number}_1_{number}.png", number)
    first, second = loaded(load_pad_ufes(tmp_path)).samples
    assert (first.fitzpatrick, first.tone_group, first.malignant) == (5, ToneGroup.V_VI, True)
    assert (second.fitzpatrick, second.tone_group, second.malignant) == (None, None, False)


def test_pad_refuses_a_skin_type_outside_the_scale(tmp_path: Path) -> None:
    rows = [("PAT_1", "MEL", "PAT_1_1_1.png", "7.0")]
    write_table(tmp_path / "pad_ufes" / "metadata.csv", ("patient_id", "diagnostic", "img_id", "fitspatrick"), rows)
    draw(tmp_path / "pad_ufes" / "images" / "PAT_1_1_1.png", 1)
    with pytest.raises(DataError, match=r"skin type '7.0' is not one of 1.0, 1"):
        load_pad_ufes(tmp_path)


def test_a_cancer_cannot_be_labelled_benign(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="melanoma is a cancer"):
        Sample(
            image_id="x",
            path=tmp_path,
            dataset="d",
            domain=Domain.CLINICAL,
            condition=Condition.MELANOMA,
            malignant=False,
            group_id="g",
            raw_label="mel",
        )


def test_tone_groups() -> None:
    assert [tone_group(t) for t in (1, 2, 3, 4, 5, 6, None)] == [*("I-II",) * 2, *("III-IV",) * 2, *("V-VI",) * 2, None]


def test_real_tables_hold_only_known_labels(shared_data: Path) -> None:
    """Also of the rows whose images are absent here: a user has them."""
    assert set(pd.read_csv(shared_data / "HAM10000_metadata.csv")["dx"]) <= {
        label.raw for label in label_table("ham10000").labels
    }
    pad = pd.read_csv(shared_data / "pad_ufes" / "metadata.csv")["diagnostic"]
    assert set(pad) == {label.raw for label in label_table("pad_ufes").labels}
