"""The registry: what joins it by itself, and what every dataset says of itself."""

from pathlib import Path

import pytest
from plugin_photos import make_ham

from teacher.data import datasets, registry
from teacher.data.labels import label_table, table_names
from teacher.data.sample import DataError

NAMES = ("bcn20000", "ddi", "fitzpatrick17k", "ham10000", "milk10k", "own", "pad_ufes", "passion", "scin")

NEW = """
from dataclasses import replace
from teacher.data.datasets.ham10000 import DATASET
from teacher.data.found import Loaded
DATASET = replace(DATASET, name="brand_new", load=lambda root: Loaded(dataset="brand_new", samples=()))
"""


def test_every_file_is_found() -> None:
    assert tuple(spec.name for spec in registry.all_datasets()) == NAMES


def test_a_new_file_joins_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "joined_by_a_test.py").write_text(NEW)
    monkeypatch.setattr(datasets, "__path__", [*datasets.__path__, str(tmp_path)])
    assert "brand_new" in {spec.name for spec in registry.all_datasets()}
    assert "brand_new" in {found.dataset for found in registry.load_all(tmp_path)}


def test_a_file_that_says_nothing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "silent_in_a_test.py").write_text("")
    monkeypatch.setattr(datasets, "__path__", [*datasets.__path__, str(tmp_path)])
    with pytest.raises(DataError, match=r"silent_in_a_test\.py has no DATASET"):
        registry.all_datasets()


@pytest.mark.parametrize("name", NAMES)
def test_every_dataset_says_its_terms_and_has_its_tables(name: str) -> None:
    spec = registry.dataset(name)
    assert all((spec.title, spec.licence, spec.citation, spec.how_to_get, spec.domains, spec.table))
    for table in spec.labels:
        assert label_table(table).labels
    header = __import__(spec.load.__module__, fromlist=["x"]).__doc__
    assert all(word in header for word in ("Licence:", "Classes:", "Layout:"))


def test_every_table_belongs_to_a_dataset() -> None:
    assert {table for name in NAMES for table in registry.dataset(name).labels} == set(table_names())


def test_an_unknown_dataset_lists_the_known_ones() -> None:
    with pytest.raises(DataError, match="no dataset 'nope'; there are: bcn20000, ddi"):
        registry.dataset("nope")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_there_is_none(name: str, tmp_path: Path) -> None:
    assert registry.dataset(name).load(tmp_path) is None


def test_counts_far_from_the_published_are_a_warning(tmp_path: Path) -> None:
    (found,) = registry.load_all(make_ham(tmp_path, count=7))
    assert registry.warnings_of(found) == (
        "7 rows in its table, 10,015 as published: a part of it, or an altered copy?",
        "7 lesions in its table, 7,470 as published: a part of it, or an altered copy?",
    )


def test_all_tables_at_hand_load_and_count(shared_data: Path) -> None:
    loaded = {found.dataset: found for found in registry.load_all(shared_data)}
    here = {name: (len(found.samples), found.listed) for name, found in loaded.items()}
    assert here == {
        "bcn20000": (0, 12_413),
        "ddi": (0, 0),
        "fitzpatrick17k": (0, 16_560),
        "ham10000": (5_984, 10_015),
        "milk10k": (6_919, 8_082),
        "pad_ufes": (710, 2_298),
    }
    assert "77 diseases of 654 images" in loaded["ddi"].describe()
    assert "looked in bcn20000/" in loaded["bcn20000"].describe()
    odd = {name for name, found in loaded.items() if registry.warnings_of(found)}
    assert odd == {"milk10k"}, "4,041 of its 5,240 lesions are here"
