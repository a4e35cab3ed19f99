"""Jobs as the inbox holds them: taken by a drain, put back, or forwarded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection as Database

from db.arrays import columns_of, literal
from db.locks import WORKABLE
from pipeline.words import Provider

TAKE_AT_MOST = 5_000
_PROVIDERS = frozenset(Provider)
NEWER_WAITS_SECONDS = 30
FAILED_WAITS_SECONDS = 1


@dataclass(slots=True)
class Job:
    """One row of the inbox."""

    id: UUID
    lead_id: UUID
    kind: str
    payload: str = field(repr=False)
    received_at: datetime
    attempts: int
    deaths: int
    trace_id: UUID | None
    replay_of: UUID | None = None
    """The dead letter that it posts again."""


def due(
    database: Database[Any], client_id: UUID, lead_ids: Sequence[UUID], only: UUID | None = None
) -> list[Job]:
    """The due jobs of some leads, oldest first; `only` narrows them to one job."""
    rows = database.execute(
        _DUE, (client_id, literal(lead_ids), only, only, TAKE_AT_MOST), binary=True
    ).fetchall()
    return [Job(*row) for row in rows]


def provider_of(database: Database[Any], client_id: UUID, job_id: UUID) -> str | None:
    """The provider that a job's payload names, found by Postgres; None for no provider of ours."""
    row = database.execute(
        "SELECT payload->>'provider' FROM inbox WHERE client_id = %s AND id = %s", (client_id, job_id)
    ).fetchone()
    return row[0] if row is not None and row[0] in _PROVIDERS else None


def remove(database: Database[Any], client_id: UUID, job_ids: Sequence[UUID]) -> None:
    """Remove jobs whose effects this transaction saves; the letters that they replay are done with."""
    database.execute(_REMOVE, (client_id, literal(job_ids), client_id))


def forward(database: Database[Any], client_id: UUID, moves: Iterable[tuple[UUID, UUID]]) -> None:
    """Hand the jobs of merged leads on: (loser, winner)."""
    database.execute(
        """UPDATE inbox j SET lead_id = m.winner FROM unnest(%s::uuid[], %s::uuid[]) AS m (loser, winner)
           WHERE j.client_id = %s AND j.lead_id = m.loser""",
        (*columns_of(list(moves)), client_id),
    )


def put_off(database: Database[Any], client_id: UUID, job_ids: Sequence[UUID], seconds: float) -> None:
    """Leave jobs alone for a moment; no attempt is counted."""
    database.execute(
        "UPDATE inbox SET not_before = now() + make_interval(secs => %s) WHERE client_id = %s AND id = ANY (%s::uuid[])",
        (seconds, client_id, literal(job_ids)),
    )


_REMOVE = """
    WITH gone AS (DELETE FROM inbox WHERE client_id = %s AND id = ANY (%s::uuid[]) RETURNING replay_of)
    UPDATE dead_letter d SET state = 'replayed', outcome = 'applied', closed_at = now() FROM gone
    WHERE gone.replay_of IS NOT NULL AND d.client_id = %s AND d.id = gone.replay_of AND d.state = 'replaying'"""

_DUE = f"""
    SELECT j.id, j.lead_id, j.kind, j.payload::text, j.received_at, j.attempts, j.deaths, j.trace_id,
           j.replay_of
    FROM inbox j
    WHERE j.client_id = %s AND j.lead_id = ANY (%s::uuid[]) AND (%s::uuid IS NULL OR j.id = %s::uuid)
      AND j.not_before <= now() AND {WORKABLE}
    ORDER BY j.received_at, j.id LIMIT %s"""  # noqa: S608
