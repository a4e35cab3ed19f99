"""Runs: how far a walk over a client's leads has got, kept in the transaction that got so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from db.desk import Database
from db.ids import new_id

FIRST = UUID(int=0)


class Kind(StrEnum):
    """What is done with each lead."""

    MIGRATION = "migration"
    AUDIT = "audit"
    REBUILD = "rebuild"
    RETENTION = "retention"
    DAILY_RETENTION = "daily_retention"
    WATCH = "watch"
    SAMPLE = "sample"


class State(StrEnum):
    """What became of a run."""

    RUNNING = "running"
    DONE = "done"
    ROLLED_BACK = "rolled_back"


class UnknownRun(LookupError):
    """No run has that id."""


@dataclass
class Run:
    """A run's part over one client. `place` is the last row dealt with; `counts` are by the run's own words."""

    client_id: UUID
    id: UUID
    place: UUID = FIRST
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, counts: Mapping[str, int]) -> None:
        """Count what a batch came to."""
        for name, count in counts.items():
            self.counts[name] = self.counts.get(name, 0) + count


def begin(database: Database, client_id: UUID, kind: Kind, run_id: UUID | None = None) -> Run:
    """Begin a run over a client."""
    run = Run(client_id, run_id or new_id())
    database.execute(
        "INSERT INTO backfill_run (client_id, id, kind) VALUES (%s, %s, %s)", (client_id, run.id, kind)
    )
    return run


def unfinished(database: Database, client_id: UUID, kind: Kind) -> Run | None:
    """The latest run over a client that did not come to its end."""
    row = database.execute(
        """SELECT id, place, counts FROM backfill_run
           WHERE client_id = %s AND kind = %s AND state = 'running' ORDER BY started_at DESC, id DESC LIMIT 1""",
        (client_id, kind),
    ).fetchone()
    return Run(client_id, *row) if row else None


def checkpoint(database: Database, run: Run) -> None:
    """Note how far a run has got; the caller's transaction holds the work itself."""
    database.execute(
        "UPDATE backfill_run SET place = %s, counts = %s::jsonb, updated_at = now() WHERE client_id = %s AND id = %s",
        (run.place, orjson.dumps(run.counts).decode(), run.client_id, run.id),
    )


def end(database: Database, run: Run, state: State = State.DONE) -> None:
    """Note that a run is over."""
    database.execute(
        "UPDATE backfill_run SET state = %s, updated_at = now() WHERE client_id = %s AND id = %s",
        (state, run.client_id, run.id),
    )


def clients_of(database: Database, run_id: UUID) -> list[UUID]:
    """The clients that a migration visited; raises UnknownRun."""
    rows: list[tuple[Any, ...]] = database.execute(
        "SELECT client_id FROM backfill_run WHERE id = %s AND kind = 'migration' ORDER BY client_id",
        (run_id,),
    ).fetchall()
    if not rows:
        raise UnknownRun
    return [row[0] for row in rows]


def live_queue_age(database: Database) -> float:
    """For how many seconds the oldest live job that could be worked on has been due; 0 without one."""
    row = database.execute(_LIVE_QUEUE_AGE).fetchone()
    return float(row[0]) if row else 0.0


# A thousand rows are looked at: among more due jobs than that, some are live.
_LIVE_QUEUE_AGE = """
    SELECT extract(epoch FROM now() - j.not_before)
    FROM (SELECT * FROM inbox WHERE not_before <= now() ORDER BY not_before LIMIT 1000) AS j
    WHERE j.priority = 0 AND NOT EXISTS (SELECT 1 FROM pause p WHERE p.kind IN ('*', j.kind)
          AND p.client_id IN ('00000000-0000-0000-0000-000000000000', j.client_id))
    ORDER BY j.not_before LIMIT 1"""
