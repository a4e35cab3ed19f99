"""Importing: a CRM's own leads, matched by what names them; a stub becomes the lead, history included."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from db.arrays import columns_of, literal
from db.desk import Database
from db.identities import (
    digest_of,
    lock_key,
    of_appointment,
    of_email,
    of_ghl_contact,
    of_linkedin,
    of_phone,
)
from db.ids import new_id
from db.inbox import INSERT_JOBS, Ring, job_row
from db.plans import by_index
from db.shelf import ROLLUP_COLUMNS
from pipeline.addressing import Identity, IdentityKind, Owner, choose
from pipeline.instants import read_instant
from pipeline.job import LeadStatusSaid, MergeAsked
from pipeline.legacy import keys_named
from pipeline.words import Lane, Source

CONTACT_COLUMNS = (
    "external_id", "email", "phone", "first_name", "last_name", "ghl_contact_id", "linkedin_profile",
)  # fmt: skip
LEGACY_COLUMNS = (*ROLLUP_COLUMNS[:11], "appointment_last_checked_at", "updated_at")
COLUMNS = (*CONTACT_COLUMNS, "status", *LEGACY_COLUMNS)
CHUNK = 500

Row = Mapping[str, str | None]


@dataclass
class Imported:
    """What an import came to. `bad` names lines and fields, never values."""

    created: int = 0
    updated: int = 0
    bad: list[tuple[int, str, str]] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)


class BadRow(ValueError):
    """A row cannot be imported."""

    def __init__(self, column: str, reason: str) -> None:
        """Name the column and what is wrong with it."""
        super().__init__(f"{column}: {reason}")
        self.column = column
        self.reason = reason


@dataclass(frozen=True)
class _Person:
    row: Row
    identities: tuple[Identity, ...]
    legacy: dict[str, str]

    @property
    def contact(self) -> tuple[str | None, ...]:
        return tuple(self.row.get(column) for column in CONTACT_COLUMNS)


def import_rows(
    database: Database, client_id: UUID, pepper: bytes, region: str, rows: Iterator[tuple[int, Row]]
) -> Imported:
    """Import rows, each with its line number, in transactions of 500; running it again changes nothing."""
    imported = Imported()
    locations = [name for (name,) in database.execute(_LOCATIONS, (client_id,))]
    chunk: list[_Person] = []
    for line, row in rows:
        try:
            chunk.append(_person(row, region, locations))
        except BadRow as bad:
            imported.bad.append((line, bad.column, bad.reason))
        if len(chunk) == CHUNK:
            _import_chunk(database, client_id, pepper, chunk, imported)
            chunk = []
    if chunk:
        _import_chunk(database, client_id, pepper, chunk, imported)
    return imported


def _person(row: Row, region: str, locations: Sequence[str]) -> _Person:
    row = {name: text.strip() for name, text in row.items() if name in COLUMNS and text and text.strip()}
    for name, text in row.items():
        if text and ("\0" in text or not text.isprintable()):
            raise BadRow(name, "unprintable")
    identities = tuple(_identities(row, region, locations))
    if not identities:
        raise BadRow("external_id", "nothing in this row can name a lead")
    legacy = {name: text for name, text in row.items() if name in LEGACY_COLUMNS and text}
    legacy |= {name: _instant_text(name, text) for name, text in legacy.items() if name.endswith("_at")}
    told = {name for name in legacy if name not in ("appointment_last_checked_at", "updated_at")}
    return _Person(row, identities, legacy if told else {})


def _instant_text(name: str, text: str) -> str:
    """A time as Postgres reads it too; a CRM's times without an offset are UTC."""
    try:
        return read_instant(text, "UTC").isoformat()
    except ValueError:
        raise BadRow(name, "not a time between 1990 and 2100") from None


