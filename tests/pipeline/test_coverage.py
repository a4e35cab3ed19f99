"""Coverage: what each watermark speaks for, and where nothing was ever read."""

from datetime import datetime, timedelta

from pipeline.coverage import Watermark, coverage
from pipeline.sweeping import Tier, spans_of
from tests.builders import MIDNIGHT

NOW = MIDNIGHT
DAY = timedelta(days=1)


def mark(tier: Tier, at: datetime) -> Watermark:
    spans = spans_of(tier, at)
    return Watermark(at, spans[0].start, spans[-1].end)


def days(marks: dict[Tier, Watermark], now: datetime = NOW) -> list[tuple[int, int, str]]:
    return [
        (round((one.start - now) / DAY), round((one.end - now) / DAY), one.covered.value)
        for one in coverage(marks, now)
    ]


def test_without_a_sweep_nothing_is_covered() -> None:
    assert days({}) == [(-400, 400, "never")]


def test_all_tiers_together_cover_everything() -> None:
    marks = {tier: mark(tier, NOW) for tier in (Tier.NEAR, Tier.MID, Tier.FAR)}
    assert days(marks) == [(-400, 400, "current")]


def test_a_far_sweep_does_not_speak_for_the_middle_that_it_skips() -> None:
    assert days({Tier.FAR: mark(Tier.FAR, NOW)}) == [
        (-400, -30, "current"),
        (-30, 60, "never"),
        (60, 400, "current"),
    ]


def test_a_run_that_stopped_on_its_way_covers_what_it_reached() -> None:
    spans = spans_of(Tier.FAR, NOW)
    reached = Watermark(NOW, spans[0].start, spans[2].end)
    assert days({Tier.FAR: reached})[0] == (-400, -307, "current")
    assert {covered for _, _, covered in days({Tier.FAR: reached})[1:]} == {"never"}


def test_each_tier_is_late_by_its_own_measure() -> None:
    marks = {tier: mark(tier, NOW - timedelta(hours=6)) for tier in (Tier.NEAR, Tier.MID, Tier.FAR)}
    assert days(marks) == [(-400, -30, "current"), (-30, 60, "late"), (60, 400, "current")]


def test_what_was_asked_for_fills_a_gap_and_the_newest_word_counts() -> None:
    old = Watermark(NOW - 40 * DAY, NOW - 400 * DAY, NOW + 400 * DAY)
    new = Watermark(NOW, NOW - 10 * DAY, NOW + 10 * DAY)
    assert days({Tier.WHOLE: old, Tier.GAP: new}) == [
        (-400, -10, "late"),
        (-10, 10, "current"),
        (10, 400, "late"),
    ]
