"""Tables of predictions: what was written comes back, photos are found by name, and what is wrong is one line."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.conditions import CONDITIONS
from runtime.triage import Tier
from teacher.data.dataset import Dataset
from teacher.data.sample import DataError
from teacher.data.splits import Part
from teacher.evaluation.predictions import COLUMNS, Predictions, names_of, read_table, write_table

names = st.tuples(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=12), st.text("0123456789abcdef"))


def predictions(names: list[tuple[str, str, str]], *, seed: int = 0, tiers: bool = True) -> Predictions:
    rng = np.random.default_rng(seed)
    return Predictions(
        names=tuple(names),
        malignancy=rng.random(len(names)),
        conditions=rng.dirichlet(np.ones(len(CONDITIONS)), len(names)),
        tiers=tuple(rng.choice(np.array(Tier, dtype=object), len(names))) if tiers else None,
    )


@settings(max_examples=40)
@given(st.lists(names, min_size=1, max_size=5, unique_by=lambda name: name[:2]), st.booleans())
def test_what_was_written_comes_back_to_the_last_digit(
    tmp_path_factory: pytest.TempPathFactory, named: list[tuple[str, str, str]], tiers: bool
) -> None:
    path = tmp_path_factory.mktemp("table") / "said.csv"
    said = predictions(named, tiers=tiers)
    write_table(path, said)
    again = read_table(path)
    assert (again.names, again.tiers) == (said.names, said.tiers)
    assert again.malignancy.tolist() == said.malignancy.tolist()
    assert again.conditions.tolist() == said.conditions.tolist()


def test_photos_are_found_by_name_and_never_by_place(small_data: Dataset) -> None:
    indices = small_data.part(Part.TEST)
    named = list(names_of(small_data, indices))
    said = predictions([*named, ("other", "photo", "00")])
    shuffled = said.take(np.random.default_rng(1).permutation(len(said.names)))
    found = shuffled.of(small_data, indices, where="table")
    assert found.names == tuple(named)
    assert found.malignancy.tolist() == said.malignancy[:-1].tolist()
    without_content = predictions([(*name[:2], "") for name in named])
    assert without_content.of(small_data, indices, where="table").malignancy.tolist() == said.malignancy[:-1].tolist()


def test_a_photo_that_is_missing_or_was_changed_is_named(small_data: Dataset) -> None:
    indices = small_data.part(Part.TEST)
    named = list(names_of(small_data, indices))
    with pytest.raises(DataError, match=rf"one.csv: says nothing of 1 of {len(named)} .*{named[0][1]}"):
        predictions(named[1:]).of(small_data, indices, where="one.csv")
    changed = [(*named[0][:2], "0" * 32), *named[1:]]
    with pytest.raises(DataError, match="another photo: the file was changed since"):
        predictions(changed).of(small_data, indices, where="one.csv")


def row(**changed: str) -> str:
    usual = dict.fromkeys(COLUMNS, "0.1") | {"dataset": "d", "image_id": "i", "content": "", "tier": ""}
    return ",".join((usual | changed).values())


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "no column dataset, image_id, malignancy"),
        ([",".join(COLUMNS)], "without a photo"),
        ([",".join(COLUMNS), row(malignancy="high")], "line 2: malignancy is 'high'"),
        ([",".join(COLUMNS), row(), row(image_id="j", other="nan")], "line 3: other is 'nan'"),
        ([",".join(COLUMNS), row(melanoma="1.5")], "line 2: melanoma is '1.5'"),
        ([",".join(COLUMNS), row(melanoma="0.9")], "line 2: ten conditions that sum to 1.8"),
        ([",".join(COLUMNS), row(), row()], "line 3: d/i stands in line 2 already"),
        ([",".join(COLUMNS), row(tier="urgent")], "line 2: 'urgent' is none of the tiers"),
        ([",".join(COLUMNS), row(tier="low"), row(image_id="j")], "line 3: no tier, where other photos have one"),
        ([",".join(COLUMNS), "d,i,"], "line 2: malignancy is None"),
    ],
)
def test_a_table_that_is_none_says_where(lines: list[str], words: str, tmp_path: Path) -> None:
    path = tmp_path / "said.csv"
    path.write_text("\n".join(lines))
    with pytest.raises(DataError, match=words) as caught:
        read_table(path)
    assert str(path) in str(caught.value)


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path / "none.csv")
    (tmp_path / "photo.csv").write_bytes(bytes(range(256)) * 4)
    with pytest.raises(DataError, match="not a table of predictions"):
        read_table(tmp_path / "photo.csv")


def test_columns_of_other_lengths_are_refused() -> None:
    with pytest.raises(DataError, match="other lengths"):
        Predictions(names=(("d", "i", ""),), malignancy=np.zeros(2), conditions=np.zeros((1, 10)))
