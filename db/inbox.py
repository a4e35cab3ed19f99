"""The inbox: the one way into the books. A parcel is addressed, its jobs are stored, then it is durable."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection as Database

from db.arrays import columns_of, literal
from db.identities import digest_of, lock_key, of_appointment
from db.ids import new_id
from db.plans import by_index
from pipeline.addressing import Contact, Identity, Owner, Verdict, choose
from pipeline.job import LeadStatusSaid, MergeAsked
from pipeline.observation import AppointmentKey, Observation
from pipeline.words import Lane, Source

Payload = Observation | LeadStatusSaid | MergeAsked
Claim = tuple[UUID, str, str]  # client, kind, digest in hex

ANONYMOUS = "anonymous"
PRIORITY = {Lane.LIVE: 0, Lane.BULK: 1}


@dataclass(frozen=True)
class Parked:
    """What a provider said that nobody can read yet: kept as a dead letter, never guessed at."""

    reason: str
    said: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Parcel:
    """One delivery, normalized: whose it may be, and what it says.

    `identities` holds the contact's, strongest first; the appointment's own and those of its links are
    taken from the observation. `token` is our own lead id from the provider's tracking.
    """

    client_id: UUID
    pepper: bytes = field(repr=False)
    received_at: datetime
    trace_id: UUID
    said: Observation | Parked
    key: AppointmentKey
    links: tuple[AppointmentKey, ...] = ()
    token: UUID | None = None
    identities: tuple[Identity, ...] = field(repr=False, default=())
    contact: Contact = field(repr=False, default=Contact())
    policy: str = "create"
    lane: Lane = Lane.LIVE


@dataclass(frozen=True, slots=True)
class Ring:
    """A lead that has jobs now."""

    client_id: UUID
    lead_id: UUID
    lane: Lane


@dataclass(frozen=True, slots=True)
class Posted:
    """What is committed: the leads to ring for, and the contacts that known stubs lack."""

    rings: list[Ring]
    fills: list[tuple[UUID, UUID, Contact]]


def post(database: Database[Any], parcels: Sequence[Parcel]) -> Posted:
    """Store the jobs of some parcels in one transaction.

    When this returns, everything is committed. If it raises, nothing is.
    """
    batch = _Batch(parcels)
    with database.pipeline(), database.transaction():
        by_index(database)
        owners = _look_up(database, batch.claims)
        tokens = _look_up_tokens(database, parcels)
        unknown = [claim for claim in batch.claims if claim not in owners]
        if unknown:
            owners = _look_up_alone(database, batch.claims, unknown)
        batch.address(owners, tokens)
        batch.save(database)
    return Posted(batch.rings, batch.fills)


def fill_contacts(database: Database[Any], fills: Iterable[tuple[UUID, UUID, Contact]]) -> None:
    """Give stubs what they lack of a name and an address; never changes what a lead has.

    A transaction of its own with a short wait, for a lead's row may be locked by a drain (DESIGN 5).
    """
    with database.transaction():
        database.execute("SET LOCAL lock_timeout = '300ms'")
        for client_id, lead_id, contact in fills:
            database.execute(
                """UPDATE lead SET email = coalesce(email, %s), phone = coalesce(phone, %s),
                       first_name = coalesce(first_name, %s), last_name = coalesce(last_name, %s),
                       full_name = coalesce(full_name, %s), timezone = coalesce(timezone, %s)
                   WHERE client_id = %s AND id = %s AND stub""",
                (contact.email, contact.phone, contact.first_name, contact.last_name, contact.full_name,
                 contact.timezone, client_id, lead_id),
            )  # fmt: skip


class _Batch:
    """Some parcels on their way into one transaction."""

    def __init__(self, parcels: Sequence[Parcel]) -> None:
        self.parcels = parcels
        self._claims = [_claims_of(parcel) for parcel in parcels]
        self.claims = list(dict.fromkeys(claim for claims in self._claims for claim in claims.all))
        self.rings: list[Ring] = []
        self.fills: list[tuple[UUID, UUID, Contact]] = []
        self._leads: list[tuple[Any, ...]] = []
        self._identities: list[tuple[Any, ...]] = []
        self._jobs: list[tuple[Any, ...]] = []
        self._conflicts: list[tuple[Any, ...]] = []
        self._parked: list[tuple[Any, ...]] = []

    def address(self, owners: dict[Claim, Owner], tokens: dict[tuple[UUID, UUID], Owner]) -> None:
        """Find or make each parcel's lead; a lead made for one parcel is known to the next."""
        owners = dict(owners)
        for parcel, claims in zip(self.parcels, self._claims, strict=True):
            token = tokens.get((parcel.client_id, parcel.token)) if parcel.token else None
            verdict = choose(owners.get(claims.own), token, [owners.get(claim) for claim in claims.others])
            lead = verdict.lead or self._new_stub(parcel)
            if lead.bare and parcel.policy != ANONYMOUS:
                self.fills.append((parcel.client_id, lead.lead_id, parcel.contact))
            for claim in claims.all:
                if claim not in owners:
                    owners[claim] = lead
                    self._identities.append((claim[0], new_id(), claim[1], claim[2], lead.lead_id))
            self._store(parcel, lead.lead_id, verdict)

    def _new_stub(self, parcel: Parcel) -> Owner:
        lead_id = new_id()
        who = Contact() if parcel.policy == ANONYMOUS else parcel.contact
        self._leads.append(
            (parcel.client_id, lead_id, who.email, who.phone, who.first_name, who.last_name,
             who.full_name, who.ghl_contact_id, who.timezone)
        )  # fmt: skip
        return Owner(lead_id, stub=True)

    def _store(self, parcel: Parcel, lead_id: UUID, verdict: Verdict) -> None:
        if isinstance(parcel.said, Parked):
            self._parked.append(_parked_row(parcel, lead_id, parcel.said))
        else:
            self._add_job(parcel, lead_id, parcel.said)
        for loser, winner in verdict.merges:
            merge = MergeAsked(source=Source.WEBHOOK, into=winner, by_evidence=True)
            self._add_job(parcel, loser, merge)
        self._conflicts += [(parcel.client_id, new_id(), low, high) for low, high in verdict.conflicts]

    def _add_job(self, parcel: Parcel, lead_id: UUID, payload: Payload) -> None:
        self._jobs.append(
            job_row(parcel.client_id, lead_id, payload, parcel.received_at, parcel.lane, parcel.trace_id)
        )
        self.rings.append(Ring(parcel.client_id, lead_id, parcel.lane))

    def save(self, database: Database[Any]) -> None:
        """Insert all that was decided; the identities' locks are held, so nothing collides."""
        for statement, rows in (
            (_INSERT_LEADS, self._leads),
            (_INSERT_IDENTITIES, self._identities),
            (INSERT_JOBS, self._jobs),
            (_INSERT_CONFLICTS, self._conflicts),
            (_INSERT_PARKED, self._parked),
        ):
            if rows:
                database.execute(statement, columns_of(rows))


