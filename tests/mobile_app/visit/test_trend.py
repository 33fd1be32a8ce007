"""A spot over time as a plot: photos in proportion to time, the more urgent higher, and nothing where nothing is."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, cast

import pytest
from app_bench import Bench
from hypothesis import given
from hypothesis import strategies as st

from mobile_app.locales import LANGUAGES
from mobile_app.store import Shot
from mobile_app.views.over_time.trend import trend
from mobile_app.views.pieces.desk import Desk, Files
from mobile_app.views.pieces.look import Look
from mobile_app.visit.promises import Promises
from mobile_app.visit.session import Kept, Session
from mobile_app.visit.spots import Reading
from mobile_app.visit.trend import Point, levels_of, points_of, top_of
from runtime import Reason, Report, Tier
from runtime.answer.advice import AdviceKind

BEGIN = datetime(2026, 3, 1, 9, tzinfo=UTC)


def report(tier: Tier, *reasons: Reason) -> Report:
    return Report(
        tier=tier,
        malignancy=None if tier is Tier.CANNOT_ASSESS else 0.2,
        conditions=(),
        novelty=1.0,
        reason_codes=reasons,
        model_id="fake",
        calibrated=True,
    )


LOW, TREATMENT = report(Tier.LOW), report(Tier.LOW, Reason.INFLAMMATION)
MODERATE, HIGH = report(Tier.MODERATE), report(Tier.HIGH)


def reading(days: float = 0, answer: Report | None = LOW, size: float | None = 0.1) -> Reading:
    shot = Shot(
        id=f"shot {days}",
        lesion_id="spot",
        taken=BEGIN + timedelta(days=days),
        report={},
        has_photo=True,
        size_in_frame=size,
        answers={},
    )
    return Reading(shot=shot, report=answer)


def across(*days: float) -> list[float]:
    return [point.across for point in points_of([reading(day) for day in days])]


def test_photos_lie_in_proportion_to_time() -> None:
    assert across(0, 10, 25, 100) == pytest.approx([0, 0.1, 0.25, 1])


def test_photos_of_one_day_are_apart_and_in_order() -> None:
    first, second, third, last = across(0, 180, 180.001, 180.002)
    assert first == 0
    assert 0.9 < second < third - 0.02 < last - 0.04
    assert last == 1


def test_photos_of_the_same_second_are_evenly_apart() -> None:
    assert across(0, 0, 0) == pytest.approx([0, 0.5, 1])


@given(st.lists(st.integers(min_value=0, max_value=10_000), min_size=2, max_size=40).map(sorted))
def test_any_photos_fill_the_width_without_hiding_each_other(days: list[int]) -> None:
    places = across(*days)
    assert places[0] == 0
    assert places[-1] == 1
    assert all(later - earlier > 0.01 for earlier, later in pairwise(places))


def test_one_photo_is_one_point_and_none_are_none() -> None:
    assert across(3) == [0]
    assert points_of([]) == ()


def test_what_is_not_known_is_not_drawn() -> None:
    told = [reading(0, None, None), reading(1, report(Tier.CANNOT_ASSESS), 0.125), reading(2, HIGH, None)]
    assert [(point.kind, point.percent) for point in points_of(told)] == [
        (None, None),
        (None, 12.5),
        (AdviceKind.HIGH, None),
    ]


def test_the_more_urgent_lies_higher_and_treatment_only_where_it_occurs() -> None:
    calm = points_of([reading(0, LOW), reading(1, HIGH)])
    assert levels_of(calm) == (AdviceKind.LOW, AdviceKind.MODERATE, AdviceKind.HIGH)
    treated = points_of([reading(0, TREATMENT), reading(1, MODERATE)])
    assert levels_of(treated) == (AdviceKind.LOW, AdviceKind.TREATMENT, AdviceKind.MODERATE, AdviceKind.HIGH)


def sized(*percents: float | None) -> list[Point]:
    return [Point(across=0, kind=None, percent=percent) for percent in percents]


@pytest.mark.parametrize(
    ("percents", "top"),
    [((None,), 2), ((0.4, 1.9), 2), ((3.0,), 4), ((10.0, None), 10), ((11.0,), 20), ((62.0,), 80), ((100.0,), 100)],
)
def test_sizes_end_at_a_round_number_with_a_whole_half(percents: tuple[float | None, ...], top: int) -> None:
    assert top_of(sized(*percents)) == top
    assert top % 2 == 0


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_level_has_a_word_of_its_own(code: str) -> None:
    texts = LANGUAGES[code].spots
    words = {texts.level_low, texts.level_treatment, texts.level_moderate, texts.level_high}
    assert len(words) == 4


def drawn(told: Sequence[Reading]) -> list[Any]:
    """The charts of the card, from above; empty where there is no card."""
    session = Session(journey=lambda owner: Bench().journey, kept=Kept(store=None), changed=lambda: None)
    desk = Desk(session=session, look=Look(), files=cast(Files, None), promises=Promises(kept=session.kept))
    return [chart for card in trend(desk, told) for chart in charts_in(card)]


def charts_in(control: Any) -> list[Any]:
    if type(control).__name__ == "LineChart":
        return [control]
    inside = [getattr(control, "content", None), *(getattr(control, "controls", None) or [])]
    return [chart for child in inside if child is not None for chart in charts_in(child)]


def heights(chart: Any) -> list[float]:
    return [point.y for point in chart.data_series[0].points]


def test_thirty_photos_are_thirty_dots_in_both_plots() -> None:
    answers = [LOW, MODERATE, HIGH]
    results, sizes = drawn([reading(7 * week, answers[week // 10], 0.01 * (week + 1)) for week in range(30)])
    assert heights(results) == [0] * 10 + [1] * 10 + [2] * 10
    assert heights(sizes) == [week + 1 for week in range(30)]
    for chart in (results, sizes):
        assert not chart.interactive
        assert chart.animation.duration == 0


def test_a_photo_without_a_size_or_a_readable_result_is_left_out_of_that_plot_alone() -> None:
    results, sizes = drawn([reading(0, LOW, None), reading(1, None, 0.2), reading(2, HIGH, 0.3)])
    assert heights(results) == [0, 2]
    assert heights(sizes) == [20, 30]
    assert results.data_series[0].points[-1].x == sizes.data_series[0].points[-1].x


def test_a_plot_without_points_is_not_drawn() -> None:
    assert [heights(chart) for chart in drawn([reading(0, LOW, None), reading(1, LOW, None)])] == [[0, 0]]
    assert [heights(chart) for chart in drawn([reading(0, None, 0.2), reading(1, None, 0.3)])] == [[20, 30]]
    assert drawn([reading(0, None, None), reading(1, None, None)]) == []
