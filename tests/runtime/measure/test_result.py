"""A measurement is the same once it was written and read; old files stay readable; damaged ones are one line."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measurements import result

from runtime.measure.result import SCHEMA_VERSION, Result, ResultError, code_of, schema

KEPT = Path(__file__).parent / "results"


def test_what_is_written_keeps_to_the_schema_and_is_read_back() -> None:
    made = result()
    text = made.to_json()
    jsonschema_rs.validator_for(schema()).validate(json.loads(text))
    assert Result.from_json(text, where="here") == made
    assert Result.from_json(text, where="here").rows == made.rows


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_results_of_every_version_are_still_read(version: int) -> None:
    """Never write these files anew: they are what people have."""
    path = KEPT / f"version-{version}.json"
    found = Result.read(path)
    row = found.row("onnx int8", "total")
    assert (row.series.n, row.series.p50, row.verdict.valid) == (4, 21.5, False)
    assert found.machine.processor == "Fast CPU @ 3 GHz"
    if version == SCHEMA_VERSION:
        jsonschema_rs.validator_for(schema()).validate(json.loads(path.read_text()))


def test_what_a_file_says_of_its_times_is_not_believed() -> None:
    values = json.loads(result().to_json())
    for row in values["rows"]:
        row |= {"p50": 0.001, "valid": True, "reasons": []}
    values["rule"]["samples"] = 1
    found = Result.from_json(json.dumps(values), where="here")
    assert found.rows == result().rows
    assert not any(row.verdict.valid for row in found.rows)


def test_a_newer_file_and_another_kind_of_file_are_refused() -> None:
    newer = json.loads(result().to_json()) | {"version": SCHEMA_VERSION + 1}
    with pytest.raises(ResultError, match="update"):
        Result.from_json(json.dumps(newer), where="here")
    for other in ("{}", '{"schema": "what"}', "[]", "text", "", '{"schema": NaN}'):
        with pytest.raises(ResultError, match="here"):
            Result.from_json(other, where="here")


def test_a_file_that_is_not_there_or_is_no_text_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="cannot be read"):
        Result.read(tmp_path / "absent.json")
    (tmp_path / "photo.json").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(ResultError, match="cannot be read"):
        Result.read(tmp_path / "photo.json")


def paths(values: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Of every value but what is derived."""
    inner = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    below = [one for key, value in inner if key not in ("rows", "rule") for one in paths(value, (*path, key))]
    return ([path] if path else []) + below


@given(st.data())
def test_no_damage_ends_in_anything_but_a_result_or_one_line(data: st.DataObject) -> None:
    values = json.loads(result().to_json())
    *way, last = data.draw(st.sampled_from(paths(values)))
    owner = values
    for key in way:
        owner = owner[key]
    strange = st.one_of(st.none(), st.integers(-5, 5), st.text(max_size=3), st.just([]), st.just({}), st.just(True))
    owner[last] = data.draw(strange)
    try:
        found = Result.from_json(json.dumps(values), where="here")
    except ResultError:
        return
    assert found.rows
    assert json.loads(found.to_json())


def test_warnings_travel_with_every_figure() -> None:
    quick = replace(result(), mode="quick", others=None)
    assert all(row.warnings == quick.warnings for row in quick.rows)
    assert any("quick" in warning for warning in quick.warnings)
    assert any("load" in warning for warning in quick.warnings)
    assert not any("quick" in warning for warning in replace(quick, mode="full").warnings)
    assert "samples" not in quick.summary()["subjects"][0]


def test_the_code_is_known_by_its_content() -> None:
    assert code_of(version="1").sha256 == code_of(version="1").sha256
    assert code_of(version="1", commit="abc", dirty=True).commit == "abc"
