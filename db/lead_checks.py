"""Lead checks: leads of whom each connection is asked for all meetings that its provider knows, and when."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection as Database
from psycopg.rows import dict_row

from db.arrays import literal
from db.lookups import FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS
from db.merging import winner_of
from pipeline.words import Provider

ASKABLE = (Provider.CALENDLY, Provider.GHL)
"""The providers that list one person's meetings."""

DISCARDED = "discarded"
ASKED = "asked"


@dataclass(frozen=True, slots=True)
class LeadCheck:
    """One lead to ask one connection's provider about. `lead_id` is the lead that is there now, after any merge.

    `email` and `ghl_contact_id` are personal data: for the call alone.
    """

    client_id: UUID
    connection_id: UUID
    asked_for: UUID
    lead_id: UUID
    reason: str
    asked_at: datetime
    attempts: int
    email: str | None = field(repr=False)
    ghl_contact_id: str | None = field(repr=False)


def ask_check_of_lead(database: Database[Any], client_id: UUID, lead_id: UUID, *, reason: str) -> int:
    """Have all meetings of a lead asked for, in the caller's transaction; `reason` is one of our own words.

    Every active Calendly or GoHighLevel connection of the client is asked, by the clock, within its budget. What
    it tells is posted through the inbox. Returns how many connections are asked; 0: there is nobody to ask.
    """
    return ask_check_of_leads(database, client_id, [lead_id], reason=reason)


def ask_check_of_leads(
    database: Database[Any], client_id: UUID, lead_ids: Sequence[UUID], *, reason: str
) -> int:
    """As `ask_check_of_lead`, for several leads in one statement; returns how many calls are asked for."""
    if not lead_ids:
        return 0
    return database.execute(
        _ASK,
        {"client": client_id, "leads": literal(lead_ids), "reason": reason, "providers": literal(ASKABLE)},
    ).rowcount


def due(database: Database[Any], client_id: UUID, connection_id: UUID, limit: int) -> list[LeadCheck]:
    """The leads that a connection is to be asked about now, the longest due first."""
    rows = database.execute(
        """SELECT lead_id, reason, asked_at, attempts FROM lead_check
           WHERE client_id = %s AND connection_id = %s AND state = 'waiting' AND not_before <= apptrail_now()
           ORDER BY not_before, lead_id LIMIT %s""",
        (client_id, connection_id, limit),
    ).fetchall()
    found = []
    for asked_for, reason, asked_at, attempts in rows:
        lead_id = winner_of(database, client_id, asked_for) or asked_for
        email, contact_id = _names_of(database, client_id, lead_id)
        found.append(
            LeadCheck(
                client_id, connection_id, asked_for, lead_id, reason, asked_at, attempts, email, contact_id
            )
        )
    return found


def has_due(database: Database[Any], client_id: UUID, connection_id: UUID) -> bool:
    """Whether a connection is to be asked about a lead now."""
    row = database.execute(
        """SELECT EXISTS (SELECT 1 FROM lead_check WHERE client_id = %s AND connection_id = %s
                          AND state = 'waiting' AND not_before <= apptrail_now())""",
        (client_id, connection_id),
    ).fetchone()
    return bool(row and row[0])


def close(
    database: Database[Any],
    check: LeadCheck,
    state: str,
    *,
    error: str | None = None,
    listed: int = 0,
    posted: int = 0,
) -> bool:
    """Close a check: `answered`, or `unknown` with the reason. False: it was asked for again meanwhile, and stays."""
    closed = database.execute(
        """UPDATE lead_check SET state = %s, error = %s, listed = %s, posted = %s, answered_at = apptrail_now()
           WHERE client_id = %s AND connection_id = %s AND lead_id = %s AND asked_at = %s""",
        (
            state, error, listed, posted, check.client_id, check.connection_id, check.asked_for, check.asked_at,
        ),
    )  # fmt: skip
    return bool(closed.rowcount)


def put_off(database: Database[Any], check: LeadCheck, error: str) -> None:
    """Ask again later: the wait doubles with each attempt, with full jitter above half of it."""
    wait = min(FIRST_WAIT_SECONDS * 2 ** min(check.attempts, 12), LONGEST_WAIT_SECONDS)
    jittered = wait * random.uniform(0.5, 1.0)  # noqa: S311  (jitter, no secret)
    database.execute(
        """UPDATE lead_check SET attempts = attempts + 1, error = %s,
               not_before = apptrail_now() + make_interval(secs => %s)
           WHERE client_id = %s AND connection_id = %s AND lead_id = %s AND state = 'waiting'""",
        (error, jittered, check.client_id, check.connection_id, check.asked_for),
    )


def nobody_answers(database: Database[Any], client_id: UUID, connection_id: UUID, error: str) -> int:
    """Close all that a connection is asked about, because it cannot be asked; returns how many."""
    return database.execute(
        """UPDATE lead_check SET state = 'unknown', error = %s, answered_at = apptrail_now()
           WHERE client_id = %s AND connection_id = %s AND state = 'waiting'""",
        (error, client_id, connection_id),
    ).rowcount


def of_lead(database: Database[Any], client_id: UUID, lead_id: UUID) -> list[dict[str, Any]]:
    """What became of a lead's checks, a row for each connection."""
    with database.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """SELECT k.connection_id, c.provider, k.reason, k.state, k.asked_at, k.answered_at, k.error, k.listed,
                      k.posted
               FROM lead_check k JOIN connection c ON c.id = k.connection_id
               WHERE k.client_id = %s AND k.lead_id = %s ORDER BY k.asked_at, k.connection_id""",
            (client_id, lead_id),
        ).fetchall()


def live_of_lead(
    database: Database[Any], client_id: UUID, lead_id: UUID, provider: Provider
) -> list[tuple[str, str | None]]:
    """The live appointments that we hold of a lead at a provider: external id, and Calendly's invitee."""
    return database.execute(
        """SELECT external_id, calendly_invitee_uri FROM appointment
           WHERE client_id = %s AND lead_id = %s AND provider = %s AND status IN ('pending', 'confirmed')
             AND NOT placeholder ORDER BY external_id""",
        (client_id, lead_id, provider),
    ).fetchall()


def _names_of(database: Database[Any], client_id: UUID, lead_id: UUID) -> tuple[str | None, str | None]:
    row = database.execute(
        "SELECT email, ghl_contact_id FROM lead WHERE client_id = %s AND id = %s", (client_id, lead_id)
    ).fetchone()
    return (row[0], row[1]) if row else (None, None)


# A wish that is repeated while it waits keeps its place and its back-off, and is answered by a later look.
_ASK = """
    INSERT INTO lead_check AS k (client_id, connection_id, lead_id, reason, not_before, asked_at)
    SELECT c.client_id, c.id, l.id, %(reason)s, apptrail_now(), clock_timestamp()
    FROM unnest(%(leads)s::uuid[]) AS l (id)
    JOIN connection c ON c.client_id = %(client)s AND c.state = 'active' AND c.provider = ANY (%(providers)s::text[])
    ORDER BY c.id, l.id
    ON CONFLICT (client_id, connection_id, lead_id) DO UPDATE
    SET state = 'waiting', reason = excluded.reason, asked_at = excluded.asked_at, answered_at = NULL, error = NULL,
        listed = 0, posted = 0,
        attempts = CASE WHEN k.state = 'waiting' THEN k.attempts ELSE 0 END,
        not_before = CASE WHEN k.state = 'waiting' THEN k.not_before ELSE excluded.not_before END"""
