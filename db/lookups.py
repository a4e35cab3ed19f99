"""Lookups: appointments that the provider is to be asked about, one by one, and when."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection as Database

from db.arrays import columns_of
from db.ids import new_id
from pipeline.doubts import Doubt
from pipeline.observation import AppointmentKey
from pipeline.words import Provider

FIRST_WAIT_SECONDS = 30.0
LONGEST_WAIT_SECONDS = 6 * 3600.0

ABSENT = "absent"
RETURNED = "returned"
STUB = "stub"
DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question. `connection_id` is None where it is not known whose appointment it is."""

    id: UUID
    client_id: UUID
    key: AppointmentKey
    connection_id: UUID | None
    lead_id: UUID | None
    uri: str | None
    reason: str
    attempts: int


def ask(
    database: Database[Any],
    client_id: UUID,
    doubts: Sequence[Doubt],
    *,
    connection_id: UUID | None = None,
    lead_id: UUID | None = None,
) -> int:
    """Ask about appointments, in the caller's transaction. A question that is open stays as it is."""
    if not doubts:
        return 0
    rows = {
        doubt.key: ask_row(client_id, doubt, connection_id=connection_id, lead_id=lead_id) for doubt in doubts
    }
    return database.execute(ASK, columns_of([rows[key] for key in sorted(rows)])).rowcount


def ask_of_letter(database: Database[Any], letter_id: UUID) -> None:
    """Ask how the appointment of a dead letter stands, in the caller's transaction; of others there is nothing to ask."""
    row = database.execute(
        """SELECT client_id, lead_id, provider, payload->>'external_id', apptrail_now() FROM dead_letter
           WHERE id = %s AND kind = 'appointment' AND payload ? 'external_id' AND provider = ANY (%s)""",
        (letter_id, [one.value for one in Provider]),
    ).fetchone()
    if row is not None:
        client_id, lead_id, provider, external_id, now = row
        key = AppointmentKey(Provider(provider), external_id)
        ask(database, client_id, [Doubt(key, DISCARDED, now)], lead_id=lead_id)


def ask_row(
    client_id: UUID, doubt: Doubt, *, connection_id: UUID | None = None, lead_id: UUID | None = None
) -> tuple[Any, ...]:
    """One row for ASK."""
    return (
        client_id, new_id(), doubt.key.provider, doubt.key.external_id, doubt.uri, doubt.reason, doubt.at,
        connection_id, lead_id,
    )  # fmt: skip


ASK = """
    INSERT INTO lookup AS l (client_id, id, provider, external_id, uri, reason, asked_at, connection_id, lead_id, not_before)
    SELECT t.*, apptrail_now()
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
                %s::uuid[], %s::uuid[]) AS t
    ON CONFLICT (client_id, provider, external_id) DO UPDATE
    SET state = 'waiting', not_at = '{}', reason = excluded.reason, asked_at = excluded.asked_at, attempts = 0, error = NULL,
        uri = coalesce(excluded.uri, l.uri), not_before = excluded.not_before, answered_at = NULL,
        connection_id = coalesce(excluded.connection_id, l.connection_id), lead_id = coalesce(excluded.lead_id, l.lead_id)
    WHERE l.state <> 'waiting'
      AND l.answered_at < excluded.asked_at - CASE excluded.reason WHEN 'absent' THEN interval '1 day' ELSE '0' END"""


def due(
    database: Database[Any], client_id: UUID, provider: Provider, connection_id: UUID, limit: int
) -> list[Lookup]:
    """The questions that this connection may answer, the longest due first.

    Whose an appointment is, a mark says that names it; else it may be any connection's of the provider.
    """
    rows = database.execute(
        """SELECT id, client_id, provider, external_id, connection_id, lead_id, uri, reason, attempts
           FROM lookup
           WHERE client_id = %s AND provider = %s AND state = 'waiting' AND not_before <= apptrail_now()
             AND (connection_id = %s OR (connection_id IS NULL AND %s <> ALL (not_at)))
           ORDER BY not_before LIMIT %s""",
        (client_id, provider, connection_id, connection_id, limit),
    ).fetchall()
    return [
        Lookup(
            row_id,
            client,
            AppointmentKey(Provider(name), external_id),
            connection,
            lead_id,
            uri,
            reason,
            attempts,
        )
        for row_id, client, name, external_id, connection, lead_id, uri, reason, attempts in rows
    ]


def answered(database: Database[Any], lookup: Lookup, state: str) -> None:
    """Close a question: `answered`, or `unknown` where the answer allows no conclusion."""
    database.execute(
        "UPDATE lookup SET state = %s, answered_at = apptrail_now(), error = NULL WHERE client_id = %s AND id = %s",
        (state, lookup.client_id, lookup.id),
    )


def put_off(database: Database[Any], lookup: Lookup, error: str) -> None:
    """Ask again later: the wait doubles with each attempt, with full jitter above half of it."""
    wait = min(FIRST_WAIT_SECONDS * 2 ** min(lookup.attempts, 12), LONGEST_WAIT_SECONDS)
    jittered = wait * random.uniform(0.5, 1.0)  # noqa: S311  (jitter, no secret)
    database.execute(
        """UPDATE lookup SET attempts = attempts + 1, error = %s,
               not_before = apptrail_now() + make_interval(secs => %s)
           WHERE client_id = %s AND id = %s""",
        (error, jittered, lookup.client_id, lookup.id),
    )


def not_here(database: Database[Any], lookup: Lookup, connection_id: UUID) -> bool:
    """Note that a connection has no such appointment; True once every connection of the provider said so."""
    row = database.execute(
        """UPDATE lookup l SET not_at = array_append(array_remove(not_at, %(one)s), %(one)s)
           WHERE client_id = %(client)s AND id = %(id)s
           RETURNING NOT EXISTS (SELECT 1 FROM connection c
                                 WHERE c.client_id = l.client_id AND c.provider = l.provider
                                   AND c.state <> 'removed' AND c.id <> ALL (l.not_at))""",
        {"one": connection_id, "client": lookup.client_id, "id": lookup.id},
    ).fetchone()
    return row is not None and bool(row[0])


def contact_id_of(database: Database[Any], client_id: UUID, lead_id: UUID) -> str | None:
    """The provider's id of a stub's contact."""
    row = database.execute(
        "SELECT ghl_contact_id FROM lead WHERE client_id = %s AND id = %s", (client_id, lead_id)
    ).fetchone()
    return row[0] if row else None