@dataclass(frozen=True, slots=True)
class _Claims:
    own: Claim
    others: tuple[Claim, ...]

    @property
    def all(self) -> tuple[Claim, ...]:
        return (self.own, *self.others)


def _claims_of(parcel: Parcel) -> _Claims:
    identities = (of_appointment(parcel.key), *map(of_appointment, parcel.links), *parcel.identities)
    claims = [(parcel.client_id, one.kind.value, digest_of(parcel.pepper, one).hex()) for one in identities]
    return _Claims(claims[0], tuple(claims[1:]))


def _look_up(database: Database[Any], claims: Sequence[Claim]) -> dict[Claim, Owner]:
    rows = database.execute(_LOOK_UP, columns_of(claims), binary=True)
    return {
        (client, kind, digest): Owner(lead, stub, bare) for client, kind, digest, lead, stub, bare in rows
    }


def _look_up_alone(
    database: Database[Any], claims: Sequence[Claim], unknown: Sequence[Claim]
) -> dict[Claim, Owner]:
    """Lock what nobody holds, in one order for all, and look again: a statement sees what was committed."""
    keys = sorted({lock_key(client.bytes, bytes.fromhex(digest)) for client, _, digest in unknown})
    database.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", (literal(keys),))
    return _look_up(database, claims)


