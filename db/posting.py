"""Posting: what storing some parcels takes, as commands; who sends them waits as it likes, or does not.

`posting` is a generator: it yields commands to run in the transaction and is sent their rows. So threads
and event loops share it, and there is still one way into the books.
"""

from collections.abc import Generator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import orjson

from db.arrays import columns_of, literal
from db.identities import digest_of, lock_key, of_appointment
from db.ids import new_id, new_id_text
from db.lookups import ASK, STUB, ask_row
from db.parcels import ANONYMOUS, PRIORITY, Parcel, Parked, Payload, Posted, Ring
from db.plans import SET_BY_INDEX
from db.release import CODE_VERSION
from pipeline.addressing import Contact, Identity, Owner, Verdict, choose
from pipeline.doubts import Doubt
from pipeline.job import MergeAsked
from pipeline.words import Lane, Source

Claim = tuple[UUID, str, str]
"""Client, kind, digest in hex. The digest alone tells claims apart: its client's pepper is in it."""
Rows = Sequence[tuple[Any, ...]]


class Command(NamedTuple):
    """A statement and its values; `asks`: its rows are wanted."""

    query: str
    values: Sequence[Any] = ()
    asks: bool = False


def posting(parcels: Sequence[Parcel]) -> Generator[list[Command], list[Rows], Posted]:
    """Store the jobs of some parcels: two exchanges with the database, in one transaction.

    The identities are locked in one order for all, known ones too, and looked up in a new statement, which
    sees whatever was committed before the locks were ours.
    """
    batch = Batch(parcels)
    locks = sorted({lock_key(bytes.fromhex(digest)) for digest in batch.claims})
    tokens = [(parcel.client_id, parcel.token) for parcel in parcels if parcel.token is not None]
    commands = [
        Command(_LOCK, [literal(locks)]),
        Command(LOOK_UP, _columns(list(batch.claims.values()), _CLAIM_WIDTH), asks=True),
    ]
    if tokens:
        commands.append(Command(LOOK_UP_TOKENS, columns_of(tokens), asks=True))
    found = yield commands
    owners = {digest: Owner(*owner) for digest, *owner in found[0]}
    named = {(client, token): Owner(*owner) for client, token, *owner in found[1]} if tokens else {}
    batch.address(owners, named)
    yield batch.inserts()
    return Posted(batch.rings, batch.fills)


class Batch:
    """Some parcels on their way into one transaction."""

    def __init__(self, parcels: Sequence[Parcel]) -> None:
        self.parcels = parcels
        self._claims = [_claims_of(parcel) for parcel in parcels]
        self.claims = {claim[2]: claim for claims in self._claims for claim in claims}
        self.rings: list[Ring] = []
        self.fills: list[tuple[UUID, UUID, Contact]] = []
        self._leads: list[tuple[Any, ...]] = []
        self._identities: list[tuple[Any, ...]] = []
        self._jobs: list[tuple[Any, ...]] = []
        self._conflicts: list[tuple[Any, ...]] = []
        self._parked: list[tuple[Any, ...]] = []
        self._lookups: list[tuple[Any, ...]] = []

    def address(self, owners: dict[str, Owner], tokens: dict[tuple[UUID, UUID], Owner]) -> None:
        """Find or make each parcel's lead; a lead made for one parcel is known to the next."""
        owners = dict(owners)
        for parcel, claims in zip(self.parcels, self._claims, strict=True):
            if not claims and isinstance(parcel.said, Parked):  # about nobody
                self._parked.append(_parked_row(parcel, None, parcel.said))
                continue
            token = tokens.get((parcel.client_id, parcel.token)) if parcel.token else None
            known = [owners.get(digest) for _, _, digest in claims]
            own, others = (None, known) if parcel.key is None else (known[0], known[1:])
            verdict = choose(own, token, others)
            lead = verdict.lead or self._new_stub(parcel)
            if lead.bare and parcel.policy != ANONYMOUS:
                self.fills.append((parcel.client_id, lead.lead_id, parcel.contact))
            for client_id, kind, digest in claims[: len(claims) - sum(map(_is_hint, parcel.identities))]:
                if digest not in owners:
                    owners[digest] = lead
                    self._identities.append((client_id, new_id_text(), kind, digest, lead.lead_id))
            self._store(parcel, lead.lead_id, verdict)

    def _new_stub(self, parcel: Parcel) -> Owner:
        lead_id = new_id()
        who = Contact() if parcel.policy == ANONYMOUS else parcel.contact
        self._leads.append(
            (parcel.client_id, lead_id, who.email, who.phone, who.first_name, who.last_name,
             who.full_name, who.ghl_contact_id, who.timezone)
        )  # fmt: skip
        if parcel.key is not None and who.ghl_contact_id and not (who.email or who.phone):
            doubt = Doubt(parcel.key, STUB, parcel.received_at)
            self._lookups.append(ask_row(parcel.client_id, doubt, lead_id=lead_id))
        return Owner(lead_id, stub=True)

    def _store(self, parcel: Parcel, lead_id: UUID, verdict: Verdict) -> None:
        if isinstance(parcel.said, Parked):
            self._parked.append(_parked_row(parcel, lead_id, parcel.said))
        elif parcel.said is not None:
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

    def inserts(self) -> list[Command]:
        """All that was decided; the identities' locks are held, so nothing collides."""
        rows = (
            *_columns(self._leads, _LEAD_WIDTH),
            *_columns(self._identities, _IDENTITY_WIDTH),
            *_columns(self._jobs, _JOB_WIDTH),
        )
        rare = (
            (_INSERT_CONFLICTS, self._conflicts),
            (_INSERT_PARKED, self._parked),
            (ASK, self._lookups),
        )
        return [
            Command(_INSERT, rows),
            *(Command(statement, columns_of(rows)) for statement, rows in rare if rows),
        ]


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> Sequence[str]:
    return columns_of(rows) if rows else ["{}"] * width


