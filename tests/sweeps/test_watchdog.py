"""The watchdog: a subscription that the provider disabled, and a silence, have their gap swept."""

from datetime import timedelta

from db import connection_health as health
from db.desk import connect
from ingest.apis.api import Subscription
from pipeline.silence import verdict
from pipeline.sweeping import Tier
from tests.builders import at
from tests.sweeps.conftest import Stage


def a_subscription(stage: Stage, **how: object) -> Subscription:
    stated = {"uri": "https://api.example/webhook_subscriptions/h1", "active": True, "retry_started_at": None}
    callback = f"https://apptrail.example/webhooks/ghl/{stage.connection.endpoint}"
    return Subscription(**{**stated, "callback_url": callback, **how})  # type: ignore[arg-type]


def gaps(stage: Stage) -> int:
    return stage.one("SELECT count(*) FROM sweep_run WHERE tier = 'gap'")


def test_a_subscription_that_is_well_asks_for_nothing(stage: Stage) -> None:
    stage.api.subscribed = [a_subscription(stage)]
    stage.serve()
    assert stage.one("SELECT subscription->>'state' FROM connection_health") == "active"
    assert gaps(stage) == 0


def test_a_disabled_subscription_has_its_gap_swept_once_a_day(stage: Stage) -> None:
    stage.serve()
    meeting_far_ahead = at(24 * 200)
    stage.pass_(hours=2)
    stage.api.book("m-late", "anna", meeting_far_ahead)
    stage.api.subscribed = [a_subscription(stage, active=False, retry_started_at=at(1))]
    done = [one.tier for one in stage.serve()]
    assert done[-1] is Tier.GAP
    assert stage.one("SELECT state FROM sweep_run WHERE tier = 'gap'") == "finished"
    assert stage.jobs() == 1, "what was booked in the gap is found, however far ahead it starts"
    for _ in range(5):
        stage.pass_(minutes=10)
        stage.serve()
    assert gaps(stage) == 1
    stage.pass_(hours=25)
    stage.serve()
    assert gaps(stage) == 2


def test_a_silence_that_habit_does_not_explain_is_a_gap(stage: Stage) -> None:
    for hour in range(72):
        health.heard(stage.database, [(stage.client.id, stage.connection.id, 3, at(-72 + hour))])
    stage.serve()
    assert gaps(stage) == 0
    stage.pass_(hours=12)
    stage.serve()
    assert gaps(stage) == 1


def test_habit_decides_what_silence_is() -> None:
    busy, quiet = (300, 100.0), (10, 1000.0)
    assert verdict(*busy, at(0), at(1)) == "ok"
    assert verdict(*busy, at(0), at(3)) == "silent"
    assert verdict(*quiet, at(0), at(100)) == "ok"
    assert verdict(3, 100.0, at(0), at(500)) == "unknown", "three deliveries are no habit"
    assert verdict(0, 0.0, None, at(1)) == "unknown"


def test_a_subscription_is_looked_at_every_five_minutes_and_not_oftener(stage: Stage) -> None:
    stage.serve()
    before = stage.api.calls
    for _ in range(4):
        stage.at(stage.api.now + timedelta(minutes=1))
        stage.serve()
    assert stage.api.calls == before
    stage.pass_(minutes=2)
    stage.serve()
    assert stage.api.calls > before


def test_deliveries_of_several_processes_add_up(stage: Stage) -> None:
    row = (stage.client.id, stage.connection.id, 2, at(0.5))
    with connect(stage.dsn) as other:
        health.heard(other, [row])
    health.heard(stage.database, [row])
    assert health.habit(stage.database, *row[:2]).deliveries == 4
