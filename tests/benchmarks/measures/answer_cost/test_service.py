"""The load generator counts every request, whatever became of it."""

from pathlib import Path

import pytest
from plugin_bundles import MakeBundle
from service_peers import jpeg

from benchmarks.measures.answer_cost.service import LoadError, measure_service


def test_every_upload_is_accounted_for(tmp_path: Path, tiny_bundle: MakeBundle) -> None:
    photos = {"good": jpeg(), "bad": b"no photo"}
    loads = measure_service(photos, clients=(3,), requests=10, bundle=tiny_bundle(tmp_path))
    assert [(load.photo, load.statuses, load.lost) for load in loads] == [
        ("good", {"200": 10}, 0),
        ("bad", {"422": 10}, 0),
    ]
    assert all(0 < load.p50_ms <= load.p95_ms for load in loads)
    assert all(load.per_second > 0 for load in loads)


def test_a_server_that_does_not_start_is_said(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="does not start"):
        measure_service({"good": jpeg()}, clients=(1,), requests=1, bundle=tmp_path)