def _look_up_tokens(database: Database[Any], parcels: Sequence[Parcel]) -> dict[tuple[UUID, UUID], Owner]:
    named = [(parcel.client_id, parcel.token) for parcel in parcels if parcel.token is not None]
    if not named:
        return {}
    rows = database.execute(_LOOK_UP_TOKENS, columns_of(named), binary=True)
    return {(client, token): Owner(lead, stub) for client, token, lead, stub in rows}


def job_row(
    client_id: UUID, lead_id: UUID, payload: Payload, received_at: datetime, lane: Lane, trace_id: UUID
) -> tuple[Any, ...]:
    """One row for INSERT_JOBS."""
    text = payload.model_dump_json(exclude_none=True)
    return (client_id, new_id(), lead_id, payload.kind, text, received_at, PRIORITY[lane], trace_id)


def post_to_lead(
    database: Database[Any], client_id: UUID, lead_id: UUID, payload: Payload, *, at: datetime, trace_id: UUID
) -> Ring:
    """Store one job for a lead that is known already: a person's act, or an import's word."""
    row = job_row(client_id, lead_id, payload, at, Lane.LIVE, trace_id)
    database.execute(INSERT_JOBS, columns_of([row]))
    return Ring(client_id, lead_id, Lane.LIVE)


def _parked_row(parcel: Parcel, lead_id: UUID, parked: Parked) -> tuple[Any, ...]:
    return (
        parcel.client_id, new_id(), lead_id, parcel.key.provider, orjson.dumps(parked.said).decode(),
        f"parked:{parked.reason}", parcel.trace_id, parcel.received_at,
    )  # fmt: skip


_LOOK_UP = """
    SELECT k.client_id, k.kind, k.digest, coalesce(w.id, l.id), coalesce(w.stub, l.stub),
           w.id IS NULL AND l.stub AND (l.email IS NULL OR coalesce(l.full_name, l.first_name) IS NULL)
    FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS k (client_id, kind, digest)
    JOIN lead_identity i ON i.client_id = k.client_id AND i.kind = k.kind AND i.digest = decode(k.digest, 'hex')
    JOIN lead l ON l.client_id = i.client_id AND l.id = i.lead_id
    LEFT JOIN lead w ON w.client_id = l.client_id AND w.id = l.merged_into"""

_LOOK_UP_TOKENS = """
    SELECT k.client_id, k.token, coalesce(w.id, l.id), coalesce(w.stub, l.stub)
    FROM unnest(%s::uuid[], %s::uuid[]) AS k (client_id, token)
    JOIN lead l ON l.client_id = k.client_id AND l.id = k.token
    LEFT JOIN lead w ON w.client_id = l.client_id AND w.id = l.merged_into"""

_INSERT_LEADS = """
    INSERT INTO lead (client_id, id, email, phone, first_name, last_name, full_name, ghl_contact_id, timezone, stub)
    SELECT *, true FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[],
                               %s::text[], %s::text[], %s::text[])"""

_INSERT_IDENTITIES = """
    INSERT INTO lead_identity (client_id, id, kind, digest, lead_id)
    SELECT a, b, c, decode(d, 'hex'), e
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::uuid[]) AS t (a, b, c, d, e)"""

INSERT_JOBS = """
    INSERT INTO inbox (client_id, id, lead_id, kind, payload, received_at, priority, trace_id)
    SELECT a, b, c, d, e::jsonb, f, g, h
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::smallint[],
                %s::uuid[]) AS t (a, b, c, d, e, f, g, h)"""

_INSERT_CONFLICTS = """
    INSERT INTO lead_conflict (client_id, id, lead_a, lead_b)
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[]) ON CONFLICT DO NOTHING"""

_INSERT_PARKED = """
    INSERT INTO dead_letter (client_id, id, lead_id, provider, payload, reason, trace_id, received_at,
                             kind, error_class, location, traceback, fingerprint, attempts, code_version)
    SELECT a, b, c, d, e::jsonb, f, g, h, 'appointment', 'Parked', 'ingest', '', f || ':' || d, 0, ''
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::uuid[],
                %s::timestamptz[]) AS t (a, b, c, d, e, f, g, h)"""
