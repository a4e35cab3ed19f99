"""Legacy rollups on disk: what a lead's row said when its CRM moved in."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import Connection as Database

from db.arrays import columns_of, literal
from pipeline.legacy import keys_named, observations_from
from pipeline.observation import AppointmentKey, Observation
from pipeline.words import Provider

Row = tuple[UUID, Mapping[str, str | None], Sequence[str]]
"""A lead, what its row said, and the keys in it that another lead owns, as `provider:id`."""


def legacy_observations(
    database: Database[Any], client_id: UUID, lead_ids: Sequence[UUID], *, family: Collection[UUID] = ()
) -> dict[UUID, list[Observation]]:
    """The legacy rows of some leads as migration observations; nothing for one that moved in without.

    `family`: leads that are becoming one; what one of them has is not another's.
    """
    if not lead_ids:
        return {}
    rows = database.execute(
        "SELECT lead_id, said, shared FROM legacy_rollup WHERE client_id = %s AND lead_id = ANY (%s::uuid[])",
        (client_id, literal(lead_ids)),
    ).fetchall()
    return read_rows(database, client_id, rows, {lead_id: set(family) for lead_id in lead_ids})


def read_rows(
    database: Database[Any], client_id: UUID, rows: Sequence[Row], families: Mapping[UUID, Collection[UUID]]
) -> dict[UUID, list[Observation]]:
    """Turn legacy rows into observations: under the real key only where no other lead has the appointment.

    `families`: by lead, those that are one with it.
    """
    named = {lead_id: keys_named(said) for lead_id, said, _ in rows}
    owners = _owners(database, client_id, list({key: None for keys in named.values() for key in keys}))
    found = {}
    for lead_id, said, shared in rows:
        mine = {lead_id, *families.get(lead_id, ())}
        taken = {
            f"{key.provider}:{key.external_id}"
            for key in named[lead_id]
            if owners.get(key, lead_id) not in mine
        }
        found[lead_id] = observations_from(lead_id, said, taken.union(shared))
    return found


def _owners(
    database: Database[Any], client_id: UUID, keys: Sequence[AppointmentKey]
) -> dict[AppointmentKey, UUID]:
    """Which lead has each of some appointments, if any has."""
    if not keys:
        return {}
    rows = database.execute(_OWNERS, (*columns_of(keys), client_id), binary=True)
    return {AppointmentKey(Provider(provider), name): lead_id for provider, name, lead_id in rows}


_OWNERS = """
    SELECT k.provider, k.external_id, a.lead_id
    FROM unnest(%s::text[], %s::text[]) AS k (provider, external_id)
    JOIN appointment a ON a.client_id = %s AND a.provider = k.provider AND a.external_id = k.external_id
    WHERE a.folded IS NOT NULL"""
