"""Pauses: what is not worked on, by a person's word or the breaker's."""

from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from db import audit, replays
from db.audit import NOBODY
from db.dead_letter_filters import Filter
from db.desk import Database

ANY_KIND = "*"
RESUME_RATE = 200.0
SAME_CAUSE_SECONDS = 600.0
"""Letters of a kind that died so shortly before the breaker tripped are taken to have died of the same."""


def pause(
    database: Database, actor: str, reason: str, *, kind: str = ANY_KIND, client_id: UUID = NOBODY
) -> bool:
    """Stop working on a kind or a client; jobs wait. False if it was paused already."""
    with database.transaction():
        paused = database.execute(
            "INSERT INTO pause (kind, client_id, reason) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (kind, client_id, reason),
        ).rowcount
        if paused:
            audit.note(database, client_id, actor, "paused", None, {"kind": kind, "reason": reason})
    return bool(paused)


def resume(
    database: Database, actor: str, reason: str, *, kind: str = ANY_KIND, client_id: UUID = NOBODY
) -> tuple[bool, list[UUID]]:
    """Work on it again: whether it was paused, and the replays of the letters that the breaker's cause has cost.

    One for each fingerprint, for each needs a canary of its own: what breaks a kind shows at another place for
    another provider.
    """
    with database.transaction():
        row = database.execute(
            "DELETE FROM pause WHERE kind = %s AND client_id = %s RETURNING fingerprint, since",
            (kind, client_id),
        ).fetchone()
        if row is None:
            return False, []
        database.execute("DELETE FROM work_minute WHERE kind = %s", (kind,))
        audit.note(database, client_id, actor, "resumed", None, {"kind": kind, "reason": reason})
        fingerprint, since = row
        if fingerprint is None:
            return True, []
        others = database.execute(
            """SELECT DISTINCT fingerprint FROM dead_letter
               WHERE kind = %s AND state = 'open' AND reason = 'failed' AND fingerprint <> %s
                 AND created_at > %s - make_interval(secs => %s) ORDER BY fingerprint""",
            (kind, fingerprint, since, SAME_CAUSE_SECONDS),
        ).fetchall()
        return True, [
            replays.start(
                database, Filter(fingerprint=one, kind=kind), actor=actor, reason=reason, rate=RESUME_RATE
            )
            for one in (fingerprint, *(row[0] for row in others))
        ]


def paused(database: Database) -> list[dict[str, Any]]:
    """What is paused, longest first."""
    with database.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """SELECT p.kind, nullif(p.client_id, '00000000-0000-0000-0000-000000000000') AS client_id, p.reason,
                      p.fingerprint, p.since FROM pause p ORDER BY p.since"""
        ).fetchall()
