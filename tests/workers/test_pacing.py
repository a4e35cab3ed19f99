"""A pace keeps its rate whatever the rhythm of who asks, and makes up for lateness, but never as a flood."""

import pytest

from workers.pacing import CATCHES_UP_SECONDS, Pace


@pytest.mark.parametrize("beat", [0.01, 0.1, 0.33, 1.0])
@pytest.mark.parametrize("rate", [0.5, 5.0, 200.0])
def test_the_rate_is_kept_at_any_beat(rate: float, beat: float) -> None:
    pace, now, done = Pace(rate, 0.0), 0.0, 0
    while now < 60:
        now += beat
        due = pace.due(now)
        pace.did(due)
        done += due
    assert done == pytest.approx(rate * now, abs=max(1.0, 0.02 * rate * now))


def test_who_was_late_catches_up() -> None:
    pace = Pace(200.0, 0.0)
    assert pace.due(3.0) == 600


def test_who_was_away_is_not_flooded() -> None:
    pace = Pace(200.0, 0.0)
    assert pace.due(3600.0) == 200 * CATCHES_UP_SECONDS


def test_what_is_not_done_stays_due() -> None:
    pace = Pace(10.0, 0.0)
    pace.did(pace.due(1.0) - 4)
    assert pace.due(1.0) == 4


def test_a_rest_leaves_nothing_to_make_up_for() -> None:
    pace = Pace(10.0, 0.0)
    pace.due(1.0)
    pace.rest()
    assert pace.due(1.0) == 0
