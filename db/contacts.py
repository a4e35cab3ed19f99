"""Contacts: the one way in which a name or an address gets into `lead`, but for an import."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg import Connection as Database

from db.contact_times import FIELDS, any_stands, assignments
from pipeline.addressing import Contact, IdentityKind

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '300ms'"


async def fill_contacts(database: AsyncConnection[Any], fills: Iterable[tuple[UUID, UUID, Contact]]) -> None:
    """Give stubs what they lack of a name and an address; never changes what a lead has.

    A transaction of its own with a short wait, for a lead's row may be locked by a drain (DESIGN 5).
    """
    async with database.transaction():
        await database.execute(LOCK_TIMEOUT)
        for client_id, lead_id, contact in fills:
            await database.execute(_FILL, _filling(client_id, lead_id, contact))


def fill_contacts_now(database: Database[Any], fills: Iterable[tuple[UUID, UUID, Contact]]) -> None:
    """Do as `fill_contacts` does, for who may wait. Raises LockNotAvailable while a lead is busy."""
    with database.transaction():
        database.execute(LOCK_TIMEOUT)
        for client_id, lead_id, contact in fills:
            database.execute(_FILL, _filling(client_id, lead_id, contact))


def _filling(client_id: UUID, lead_id: UUID, contact: Contact) -> tuple[Any, ...]:
    return (
        contact.email, contact.phone, contact.first_name, contact.last_name, contact.full_name,
        contact.timezone, client_id, lead_id,
    )  # fmt: skip


async def keep_contact(
    database: AsyncConnection[Any],
    client_id: UUID,
    digest: bytes,
    contact: Contact,
    said_at: datetime,
    *,
    stubs: bool = True,
) -> None:
    """Write what the CRM said of a contact at an instant of its own; what it does not say stays.

    What was said later of the same field stands, whichever came first. `digest` is the contact id's.
    Without `stubs` only real leads are written to (policy `anonymous`).
    Raises LockNotAvailable while the lead is busy: the CRM is to say it again.
    """
    async with database.transaction():
        await database.execute(LOCK_TIMEOUT)
        await database.execute(
            _KEEP,
            (contact.email, contact.phone, contact.first_name, contact.last_name, contact.full_name,
             contact.ghl_contact_id, contact.timezone, said_at, client_id, IdentityKind.GHL_CONTACT, digest, stubs),
        )  # fmt: skip


_FILL = """
    UPDATE lead SET email = coalesce(email, %s), phone = coalesce(phone, %s),
        first_name = coalesce(first_name, %s), last_name = coalesce(last_name, %s),
        full_name = coalesce(full_name, %s), timezone = coalesce(timezone, %s)
    WHERE client_id = %s AND id = %s AND stub"""

_KEEP = f"""
    UPDATE lead l SET {assignments(FIELDS, "s", "s.at")}, updated_at = now()
    FROM (SELECT {", ".join(f"%s::text AS {field}" for field in FIELDS)}, %s::timestamptz AS at) AS s,
         lead_identity i JOIN lead o ON o.client_id = i.client_id AND o.id = i.lead_id
    WHERE i.client_id = %s AND i.kind = %s AND i.digest = %s
      AND l.client_id = o.client_id AND l.id = coalesce(o.merged_into, o.id) AND (%s OR NOT l.stub)
      AND ({any_stands(FIELDS, "s", "s.at")})"""  # noqa: S608
