"""Shared appointments: several rows of a CRM name one; whose contact its provider knows owns it first (RULES 22).

The provider's own word comes first: a meeting that it told of with a contact is that contact's lead's. Else
the lead that the CRM knows as a contact of that provider, else the one whose row was updated last; a tie goes
to the lesser id of the CRM, so that the order of import says nothing. Each other lead keeps what its own row
said under a key of its own, so that its rollup stands.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from db.arrays import columns_of, literal
from db.desk import Database
from db.ids import new_id
from db.import_statements import INSERT_CONFLICTS
from db.inbox import INSERT_JOBS, Ring, job_row
from pipeline.job import MergeAsked
from pipeline.words import Lane, Source


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
        provider, _, name = claim.name.partition(":")
        row = database.execute(
            _MAY_TAKE,
            {
                "client": client_id,
                "lead": claim.lead_id,
                "holder": holder,
                "provider": provider,
                "name": name,
            },
        ).fetchone()
        if row and row[0]:
            database.execute(_TAKE, (claim.lead_id, client_id, claim.digest))
            _mark(database, client_id, holder, claim.name)
            database.execute(_UNMARK, (claim.name, client_id, claim.lead_id, claim.name))
            holders[claim.digest] = claim.lead_id
        elif holder != claim.lead_id:
            _mark(database, client_id, claim.lead_id, claim.name)


def settle_stubs(database: Database, client_id: UUID, claims: Sequence[Claimed]) -> list[Ring]:
    """Decide, when all rows have been seen, about meetings that a provider told of with somebody else's contact.

    If a row was that contact's, the stub is that lead by now: who else names the meeting is in conflict with
    it. If none was, the stub is merged into the lead whose claim is the best (RULES 3).
    """
    rings: list[Ring] = []
    with database.transaction():
        for stub, group in groupby(sorted(claims, key=_holder), key=_holder):
            named = list(group)
            claimants = sorted({one.lead_id for one in named})
            row = database.execute(_IS_STUB, (client_id, stub)).fetchone()
            if row is None:  # merged meanwhile
                continue
            is_stub, now = row
            if is_stub:
                provider = named[0].name.partition(":")[0]
                of_them = {"client": client_id, "leads": literal(claimants), "provider": provider}
                winner = database.execute(_BEST, of_them).fetchall()[0][0]
                asked = MergeAsked(source=Source.MANUAL, into=winner, by_evidence=True)
                database.execute(
                    INSERT_JOBS, columns_of([job_row(client_id, stub, asked, now, Lane.LIVE, new_id())])
                )
                rings.append(Ring(client_id, stub, Lane.LIVE))
            else:
                pairs = [sorted((stub, one)) for one in claimants if one != stub]
                rows = [(client_id, new_id(), low, high) for low, high in pairs]
                if rows:
                    database.execute(INSERT_CONFLICTS, columns_of(rows))
    return rings


def _holder(claim: Claimed) -> UUID:
    return claim.holder


def _mark(database: Database, client_id: UUID, lead_id: UUID, name: str) -> None:
    database.execute(
        """UPDATE legacy_rollup SET shared = shared || %s::text
           WHERE client_id = %s AND lead_id = %s AND NOT %s = ANY (shared)""",
        (name, client_id, lead_id, name),
    )


# Known to the provider as a contact, else updated later, else of the lesser id: a total order of claims.
_CLAIM = """({provider} = 'ghl' AND {lead}.ghl_contact_id IS NOT NULL,
           coalesce(({row}.said->>'updated_at')::timestamptz, '-infinity'))"""
_MINE = _CLAIM.format(provider="%(provider)s::text", lead="m", row="mine")
_THEIRS = _CLAIM.format(provider="%(provider)s::text", lead="t", row="theirs")

# Nobody has said anything of the appointment yet, and no job waits that may.
_MAY_TAKE = f"""
    SELECT ({_MINE} > {_THEIRS}
            OR ({_MINE} = {_THEIRS} AND coalesce(m.external_id, '') COLLATE "C" < coalesce(t.external_id, '') COLLATE "C"))
           AND NOT EXISTS (SELECT 1 FROM appointment a WHERE a.client_id = %(client)s
                           AND a.provider = %(provider)s AND a.external_id = %(name)s AND a.folded IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM inbox j WHERE j.client_id = %(client)s AND j.lead_id = %(holder)s
                           AND j.kind IN ('appointment', 'merge'))
    FROM legacy_rollup mine
    JOIN lead m ON m.client_id = mine.client_id AND m.id = mine.lead_id
    JOIN legacy_rollup theirs ON theirs.client_id = mine.client_id AND theirs.lead_id = %(holder)s
    JOIN lead t ON t.client_id = theirs.client_id AND t.id = theirs.lead_id
    WHERE mine.client_id = %(client)s AND mine.lead_id = %(lead)s"""  # noqa: S608

_TAKE = """
    UPDATE lead_identity SET lead_id = %s
    WHERE client_id = %s AND kind = 'appointment' AND digest = decode(%s, 'hex')"""

_UNMARK = """
    UPDATE legacy_rollup SET shared = array_remove(shared, %s)
    WHERE client_id = %s AND lead_id = %s AND %s = ANY (shared)"""

_IS_STUB = """
    SELECT stub, apptrail_now() FROM lead WHERE client_id = %s AND id = %s AND merged_into IS NULL FOR NO KEY UPDATE"""

_BEST = f"""
    SELECT l.id FROM lead l LEFT JOIN legacy_rollup r ON r.client_id = l.client_id AND r.lead_id = l.id
    WHERE l.client_id = %(client)s AND l.id = ANY (%(leads)s::uuid[])
    ORDER BY {_CLAIM.format(provider="%(provider)s::text", lead="l", row="r")} DESC,
             coalesce(l.external_id, '') COLLATE "C", l.id LIMIT 1"""  # noqa: S608
