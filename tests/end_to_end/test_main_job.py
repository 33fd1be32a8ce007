"""The synthetic chain: labels, student, bundle, answer. The longest test by far: `conftest.py` has it begin first."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from readme_desk import python_commands, run, the, write_photo

from export.bundle.formats import FORMATS
from export.cli import main
from runtime.bundle.load import load_bundle

STUDENT = "mobilenetv3"
SMALL = " --image-size 64 --synthetic-count 600 --epochs 15 --ema-decay 0.95 --teacher-epochs 2 --views 2 --name drawn"
"""The main job in half a minute, with timm's model for tests as the student. Of 195 steps an average over 500, the
default, would still be what the student began as."""

LENIENT = (
    " --min-tier-agreement 0.5 --max-auc-drop 0.3 --max-sensitivity-drop 0.5"
    " --min-condition-agreement 0.3 --max-mean-difference 0.5"
)
"""A student of half a minute says nothing about how good INT8 can get."""

TIERS = {"low", "moderate", "high", "cannot assess"}


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing can reach another host, children included: `sitecustomize` is read by every Python that starts."""
    folder = tmp_path_factory.mktemp("no-network")
    (folder / "sitecustomize.py").write_text(
        "import socket\n\n\ndef refuse(*_, **__):\n    raise OSError('this test allows no network')\n\n\n"
        "socket.socket.connect = refuse\nsocket.getaddrinfo = refuse\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setattr("socket.getaddrinfo", None)
    found = subprocess.run(
        [sys.executable, "-c", "import socket; socket.getaddrinfo('localhost', 80)"], capture_output=True, text=True
    )
    assert "allows no network" in found.stderr


@pytest.mark.slow
@pytest.mark.timeout(2400)  # a net for hangs: two minutes on two idle cores
def test_the_main_job_then_export_then_triage_in_small(
    no_network: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Without a network. What was learnt arrives in six files, each judged; `check` finds them sound, and a changed
    byte in any of them; the bundle answers a photo."""
    write_photo(tmp_path / "photo.jpg")
    trained = run(python_commands()[0] + SMALL, tmp_path, replace={STUDENT: "test_efficientnet"})
    assert "next: uv run python -m export all" in trained
    figures = json.loads((tmp_path / "runs" / "drawn" / "metrics.json").read_text())["test"]
    assert figures["conditions_macro_auc"]["value"] > 0.7  # 0.87 on an EPYC; 0.5 is chance
    assert figures["malignancy_auc"]["value"] > 0.55
    exported = run(f"{the('export all')} --no-fine-tune{LENIENT}", tmp_path)
    assert "malignancy AUC" in exported
    assert exported.strip().endswith("next: uv run python -m runtime photo.jpg --bundle bundles/drawn")
    folder = tmp_path / "bundles" / "drawn"
    bundle = load_bundle(folder)
    labels = [f"{file.format} {file.precision}" for file in bundle.manifest.files]
    assert labels == [kind.label for kind in FORMATS]
    assert all(label in exported for label in labels)
    assert bundle.file.name == "model.int8.onnx"
    report = run(f"{the('runtime photo.jpg')} --bundle {folder} --json", tmp_path)
    assert json.loads(report.splitlines()[0])["tier"] in TIERS
    assert checked(monkeypatch, folder) == 0
    assert "sound" in capfd.readouterr().out
    for file in bundle.manifest.files:
        path = folder / file.name
        sound = path.read_bytes()
        path.write_bytes(sound[:1000] + bytes([sound[1000] ^ 1]) + sound[1001:])
        assert checked(monkeypatch, folder) == 1
        assert f"{file.name}: damaged (its sha256" in capfd.readouterr().err
        path.write_bytes(sound)


def checked(monkeypatch: pytest.MonkeyPatch, folder: Path) -> int:
    """`python -m export check`; its exit status."""
    monkeypatch.setattr(sys, "argv", ["export", "check", str(folder)])
    with pytest.raises(SystemExit) as caught:
        main()
    code = caught.value.code
    return code if isinstance(code, int) else 0 if code is None else 1


@pytest.mark.claims
@pytest.mark.timeout(7200)  # twenty minutes on two idle cores with AVX-512
def test_the_main_job_keeps_what_the_readme_claims(tmp_path: Path) -> None:
    """The synthetic chain in full, as the README has it: its AUC is what the README claims."""
    write_photo(tmp_path / "photo.jpg")
    trained = run(python_commands()[0], tmp_path)
    assert "next: uv run python -m export all" in trained
    (finished,) = (tmp_path / "runs").glob("*/metrics.json")
    assert json.loads(finished.read_text())["test"]["malignancy_auc"]["value"] > 0.9
    exported = run(the("export all"), tmp_path)  # as a newcomer types it: every file passes its gate or this fails
    assert "onnx fp32" in exported
    (bundle,) = (tmp_path / "bundles").glob("*/manifest.json")
    files = json.loads(bundle.read_text())["files"]
    assert [f"{file['format']} {file['precision']}" for file in files] == [kind.label for kind in FORMATS]
    assert "a fine-tune with simulated INT8" not in exported  # which takes ten minutes and more
    report = run(f"{the('runtime photo.jpg')} --bundle {bundle.parent} --json", tmp_path)
    assert json.loads(report.splitlines()[0])["tier"] in TIERS