def _identities(row: Row, region: str, locations: Sequence[str]) -> Iterator[Identity]:
    """Strongest first."""
    for column, kind in (
        ("external_id", IdentityKind.EXTERNAL_ID),
        ("ghl_contact_id", IdentityKind.GHL_CONTACT),
    ):
        if text := row.get(column):
            yield Identity(kind, text)
            if kind is IdentityKind.GHL_CONTACT:
                # An export does not say in which of the client's locations: no two of them share an id.
                yield from (of_ghl_contact(text, location)[0] for location in locations)
    if profile := of_linkedin(row.get("linkedin_profile")):
        yield profile
    if row.get("email"):
        email = of_email(row["email"])
        if email is None:
            raise BadRow("email", "not an address")
        yield email
    if phone := of_phone(row.get("phone"), region):
        yield phone
    # Whoever else is told to move this meeting: it is this lead's.
    yield from map(of_appointment, keys_named(row))


def _import_chunk(
    database: Database, client_id: UUID, pepper: bytes, people: Sequence[_Person], imported: Imported
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
    imported.created += len(chunk.created)
    imported.updated += len(chunk.updated)
    imported.rings += chunk.rings


@dataclass(frozen=True, slots=True)
class _Known:
    """Who holds an identity: its lead, the word last said of it, and what the CRM calls it."""

    owner: Owner
    base: str | None
    external_id: str | None


@dataclass
class _Chunk:
    """Some people on their way into one transaction."""

    client_id: UUID
    now: datetime
    owners: dict[tuple[str, str], _Known]
    created: dict[UUID, _Person] = field(default_factory=dict)
    updated: dict[UUID, _Person] = field(default_factory=dict)
    identities: list[tuple[Any, ...]] = field(default_factory=list)
    conflicts: list[tuple[Any, ...]] = field(default_factory=list)
    jobs: list[tuple[Any, ...]] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)

    def place(self, person: _Person, claims: Sequence[tuple[str, str]]) -> None:
        """Find this person's lead, or make it."""
        found = [self.owners.get(claim) for claim in claims]
        external_id = person.row.get("external_id")
        # The CRM's own id says who is who: what it shares with another of the CRM's leads is a conflict.
        others = {one.owner.lead_id for one in found if one and _is_another(one, external_id)}
        known = [one for one in found if one and one.owner.lead_id not in others]
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
        for loser, winner in verdict.merges:
            self._add_job(loser, MergeAsked(source=Source.MANUAL, into=winner, by_evidence=True))
        pairs = {*verdict.conflicts, *(_pair(lead.lead_id, other) for other in others)}
        self.conflicts += [(self.client_id, new_id(), low, high) for low, high in sorted(pairs)]

    def _say_status(self, lead_id: UUID, person: _Person, base: str | None) -> None:
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
            (_INSERT_IDENTITIES, self.identities),
            (_INSERT_CONFLICTS, self.conflicts),
            (INSERT_JOBS, self.jobs),
        ):
            if rows:
                database.execute(statement, columns_of(rows))
        if legacy:
            new = [row[0] for row in database.execute(_INSERT_LEGACY, columns_of(legacy)).fetchall()]
            database.execute(_AWAIT_MIGRATION, (self.client_id, literal(new)))
            database.execute(_SHOW_LEGACY, (self.client_id, literal(new)))

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
            database.execute(_INSERT_LEADS, columns_of(created))
        updated = [(self.client_id, lead_id, *one.contact) for lead_id, one in self.updated.items()]
        if updated:
            database.execute(_UPDATE_LEADS, columns_of(updated))


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
    rows = database.execute(_LOOK_UP, (*columns_of(claims), client_id))
    return {
        (kind, digest): _Known(Owner(lead, stub), base, external_id)
        for kind, digest, lead, stub, base, external_id in rows
    }


_LOCATIONS = """
    SELECT DISTINCT location_id FROM connection
    WHERE client_id = %s AND provider = 'ghl' AND location_id IS NOT NULL ORDER BY 1"""

