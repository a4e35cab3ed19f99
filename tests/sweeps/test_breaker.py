"""Show 5: whatever a provider answers, errors stay few, and nobody else waits for it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from db.desk import connect
from ingest.sweeps.schedule import Sweeping
from pipeline.words import Provider
from tests.builders import KEYRING, at
from tests.sweeps.conftest import Stage, a_connection
from tests.sweeps.fake_api import FakeApi


@pytest.fixture
def sweeping(stage: Stage) -> Iterator[tuple[Sweeping, dict[object, FakeApi]]]:
    """Two connections at one clock, whose threads see the story's time."""
    other = a_connection(stage.database, stage.client, Provider.CALENDLY)
    apis: dict[object, FakeApi] = {stage.connection.id: stage.api, other.id: FakeApi(at(0))}
    dsn = f"{stage.dsn}{'&' if '?' in stage.dsn else '?'}options=-c%20apptrail.now%3D{at(0).isoformat().replace('+', '%2B').replace(':', '%3A')}"
    found = Sweeping(dsn, KEYRING, lambda one: apis.get(one.id), stage.rung.extend, threads=2)
    yield found, apis
    found.close()


def test_the_breaker_opens_and_errors_stay_below_twenty_a_minute(stage: Stage) -> None:
    """An hour of a provider that wraps every answer, with the clock asking every five seconds."""
    stage.api.fails_with = "wrapped_answer"
    for _ in range(720):
        stage.serve()
        stage.pass_(seconds=5)
    worst = stage.one(
        "SELECT max(n) FROM (SELECT sum(errors) AS n FROM connection_error GROUP BY minute) AS m"
    )
    assert worst < 20
    assert stage.one("SELECT sum(errors) FROM connection_error") >= 5
    assert stage.api.calls < 60, "an hour of failures costs less than a call a minute"
    breaker, reason = stage.database.execute("SELECT breaker, reason FROM connection_health").fetchone() or (
        "",
        "",
    )
    assert (breaker, reason) == ("open", "wrapped_answer")
    stage.api.fails_with = None
    stage.pass_(hours=1)
    assert [one.state for one in stage.serve()] == ["finished"] * 3
    assert stage.one("SELECT breaker FROM connection_health") == "closed"


def test_one_probe_is_let_through_and_no_second_one(stage: Stage) -> None:
    from db import connection_health as health

    whose = (stage.client.id, stage.connection.id)
    for _ in range(5):
        health.failed(stage.database, *whose, "timeout")
    assert not health.permit(stage.database, *whose).allowed
    stage.pass_(hours=2)
    with connect(stage.dsn) as other:
        other.execute("SELECT set_config('apptrail.now', %s, false)", (stage.api.now.isoformat(),))
        asked = [health.permit(stage.database, *whose), health.permit(other, *whose)]
    assert [one.probe for one in asked] == [True, False]
    health.failed(stage.database, *whose, "timeout")
    stage.pass_(minutes=1)
    assert not health.permit(stage.database, *whose).allowed, "the wait doubles where the probe failed"


def test_a_connection_that_fails_does_not_keep_another_from_being_swept(
    stage: Stage, sweeping: tuple[Sweeping, dict[object, FakeApi]]
) -> None:
    clock, apis = sweeping
    stage.api.fails_with = "not_json"
    good = next(api for api in apis.values() if api is not stage.api)
    good.book("m-1", "anna", at(24))
    clock.round(stage.database)
    clock.settle()
    assert (
        stage.one(
            "SELECT count(*) FROM sweep_run WHERE state = 'finished' AND connection_id <> %s",
            stage.connection.id,
        )
        == 3
    )
    assert (
        stage.one(
            "SELECT count(*) FROM sweep_run WHERE state = 'finished' AND connection_id = %s",
            stage.connection.id,
        )
        == 0
    )
    assert stage.jobs() == 1


def test_four_workers_at_once_sweep_each_connection_once(
    stage: Stage, sweeping: tuple[Sweeping, dict[object, FakeApi]]
) -> None:
    clock, _ = sweeping
    for number in range(50):
        stage.api.book(f"m-{number}", f"p{number}", at(24) + timedelta(minutes=number))
    others = [Sweeping(clock._dsn, KEYRING, clock._make_api, stage.rung.extend, threads=2) for _ in range(3)]
    for one in (clock, *others):
        one.round(stage.database)
    for one in (clock, *others):
        one.settle()
    for one in others:
        one.close()
    assert stage.jobs() == 50
    assert (
        stage.one(
            "SELECT count(*) FROM sweep_run WHERE connection_id = %s AND tier = 'near'", stage.connection.id
        )
        == 1
    )
