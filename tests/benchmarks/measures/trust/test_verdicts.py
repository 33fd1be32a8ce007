"""The contact sheet: a row a condition, and on each drawing what the bundle says."""

from pathlib import Path

from PIL import Image
from plugin_bundles import MakeBundle

from benchmarks.measures.trust.verdicts import verdict_sheet
from runtime.conditions import CONDITIONS
from runtime.triage import Tier


def test_the_sheet_shows_what_the_bundle_says(tmp_path: Path, tiny_bundle: MakeBundle) -> None:
    path = tmp_path / "sheet.png"
    tiers = verdict_sheet(path, bundle=tiny_bundle(tmp_path, malignancy=0.99, size=64), rows=1)
    assert list(tiers) == list(CONDITIONS)
    assert all(set(seen) <= {Tier.HIGH, Tier.CANNOT_ASSESS} for seen in tiers.values())
    assert Image.open(path).width > Image.open(path).height