_LOOK_UP = """
    SELECT k.kind, k.digest, coalesce(w.id, l.id), coalesce(w.stub, l.stub),
           CASE WHEN coalesce(w.base_status_at, l.base_status_at) IS NOT NULL
                THEN coalesce(w.base_status, l.base_status) END,
           CASE WHEN w.id IS NULL THEN l.external_id ELSE w.external_id END
    FROM unnest(%s::text[], %s::text[]) AS k (kind, digest)
    JOIN lead_identity i ON i.client_id = %s AND i.kind = k.kind AND i.digest = decode(k.digest, 'hex')
    JOIN lead l ON l.client_id = i.client_id AND l.id = i.lead_id
    LEFT JOIN lead w ON w.client_id = l.client_id AND w.id = l.merged_into"""

_CONTACT = ", ".join(CONTACT_COLUMNS)
_CONTACT_ARRAYS = ", ".join(["%s::text[]"] * len(CONTACT_COLUMNS))

_INSERT_LEADS = f"""
    INSERT INTO lead (client_id, id, {_CONTACT}, base_status, status, base_status_at, stub)
    SELECT client_id, id, {_CONTACT}, word, word, said_at, false
    FROM unnest(%s::uuid[], %s::uuid[], {_CONTACT_ARRAYS}, %s::text[], %s::timestamptz[])
         AS t (client_id, id, {_CONTACT}, word, said_at)"""  # noqa: S608

_UPDATE_LEADS = f"""
    UPDATE lead l SET stub = false, {", ".join(f"{column} = coalesce(t.{column}, l.{column})" for column in CONTACT_COLUMNS)}
    FROM unnest(%s::uuid[], %s::uuid[], {_CONTACT_ARRAYS}) AS t (client_id, id, {_CONTACT})
    WHERE l.client_id = t.client_id AND l.id = t.id
      AND (l.stub OR ({", ".join(f"coalesce(t.{c}, l.{c})" for c in CONTACT_COLUMNS)}) IS DISTINCT FROM ({", ".join(f"l.{c}" for c in CONTACT_COLUMNS)}))"""  # noqa: S608

_INSERT_IDENTITIES = """
    INSERT INTO lead_identity (client_id, id, kind, digest, lead_id)
    SELECT a, b, c, decode(d, 'hex'), e
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::uuid[]) AS t (a, b, c, d, e)"""

_INSERT_CONFLICTS = """
    INSERT INTO lead_conflict (client_id, id, lead_a, lead_b)
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[]) ON CONFLICT DO NOTHING"""

_INSERT_LEGACY = """
    INSERT INTO legacy_rollup (client_id, id, lead_id, said)
    SELECT a, b, c, d::jsonb FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[]) AS t (a, b, c, d)
    ON CONFLICT (client_id, lead_id) DO NOTHING RETURNING lead_id"""

# The next drain that meets such a lead turns the row into observations, whatever is known already.
_AWAIT_MIGRATION = """
    UPDATE lead SET rollup_version = 0 WHERE client_id = %s AND id = ANY (%s::uuid[])"""

# Readers of the columns go on seeing what they saw until a drain has turned the row into observations.
_SHOW_LEGACY = """
    UPDATE lead l SET
        ghl_appointment_id = r.said->>'ghl_appointment_id',
        calendly_invitee_uri = r.said->>'calendly_invitee_uri',
        calendly_scheduled_event_uri = r.said->>'calendly_scheduled_event_uri',
        appointment_booked_at = (r.said->>'appointment_booked_at')::timestamptz,
        appointment_start_at = (r.said->>'appointment_start_at')::timestamptz,
        appointment_end_at = (r.said->>'appointment_end_at')::timestamptz,
        appointment_status = coalesce(r.said->>'appointment_status', 'pending'),
        appointment_canceled_at = (r.said->>'appointment_canceled_at')::timestamptz,
        appointment_provider = r.said->>'appointment_provider',
        appointment_source = r.said->>'appointment_source',
        booked_slot = r.said->>'booked_slot'
    FROM legacy_rollup r
    WHERE l.client_id = %s AND l.id = ANY (%s::uuid[]) AND l.appointment_count = 0
      AND r.client_id = l.client_id AND r.lead_id = l.id"""
