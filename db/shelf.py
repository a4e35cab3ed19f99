"""The shelf: loads the books of some leads in a handful of queries, and saves what changed in as many."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Connection as Database

from db import follow_up_rows
from db.arrays import columns_of, literal
from db.ids import new_id, new_id_text
from db.shelf_statements import (
    APPOINTMENTS,
    DROP_PLACEHOLDERS,
    NAMED,
    OBSERVATIONS,
    SAVE_APPOINTMENTS,
    SAVE_LEADS,
    SAVE_OBSERVATIONS,
    rollup_values,
)
from pipeline.adoption import ghl_id, packed, unpacked
from pipeline.appointment import project
from pipeline.book import Book, Computed
from pipeline.folded import Folded
from pipeline.lead_status import Base
from pipeline.observation import AppointmentKey, Observation
from pipeline.words import Provider

_FOLDED = msgspec.json.Decoder(Folded)
_OBSERVATION = msgspec.json.Decoder(Observation)


@dataclass(frozen=True, slots=True)
class Shelved:
    """What the database holds of one lead: its book, and the row id of each appointment that it names.

    `elsewhere` are ids of appointments that a link names and another lead has: for a moment, until the
    leads are merged, or for good, where both are real people's.
    """

    book: Book
    ids: dict[AppointmentKey, UUID]
    elsewhere: dict[AppointmentKey, UUID]
    follow_ups: follow_up_rows.Rows = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a stored observation came from: kept beside it, and no part of what it says."""

    received_at: datetime
    trace_id: UUID | None
    statement: Observation
    text: str
    """The statement as it stood in the inbox."""


@dataclass(frozen=True, slots=True)
class Change:
    """One lead's book before and after, and what the latter adds up to."""

    lead_id: UUID
    before: Shelved
    book: Book
    computed: Computed
    receipts: Mapping[bytes, Receipt]


def load(
    database: Database[Any],
    client_id: UUID,
    bases: Mapping[UUID, Base],
    said: Mapping[UUID, Sequence[Observation]],
) -> dict[UUID, Shelved]:
    """Load the books of some leads, with the observations of those appointments of which something is said."""
    touched = {
        key: None for statements in said.values() for one in statements for key in (one.key, *one.linked)
    }
    own_rows = database.execute(APPOINTMENTS, (client_id, literal(bases)), binary=True)
    asked = follow_up_rows.ask(database, client_id, bases)
    named = _rows_named(database, client_id, touched)
    folded: dict[UUID, dict[AppointmentKey, Folded]] = {lead_id: {} for lead_id in bases}
    ids: dict[UUID, dict[AppointmentKey, UUID]] = {lead_id: {} for lead_id in bases}
    for lead_id, row_id, provider, external_id, facts in own_rows.fetchall():
        key = AppointmentKey(Provider(provider), external_id)
        ids[lead_id][key] = row_id
        if facts is not None:
            folded[lead_id] |= {one.key: one for one in unpacked(_FOLDED.decode(facts))}
    linked = {key for facts in folded.values() for one in facts.values() for key in one.linked}
    known = named | {key: row_id for own in ids.values() for key, row_id in own.items()}
    known |= _rows_named(database, client_id, linked - known.keys() - touched.keys())
    stored = known.keys() | {key for facts in folded.values() for key in facts}
    history = observations_of(database, client_id, [key for key in touched if key in stored])
    follow_ups = follow_up_rows.read(asked)
    return {
        lead_id: Shelved(
            Book(
                base,
                folded[lead_id],
                {one.key: history.get(one.key, {}) for one in said.get(lead_id, ())},
                follow_ups.acts_of(lead_id),
                follow_ups.since,
            ),
            ids[lead_id],
            _elsewhere(known, ids[lead_id], said.get(lead_id, ()), folded[lead_id].values()),
            follow_ups.rows.get(lead_id, {}),
        )
        for lead_id, base in bases.items()
    }


def _elsewhere(
    known: Mapping[AppointmentKey, UUID],
    own: Mapping[AppointmentKey, UUID],
    said: Iterable[Observation],
    folded: Iterable[Folded],
) -> dict[AppointmentKey, UUID]:
    """Of all rows that a batch knows, those that one lead's statements and facts name and that are not its own."""
    if len(known) == len(own):
        return {}
    named = {key for one in said for key in (one.key, *one.linked)}
    named.update(key for one in folded for key in one.linked)
    return {key: known[key] for key in named if key in known and key not in own}


