"""Each dataset's loader on a small fixture with the oddities of its real tables, and on the tables at hand by count."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from plugin_photos import draw, write_table

from runtime.conditions import Condition
from teacher.data.datasets.bcn20000 import load_bcn20000
from teacher.data.datasets.ddi import load_ddi
from teacher.data.datasets.fitzpatrick17k import load_fitzpatrick17k
from teacher.data.datasets.milk10k import load_milk10k
from teacher.data.datasets.own import load_own
from teacher.data.datasets.passion import load_passion
from teacher.data.datasets.scin import load_scin, weighted_label
from teacher.data.found import Loaded
from teacher.data.isic import LEVELS
from teacher.data.sample import DataError, Domain, Sample, ToneGroup

CLASSES = ("AKIEC", "BCC", "BEN_OTH", "BKL", "DF", "INF", "MAL_OTH", "MEL", "NV", "SCCKA", "VASC")


def loaded(found: Loaded | None) -> Loaded:
    assert found is not None
    return found


def by_id(found: Loaded) -> dict[str, Sample]:
    return {sample.image_id: sample for sample in found.samples}


# MILK10k


def make_milk(root: Path, lesions: list[tuple[str, str, str, str]]) -> Path:
    """Lesions of (id, class, diagnosis, tone), each with a clinical (ISIC_<n>0) and a dermoscopic image (ISIC_<n>1)."""
    folder = root / "milk10k"
    metadata, truth, supplement = [], [], []
    for number, (lesion, kind, diagnosis, tone) in enumerate(lesions):
        truth.append((lesion, *("1.0" if name == kind else "0.0" for name in CLASSES)))
        for view, image_type in enumerate(("clinical: close-up", "dermoscopic")):
            image = f"ISIC_{number}{view}"
            metadata.append((lesion, image_type, image, tone))
            supplement.append((image, diagnosis))
            draw(folder / "images" / f"{image}.jpg", number)
    write_table(
        folder / "MILK10k_Training_Metadata.csv", ("lesion_id", "image_type", "isic_id", "skin_tone_class"), metadata
    )
    write_table(folder / "MILK10k_Training_GroundTruth.csv", ("lesion_id", *CLASSES), truth)
    write_table(folder / "MILK10k_Training_Supplement.csv", ("isic_id", "diagnosis_full"), supplement)
    return root


def test_milk_images_of_a_lesion_are_one_group_in_two_domains(tmp_path: Path) -> None:
    make_milk(
        tmp_path,
        [
            ("IL_1", "AKIEC", "Squamous cell carcinoma in situ, Bowens disease", "0"),
            ("IL_2", "AKIEC", "Solar or actinic keratosis", "5.0"),
            ("IL_3", "AKIEC", "", "2"),
            ("IL_4", "MAL_OTH", "Collision - At least one malignant proliferation", ""),
            ("IL_5", "MEL", "Melanoma Invasive, Nodular", "3"),
        ],
    )
    found = by_id(loaded(load_milk10k(tmp_path)))
    clinical, dermoscopic = found["ISIC_00"], found["ISIC_01"]
    assert clinical.group_id == dermoscopic.group_id == clinical.lesion_id == "milk10k/IL_1"
    assert (clinical.domain, dermoscopic.domain) == (Domain.CLINICAL, Domain.DERMOSCOPIC)
    assert [found[f"ISIC_{number}0"].condition for number in range(5)] == [
        Condition.SQUAMOUS_CELL_CARCINOMA,
        Condition.ACTINIC_KERATOSIS,
        Condition.ACTINIC_KERATOSIS,
        Condition.OTHER,
        Condition.MELANOMA,
    ], "the class where there is no diagnosis; a name of the archive that is not among the 47"
    assert all(sample.malignant for sample in found.values())
    assert [(s.tone_class, s.tone_group, s.fitzpatrick) for s in (found[f"ISIC_{n}0"] for n in range(4))] == [
        (0, ToneGroup.V_VI, None),
        (5, ToneGroup.I_II, None),
        (2, ToneGroup.III_IV, None),
        (None, None, None),
    ]
    assert clinical.key == "milk10k/ISIC_00"


@pytest.mark.parametrize(
    ("lesion", "message"),
    [
        (("IL_1", "NV", "Melanoma in situ", "3"), "2 images contradict .*ISIC_00 as Melanoma in situ and as NV"),
        (("IL_1", "NV", "Naevus", "3"), "unknown label Naevus .*near Naevus: Nevus"),
        (("IL_1", "NV", "Nevus", "6"), "skin_tone_class '6' is not one of 0-5"),
        (("IL_1", "none of them", "", "3"), "lesion IL_1 has 0 classes"),
    ],
)
def test_milk_contradictions_are_named(tmp_path: Path, lesion: tuple[str, str, str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_milk10k(make_milk(tmp_path, [lesion]))


def test_milk_needs_its_ground_truth(tmp_path: Path) -> None:
    make_milk(tmp_path, [("IL_1", "NV", "Nevus", "3")])
    (tmp_path / "milk10k" / "MILK10k_Training_GroundTruth.csv").unlink()
    with pytest.raises(DataError, match=r"GroundTruth\.csv is missing"):
        load_milk10k(tmp_path)


def test_real_milk_by_count(shared_data: Path) -> None:
    found = loaded(load_milk10k(shared_data))
    assert found.describe() == "milk10k: 6,919 of 8,082 images found"
    clinical = [sample for sample in found.samples if sample.domain is Domain.CLINICAL]
    assert len(clinical) == len({sample.group_id for sample in clinical}) == 4_041
    tones = Counter(sample.tone_class for sample in clinical)
    assert tones == {0: 6, 1: 84, 2: 371, 3: 2453, 4: 822, 5: 305}
    assert {sample.fitzpatrick for sample in found.samples} == {None}
    conditions = Counter(sample.condition for sample in clinical)
    assert conditions == {
        "basal_cell_carcinoma": 1978, "melanocytic_nevus": 545, "squamous_cell_carcinoma": 516, "melanoma": 334,
        "seborrheic_keratosis": 417, "actinic_keratosis": 97, "non_neoplastic": 43, "other": 38, "dermatofibroma": 38,
        "vascular_lesion": 35,
    }  # fmt: skip
    assert sum(sample.malignant for sample in clinical) == 2_932


# BCN20000


def make_bcn(root: Path, header: tuple[str, ...], rows: list[tuple[str, ...]], *files: str) -> Path:
    write_table(root / "bcn20000" / "bcn20000_metadata.csv", header, rows)
    for number, name in enumerate(files):
        draw(root / "bcn20000" / "images" / name, number)
    return root


def test_bcn_reads_the_flat_diagnosis_and_downsampled_ids(tmp_path: Path) -> None:
    rows = [
        ("ISIC_1_downsampled", "BCN_1", "melanoma"),
        ("ISIC_2", "", "Melanocytic Nevus"),
        ("ISIC_3", "", "actinic keratosis"),
        ("ISIC_4", "BCN_1", "melanoma"),
        ("ISIC_5", "BCN_9", ""),
    ]
    files = ("ISIC_1.jpg", "ISIC_2_downsampled.jpg", "ISIC_3.JPG", "ISIC_4.jpg")
    found = loaded(load_bcn20000(make_bcn(tmp_path, ("isic_id", "lesion_id", "diagnosis"), rows, *files)))
    samples = by_id(found)
    assert set(samples) == {"ISIC_1", "ISIC_2", "ISIC_3", "ISIC_4"}
    assert samples["ISIC_1"].group_id == samples["ISIC_4"].group_id
    assert samples["ISIC_2"].group_id != samples["ISIC_3"].group_id, "rows without a lesion are not one lesion"
    assert samples["ISIC_3"].malignant
    assert found.notes == ("1 rows without a diagnosis left out: no diagnosis (1)",)


def test_bcn_reads_the_archives_paths_and_refuses_the_wide_ones_by_name(tmp_path: Path) -> None:
    header = ("isic_id", "lesion_id", "patient_id", "image_type", *LEVELS)
    melanoma = ("Malignant", "Malignant melanocytic proliferations (Melanoma)", "Melanoma in situ", "", "")
    rows = [
        ("ISIC_1", "IL_1", "IP_1", "dermoscopic", *melanoma),
        ("ISIC_2", "IL_1", "", "dermoscopic", *melanoma),
        ("ISIC_3", "IL_2", "IP_1", "clinical: close-up", "Benign", "Cysts", "", "", ""),
        ("ISIC_4", "IL_3", "IP_2", "", "Indeterminate", "", "", "", ""),
        ("ISIC_5", "IL_4", "IP_3", "", "", "", "", "", ""),
    ]
    found = loaded(load_bcn20000(make_bcn(tmp_path, header, rows, "ISIC_1.jpg", "ISIC_2.jpg", "ISIC_3.jpg")))
    samples = by_id(found)
    assert [sample.condition for sample in samples.values()] == ["melanoma", "melanoma", "other"]
    assert {sample.group_id for sample in samples.values()} == {"bcn20000/IP_1"}, "a lesion's patient is known"
    assert samples["ISIC_3"].domain is Domain.CLINICAL
    assert "1 rows with a refused diagnosis left out: Indeterminate (1)" in found.notes


def test_bcn_a_lesion_in_two_patients_is_an_error(tmp_path: Path) -> None:
    rows = [("ISIC_1", "IL_1", "IP_1", "melanoma"), ("ISIC_2", "IL_1", "IP_2", "melanoma")]
    root = make_bcn(tmp_path, ("isic_id", "lesion_id", "patient_id", "diagnosis"), rows)
    with pytest.raises(DataError, match="1 times a lesion stands in two patients, such as IL_1 in IP_1 and IP_2"):
        load_bcn20000(root)


def test_bcn_needs_a_diagnosis_of_either_kind(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="column diagnosis or diagnosis_1 is missing"):
        load_bcn20000(make_bcn(tmp_path, ("isic_id", "lesion_id"), [("ISIC_1", "IL_1")]))


def test_real_bcn_by_count(shared_data: Path) -> None:
    found = loaded(load_bcn20000(shared_data))
    assert Counter(sample.condition for sample in found.absent) == {
        "melanocytic_nevus": 4206, "melanoma": 2857, "basal_cell_carcinoma": 2809, "seborrheic_keratosis": 1138,
        "actinic_keratosis": 737, "squamous_cell_carcinoma": 431, "dermatofibroma": 124, "vascular_lesion": 111,
    }  # fmt: skip
    assert len({sample.group_id for sample in found.absent}) == 3_576


# DDI

DDI_HEADER = ("", "DDI_ID", "DDI_file", "skin_tone", "malignant", "disease")


def test_ddi_with_its_flag_its_tones_and_a_stray_copy(tmp_path: Path) -> None:
    rows = [
        ("0", "1", "000001.png", "56", "True", "melanoma-in-situ"),
        ("1", "2", "000002.png", "12", "False", "actinic-keratosis"),
        ("2", "3", "000003.png", "34", "True", "mycosis-fungoides"),
        ("3", "4", "000004.png", "34", "False", "focal-acral-hyperkeratosis"),
        ("4", "5", "000005.png", "12", "True", "lipoma"),
    ]
    write_table(tmp_path / "ddi" / "ddi_metadata.csv", DDI_HEADER, rows)
    for number in range(1, 5):
        draw(tmp_path / "ddi" / f"00000{number}.png", number)
    draw(tmp_path / "ddi" / "000001(1).png", 7)
    found = loaded(load_ddi(tmp_path))
    samples = by_id(found)
    assert [s.tone_group for s in samples.values()] == [ToneGroup.V_VI, ToneGroup.I_II, *(ToneGroup.III_IV,) * 2]
    assert [s.malignant for s in samples.values()] == [True, True, True, False]
    assert samples["000003"].condition is Condition.OTHER
    assert len({s.group_id for s in samples.values()}) == 4
    assert found.notes == ("1 stray copies of images left out: 000001(1) (1)",)
    assert found.warnings == ("1 rows whose malignant is not their disease's, such as 000005 lipoma",)
    assert found.absent[0].malignant, "the dataset's own flag counts"


def test_ddi_list_of_values_alone_is_said(tmp_path: Path) -> None:
    write_table(
        tmp_path / "ddi" / "ddi_disease_values.csv", ("disease", "malignant", "images"), [("wart", "False", "3")]
    )
    found = loaded(load_ddi(tmp_path))
    assert "ddi: no images listed; ddi_disease_values.csv lists 1 diseases of 3 images" in found.describe()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("0", "1", "1.png", "45", "True", "melanoma"), "skin_tone '45' is not one of 12, 34, 56"),
        (("0", "1", "1.png", "12", "perhaps", "wart"), "malignant is 'perhaps'; it must be true or false"),
        (("0", "1", "1.png", "12", "True", "wort"), "unknown label wort .*near wort: wart"),
    ],
)
def test_ddi_refuses_what_it_cannot_read(tmp_path: Path, row: tuple[str, ...], message: str) -> None:
    write_table(tmp_path / "ddi" / "ddi_metadata.csv", DDI_HEADER, [row])
    with pytest.raises(DataError, match=message):
        load_ddi(tmp_path)


# Fitzpatrick17k


@pytest.mark.parametrize("column", ["fitzpatrick_scale", "fitzpatrick"])
def test_fitzpatrick_with_unknown_types_missing_addresses_and_wrong_labels(tmp_path: Path, column: str) -> None:
    header = ("md5hash", column, "label", "three_partition_label", "qc", "url")
    rows = [
        ("a1", "6", "superficial spreading melanoma ssm", "malignant", "", "https://www.dermaamin.com/x.jpg"),
        ("a2", "-1", "mycosis fungoides", "malignant", "1 Diagnostic", ""),
        ("a3", "2", "acne", "non-neoplastic", "3 Wrongly labelled", "http://atlasdermatologico.com.br/img?x=1"),
        ("a4", "3", "acne", "non-neoplastic", "", "http://[broken"),
    ]
    write_table(tmp_path / "fitzpatrick17k" / "fitzpatrick17k.csv", header, rows)
    for number in range(1, 5):
        draw(tmp_path / "fitzpatrick17k" / "images" / f"a{number}.jpg", number)
    found = loaded(load_fitzpatrick17k(tmp_path))
    samples = by_id(found)
    assert [s.fitzpatrick for s in samples.values()] == [6, None, 3]
    assert [s.malignant for s in samples.values()] == [True, True, False]
    assert [s.source for s in samples.values()] == ["www.dermaamin.com", None, None]
    assert len({s.group_id for s in samples.values()}) == 3
    assert found.notes == ("1 rows that their qc calls wrongly labelled left out: acne (1)",)


def test_real_fitzpatrick_by_count(shared_data: Path) -> None:
    found = loaded(load_fitzpatrick17k(shared_data))
    assert found.counts == {"rows": 16_577}
    assert Counter(sample.condition for sample in found.absent) == {
        "non_neoplastic": 11728, "other": 2055, "basal_cell_carcinoma": 596, "squamous_cell_carcinoma": 580,
        "melanoma": 573, "vascular_lesion": 471, "melanocytic_nevus": 235, "actinic_keratosis": 175,
        "dermatofibroma": 79, "seborrheic_keratosis": 68,
    }  # fmt: skip
    assert Counter(sample.tone_group for sample in found.absent)[None] == 565
    assert sum(sample.source is None for sample in found.absent) == 41
    assert sum(sample.malignant for sample in found.absent) == 2_262, "2,263 less one that is wrongly labelled"


# SCIN

YES = "DEFAULT_YES_IMAGE_QUALITY_SUFFICIENT"


@pytest.mark.parametrize(
    ("weights", "label"),
    [
        ({"Eczema": 0.67, "Tinea": 0.33}, (Condition.NON_NEOPLASTIC, False)),
        ({"Eczema": 0.3, "Tinea": 0.3, "SK/ISK": 0.4}, (Condition.NON_NEOPLASTIC, False)),
        ({"Melanoma": 0.5, "Melanocytic Nevus": 0.5}, (Condition.MELANOMA, True)),
        ({"SCC/SCCIS": 1}, (Condition.SQUAMOUS_CELL_CARCINOMA, True)),
        ({"Actinic Keratosis": 0.6, "SK/ISK": 0.4}, (Condition.ACTINIC_KERATOSIS, True)),
        ({"Cutaneous T Cell Lymphoma": 0.6, "Eczema": 0.4}, (Condition.OTHER, True)),
        ({"Melanocytic Nevus": 0.85, "Melanoma": 0.15}, "benign with a malignant doubt"),
        ({"Cyst": 0.9, "Skin cancer": 0.1}, "benign with a malignant doubt"),
        ({"Melanocytic Nevus": 0.95, "Melanoma": 0.05}, (Condition.MELANOCYTIC_NEVUS, False)),
        ({"Eczema": 0.4, "SK/ISK": 0.3, "Dermatofibroma": 0.3}, "no condition has half of the weight"),
        ({"Adnexal neoplasm": 0.6, "Cyst": 0.4}, "no condition has half of the weight"),
        ({"a name nobody knows": 1.0}, "no condition has half of the weight"),
    ],
)
def test_scin_how_weighted_diagnoses_become_a_label(weights: dict[str, float], label: object) -> None:
    assert weighted_label(weights) == label


def make_scin(root: Path, cases: list[tuple[str, str, str, str]], labels: list[tuple[str, str, str, str, str]]) -> Path:
    write_table(
        root / "scin" / "scin_cases.csv",
        ("case_id", "fitzpatrick_skin_type", "image_1_path", "image_2_path"),
        cases,
    )
    grades = tuple(f"dermatologist_gradable_for_skin_condition_{number}" for number in (1, 2))
    estimates = ("dermatologist_fitzpatrick_skin_type_label_1",)
    write_table(
        root / "scin" / "scin_labels.csv", ("case_id", *grades, "weighted_skin_condition_label", *estimates), labels
    )
    for number, name in enumerate(sorted({Path(path).name for case in cases for path in case[2:] if path})):
        draw(root / "scin" / "images" / name, number)
    return root


def test_scin_cases_are_groups_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    make_scin(
        tmp_path,
        [
            ("1", "FST2", "dataset/images/11.png", "dataset/images/12.png"),
            ("-2", "NONE_SELECTED", "dataset/images/21.png", ""),
            ("3", "FST6", "dataset/images/31.png", "dataset/images/shared.png"),
            ("4", "", "dataset/images/41.png", "dataset/images/shared.png"),
            ("5", "", "dataset/images/51.png", ""),
            ("6", "", "dataset/images/61.png", ""),
        ],
        [
            ("1", YES, "", "{'Eczema': 1.0}", "FST5"),
            ("-2", "NO_IMAGE_QUALITY_INSUFFICIENT", YES, "{'Basal Cell Carcinoma': 0.7, 'Eczema': 0.3}", ""),
            ("3", YES, YES, "{'Wonderful rash': 0.1, 'Tinea': 0.9}", ""),
            ("4", "NO_IMAGE_QUALITY_INSUFFICIENT", "", "{'Eczema': 1.0}", ""),
            ("5", YES, "", "{}", ""),
        ],
    )
    found = loaded(load_scin(tmp_path))
    samples = by_id(found)
    assert set(samples) == {"11", "12", "21", "31"}
    assert samples["11"].group_id == samples["12"].group_id == "scin/1"
    assert [samples[name].fitzpatrick for name in ("11", "21", "31")] == [5, None, 6], (
        "the dermatologist, else the person"
    )
    assert samples["21"].raw_label == "Basal Cell Carcinoma"
    assert {sample.domain for sample in samples.values()} == {Domain.SMARTPHONE}
    assert found.notes[0] == "3 cases left out: not gradable (2), no diagnosis (1)"
    assert "1 images of more than one case left out" in found.notes[1]
    assert found.warnings == ("names that labels/scin.csv lacks, so that they have no weight: Wonderful rash (1)",)


@pytest.mark.parametrize(
    ("skin_type", "us", "india", "monk", "group"),
    [
        ("", "2.0", "3", 3, ToneGroup.I_II),
        ("", "4", "", 4, ToneGroup.III_IV),
        ("", "", "7", 7, ToneGroup.V_VI),
        ("NONE_SELECTED", "10", "10", 10, ToneGroup.V_VI),
        ("", "6", "7", 7, None),
        ("", "", "", None, None),
        ("FST1", "10", "9", 10, ToneGroup.I_II),
    ],
)
def test_scin_monk_tones_give_a_group_only_where_no_skin_type_does(
    tmp_path: Path, skin_type: str, us: str, india: str, monk: int | None, group: ToneGroup | None
) -> None:
    make_scin(tmp_path, [("1", skin_type, "dataset/images/11.png", "")], [])
    header = ("case_id", "dermatologist_gradable_for_skin_condition_1", "weighted_skin_condition_label")
    tones = ("gradable_for_monk_skin_tone_us", "monk_skin_tone_label_us", "monk_skin_tone_label_india")
    row = ("1", YES, "{'Eczema': 1.0}", "True", us, india)
    write_table(tmp_path / "scin" / "scin_labels.csv", (*header, *tones), [row])
    sample = by_id(loaded(load_scin(tmp_path)))["11"]
    assert (sample.monk, sample.tone_group) == (monk, group)


@pytest.mark.parametrize("tone", ["0", "11", "2.5", "nan", "dark", "-1"])
def test_a_monk_tone_outside_the_scale_is_said(tmp_path: Path, tone: str) -> None:
    make_scin(tmp_path, [("1", "", "dataset/images/11.png", "")], [])
    header = ("case_id", "dermatologist_gradable_for_skin_condition_1", "weighted_skin_condition_label")
    row = ("1", YES, "{'Eczema': 1.0}", tone)
    write_table(tmp_path / "scin" / "scin_labels.csv", (*header, "monk_skin_tone_label_us"), [row])
    with pytest.raises(DataError, match=r"case 1: Monk skin tone '.*' is not one of 1-10"):
        load_scin(tmp_path)


def test_a_tone_group_that_no_measure_gives_is_refused(tmp_path: Path) -> None:
    make_scin(tmp_path, [("1", "", "dataset/images/11.png", "")], [("1", YES, "", "{'Eczema': 1.0}", "")])
    sample = by_id(loaded(load_scin(tmp_path)))["11"]
    assert replace(sample, monk=8, tone_group=ToneGroup.V_VI).monk == 8
    with pytest.raises(DataError, match="does not follow from its Monk tone"):
        replace(sample, monk=8, tone_group=ToneGroup.I_II)
    with pytest.raises(DataError, match="Monk skin tone 11"):
        replace(sample, monk=11)


@pytest.mark.parametrize(
    "cell",
    ["Eczema", "{'Eczema': -1}", "{'Eczema': 'much'}", "['Eczema']", "{'Eczema': 1e999}", "open('x')", "(" * 500],
)
def test_scin_weights_are_read_and_never_run(tmp_path: Path, cell: str) -> None:
    make_scin(tmp_path, [("1", "", "dataset/images/11.png", "")], [("1", YES, "", cell, "")])
    with pytest.raises(DataError, match=r"case 1: .* is not a set of weighted diagnoses"):
        load_scin(tmp_path)


# PASSION

PASSION_HEADER = ("subject_id", "country", "age", "sex", "fitzpatrick", "body_loc", "impetig", "conditions_PASSION")


def test_passion_files_belong_to_the_subject_their_name_begins_with(tmp_path: Path) -> None:
    rows = [
        ("AA1", "Guinea", "4", "f", "5", "Arm;Leg", "0", "Eczema"),
        ("AA11", "Malawi", "9", "m", "6.0", "Head", "1", "Scabies"),
        ("BB1", "Malawi", "9", "m", "4", "Head", "0", "Others"),
    ]
    write_table(tmp_path / "passion" / "label.csv", PASSION_HEADER, rows)
    for number, name in enumerate(("AA101.jpeg", "AA1_2.jpg", "AA1101.jpeg", "nobody.png")):
        draw(tmp_path / "passion" / "images" / name, number)
    found = loaded(load_passion(tmp_path))
    owners = {sample.image_id: sample.group_id for sample in found.samples}
    assert owners == {"AA101": "passion/AA1", "AA1_2": "passion/AA1", "AA1101": "passion/AA11"}
    assert {sample.condition for sample in found.samples} == {Condition.NON_NEOPLASTIC}
    assert not any(sample.malignant for sample in found.samples)
    assert [sample.fitzpatrick for sample in found.samples if sample.image_id == "AA1101"] == [6]
    assert found.notes == ("1 of 3 subjects have no image", "1 images of no subject left out: nobody (1)")


# A user's own photos


def test_own_folders_are_conditions(tmp_path: Path) -> None:
    for number, name in enumerate(("melanoma/a.jpg", "melanoma/deep/a.jpg", "Basal-cell carcinoma/b.png", "loose.jpg")):
        draw(tmp_path / "own" / name, number)
    found = loaded(load_own(tmp_path))
    assert {s.key: s.condition for s in found.samples} == {
        "own/melanoma/a.jpg": Condition.MELANOMA,
        "own/melanoma/deep/a.jpg": Condition.MELANOMA,
        "own/Basal-cell carcinoma/b.png": Condition.BASAL_CELL_CARCINOMA,
    }
    assert len({s.group_id for s in found.samples}) == 3
    assert found.notes == ("1 images in no folder of a condition left out, such as loose.jpg",)


def test_own_folder_of_no_condition_names_the_near_ones(tmp_path: Path) -> None:
    draw(tmp_path / "own" / "melanomas" / "a.jpg", 1)
    with pytest.raises(DataError, match=r"unknown label melanomas .*near melanomas: melanoma"):
        load_own(tmp_path)


def test_own_table_with_patients_flags_and_domains(tmp_path: Path) -> None:
    header = ("path", "condition", "malignant", "fitzpatrick", "patient", "domain")
    rows = [
        ("in/a.jpg", "other", "TRUE", "6", "P1", "Clinical"),
        ("./in\\b.jpg", "melanocytic nevus", "", "", "P1", ""),
        ("in/gone.jpg", "dermatofibroma", "no", "", "", "dermoscopic"),
    ]
    write_table(tmp_path / "own" / "ours.csv", header, rows)
    for number, name in enumerate(("in/a.jpg", "in/b.jpg", "in/unlisted.jpg")):
        draw(tmp_path / "own" / name, number)
    found = loaded(load_own(tmp_path))
    first, second = found.samples
    assert (first.condition, first.malignant, first.tone_group) == (Condition.OTHER, True, ToneGroup.V_VI)
    assert first.group_id == second.group_id == "own/patient P1"
    assert (first.domain, second.domain) == (Domain.CLINICAL, Domain.SMARTPHONE)
    assert (second.image_id, second.malignant) == ("in/b.jpg", False)
    assert [sample.image_id for sample in found.absent] == ["in/gone.jpg"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("../secret.jpg", "melanoma", ""), "leads out of own/"),
        (("/etc/passwd", "melanoma", ""), "leads out of own/"),
        (("a/../../b.jpg", "melanoma", ""), "leads out of own/"),
        (("C:\\b.jpg", "melanoma", ""), "leads out of own/"),
        (("a.jpg", "melanoma", "false"), "a.jpg is melanoma, which counts as malignant, but malignant is 'false'"),
        (("a.jpg", "mole", ""), "unknown label mole"),
        (("a.jpg", "other", "maybe"), "malignant is 'maybe'"),
        (("", "other", ""), "line 2: a row without an image id"),
    ],
)
def test_own_table_refuses_what_it_cannot_read(tmp_path: Path, row: tuple[str, ...], message: str) -> None:
    write_table(tmp_path / "own" / "ours.csv", ("path", "condition", "malignant"), [row])
    with pytest.raises(DataError, match=message):
        load_own(tmp_path)


def test_own_tables_must_not_contradict_each_other(tmp_path: Path) -> None:
    write_table(tmp_path / "own" / "one.csv", ("path", "condition"), [("a.jpg", "melanoma")])
    write_table(tmp_path / "own" / "two.csv", ("path", "condition"), [("a.jpg", "dermatofibroma")])
    with pytest.raises(DataError, match=r"1 images are listed with two meanings, such as a.jpg as melanoma"):
        load_own(tmp_path)
