"""Confirmations: what only a GET can decide, asked one by one, and its answer posted like any other."""

from dataclasses import replace
from datetime import datetime

from boot.logs import get_logger
from db import inbox, lookups, marks, sweeps
from db.connections import Connection
from db.identities import of_email, of_phone
from db.ids import new_id
from db.lookups import Lookup
from db.parcels import Parcel
from ingest.adapter import Reading
from ingest.apis.api import ApiFailed, ProviderApi
from ingest.parcels import parcel_of
from ingest.sweeps.calls import Calls, NotNow
from ingest.sweeps.engine import Hands, fill
from ingest.verdicts import Ignored
from pipeline.addressing import Contact, Identity
from pipeline.observation import Observation, StatusWord
from pipeline.words import Provider, Source, Status

ANSWERED = "answered"
UNKNOWN = "unknown"
A_PASS = 50

log = get_logger(__name__)


def confirm(hands: Hands, connection: Connection, api: ProviderApi) -> int:
    """Ask what is due of a connection; returns how many questions were closed. The caller holds its lease."""
    due = lookups.due(hands.database, connection.client_id, connection.provider, connection.id, A_PASS)
    asking = _Asking(hands, connection, api)
    closed = 0
    for lookup in due:
        try:
            state = asking.ask(lookup)
        except NotNow:
            break
        except (ApiFailed, Ignored) as failed:
            lookups.put_off(
                hands.database, lookup, failed.error if isinstance(failed, ApiFailed) else "unreadable"
            )
            continue
        if state is not None:
            closed += 1
            log.info(
                "lookup_answered",
                client_id=lookup.client_id,
                connection_id=connection.id,
                provider=lookup.key.provider,
                reason=lookup.reason,
                state=state,
            )
    return closed


class _Asking:
    """One connection's questions."""

    def __init__(self, hands: Hands, connection: Connection, api: ProviderApi) -> None:
        self._hands = hands
        self._database = hands.database
        self._connection = connection
        self._api = api
        self._calls = Calls(hands.database, connection)

    def ask(self, lookup: Lookup) -> str | None:
        """Ask one question and post the answer; None: another connection may know better."""
        asked_at = sweeps.now(self._database)
        contact = self._contact(lookup)
        reading = self._calls.ask(lambda: self._api.appointment(lookup.key, lookup.uri))
        if reading is not None:
            self._post(lookup, self._told(lookup, reading, contact), ANSWERED)
            return ANSWERED
        # Where it is not known whose it is, a 404 says something only once every account has said it.
        if lookup.connection_id is None and not lookups.not_here(self._database, lookup, self._connection.id):
            return None
        if lookup.key.provider is Provider.GHL:
            self._post(lookup, _removed(lookup, asked_at), ANSWERED)
            return ANSWERED
        # Calendly forgets an invitee whose data was deleted: that says nothing of the meeting (pitfall C28).
        lookups.answered(self._database, lookup, UNKNOWN)
        return UNKNOWN

    def _contact(self, lookup: Lookup) -> Contact | None:
        if lookup.reason != lookups.STUB or lookup.lead_id is None:
            return None
        contact_id = lookups.contact_id_of(self._database, lookup.client_id, lookup.lead_id)
        return self._calls.ask(lambda: self._api.contact(contact_id)) if contact_id else None

    def _told(self, lookup: Lookup, reading: Reading, contact: Contact | None) -> Reading:
        if contact is not None:
            known = dict.fromkeys((*reading.identities, *_identities(contact, self._connection.region)))
            reading = replace(reading, contact=contact, identities=tuple(known))
        said = reading.said
        removed = marks.removed(self._database, lookup.client_id, [lookup.key])
        if removed and isinstance(said, Observation) and said.status is not None:
            status = said.status.but(restored_at=said.observed_at)
            reading = replace(reading, said=said.but(status=status))
        return reading

    def _post(self, lookup: Lookup, reading: Reading, state: str) -> None:
        parcel: Parcel = parcel_of(self._connection, reading, sweeps.now(self._database), new_id())
        with self._database.transaction():
            posted = inbox.post(self._database, [parcel])
            lookups.answered(self._database, lookup, state)
            if reading.said is not None and isinstance(reading.said, Observation) and _is_gone(reading.said):
                marks.forget(self._database, lookup.client_id, self._connection.id, lookup.key.external_id)
        self._hands.ringer(posted.rings)
        fill(self._database, posted)


def _removed(lookup: Lookup, asked_at: datetime) -> Reading:
    """What a 404 says of a GHL appointment: it is no more, as of the instant before we asked."""
    said = Observation(
        provider=lookup.key.provider,
        external_id=lookup.key.external_id,
        source=Source.RECONCILE_CRON,
        observed_at=asked_at,
        status=StatusWord(word=Status.CANCELED, removed=True),
    )
    return Reading(key=lookup.key, said=said)


def _is_gone(said: Observation) -> bool:
    return said.status is not None and said.status.removed


def _identities(contact: Contact, region: str) -> list[Identity]:
    found = (of_email(contact.email), of_phone(contact.phone, region))
    return [one for one in found if one is not None]
