"""Marks: what the last listing told of each object, so that what did not change costs no call and no job."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from db.arrays import literal
from db.desk import Database
from pipeline.observation import AppointmentKey, Observation
from pipeline.sweeping import Span, Tier
from pipeline.words import SOURCE_STRENGTH, Provider, Source


@dataclass(frozen=True, slots=True)
class Marked:
    """One listed object, and the appointments that it speaks of."""

    name: str
    fingerprint: str
    start_at: datetime | None
    external_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Held:
    """A live appointment of ours: what to ask the provider for, if a listing does not show it."""

    external_id: str
    uri: str | None
    listed: bool
    """Whether this connection's listings have shown it before; else it may be another connection's."""


def known(
    database: Database, client_id: UUID, connection_id: UUID, pairs: Sequence[tuple[str, str]]
) -> set[str]:
    """Which of (name, fingerprint) we hold just so: one query."""
    rows = database.execute(
        """SELECT m.name FROM unnest(%s::text[], %s::text[]) AS k (name, fingerprint)
           JOIN sweep_mark m ON m.client_id = %s AND m.connection_id = %s AND m.name = k.name
           WHERE m.fingerprint = k.fingerprint""",
        (literal(name for name, _ in pairs), literal(mark for _, mark in pairs), client_id, connection_id),
    )
    return {row[0] for row in rows}


def keep(
    database: Database, client_id: UUID, connection_id: UUID, marks: Sequence[Marked], seen_at: datetime
) -> None:
    """Store marks; the caller's transaction posts what they stand for."""
    if not marks:
        return
    rows = sorted({mark.name: mark for mark in marks}.values(), key=lambda mark: mark.name)
    database.execute(
        """INSERT INTO sweep_mark (client_id, connection_id, name, fingerprint, start_at, external_ids, seen_at)
           SELECT %s, %s, name, fingerprint, start_at, coalesce(string_to_array(nullif(ids, ''), ','), '{}'), %s
           FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::text[]) AS t (name, fingerprint, start_at, ids)
           ON CONFLICT (client_id, connection_id, name) DO UPDATE
           SET fingerprint = excluded.fingerprint, start_at = excluded.start_at, seen_at = excluded.seen_at,
               external_ids = excluded.external_ids""",
        (
            client_id, connection_id, seen_at, literal(mark.name for mark in rows),
            literal(mark.fingerprint for mark in rows), literal(mark.start_at for mark in rows),
            literal(",".join(mark.external_ids) for mark in rows),
        ),
    )  # fmt: skip


def forget(database: Database, client_id: UUID, connection_id: UUID, name: str) -> None:
    """Drop a mark, so that a listing that shows the object is read anew."""
    database.execute(
        "DELETE FROM sweep_mark WHERE client_id = %s AND connection_id = %s AND name = %s",
        (client_id, connection_id, name),
    )


def held_digests(
    database: Database, client_id: UUID, said: Sequence[Observation]
) -> dict[tuple[AppointmentKey, bytes], Source]:
    """Which observations we hold already, and through which door they came: one query."""
    if not said:
        return {}
    rows = database.execute(
        """SELECT o.provider, o.external_id, o.digest, o.source
           FROM unnest(%s::text[], %s::text[], %s::text[]) AS k (provider, external_id, digest)
           JOIN observation o ON o.client_id = %s AND o.provider = k.provider AND o.external_id = k.external_id
                             AND o.digest = decode(k.digest, 'hex')""",
        (
            literal(one.provider for one in said), literal(one.external_id for one in said),
            literal(one.digest.hex() for one in said), client_id,
        ),
    )  # fmt: skip
    return {
        (AppointmentKey(Provider(provider), external_id), bytes(digest)): Source(source)
        for provider, external_id, digest, source in rows
        if SOURCE_STRENGTH[Source(source)] >= SOURCE_STRENGTH[Source.RECONCILE_CRON]
    }


