"""Holding leads: the one way to lock them, and the promise that no ring for a held lead is lost."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection as Database

from db.arrays import literal
from db.inbox import Ring
from db.plans import by_index
from pipeline.lead_status import Base
from pipeline.words import Lane

Ringer = Callable[[Sequence[Ring]], None]


@dataclass(slots=True)
class HeldLead:
    """A lead whose row this transaction has locked."""

    id: UUID
    stub: bool
    merged_into: UUID | None
    base: Base
    recompute_at: datetime | None
    legacy: bool
    """Whether its rollup is still what a CRM's own columns said (RULES 22)."""


@dataclass(frozen=True, slots=True)
class Held:
    """The leads that were free, and the instant at which the transaction computes."""

    now: datetime
    leads: dict[UUID, HeldLead]


@contextmanager
def leads_held(
    database: Database[Any],
    client_id: UUID,
    lead_ids: Sequence[UUID],
    ringer: Ringer,
    *,
    wait: float | None = None,
) -> Iterator[Held]:
    """Lock those leads that are free, in id order, for one transaction that commits at the end.

    `wait`: wait up to so many seconds for busy ones, instead of leaving them to their owner. Whatever
    happens, the held leads are looked at once more after the end, and rung for if they have due jobs:
    somebody's ring may have found them busy.
    """
    held: Held | None = None
    try:
        with database.pipeline(), database.transaction():
            by_index(database, writer="ledger")
            if wait is not None:
                database.execute("SELECT set_config('lock_timeout', %s, true)", (f"{int(wait * 1000)}ms",))
            rows = database.execute(
                _LOCK_WAITING if wait is not None else _LOCK,
                (client_id, literal(sorted(lead_ids))),
                binary=True,
            ).fetchall()
            now = rows[0][-1] if rows else database.execute("SELECT apptrail_now()").fetchone()[0]  # type: ignore[index]
            held = Held(now, {row[0]: _held_lead(row) for row in rows})
            yield held
    finally:
        if held is not None and not database.broken:
            ringer(due_among(database, client_id, list(held.leads)))


def due_among(database: Database[Any], client_id: UUID, lead_ids: Sequence[UUID]) -> list[Ring]:
    """Which of some leads have jobs that are due."""
    if not lead_ids:
        return []
    rows = database.execute(_DUE_AMONG, (client_id, literal(lead_ids)), binary=True)
    return [Ring(client_id, lead_id, Lane.BULK if priority else Lane.LIVE) for lead_id, priority in rows]


def _held_lead(row: tuple[Any, ...]) -> HeldLead:
    lead_id, stub, merged_into, word, at, recompute_at, legacy, _ = row
    return HeldLead(lead_id, stub, merged_into, Base(word, at), recompute_at, legacy)


_COLUMNS = """id, stub, merged_into, base_status, base_status_at, recompute_at,
           rollup_version = 0 AND appointment_status IS NOT NULL, apptrail_now()"""

_LOCK_WAITING = f"""
    SELECT {_COLUMNS} FROM lead WHERE client_id = %s AND id = ANY (%s::uuid[]) ORDER BY id FOR NO KEY UPDATE"""  # noqa: S608

_LOCK = _LOCK_WAITING + " SKIP LOCKED"

# What is not worked on is not due: a paused kind or client, a quarantined lead.
WORKABLE = """NOT EXISTS (SELECT 1 FROM pause p WHERE p.kind IN ('*', j.kind)
                    AND p.client_id IN ('00000000-0000-0000-0000-000000000000', j.client_id))
      AND NOT EXISTS (SELECT 1 FROM suspect s WHERE s.client_id = j.client_id AND s.lead_id = j.lead_id
                      AND s.level = 'quarantined')"""

_DUE_AMONG = f"""
    SELECT j.lead_id, min(j.priority) FROM inbox j
    WHERE j.client_id = %s AND j.lead_id = ANY (%s::uuid[]) AND j.not_before <= now() AND {WORKABLE}
    GROUP BY j.lead_id"""  # noqa: S608
