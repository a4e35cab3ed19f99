"""Retention on a real Postgres: what was dropped is missed by nobody, and whatever comes later finds the same books."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import backfill_runs, marks, retaining
from db.backfill_runs import Kind, Run
from db.ids import new_id
from db.inbox import post
from db.ledger import Hands
from pipeline.observation import Observation, Schedule, StatusWord
from pipeline.words import Provider, Status
from tests import builders
from tests.laws.books import books_of
from tests.laws.people import drain_all
from tests.moving.crm import ghl, migrated, move_in, verified
from tests.moving.test_audit import audited
from tests.pipeline.strategies import rearranged
from tests.pipeline.test_retention_laws import long_histories
from tests.statements import a_delivery, a_statement, an_email, at
from workers import retaining as duty

law = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
YEARS_LATER = datetime(2090, 1, 1, tzinfo=UTC)
CONFIRMED = StatusWord(word=Status.CONFIRMED)


@pytest.fixture
def later(database: str) -> Any:
    """Hands whose clock stands so late that everything is old."""
    with builders.hands(database, now=YEARS_LATER) as mine:
        yield mine


def tell(hands: Hands, client_id: UUID, said: Sequence[Observation]) -> None:
    if said:
        post(hands.database, [a_delivery(client_id, one, an_email("anna")) for one in said])
        drain_all(hands, client_id)


def retained(later: Hands, client_id: UUID, *, size: int = 3, days: int = 400) -> Run:
    run = backfill_runs.begin(later.database, client_id, Kind.RETENTION)
    within = retaining.reach(later.database, days)
    while retaining.retain(later.database, run, within, size, apply=True):
        pass
    backfill_runs.end(later.database, run)
    return run


def shown(hands: Hands, client_id: UUID) -> Any:
    """The books without the observations: all that answers are made of."""
    books = books_of(hands.database, client_id)
    for lead in books.values():
        for one in lead["appointments"].values():
            del one["observations"]
    return list(books.values())


def stored(hands: Hands, client_id: UUID) -> int:
    rows = hands.database.execute("SELECT count(*) FROM observation WHERE client_id = %s", (client_id,))
    return int(rows.fetchall()[0][0])


def workflow(name: str, hour: float) -> Observation:
    """What a workflow repeats between two versions."""
    return a_statement(name, provider=Provider.GHL, observed_at=at(hour), version_at=None, status=CONFIRMED)


def version(name: str, hour: float) -> Observation:
    return a_statement(name, provider=Provider.GHL, observed_at=at(hour), version_at=at(hour), status=CONFIRMED,
                       schedule=Schedule(start_at=at(48)))  # fmt: skip


def a_long_story(names: Sequence[str]) -> list[Observation]:
    return [
        *(version(name, hour) for name in names for hour in (0, 4)),
        *(workflow(name, hour) for name in names for hour in (1, 2, 3)),
    ]


@law
@given(st.data(), long_histories(), long_histories())
def test_late_duplicates_replays_and_rebuilds_find_the_books_that_they_would_have_found(
    hands: Hands, later: Hands, data: st.DataObject, said: list[Observation], more: list[Observation]
) -> None:
    whole, thin = new_id(), new_id()
    for client_id in (whole, thin):
        tell(hands, client_id, said)
    run = retained(later, thin)
    assert stored(hands, whole) - stored(hands, thin) == run.counts.get("dropped", 0)
    assert shown(hands, thin) == shown(hands, whole)
    assert audited(hands, thin, repair=True).counts["different"] == 0, "a rebuild computes the same"
    news = data.draw(rearranged([*said, *more]))
    for client_id in (whole, thin):
        for batch in news:
            tell(hands, client_id, batch)
    assert shown(hands, thin) == shown(hands, whole)
    retained(later, thin)
    assert audited(hands, thin).counts["different"] == 0
    assert shown(hands, thin) == shown(hands, whole)


def test_what_is_dropped_is_what_was_never_news_and_only_when_it_is_old(hands: Hands, later: Hands) -> None:
    client_id = new_id()
    tell(hands, client_id, a_long_story(["a", "b"]))
    assert retained(hands, client_id).counts.get("dropped", 0) == 0, "nothing is old yet"
    assert retained(later, client_id, days=40_000).counts.get("dropped", 0) == 0
    run = retained(later, client_id, size=2)
    assert run.counts == {"looked": 10, "dropped": 6}
    assert retained(later, client_id).counts == {"looked": 4, "dropped": 0}


def test_what_was_stored_lately_stays_though_it_was_said_long_ago(hands: Hands, database: str) -> None:
    client_id = new_id()
    tell(hands, client_id, a_long_story(["a"]))
    hands.database.execute(
        "UPDATE observation SET received_at = '2089-12-01' WHERE client_id = %s", (client_id,)
    )
    with builders.hands(database, now=YEARS_LATER) as then:
        assert retained(then, client_id).counts == {"looked": 5, "dropped": 0}


def test_a_dry_run_counts_the_same_and_drops_nothing(hands: Hands, later: Hands) -> None:
    client_id = new_id()
    tell(hands, client_id, a_long_story(["a", "b", "c"]))
    run, within = Run(client_id, new_id()), retaining.reach(later.database, 400)
    while retaining.retain(later.database, run, within, 4, apply=False):
        pass
    assert stored(hands, client_id) == 15
    assert run.counts == retained(later, client_id, size=4).counts


def test_what_a_crm_brought_stays_and_is_verified_as_before(hands: Hands, later: Hands) -> None:
    client_id = new_id()
    move_in(hands, client_id, {"anna": ghl("a")})
    tell(hands, client_id, a_long_story(["a"]))
    migrated(hands, client_id)
    assert retained(later, client_id).counts["dropped"] == 3
    assert verified(hands, client_id)[0].holds
    assert migrated(hands, client_id).counts.get("created", 0) == 0


def test_a_sweep_still_recognises_what_it_brought_before(hands: Hands, later: Hands) -> None:
    client_id = new_id()
    tell(hands, client_id, a_long_story(["a"]))
    listed = [version("a", 0), version("a", 4)]
    before = marks.held_digests(hands.database, client_id, listed)
    retained(later, client_id)
    assert marks.held_digests(hands.database, client_id, listed) == before
    assert len(before) == 2


def test_rows_that_somebody_is_writing_are_left_for_the_next_day(
    hands: Hands, later: Hands, database: str
) -> None:
    client_id = new_id()
    tell(hands, client_id, a_long_story(["a"]))
    with builders.hands(database) as other, other.database.transaction():
        other.database.execute("SELECT FROM observation WHERE client_id = %s FOR UPDATE", (client_id,))
        assert retained(later, client_id).counts == {"looked": 5, "dropped": 0}
    assert retained(later, client_id).counts["dropped"] == 3


def test_the_clock_does_it_once_a_day_and_goes_on_where_it_was_cut_off(
    hands: Hands, later: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = builders.a_client(hands.database)
    tell(hands, client.id, a_long_story(["a"]))
    monkeypatch.setattr(duty, "SLICE_SECONDS", -1.0)
    duty.walk(later.database)
    begun = backfill_runs.unfinished(later.database, client.id, Kind.DAILY_RETENTION)
    assert begun is not None
    monkeypatch.setattr(duty, "SLICE_SECONDS", 20.0)
    duty.walk(later.database)
    assert stored(hands, client.id) == 2
    assert backfill_runs.unfinished(later.database, client.id, Kind.DAILY_RETENTION) is None
    tell(hands, client.id, a_long_story(["b"]))
    duty.walk(later.database)
    assert stored(hands, client.id) == 7, "once a day"
    hands.database.execute("UPDATE backfill_run SET started_at = now() - interval '25 hours'")
    duty.walk(later.database)
    assert stored(hands, client.id) == 4
    assert hands.database.execute("SELECT count(*) FROM backfill_run").fetchone() == (1,)


def test_the_clock_lets_live_jobs_go_first(hands: Hands, later: Hands) -> None:
    client = builders.a_client(hands.database)
    tell(hands, client.id, a_long_story(["a"]))
    post(hands.database, [a_delivery(client.id, version("z", 1), an_email("ben"))])
    hands.database.execute("UPDATE inbox SET not_before = now() - interval '9 seconds'")
    duty.walk(later.database)
    assert stored(hands, client.id) == 5
    drain_all(hands, client.id)
    duty.walk(later.database)
    assert stored(hands, client.id) == 3


def test_the_command_rehearses_applies_and_resumes(
    hands: Hands, database: str, redis_url: str, tmp_path: Path
) -> None:
    client = builders.a_client(hands.database)
    tell(hands, client.id, a_long_story(["a", "b"]))
    environment = {
        **os.environ, "DATABASE_URL": database, "REDIS_URL": redis_url, "APPTRAIL_SECRET_KEY": "a key for tests",
        "LOG_FORMAT": "json", "APPTRAIL_VAR": str(tmp_path), "PGOPTIONS": f"-c apptrail.now={YEARS_LATER.isoformat()}",
    }  # fmt: skip

    def run(*arguments: str, code: int = 0) -> Any:
        done = subprocess.run(
            [Path(sys.executable).parent / "apptrail", "retention", "--client", client.name, *arguments, "--json"],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr[-2000:]
        return json.loads(done.stdout) if code == 0 else done.stderr

    assert run() == {"looked": 10, "dropped": 6, "before": "2088-11-27T00:00:00+00:00", "dry_run": True}
    cut_off = backfill_runs.begin(hands.database, client.id, Kind.RETENTION)
    within = retaining.Reach(YEARS_LATER, UUID(int=2**128 - 1))
    retaining.retain(hands.database, cut_off, within, 6, apply=True)
    assert run("--apply", "--resume", "--batch-size", "2")["looked"] == 10, (
        "its counts go on from the checkpoint"
    )
    assert stored(hands, client.id) == 4
    assert run("--apply")["dropped"] == 0
    assert "400" in run("--older-than", "399", code=2)