def _claims_of(parcel: Parcel) -> list[Claim]:
    """The appointment's own claim first, if there is one, then the others, strongest first; hints come last."""
    keys = () if parcel.key is None else (parcel.key, *parcel.links)
    identities = (*map(of_appointment, keys), *sorted(parcel.identities, key=_is_hint))
    return [(parcel.client_id, one.kind, digest_of(parcel.pepper, one).hex()) for one in identities]


def _is_hint(identity: Identity) -> bool:
    return identity.hint


def job_row(
    client_id: UUID, lead_id: UUID, payload: Payload, received_at: datetime, lane: Lane, trace_id: UUID
) -> tuple[Any, ...]:
    """One row for INSERT_JOBS."""
    text = payload.text()
    return (client_id, new_id_text(), lead_id, payload.kind, text, received_at, PRIORITY[lane], trace_id)


def _parked_row(parcel: Parcel, lead_id: UUID | None, parked: Parked) -> tuple[Any, ...]:
    return (
        parcel.client_id, _letter_id(parcel, parked), lead_id, parked.provider, orjson.dumps(parked.said).decode(),
        f"parked:{parked.reason}", parcel.trace_id, parcel.received_at, CODE_VERSION,
    )  # fmt: skip


def _letter_id(parcel: Parcel, parked: Parked) -> UUID:
    """What is parked is named by what it says: sent twice, it is one letter."""
    said = orjson.dumps(parked.said, option=orjson.OPT_SORT_KEYS).decode()
    about = parcel.key.external_id if parcel.key else ""
    return uuid5(parcel.client_id, f"{parked.provider}:{about}:{parked.reason}:{said}")


_LOCK = f"""
    SELECT {SET_BY_INDEX} FROM (SELECT count(pg_advisory_xact_lock(key)) FROM unnest(%s::bigint[]) AS key) AS locked"""  # noqa: S608

_CLAIM_WIDTH = 3

LOOK_UP = """
    SELECT k.digest, coalesce(w.id, l.id), coalesce(w.stub, l.stub),
           w.id IS NULL AND l.stub AND (l.email IS NULL OR coalesce(l.full_name, l.first_name) IS NULL)
    FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS k (client_id, kind, digest)
    JOIN lead_identity i ON i.client_id = k.client_id AND i.kind = k.kind AND i.digest = decode(k.digest, 'hex')
    JOIN lead l ON l.client_id = i.client_id AND l.id = i.lead_id
    LEFT JOIN lead w ON w.client_id = l.client_id AND w.id = l.merged_into"""

LOOK_UP_TOKENS = """
    SELECT k.client_id, k.token, coalesce(w.id, l.id), coalesce(w.stub, l.stub)
    FROM unnest(%s::uuid[], %s::uuid[]) AS k (client_id, token)
    JOIN lead l ON l.client_id = k.client_id AND l.id = k.token
    LEFT JOIN lead w ON w.client_id = l.client_id AND w.id = l.merged_into"""

_INSERT_LEADS = """
    INSERT INTO lead (client_id, id, email, phone, first_name, last_name, full_name, ghl_contact_id, timezone, stub)
    SELECT *, true FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[],
                               %s::text[], %s::text[], %s::text[])"""

_LEAD_WIDTH = 9

_INSERT_IDENTITIES = """
    INSERT INTO lead_identity (client_id, id, kind, digest, lead_id)
    SELECT a, b, c, decode(d, 'hex'), e
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::uuid[]) AS t (a, b, c, d, e)"""

_IDENTITY_WIDTH = 5

INSERT_JOBS = """
    INSERT INTO inbox (client_id, id, lead_id, kind, payload, received_at, priority, trace_id)
    SELECT a, b, c, d, e::jsonb, f, g, h
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::smallint[],
                %s::uuid[]) AS t (a, b, c, d, e, f, g, h)"""

_JOB_WIDTH = 8

# One statement for what nearly every batch stores: a round through the event loop costs more than Postgres takes.
_INSERT = f"WITH leads AS ({_INSERT_LEADS}), identities AS ({_INSERT_IDENTITIES}) {INSERT_JOBS}"

_INSERT_CONFLICTS = """
    INSERT INTO lead_conflict (client_id, id, lead_a, lead_b)
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[]) ON CONFLICT DO NOTHING"""

_INSERT_PARKED = """
    INSERT INTO dead_letter (client_id, id, lead_id, provider, payload, reason, trace_id, received_at,
                             kind, error_class, location, traceback, fingerprint, attempts, code_version)
    SELECT a, b, c, d, e::jsonb, f, g, h, 'appointment', 'Parked', 'ingest', '', f || ':' || d, 0, i
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::uuid[],
                %s::timestamptz[], %s::text[]) AS t (a, b, c, d, e, f, g, h, i)
    ON CONFLICT (client_id, id) DO NOTHING"""
