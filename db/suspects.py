"""Killers: which leads a worker has in hand, and what is done about those whose holder vanished.

A holding row is committed on a second connection once the leads are locked, and goes with the drain's
own commit. So whoever locks a lead and still finds it held knows that the holder died.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg import Connection as Database

from db.arrays import literal
from db.ids import new_id

DEATHS_TO_BURY = 3


class Level(StrEnum):
    """How carefully a lead is drained."""

    ALONE = "alone"
    JOB_BY_JOB = "job_by_job"
    QUARANTINED = "quarantined"


def hold(witness: Database[Any], client_id: UUID, lead_ids: Sequence[UUID], job_id: UUID | None) -> UUID:
    """Note, durably enough to outlive this process, which leads it is about to work on."""
    holding_id = new_id()
    witness.execute(
        "INSERT INTO holding (id, client_id, lead_ids, job_id) VALUES (%s, %s, %s::uuid[], %s)",
        (holding_id, client_id, literal(lead_ids), job_id),
    )
    return holding_id


def let_go(database: Database[Any], holding_id: UUID) -> None:
    """Take the note back: with the drain's own commit, or before its rollback."""
    database.execute("DELETE FROM holding WHERE id = %s", (holding_id,))


def levels_of(database: Database[Any], client_id: UUID, lead_ids: Sequence[UUID]) -> dict[UUID, Level]:
    """Which of some leads are to be drained with care."""
    rows = database.execute(
        "SELECT lead_id, level FROM suspect WHERE client_id = %s AND lead_id = ANY (%s::uuid[])",
        (client_id, literal(lead_ids)),
    )
    return {lead_id: Level(level) for lead_id, level in rows}


def find_vanished(witness: Database[Any], client_id: UUID, locked: Sequence[UUID]) -> None:
    """Turn the notes of vanished holders of leads that we have locked into suspicions.

    A batch makes each of its leads a suspect to be drained alone; a lead that was alone is drained job
    by job; a job that was alone has one more death on its account.
    """
    if not locked:
        return
    vanished = witness.execute(
        "DELETE FROM holding WHERE client_id = %s AND lead_ids && %s::uuid[] RETURNING lead_ids, job_id",
        (client_id, literal(locked)),
    ).fetchall()
    for lead_ids, job_id in vanished:
        if job_id is not None:
            witness.execute(
                "UPDATE inbox SET deaths = deaths + 1 WHERE client_id = %s AND id = %s", (client_id, job_id)
            )
        level = Level.ALONE if len(lead_ids) > 1 else Level.JOB_BY_JOB
        suspect(witness, client_id, lead_ids, level)


def suspect(
    database: Database[Any],
    client_id: UUID,
    lead_ids: Sequence[UUID],
    level: Level,
    fingerprint: str | None = None,
) -> None:
    """Have leads drained with care from now on; care is raised and never lowered but by `clear`."""
    database.execute(
        """INSERT INTO suspect (client_id, lead_id, level, fingerprint)
           SELECT %s, lead_id, %s, %s FROM unnest(%s::uuid[]) AS lead_id
           ON CONFLICT (client_id, lead_id) DO UPDATE
           SET level = CASE WHEN suspect.level = 'alone' THEN excluded.level
                            WHEN excluded.level = 'alone' THEN suspect.level
                            ELSE greatest(suspect.level, excluded.level) END,
               fingerprint = coalesce(excluded.fingerprint, suspect.fingerprint)""",
        (client_id, level, fingerprint, literal(lead_ids)),
    )


def clear(database: Database[Any], client_id: UUID, lead_id: UUID) -> None:
    """A lead was drained without harm: nothing is held against it, unless its book fails by itself."""
    database.execute(
        "DELETE FROM suspect WHERE client_id = %s AND lead_id = %s AND level <> 'quarantined'",
        (client_id, lead_id),
    )


def quarantined(database: Database[Any]) -> list[tuple[UUID, UUID, str | None]]:
    """The leads whose jobs wait because their book itself fails: client, lead, fingerprint."""
    return database.execute(
        "SELECT client_id, lead_id, fingerprint FROM suspect WHERE level = 'quarantined' ORDER BY since"
    ).fetchall()


def release(database: Database[Any], client_id: UUID, lead_id: UUID) -> bool:
    """Let a quarantined lead be drained again, job by job at first; false if it was not quarantined."""
    released = database.execute(
        """UPDATE suspect SET level = 'job_by_job', fingerprint = NULL
           WHERE client_id = %s AND lead_id = %s AND level = 'quarantined'""",
        (client_id, lead_id),
    )
    return bool(released.rowcount)
