"""Shared appointments: several rows of a CRM name one; the lead of the row updated last owns it (RULES 22).

Each other lead keeps what its own row said under a key of its own, so that its rollup stands. Once a
provider has spoken of the appointment its lead is settled: what the provider knows of the contact decided.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from db.arrays import literal
from db.desk import Database


class Claimed(NamedTuple):
    """A lead whose row names an appointment (`provider:id`) that another lead, the holder, has claimed."""

    lead_id: UUID
    holder: UUID
    name: str
    digest: str


def settle(database: Database, client_id: UUID, claims: Sequence[Claimed]) -> None:
    """Decide who owns what several rows name; within the import's transaction, which holds their locks."""
    if not claims:
        return
    holders = {claim.digest: claim.holder for claim in claims}
    involved = sorted({*holders.values(), *(claim.lead_id for claim in claims)})
    database.execute(
        "SELECT id FROM lead WHERE client_id = %s AND id = ANY (%s::uuid[]) ORDER BY id FOR NO KEY UPDATE",
        (client_id, literal(involved)),
    )
    for claim in claims:
        holder = holders[claim.digest]
        row = database.execute(
            _MAY_TAKE,
            {"client": client_id, "lead": claim.lead_id, "holder": holder, "provider": claim.name.partition(":")[0],
             "name": claim.name.partition(":")[2]},
        ).fetchone()  # fmt: skip
        if row and row[0]:
            database.execute(_TAKE, (claim.lead_id, client_id, claim.digest))
            _mark(database, client_id, holder, claim.name)
            database.execute(_UNMARK, (claim.name, client_id, claim.lead_id, claim.name))
            holders[claim.digest] = claim.lead_id
        elif holder != claim.lead_id:
            _mark(database, client_id, claim.lead_id, claim.name)


def _mark(database: Database, client_id: UUID, lead_id: UUID, name: str) -> None:
    database.execute(
        """UPDATE legacy_rollup SET shared = shared || %s::text
           WHERE client_id = %s AND lead_id = %s AND NOT %s = ANY (shared)""",
        (name, client_id, lead_id, name),
    )


# Later by the rows' own times; nobody has said anything of the appointment yet, and no job waits that may.
_MAY_TAKE = """
    SELECT mine.said->>'updated_at' IS NOT NULL
           AND coalesce((mine.said->>'updated_at')::timestamptz > (theirs.said->>'updated_at')::timestamptz, true)
           AND NOT EXISTS (SELECT 1 FROM appointment a WHERE a.client_id = %(client)s
                           AND a.provider = %(provider)s AND a.external_id = %(name)s AND a.folded IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM inbox j WHERE j.client_id = %(client)s AND j.lead_id = %(holder)s)
    FROM legacy_rollup mine
    JOIN legacy_rollup theirs ON theirs.client_id = mine.client_id AND theirs.lead_id = %(holder)s
    WHERE mine.client_id = %(client)s AND mine.lead_id = %(lead)s"""

_TAKE = """
    UPDATE lead_identity SET lead_id = %s
    WHERE client_id = %s AND kind = 'appointment' AND digest = decode(%s, 'hex')"""

_UNMARK = """
    UPDATE legacy_rollup SET shared = array_remove(shared, %s)
    WHERE client_id = %s AND lead_id = %s AND %s = ANY (shared)"""
