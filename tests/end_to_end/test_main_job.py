"""The synthetic chain in full, as the README has it. The longest test by far: `conftest.py` has it begin first."""

import json
from pathlib import Path

import pytest
from readme_desk import python_commands, run, the, write_photo


@pytest.mark.slow
@pytest.mark.timeout(2400)  # beside another worker on two cores
def test_the_main_job_then_export_then_triage(tmp_path: Path) -> None:
    """The synthetic chain in full: its AUC is what the README claims."""
    write_photo(tmp_path / "photo.jpg")
    trained = run(python_commands()[0], tmp_path)
    assert "next: uv run python -m export all" in trained
    (finished,) = (tmp_path / "runs").glob("*/metrics.json")
    assert json.loads(finished.read_text())["test"]["malignancy_auc"]["value"] > 0.9
    # Whether each 8-bit file of this very student passes its gate is the student's affair, and the fine-tune takes
    # minutes: the bundle may come out incomplete, but then it says so.
    exported = run(f"{the('export all')} --no-fine-tune --keep-going", tmp_path, may_say="is incomplete")
    assert "onnx fp32" in exported
    (bundle,) = (tmp_path / "bundles").glob("*/manifest.json")
    files = json.loads(bundle.read_text())["files"]
    assert {file["format"] for file in files} == {"onnx", "tflite", "coreml"}
    report = run(f"{the('runtime photo.jpg')} --bundle {bundle.parent} --json", tmp_path)
    assert json.loads(report.splitlines()[0])["tier"] in {"low", "moderate", "high", "cannot assess"}