def _rows_named(
    database: Database[Any], client_id: UUID, keys: Iterable[AppointmentKey]
) -> dict[AppointmentKey, UUID]:
    """The row ids of appointments, whichever lead has them."""
    columns = columns_of(list(keys))
    if not columns:
        return {}
    rows = database.execute(NAMED, (*columns, client_id), binary=True).fetchall()
    return {AppointmentKey(Provider(provider), external_id): row_id for provider, external_id, row_id in rows}


def observations_of(
    database: Database[Any], client_id: UUID, keys: Sequence[AppointmentKey]
) -> dict[AppointmentKey, dict[bytes, Observation]]:
    """Load the history of some appointments, by digest."""
    if not keys:
        return {}
    found: dict[AppointmentKey, dict[bytes, Observation]] = {}
    rows = database.execute(OBSERVATIONS, (*columns_of(keys), client_id), binary=True)
    for provider, external_id, digest, body in rows:
        key = AppointmentKey(Provider(provider), external_id)
        found.setdefault(key, {})[bytes(digest)] = _OBSERVATION.decode(body)
    return found


def save(database: Database[Any], client_id: UUID, changes: Sequence[Change]) -> None:
    """Save what changed of some books, in three statements; placeholders and follow-ups may ask for more."""
    said = [row for change in changes for row in _observation_rows(client_id, change)]
    if said:
        database.execute(SAVE_OBSERVATIONS, columns_of(said))
    shown = [row for change in changes for row in appointment_rows(client_id, change)]
    if shown:
        database.execute(SAVE_APPOINTMENTS, columns_of(shown))
    stale = [row_id for change in changes for row_id in _unnamed(change)]
    if stale:
        database.execute(DROP_PLACEHOLDERS, (client_id, literal(stale)))
    database.execute(SAVE_LEADS, columns_of([_lead_row(client_id, change) for change in changes]))
    follow_up_rows.save(
        database,
        client_id,
        [(change.lead_id, change.before.follow_ups, change.computed.follow_ups) for change in changes],
    )


def _unnamed(change: Change) -> Iterable[UUID]:
    """Rows that no fact asks for any more: a link was corrected, or a legacy row is an alias now."""
    for key, row_id in change.before.ids.items():
        if key not in change.computed.appointments:
            yield row_id


def _observation_rows(client_id: UUID, change: Change) -> Iterable[tuple[Any, ...]]:
    for key, observations in change.book.observations.items():
        before = change.before.book.observations.get(key, {})
        for digest, one in observations.items():
            if before.get(digest) != one:
                receipt = change.receipts.get(digest)
                yield (
                    client_id, new_id_text(), key.provider, key.external_id, digest.hex(), one.source, one.effective_at,
                    receipt.received_at if receipt else one.observed_at, receipt.trace_id if receipt else None,
                    receipt.text if receipt and receipt.statement is one else one.text(),
                )  # fmt: skip


def appointment_rows(client_id: UUID, change: Change) -> Iterable[tuple[Any, ...]]:
    """Rows of the appointments whose facts or whose look changed, neighbours included."""
    own, elsewhere = change.before.ids, change.before.elsewhere
    folded_before, folded = packed(change.before.book.folded), packed(change.book.folded)
    before = project(change.before.book.folded) if folded_before else {}
    changed = {
        key: one
        for key, one in change.computed.appointments.items()
        if (key not in own or before.get(key) != one or folded_before.get(key) != folded.get(key))
        and not (one.placeholder and key in elsewhere)
    }
    ids = {**elsewhere, **own}
    for key in changed:
        if key not in ids:
            ids[key] = new_id()
    for key, one in changed.items():
        facts = folded.get(key)
        yield (
            client_id, ids[key], change.lead_id, key.provider, key.external_id,
            ghl_id(key),
            one.calendly_invitee_uri, one.calendly_scheduled_event_uri, one.ghl_calendar_id,
            one.calendly_event_type_uri, one.start_at, one.end_at, one.timezone, one.status,
            one.status_changed_at, one.booked_at, one.canceled_at, one.cancel_reason,
            _id_of(one.rescheduled_from, ids), _id_of(one.rescheduled_to, ids), one.link_kind,
            one.moved_count, one.removed_at_provider, one.placeholder, one.source, one.first_effective_at,
            None if facts is None else msgspec.json.encode(facts).decode(),
        )  # fmt: skip


def _id_of(key: AppointmentKey | None, ids: Mapping[AppointmentKey, UUID]) -> UUID | None:
    return None if key is None else ids[key]


def _lead_row(client_id: UUID, change: Change) -> tuple[Any, ...]:
    base, computed = change.book.base, change.computed
    rollup = rollup_values(computed.rollup)
    return (client_id, change.lead_id, base.word, base.at, computed.status, computed.recompute_at, *rollup)
