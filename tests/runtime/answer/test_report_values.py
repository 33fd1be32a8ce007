"""A report comes back from what it wrote, and from nothing else."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime import Reason, Report, Tier
from runtime.answer.locales import LANGUAGES
from runtime.answer.report import ConditionScore
from runtime.conditions import CONDITIONS
from runtime.photo.quality import QualityProblem

SHARES = st.floats(0, 1)
JUDGED = st.builds(
    Report,
    tier=st.sampled_from([Tier.LOW, Tier.MODERATE, Tier.HIGH]),
    malignancy=SHARES,
    conditions=st.lists(
        st.builds(ConditionScore, condition=st.sampled_from(CONDITIONS), probability=SHARES), max_size=10
    ).map(tuple),
    condition_set=st.lists(st.sampled_from(CONDITIONS), max_size=3).map(tuple),
    novelty=st.none() | st.floats(0, 100),
    reason_codes=st.lists(st.sampled_from([Reason.SOME_SIGNS, Reason.INFLAMMATION]), max_size=2).map(tuple),
    model_id=st.text(),
    calibrated=st.booleans(),
    language=st.sampled_from(sorted(LANGUAGES)),
)
REFUSED = st.builds(
    Report,
    tier=st.just(Tier.CANNOT_ASSESS),
    malignancy=st.none(),
    conditions=st.just(()),
    novelty=st.none(),
    reason_codes=st.sampled_from(QualityProblem).map(lambda code: (code,)),
    model_id=st.text(),
    calibrated=st.booleans(),
)


@given(JUDGED | REFUSED)
def test_it_comes_back_through_json(report: Report) -> None:
    assert Report.from_dict(json.loads(report.to_json())) == report


@given(JUDGED)
def test_it_comes_back_in_another_language(report: Report) -> None:
    again = Report.from_dict(report.to_dict(), language="fr")
    assert again.language == "fr"
    assert (again.tier, again.malignancy, again.reason_codes) == (report.tier, report.malignancy, report.reason_codes)


def values() -> dict[str, Any]:
    return Report(
        tier=Tier.MODERATE,
        malignancy=0.4,
        conditions=(ConditionScore(condition=CONDITIONS[0], probability=0.5),),
        novelty=1.0,
        reason_codes=(Reason.SOME_SIGNS,),
        model_id="m",
        calibrated=True,
    ).to_dict()


@pytest.mark.parametrize(
    "change",
    [
        {"tier": "harmless"},
        {"malignancy": 1.5},
        {"malignancy": "0.4"},
        {"malignancy": float("nan")},
        {"conditions": None},
        {"conditions": [{"condition": "wart", "probability": 0.5}]},
        {"conditions": [{"condition": "melanoma"}]},
        {"reason_codes": ["because"]},
        {"novelty": "far"},
        {"language": "tlh"},
        {"tier": "cannot assess"},
    ],
)
def test_what_this_version_did_not_write_is_refused(change: dict[str, Any]) -> None:
    """Above all: a refused photo that carries a number."""
    with pytest.raises(ValueError, match=r"\w"):
        Report.from_dict({**values(), **change})


def test_a_missing_field_is_named() -> None:
    incomplete = values()
    del incomplete["model_id"]
    with pytest.raises(ValueError, match="model_id"):
        Report.from_dict(incomplete)
