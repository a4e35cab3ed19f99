"""Conditions: what is so of an intent's lead right now, and who it is."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg import Connection as Database
from psycopg.rows import dict_row

from pipeline.booking import Booking, Conditions


@dataclass(frozen=True, slots=True)
class Guest:
    """For whom it is booked, as `lead` says at this moment. Personal data: it goes to the provider alone."""

    email: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    zone: str | None


@dataclass(frozen=True, slots=True)
class Ready:
    """What is so of an intent's lead right now, and who it is."""

    conditions: Conditions
    guest: Guest


def ready(database: Database[Any], booking: Booking, now: datetime) -> Ready:
    """Read what the call depends on; a merged lead is followed."""
    with database.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            _READY, {"client": booking.client_id, "lead": booking.lead_id, "now": now}
        ).fetchone()
    if row is None:
        nobody = Guest(None, None, "", "", None)
        return Ready(Conditions(True, False, False, False, False), nobody)
    conditions = Conditions(
        row["client_on"], row["lead_on"], row["suppressed"], row["has_appointment"], bool(row["email"])
    )
    first, last = row["first_name"] or "", row["last_name"] or ""
    if not first and not last:
        first, _, last = (row["full_name"] or "").strip().partition(" ")
    return Ready(conditions, Guest(row["email"], row["phone"], first, last, row["zone"]))


_READY = """
    SELECT c.auto_booking AS client_on, l.auto_booking AS lead_on,
           l.suppressed_at IS NOT NULL AND coalesce(l.suppression_lifted_at < l.suppressed_at, true) AS suppressed,
           EXISTS (SELECT 1 FROM appointment a WHERE a.client_id = l.client_id AND a.lead_id = l.id
                   AND a.start_at > %(now)s AND a.status IN ('pending', 'confirmed') AND NOT a.placeholder)
             AS has_appointment,
           l.email, l.phone, l.first_name, l.last_name, l.full_name,
           coalesce(l.timezone, (SELECT a.timezone FROM appointment a WHERE a.client_id = l.client_id
                                 AND a.lead_id = l.id AND a.timezone IS NOT NULL
                                 ORDER BY a.start_at DESC NULLS LAST LIMIT 1)) AS zone
    FROM lead o JOIN lead l ON l.client_id = o.client_id AND l.id = coalesce(o.merged_into, o.id)
    JOIN client c ON c.id = l.client_id WHERE o.client_id = %(client)s AND o.id = %(lead)s"""