def removed(database: Database, client_id: UUID, keys: Sequence[AppointmentKey]) -> set[AppointmentKey]:
    """Which of some appointments count as removed at their provider."""
    if not keys:
        return set()
    rows = database.execute(
        """SELECT a.provider, a.external_id
           FROM unnest(%s::text[], %s::text[]) AS k (provider, external_id)
           JOIN appointment a ON a.client_id = %s AND a.provider = k.provider AND a.external_id = k.external_id
           WHERE a.removed_at_provider""",
        (literal(key.provider for key in keys), literal(key.external_id for key in keys), client_id),
    )
    return {AppointmentKey(Provider(provider), external_id) for provider, external_id in rows}


def live_within(
    database: Database, client_id: UUID, connection_id: UUID, provider: Provider, tier: Tier, span: Span
) -> list[tuple[str, Held]]:
    """The live appointments that start in a span, by the name under which a listing shows them.

    Those that this connection has listed before, and those that none has, though each connection of the
    provider has swept this tier since they were first told of.
    """
    rows = database.execute(_LIVE_WITHIN, {
        "client": client_id, "connection": connection_id, "provider": provider, "tier": tier,
        "start": span.start, "end": span.end,
    })  # fmt: skip
    return [(name, Held(external_id, uri, listed)) for name, external_id, uri, listed in rows]


def refresh_checked(
    database: Database, client_id: UUID, connection_id: UUID, provider: Provider, names: Sequence[str]
) -> int:
    """Say of the leads of what was listed that they were checked, hourly at most; busy leads are left alone."""
    if not names:
        return 0
    return database.execute(_REFRESH_CHECKED, {
        "client": client_id, "connection": connection_id, "provider": provider, "names": literal(names),
    }).rowcount  # fmt: skip


_LIVE_WITHIN: Any = """
    SELECT a.name, a.external_id, a.calendly_invitee_uri, m.of_us
    FROM (SELECT *, CASE WHEN provider = 'calendly' THEN regexp_replace(calendly_scheduled_event_uri, '^.*/', '')
                         ELSE external_id END AS name
          FROM appointment
          WHERE client_id = %(client)s AND provider = %(provider)s AND start_at >= %(start)s AND start_at < %(end)s
            AND status IN ('pending', 'confirmed') AND NOT placeholder) AS a
    CROSS JOIN LATERAL (SELECT coalesce(bool_or(s.connection_id = %(connection)s), false) AS of_us, count(*) AS marks
                        FROM connection c
                        JOIN sweep_mark s ON s.client_id = c.client_id AND s.connection_id = c.id AND s.name = a.name
                        WHERE c.client_id = %(client)s AND c.provider = %(provider)s) AS m
    WHERE m.of_us
       OR (m.marks = 0
           AND NOT EXISTS (SELECT 1 FROM connection c
                           WHERE c.client_id = %(client)s AND c.provider = %(provider)s AND c.state <> 'removed'
                             AND c.id <> %(connection)s
                             AND coalesce((c.watermarks->(%(tier)s::text)->>'at')::timestamptz, '-infinity')
                                 <= a.first_effective_at))"""

_REFRESH_CHECKED = """
    UPDATE lead SET appointment_last_checked_at = apptrail_now()
    WHERE (client_id, id) IN (
        SELECT l.client_id, l.id
        FROM sweep_mark m
        CROSS JOIN LATERAL unnest(m.external_ids) AS x (external_id)
        JOIN appointment a ON a.client_id = m.client_id AND a.provider = %(provider)s AND a.external_id = x.external_id
        JOIN lead l ON l.client_id = a.client_id AND l.id = a.lead_id
        WHERE m.client_id = %(client)s AND m.connection_id = %(connection)s AND m.name = ANY (%(names)s::text[])
          AND (l.appointment_last_checked_at IS NULL
               OR l.appointment_last_checked_at < apptrail_now() - interval '1 hour')
        FOR NO KEY UPDATE OF l SKIP LOCKED)"""
