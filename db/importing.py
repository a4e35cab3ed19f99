"""Importing: a CRM's own leads, matched by what names them; a stub becomes the lead, history included."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from db.arrays import columns_of, literal
from db.desk import Database
from db.identities import digest_of, lock_key
from db.ids import new_id
from db.import_row import BadRow, Person, Row, read_person
from db.import_statements import (
    AWAIT_MIGRATION,
    INSERT_CONFLICTS,
    INSERT_IDENTITIES,
    INSERT_LEADS,
    INSERT_LEGACY,
    LOOK_UP,
    SHOW_LEGACY,
    UPDATE_LEADS,
)
from db.inbox import INSERT_JOBS, Ring, job_row
from db.plans import by_index
from db.shared_appointments import Claimed, settle, settle_stubs
from pipeline.addressing import IdentityKind, Owner, choose
from pipeline.job import LeadStatusSaid, MergeAsked
from pipeline.words import Lane, Source

CHUNK = 500
_APPOINTMENT = IdentityKind.APPOINTMENT.value


@dataclass
class Imported:
    """What an import came to. `bad` names lines and fields, never values."""

    created: int = 0
    updated: int = 0
    bad: list[tuple[int, str, str]] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)
    of_stubs: list[Claimed] = field(default_factory=list)
    """Who names a meeting that its provider told of somebody else; settled when all rows have been seen."""


def import_rows(
    database: Database, client_id: UUID, pepper: bytes, region: str, rows: Iterator[tuple[int, Row | BadRow]]
) -> Imported:
    """Import rows, each with its line number, in transactions of 500; running it again changes nothing.

    A row that could not be read comes as the BadRow that it is.
    """
    imported = Imported()
    locations = [name for (name,) in database.execute(_LOCATIONS, (client_id,))]
    chunk: list[Person] = []
    for line, row in rows:
        try:
            if isinstance(row, BadRow):
                raise row
            chunk.append(read_person(row, region, locations))
        except BadRow as bad:
            imported.bad.append((line, bad.column, bad.reason))
        if len(chunk) == CHUNK:
            _import_chunk(database, client_id, pepper, chunk, imported)
            chunk = []
    if chunk:
        _import_chunk(database, client_id, pepper, chunk, imported)
    imported.rings += settle_stubs(database, client_id, imported.of_stubs)
    return imported


def _import_chunk(
    database: Database, client_id: UUID, pepper: bytes, people: Sequence[Person], imported: Imported
) -> None:
    claims = [
        [(one.kind.value, digest_of(pepper, one).hex()) for one in person.identities] for person in people
    ]
    wanted = list(dict.fromkeys(claim for each in claims for claim in each))
    with database.transaction():
        by_index(database, writer="ledger")
        keys = sorted({lock_key(bytes.fromhex(digest)) for _, digest in wanted})
        database.execute(
            "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", (literal(keys),)
        )
        now: datetime = database.execute("SELECT apptrail_now()").fetchone()[0]  # type: ignore[index]
        chunk = _Chunk(client_id, now, _owners(database, client_id, wanted))
        for person, mine in zip(people, claims, strict=True):
            chunk.place(person, mine)
        chunk.save(database)
        settle(database, client_id, chunk.claimed)
    imported.created += len(chunk.created)
    imported.updated += len(chunk.updated)
    imported.rings += chunk.rings
    imported.of_stubs += chunk.of_stubs


@dataclass(frozen=True, slots=True)
class _Known:
    """Who holds an identity: its lead, the word last said of it, and what the CRM calls it.

    `is_somebody`: it is the key of a stub whose contact the provider named too.
    """

    owner: Owner
    base: str | None
    external_id: str | None
    is_somebody: bool = False


@dataclass
class _Chunk:
    """Some people on their way into one transaction."""

    client_id: UUID
    now: datetime
    owners: dict[tuple[str, str], _Known]
    created: dict[UUID, Person] = field(default_factory=dict)
    updated: dict[UUID, Person] = field(default_factory=dict)
    identities: list[tuple[Any, ...]] = field(default_factory=list)
    conflicts: list[tuple[Any, ...]] = field(default_factory=list)
    jobs: list[tuple[Any, ...]] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)
    claimed: list[Claimed] = field(default_factory=list)
    of_stubs: list[Claimed] = field(default_factory=list)

    def place(self, person: Person, claims: Sequence[tuple[str, str]]) -> None:
        """Find this person's lead, or make it."""
        found = [self.owners.get(claim) for claim in claims]
        external_id = person.row.get("external_id")
        # The CRM's own id says who is who: what it shares with another of the CRM's leads is a conflict.
        others = {one.owner.lead_id for one in found if one and _is_another(one, external_id)}
        # So does every row with a name of its own: that it names another's meeting makes it no other lead.
        named = {
            one.owner for one, claim in zip(found, claims, strict=True) if one and claim[0] != _APPOINTMENT
        }
        strangers: set[UUID] = set()
        if any(claim[0] != _APPOINTMENT for claim in claims):
            unnamed = [one for one in found if one and one.owner not in named]
            others |= {one.owner.lead_id for one in unnamed if not one.owner.stub}
            # The provider told of it with a contact that is not this row's: a later row may be that person's.
            strangers = {one.owner.lead_id for one in unnamed if one.is_somebody}
        known = [one for one in found if one and one.owner.lead_id not in others | strangers]
        verdict = choose(None, None, [one.owner for one in known])
        lead = verdict.lead
        if lead is None:
            lead = Owner(new_id(), stub=False)
            self.created[lead.lead_id] = person
        elif lead.lead_id not in self.created:
            self.updated[lead.lead_id] = person
            self._say_status(lead.lead_id, person, known[0].base)
        for claim in claims:
            if claim not in self.owners:
                # An import states who this is: the lead is real from now on, whatever it was before.
                self.owners[claim] = _Known(
                    Owner(lead.lead_id, stub=False), person.row.get("status"), external_id
                )
                self.identities.append((self.client_id, new_id(), *claim, lead.lead_id))
            elif claim[0] == _APPOINTMENT and self.owners[claim].owner.lead_id != lead.lead_id:
                name = next(
                    one.value for one, own in zip(person.identities, claims, strict=True) if own == claim
                )
                holder = self.owners[claim].owner.lead_id
                self.claimed.append(Claimed(lead.lead_id, holder, name, claim[1]))
                if holder in strangers:
                    self.of_stubs.append(self.claimed[-1])
        for loser, winner in verdict.merges:
            self._add_job(loser, MergeAsked(source=Source.MANUAL, into=winner, by_evidence=True))
        others -= {one.owner.lead_id for one in found if one and one.owner.husk}  # nobody is known to be it
        pairs = {*verdict.conflicts, *(_pair(lead.lead_id, other) for other in others)}
        self.conflicts += [(self.client_id, new_id(), low, high) for low, high in sorted(pairs)]

    def _say_status(self, lead_id: UUID, person: Person, base: str | None) -> None:
        """A word that only repeats what was last said is no news."""
        word = person.row.get("status")
        if word and word != base:
            self._add_job(lead_id, LeadStatusSaid(source=Source.MIGRATION, word=word[:80], at=self.now))

    def _add_job(self, lead_id: UUID, payload: LeadStatusSaid | MergeAsked) -> None:
        self.jobs.append(job_row(self.client_id, lead_id, payload, self.now, Lane.LIVE, new_id()))
        self.rings.append(Ring(self.client_id, lead_id, Lane.LIVE))

    def save(self, database: Database) -> None:
        """Write all of it."""
        self._save_leads(database)
        legacy = [
            (self.client_id, new_id(), lead_id, orjson.dumps(person.legacy).decode())
            for lead_id, person in {**self.created, **self.updated}.items()
            if person.legacy
        ]
        for statement, rows in (
            (INSERT_IDENTITIES, self.identities),
            (INSERT_CONFLICTS, self.conflicts),
            (INSERT_JOBS, self.jobs),
        ):
            if rows:
                database.execute(statement, columns_of(rows))
        if legacy:
            new = [row[0] for row in database.execute(INSERT_LEGACY, columns_of(legacy)).fetchall()]
            database.execute(AWAIT_MIGRATION, (self.client_id, literal(new)))
            database.execute(SHOW_LEGACY, (self.client_id, literal(new)))

    def _save_leads(self, database: Database) -> None:
        created = [
            (
                self.client_id,
                lead_id,
                *one.contact,
                one.row.get("status") or "new",
                self.now if one.row.get("status") else None,
            )
            for lead_id, one in self.created.items()
        ]
        if created:
            database.execute(INSERT_LEADS, (*columns_of(created), self.now))
        updated = [(self.client_id, lead_id, *one.contact) for lead_id, one in self.updated.items()]
        if updated:
            database.execute(UPDATE_LEADS, (*columns_of(updated), self.now))


def _is_another(known: _Known, external_id: str | None) -> bool:
    return (
        not known.owner.stub
        and None not in (known.external_id, external_id)
        and known.external_id != external_id
    )


def _pair(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    return (one, other) if one < other else (other, one)


def _owners(
    database: Database, client_id: UUID, claims: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], _Known]:
    rows = database.execute(LOOK_UP, (*columns_of(claims), client_id))
    return {
        (kind, digest): _Known(Owner(lead, stub, husk=husk), base, external_id, is_somebody)
        for kind, digest, lead, stub, base, external_id, is_somebody, husk in rows
    }


_LOCATIONS = """
    SELECT DISTINCT location_id FROM connection
    WHERE client_id = %s AND provider = 'ghl' AND location_id IS NOT NULL ORDER BY 1"""
