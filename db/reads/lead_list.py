"""The list of leads: filtered without personal data, newest first, or looked up by what names one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from db.clients import Client, pepper_of
from db.engine import Reading
from db.identities import digest_of
from db.keyring import Keyring
from db.reads import cursors
from db.reads.appointments import of_leads
from db.reads.leads import LEAD_COLUMNS, told_by_columns, utc
from db.reads.scope import Scope
from pipeline.addressing import Identity
from pipeline.rollup import roll_up
from pipeline.words import Provider, Source

LIST = "leads"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None asks for any. `upcoming`: whether a live meeting lies ahead.

    `provider` and `source` are the primary appointment's, as the rollup last said.
    """

    status: str | None = None
    provider: Provider | None = None
    source: Source | None = None
    stub: bool | None = None
    upcoming: bool | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of the list, without personal data; computed through an expired rollup."""

    client_id: UUID
    id: UUID
    status: str
    stub: bool
    appointment_status: str | None
    appointment_start_at: datetime | None
    next_start_at: datetime | None
    appointment_count: int
    appointment_provider: str | None
    created_at: datetime


def page(
    reading: Reading, scope: Scope, filters: Filters, *, limit: int, cursor: str | None
) -> tuple[list[Listed], str | None]:
    """One page, newest lead first, and the cursor of the next; raises cursors.BadCursor."""
    before = UUID(cursors.read(LIST, cursor)[1]) if cursor else None
    values = _values(reading, scope, filters)
    rows = reading.connection.execute(_PAGE, {**values, "before": before, "limit": limit + 1}).all()
    found = _listed(reading, rows[:limit])
    following = cursors.write(LIST, None, str(found[-1].id)) if len(rows) > limit else None
    return found, following


def count(reading: Reading, scope: Scope, filters: Filters, *, most: int) -> int:
    """How many leads fit; one more than `most` stands for all that are more."""
    values = {**_values(reading, scope, filters), "before": None, "limit": most + 1}
    return int(reading.connection.execute(_COUNT, values).scalar_one())


def _values(reading: Reading, scope: Scope, filters: Filters) -> dict[str, Any]:
    return {
        "client": scope.client_id,
        "status": filters.status,
        "provider": filters.provider,
        "source": filters.source,
        "stub": filters.stub,
        "upcoming": filters.upcoming,
        "now": reading.now,
    }


def named(reading: Reading, keyring: Keyring, client_id: UUID, identity: Identity) -> list[Listed]:
    """The leads of one client that an identity names: one or none."""
    digest = digest_of(pepper_of(reading.database, keyring, client_id), identity)
    values = {"client": client_id, "kind": identity.kind.value, "digest": digest}
    return _listed(reading, reading.connection.execute(_NAMED, values).all())


def clients_within(reading: Reading, scope: Scope) -> dict[UUID, Client]:
    """The clients within reach, by name."""
    rows = reading.connection.execute(_CLIENTS, {"client": scope.client_id})
    return {row.id: Client(row.id, row.name, row.region, row.keep_reasons) for row in rows}


def _listed(reading: Reading, rows: Sequence[Any]) -> list[Listed]:
    """Rows as they are shown now: a rollup that has expired is computed anew."""
    expired = [row for row in rows if row.rollup_valid_until and row.rollup_valid_until <= reading.now]
    fresh = of_leads(reading, [(row.client_id, row.id) for row in expired])
    return [_row(row, reading.now, fresh) for row in rows]


def _row(row: Any, now: datetime, fresh: dict[UUID, list[Any]]) -> Listed:
    status, start_at = row.appointment_status, utc(row.appointment_start_at)
    provider, next_start_at, count = (
        row.appointment_provider,
        row.next_appointment_start_at,
        row.appointment_count,
    )
    told = told_by_columns(row)
    if row.id in fresh or told is not None:
        rollup = roll_up([one.facts for one in fresh[row.id]] if told is None else [told], now)
        status, start_at = rollup.appointment_status, rollup.appointment_start_at
        provider, next_start_at = rollup.appointment_provider, rollup.next_appointment_start_at
        count = max(rollup.appointment_count, count if told else 0)
    return Listed(
        client_id=row.client_id,
        id=row.id,
        status=row.status,
        stub=row.stub,
        appointment_status=status,
        appointment_start_at=start_at,
        next_start_at=utc(next_start_at),
        appointment_count=count,
        appointment_provider=provider,
        created_at=row.created_at.astimezone(UTC),
    )


_UPCOMING = """(coalesce(l.next_appointment_start_at > :now, false)
         OR (l.next_appointment_start_at <= :now AND EXISTS (
                SELECT 1 FROM appointment a WHERE a.client_id = l.client_id AND a.lead_id = l.id
                AND a.start_at > :now AND a.status IN ('pending', 'confirmed') AND NOT a.placeholder))
         OR (l.rollup_version = 0 AND coalesce(l.appointment_start_at > :now, false)
             AND lower(l.appointment_status) IN ('pending', 'confirmed', 'booked', 'active', 'new')))"""


def _fitting(columns: str, order: str) -> str:
    """The leads that fit, one client after another; `order` is that within a client."""
    return f"""
        FROM client c CROSS JOIN LATERAL (
            SELECT {columns} FROM lead l
            WHERE l.client_id = c.id AND l.merged_into IS NULL
              AND (CAST(:before AS uuid) IS NULL OR l.id < :before)
              AND (CAST(:status AS text) IS NULL OR l.status = :status)
              AND (CAST(:provider AS text) IS NULL OR l.appointment_provider = :provider)
              AND (CAST(:source AS text) IS NULL OR l.appointment_source = :source)
              AND (CAST(:stub AS boolean) IS NULL OR l.stub = :stub)
              AND (CAST(:upcoming AS boolean) IS NULL OR {_UPCOMING} = :upcoming)
            {order} LIMIT :limit) l
        WHERE CAST(:client AS uuid) IS NULL OR c.id = :client"""  # noqa: S608


_PAGE = text(f"SELECT l.* {_fitting(LEAD_COLUMNS, 'ORDER BY l.id DESC')} ORDER BY l.id DESC LIMIT :limit")

_COUNT = text(f"SELECT count(*) FROM (SELECT 1 {_fitting('l.id', '')} LIMIT :limit) AS fitting")  # noqa: S608

_NAMED = text(f"""
    SELECT {LEAD_COLUMNS} FROM lead_identity i
    JOIN lead o ON o.client_id = i.client_id AND o.id = i.lead_id
    JOIN lead l ON l.client_id = o.client_id AND l.id = coalesce(o.merged_into, o.id)
    WHERE i.client_id = :client AND i.kind = :kind AND i.digest = :digest""")  # noqa: S608

_CLIENTS = text("""
    SELECT id, name, region, keep_reasons FROM client
    WHERE CAST(:client AS uuid) IS NULL OR id = :client ORDER BY name""")
