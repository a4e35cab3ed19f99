"""Legacy rows: a client's, by row id or by lead, with whose they are now; what they say, and what of it is stored."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from db.arrays import columns_of, literal
from db.desk import Database
from db.legacy import read_rows
from pipeline.observation import Observation

Told = tuple[UUID, UUID, Mapping[str, str | None], Sequence[str], UUID]
"""Row id, the lead that moved in, what its row said, the keys that others own, the lead as it is now."""


def batches(database: Database, client_id: UUID, after: UUID, size: int) -> Iterator[list[Told]]:
    """A client's legacy rows by row id, from one on."""
    while rows := database.execute(_ROWS, (client_id, after, size)).fetchall():
        yield rows
        after = rows[-1][0]


def count(database: Database, client_id: UUID) -> int:
    """How many legacy rows a client has."""
    row = database.execute("SELECT count(*) FROM legacy_rollup WHERE client_id = %s", (client_id,)).fetchone()
    return row[0] if row else 0


def rows_between(database: Database, client_id: UUID, after: UUID, last: UUID) -> list[Told]:
    """The rows after one and up to another."""
    return database.execute(_ROWS_BETWEEN, (client_id, after, last)).fetchall()


def rows_of(database: Database, client_id: UUID, row_ids: Sequence[UUID]) -> list[Told]:
    """Some rows by their ids."""
    if not row_ids:
        return []
    return database.execute(_ROWS_BY_ID, (client_id, literal(row_ids))).fetchall()


def rows_of_leads(database: Database, client_id: UUID, leads: Sequence[UUID]) -> list[Told]:
    """The rows of some leads, under which they moved in."""
    if not leads:
        return []
    return database.execute(_ROWS_BY_LEAD, (client_id, literal(leads))).fetchall()


def observations_of(
    database: Database, client_id: UUID, rows: Sequence[Told]
) -> dict[UUID, list[Observation]]:
    """What the rows say, by the lead that has their history now."""
    heirs = {row[1]: row[4] for row in rows}
    families = {lead_id: (heir,) for lead_id, heir in heirs.items()}
    read = read_rows(database, client_id, [row[1:4] for row in rows], families)
    told: dict[UUID, list[Observation]] = {}
    for lead_id, said in read.items():
        if said:
            told.setdefault(heirs[lead_id], []).extend(said)
    return told


def missing_of(
    database: Database, client_id: UUID, told: Mapping[UUID, list[Observation]]
) -> dict[UUID, list[Observation]]:
    """Those of some observations that are not stored."""
    keys = [(one.provider, one.external_id, one.digest.hex()) for said in told.values() for one in said]
    if not keys:
        return {}
    rows = database.execute(STORED, (*columns_of(keys), client_id)).fetchall()
    stored = {tuple(row) for row in rows}
    return {
        lead_id: [one for one in said if (one.provider, one.external_id, one.digest.hex()) not in stored]
        for lead_id, said in told.items()
    }


_TOLD = """
    SELECT r.id, r.lead_id, r.said, r.shared, coalesce(l.merged_into, l.id)
    FROM legacy_rollup r JOIN lead l ON l.client_id = r.client_id AND l.id = r.lead_id WHERE r.client_id = %s """

_ROWS = _TOLD + "AND r.id > %s ORDER BY r.id LIMIT %s"
_ROWS_BETWEEN = _TOLD + "AND r.id > %s AND r.id <= %s ORDER BY r.id"
_ROWS_BY_ID = _TOLD + "AND r.id = ANY (%s::uuid[]) ORDER BY r.id"
_ROWS_BY_LEAD = _TOLD + "AND r.lead_id = ANY (%s::uuid[]) ORDER BY r.id"

STORED = """
    SELECT k.provider, k.external_id, k.digest
    FROM unnest(%s::text[], %s::text[], %s::text[]) AS k (provider, external_id, digest)
    JOIN observation o ON o.client_id = %s AND o.provider = k.provider AND o.external_id = k.external_id
     AND o.digest = decode(k.digest, 'hex')"""
