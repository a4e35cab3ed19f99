"""Retaining: a client's old observations, some thousand at a time, and those dropped that were never news.

No lead is locked. What lets an observation go is a version beside it, and versions are never dropped; so a
drain that reads the same appointment meanwhile computes the same of it, with the dropped one or without.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from db import backfill_runs
from db.arrays import literal
from db.backfill_runs import Kind, Run
from db.desk import Database
from db.shelf import observations_of
from pipeline.observation import AppointmentKey
from pipeline.retention import superfluous
from pipeline.words import Provider

BATCH = 2_000


class Reach(NamedTuple):
    """How far back observations are looked at: what was said, and stored, before `before`."""

    before: datetime
    end: UUID
    """The first id that a row stored at `before` could have: ids tell when they were made."""


class _Old(NamedTuple):
    id: UUID
    key: AppointmentKey
    digest: bytes


def reach(database: Database, days: int) -> Reach:
    """What is older than so many days now, by the database's clock."""
    row = database.execute("SELECT apptrail_now()").fetchone()
    assert row is not None  # (a SELECT without FROM has one row)
    before: datetime = row[0] - timedelta(days=days)
    return Reach(before, UUID(int=int(before.timestamp() * 1000) << 80))


def count(database: Database, client_id: UUID, within: Reach) -> int:
    """How many observations of a client were stored before then."""
    row = database.execute(
        "SELECT count(*) FROM observation WHERE client_id = %s AND id < %s", (client_id, within.end)
    ).fetchone()
    return row[0] if row else 0


def is_due(database: Database, client_id: UUID, hours: int) -> bool:
    """Whether the clock began no run over this client within so many hours."""
    row = database.execute(
        """SELECT coalesce(max(started_at) < now() - make_interval(hours => %s), true) FROM backfill_run
           WHERE client_id = %s AND kind = %s""",
        (hours, client_id, Kind.DAILY_RETENTION),
    ).fetchone()
    return bool(row and row[0])


def forget_runs(database: Database, last: Run) -> None:
    """Drop what the clock noted of its earlier runs over the same client: a row a day is nobody's reading."""
    database.execute(
        "DELETE FROM backfill_run WHERE client_id = %s AND kind = %s AND state = 'done' AND id <> %s",
        (last.client_id, Kind.DAILY_RETENTION, last.id),
    )


def retain(database: Database, run: Run, within: Reach, size: int = BATCH, *, apply: bool) -> Counter[str]:
    """Look at the next observations of a run; with `apply`, drop and note the place in one transaction.

    Counts `looked` and `dropped` (or what would be); nothing is looked at once the run is at its end. Rows
    that somebody is writing are left for the next day.
    """
    with database.transaction():
        rows = database.execute(
            _NEXT, (within.before, within.before, run.client_id, run.place, within.end, size)
        )
        looked = rows.fetchall()
        if not looked:
            return Counter()
        old = [
            _Old(row_id, AppointmentKey(Provider(provider), name), bytes(digest))
            for row_id, provider, name, digest, unversioned in looked
            if unversioned
        ]
        gone = list(_superfluous(database, run.client_id, old, within))
        dropped = _drop(database, run.client_id, gone) if apply else len(gone)
        found = Counter(looked=len(looked), dropped=dropped)
        run.add(found)
        run.place = looked[-1][0]
        if apply:
            backfill_runs.checkpoint(database, run)
    return found


def _superfluous(database: Database, client_id: UUID, old: list[_Old], within: Reach) -> Iterable[UUID]:
    keys = list(dict.fromkeys(one.key for one in old))
    history = observations_of(database, client_id, keys)
    going = {
        (key, one.digest)
        for key, said in history.items()
        for one in superfluous(said.values(), within.before)
    }
    return (one.id for one in old if (one.key, one.digest) in going)


def _drop(database: Database, client_id: UUID, ids: list[UUID]) -> int:
    if not ids:
        return 0
    return database.execute(_DROP, (client_id, client_id, literal(ids))).rowcount


# A window of rows, whether they can go or not: a client without such rows is no long statement.
_NEXT = """
    SELECT id, provider, external_id, digest,
           effective_at < %s AND received_at < %s
           AND source NOT IN ('manual', 'migration') AND NOT body ? 'version_at'
    FROM observation WHERE client_id = %s AND id > %s AND id < %s ORDER BY id LIMIT %s"""

_DROP = """
    DELETE FROM observation WHERE client_id = %s AND id IN (
        SELECT id FROM observation WHERE client_id = %s AND id = ANY (%s::uuid[]) ORDER BY id FOR UPDATE SKIP LOCKED)"""
