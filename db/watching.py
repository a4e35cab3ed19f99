"""Watching: which leads to hold against their observations, found cheaply or by chance, while all else goes on."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from db.arrays import literal
from db.desk import Database
from db.rebuilding import Examined, examine
from pipeline.rollup import ROLLUP_VERSION

OVERDUE_SECONDS = 300.0
TRIGGERS = ("lead_rollup_insert", "lead_rollup_update")


class Window(NamedTuple):
    """Some leads by id: the last of them (None at the end), how many, and those that look wrong."""

    last: UUID | None
    leads: int
    suspects: list[UUID]


def look_through(database: Database, client_id: UUID, after: UUID, size: int) -> Window:
    """Hold the rollups of the next leads against their appointments' rows, in one statement.

    Cheap, and therefore rough: what an appointment's row says is believed here. Whether a suspect differs,
    and why, is for `differing` to say.
    """
    rows = database.execute(
        _LOOK_THROUGH,
        {"client": client_id, "after": after, "size": size, "version": ROLLUP_VERSION},
    ).fetchall()
    return Window(
        rows[-1][0] if rows else None, len(rows), [lead_id for lead_id, is_suspect in rows if is_suspect]
    )


def sample(database: Database, client_id: UUID, size: int) -> list[UUID]:
    """So many leads of a client, drawn at random."""
    rows = database.execute(
        "SELECT id FROM lead WHERE client_id = %s ORDER BY random() LIMIT %s", (client_id, size)
    )
    return [row[0] for row in rows]


def draw(database: Database, size: int) -> dict[UUID, list[UUID]]:
    """At most so many leads of all clients together, drawn from pages at random; by client.

    A large table is not read for it: about twenty times as many rows are looked at as are drawn.
    """
    row = database.execute(
        "SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = 'lead'::regclass"
    ).fetchone()
    leads = max(float(row[0]) if row else 0.0, 1.0)
    percent = min(100.0, 100.0 * 20 * size / leads)
    rows = database.execute(
        "SELECT client_id, id FROM lead TABLESAMPLE SYSTEM (%s) ORDER BY random() LIMIT %s", (percent, size)
    )
    drawn: dict[UUID, list[UUID]] = {}
    for client_id, lead_id in rows:
        drawn.setdefault(client_id, []).append(lead_id)
    return drawn


def differing(database: Database, client_id: UUID, lead_ids: Sequence[UUID]) -> list[Examined]:
    """Compute some leads afresh, in one snapshot that locks nothing; those that differ, each with its cause."""
    if not lead_ids:
        return []
    with database.transaction():
        database.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return [one for one in examine(database, client_id, lead_ids) if one.reason]


def guards_missing(database: Database) -> list[str]:
    """Triggers that are to refuse whoever writes rollups past the ledger, and that are gone or switched off."""
    rows = database.execute(
        """SELECT name FROM unnest(%s::text[]) AS name WHERE NOT EXISTS (
               SELECT FROM pg_trigger t WHERE t.tgrelid = 'lead'::regclass AND t.tgname = name
               AND t.tgenabled IN ('O', 'A'))""",
        (literal(TRIGGERS),),
    )
    return [row[0] for row in rows]


# An appointment's own row says whether it counts, and whether it is ahead: RULES 20, without the ties.
_LOOK_THROUGH = """
    WITH looked AS (
        SELECT * FROM lead WHERE client_id = %(client)s AND id > %(after)s ORDER BY id LIMIT %(size)s)
    SELECT l.id,
           CASE WHEN l.rollup_version = 0 THEN a.known > 0 AND l.appointment_status IS NULL
                WHEN l.rollup_version <> %(version)s THEN true
                WHEN l.recompute_at <= apptrail_now() THEN false
                ELSE l.appointment_count IS DISTINCT FROM a.counted
                  OR l.next_appointment_start_at IS DISTINCT FROM a.next_start
                  OR l.rollup_valid_until IS DISTINCT FROM a.next_start
                  OR (a.known = 0) IS DISTINCT FROM (l.appointment_status IS NULL)
                  OR (a.known > 0 AND NOT a.has_primary) END
    FROM looked l CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE NOT placeholder) AS known,
               count(*) FILTER (WHERE NOT placeholder AND status <> 'invalid') AS counted,
               min(start_at) FILTER (WHERE NOT placeholder AND status IN ('pending', 'confirmed')
                                     AND start_at > apptrail_now()) AS next_start,
               coalesce(bool_or(NOT placeholder AND (provider, status) = (l.appointment_provider, l.appointment_status)
                   AND (start_at, end_at, booked_at, canceled_at, ghl_appointment_id, calendly_invitee_uri,
                        calendly_scheduled_event_uri)
                       IS NOT DISTINCT FROM (l.appointment_start_at, l.appointment_end_at, l.appointment_booked_at,
                        l.appointment_canceled_at, l.ghl_appointment_id, l.calendly_invitee_uri,
                        l.calendly_scheduled_event_uri)), false) AS has_primary
        FROM appointment a WHERE a.client_id = l.client_id AND a.lead_id = l.id) AS a
    ORDER BY l.id"""
