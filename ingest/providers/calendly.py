"""Calendly: webhooks v2 as Observations. What is known of them stands at the line that it explains."""

import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from db.connections import Connection
from db.identities import of_email, of_phone
from db.inbox import Parked
from ingest.adapter import Adapter, Headers, Reading
from ingest.header_secrets import check_secret
from ingest.payload import Payload, clean_name, clean_uri, read_model, read_value
from ingest.reasons import kept_reason
from ingest.tokens import token_in
from ingest.verdicts import Ignored, NotAuthentic
from pipeline.addressing import Contact, Identity
from pipeline.instants import NoZone, TimeOutOfRange, UnreadableTime, read_instant, zone_named
from pipeline.observation import (
    AppointmentKey,
    Description,
    Links,
    Observation,
    Outcome,
    Schedule,
    StatusWord,
    linked,
)
from pipeline.unzoned import Unzoned
from pipeline.words import Provider, Source, Status, status_from

# The envelope's `event`, and what its body is about.
CREATED = "invitee.created"
CANCELED = "invitee.canceled"
NO_SHOW = "invitee_no_show.created"
NO_SHOW_UNDONE = "invitee_no_show.deleted"
READ = frozenset({CREATED, CANCELED, NO_SHOW, NO_SHOW_UNDONE})

NORMALIZER = 1
SIGNATURE_HEADER = b"calendly-webhook-signature"
LONGEST_SIGNATURE = 1024
# Retries go on for 24 hours, and whether they are signed anew is not known: idempotence absorbs them.
OLDEST_SIGNATURE = timedelta(hours=26)
NEWEST_SIGNATURE = timedelta(minutes=5)

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_WALL = re.compile(r"[\d:.+ /TZ-]{1,40}(?:[AaPp][Mm])?", re.ASCII)
_ASKS_FOR_PHONE = re.compile(r"phone|mobile|cell|whatsapp|\btel\b|telefon", re.IGNORECASE)


class _Event(Payload):
    uri: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    event_type: str | None = None
    location: "_Location | None" = None


class _Location(Payload):
    type: str | None = None
    location: str | None = None


class _Cancellation(Payload):
    reason: str | None = None
    created_at: str | None = None  # absent before about 2023


class _NoShow(Payload):
    created_at: str | None = None


class _Tracking(Payload):
    utm_content: str | None = None
    salesforce_uuid: str | None = None


class _Answer(Payload):
    question: str | None = None
    answer: str | None = None


class _Invitee(Payload):
    uri: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    status: str | None = None
    canceled: bool | None = None  # only in the examples of 2022
    timezone: str | None = None
    event: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    tracking: _Tracking | None = None
    text_reminder_number: str | None = None
    questions_and_answers: list[_Answer] | None = None
    rescheduled: bool | None = None  # true on the old invitee only
    old_invitee: str | None = None
    new_invitee: str | None = None
    cancellation: _Cancellation | None = None
    no_show: _NoShow | None = None
    scheduled_event: _Event | None = None  # absent before 2023


class _Envelope(Payload):
    event: str | None = None  # relays drop it
    created_at: str | None = None  # of the message, up to 15 days after the booking
    payload: _Invitee | None = None


_NO_EVENT = _Event()
_NO_CANCELLATION = _Cancellation()
_API_READ = _Envelope()


class Calendly(Adapter):
    """The adapter: the invitee is the appointment (RULES 11)."""

    provider = Provider.CALENDLY
    size_limit = 256_000
    retry_status = 503

    def verify(self, connection: Connection, headers: Headers, body: bytes, now: datetime) -> None:
        """Check `t=<seconds>,v1=<hex>`: HMAC-SHA256 of "t.body" under one of the connection's keys.

        Calendly signs only where a key was given to it: a connection without one relies on a header secret,
        or on its endpoint alone if it was added `--unsigned`.
        """
        keys = [key.encode() for key in connection.secrets.get("signing_keys", ()) if key]
        if not keys and (connection.unsigned or connection.secrets.get("header_secrets")):
            check_secret(connection, headers)
            return
        stamp, signatures = _signature_parts(headers.get(SIGNATURE_HEADER, b""))
        if not keys or stamp is None or not signatures:
            raise NotAuthentic("no_signature")
        expected = [hmac.digest(key, stamp + b"." + body, "sha256") for key in keys]
        matches = [hmac.compare_digest(one, given) for one in expected for given in signatures]
        if not any(matches):
            raise NotAuthentic("bad_signature")
        signed_at = datetime.fromtimestamp(int(stamp), UTC)
        if not now - OLDEST_SIGNATURE <= signed_at <= now + NEWEST_SIGNATURE:
            raise NotAuthentic("stale_signature")

    def read(self, connection: Connection, body: bytes, observed_at: datetime) -> Sequence[Reading]:
        """Read one webhook: one invitee."""
        envelope = read_model(_Envelope, body)
        invitee = envelope.payload
        if envelope.event is not None and envelope.event not in READ:
            raise Ignored("other_event")
        if invitee is None:
            raise Ignored("no_payload")
        if invitee.uri is None:  # also the v1 shape of GET /sample_webhook_data
            raise Ignored("no_invitee")
        return [_Delivery(connection, envelope, invitee, invitee.uri, observed_at).reading()]


def read_invitee(
    connection: Connection,
    event: Mapping[str, Any],
    invitee: Mapping[str, Any],
    observed_at: datetime,
    source: Source = Source.RECONCILE_CRON,
) -> Reading:
    """Read an invitee of the API and the event that it belongs to; `observed_at`: before the request.

    It says what a webhook of the same version says, and besides that there is no no-show where none is
    named (RULES 11). Raises Ignored for an object without a usable URI.
    """
    said = read_value(_Invitee, {**invitee, "scheduled_event": {**event}})
    if said.uri is None:
        raise Ignored("no_invitee")
    return _Delivery(connection, _API_READ, said, said.uri, observed_at, source).reading()


def _signature_parts(header: bytes) -> tuple[bytes | None, list[bytes]]:
    """Split the header without trusting it; several v1 are allowed."""
    stamp, signatures = None, []
    for part in header[:LONGEST_SIGNATURE].split(b","):
        name, _, value = part.strip().partition(b"=")
        if name == b"t" and value.isdigit() and len(value) <= 11:
            stamp = value
        elif name == b"v1" and (signature := _from_hex(value)):
            signatures.append(signature)
    return stamp, signatures


def _from_hex(value: bytes) -> bytes | None:
    try:
        return bytes.fromhex(value.decode("ascii"))
    except ValueError:
        return None


class _Delivery:
    """One envelope and its invitee, read for one connection."""

    def __init__(
        self,
        connection: Connection,
        envelope: _Envelope,
        invitee: _Invitee,
        uri: str,
        observed_at: datetime,
        source: Source = Source.WEBHOOK,
    ) -> None:
        self.connection = connection
        self.envelope = envelope
        self.invitee = invitee
        self.uri = uri
        self.observed_at = observed_at
        self.source = source
        self.key = _key_from(uri)
        self.zone = invitee.timezone if zone_named(invitee.timezone) else None
        self.phone = self._phone()

    def reading(self) -> Reading:
        links = self._links()
        return Reading(
            key=self.key,
            said=self._said(links),
            links=linked(Provider.CALENDLY, links) if links else (),
            token=self._token(),
            identities=tuple(self._identities()),
            contact=self._contact(),
        )

    def _token(self) -> UUID | None:
        tracking = self.invitee.tracking
        return token_in(tracking.utm_content, tracking.salesforce_uuid) if tracking else None

    def _said(self, links: Links | None) -> Observation | Parked:
        event = self.invitee.scheduled_event or _NO_EVENT
        try:
            return self._placed(links, event)
        except TimeOutOfRange:
            raise Ignored("time_out_of_range") from None

    def _placed(self, links: Links | None, event: _Event) -> Observation | Parked:
        try:
            schedule = self._schedule(event)
        except (NoZone, UnreadableTime) as unread:
            wall = _as_typed({"start_time": event.start_time, "end_time": event.end_time})
            reason = "no_zone" if isinstance(unread, NoZone) else "unreadable_time"
            unzoned = None
            if reason == "no_zone" and not self.invitee.timezone and (start := wall["start_time"]):
                unzoned = Unzoned(rest=self._observation(links, None), start=start, end=wall["end_time"])
            said = {**wall, "external_id": self.key.external_id}
            return Parked(reason, Provider.CALENDLY, said, unzoned, self.connection.id)
        return self._observation(links, schedule)

    def _observation(self, links: Links | None, schedule: Schedule | None) -> Observation:
        invitee, canceled = self.invitee, self._is_canceled()
        cancellation = invitee.cancellation or _NO_CANCELLATION
        canceled_at = self._instant(cancellation.created_at) if canceled else None
        return Observation(
            provider=Provider.CALENDLY,
            external_id=self.key.external_id,
            source=self.source,
            observed_at=self.observed_at,
            # A cancellation without updated_at still has a time of the provider's own.
            version_at=self._instant(invitee.updated_at) or canceled_at,
            normalizer=NORMALIZER,
            schedule=schedule,
            status=StatusWord(
                word=Status.CANCELED if canceled else status_from(invitee.status or "active"),
                canceled_at=canceled_at,
                cancel_reason=kept_reason(cancellation.reason, self.connection) if canceled else None,
            ),
            outcome=self._outcome(),
            no_outcome_at=self._no_outcome_at(),
            links=links,
            description=self._description(),
            booked_at=self._instant(invitee.created_at),
        )

    def _is_canceled(self) -> bool:
        """The invitee decides, never scheduled_event.status: a group event goes on when one leaves."""
        said = status_from(self.invitee.status) if self.invitee.status else None
        return said is Status.CANCELED or self.envelope.event == CANCELED or self.invitee.canceled is True

    def _outcome(self) -> Outcome | None:
        """A no-show counts from its own time: marking one does not move updated_at.

        That there is none counts only where Calendly says so: on `deleted`, which has no time but the
        envelope's.
        """
        undone, no_show = self.envelope.event == NO_SHOW_UNDONE, self.invitee.no_show
        if no_show is None and not undone and self.envelope.event != NO_SHOW:
            return None  # nearly always
        said_at = self._instant(self.envelope.created_at) or self.observed_at
        if undone:
            return Outcome(word=None, at=said_at)
        marked_at = self._instant(no_show.created_at) if no_show else None
        return Outcome(word=Status.NO_SHOW, at=marked_at or said_at)

    def _no_outcome_at(self) -> datetime | None:
        return self.observed_at if self.envelope is _API_READ and self.invitee.no_show is None else None

    def _links(self) -> Links | None:
        """Its neighbours in a chain; None if it names none and did not move."""
        before, after = _id_from(self.invitee.old_invitee), _id_from(self.invitee.new_invitee)
        moved = self.invitee.rescheduled is True
        return Links(replaces=before, replaced_by=after, moved=moved) if before or after or moved else None

    def _schedule(self, event: _Event) -> Schedule | None:
        if event.start_time is None:
            return Schedule(timezone=self.zone) if self.zone else None
        return Schedule(
            start_at=self._wall_time(event.start_time),
            end_at=self._wall_time(event.end_time) if event.end_time else None,
            timezone=self.zone,
        )

    def _description(self) -> Description:
        event = self.invitee.scheduled_event or _NO_EVENT
        return Description(
            calendly_invitee_uri=clean_uri(self.uri),
            # In official examples `event` is another one; captures agree. The embedded one is richer.
            calendly_scheduled_event_uri=clean_uri(event.uri or self.invitee.event),
            calendly_event_type_uri=clean_uri(event.event_type),
        )

    def _wall_time(self, text: str) -> datetime:
        return read_instant(text, self.invitee.timezone, self.connection.timezone)

    def _instant(self, text: str | None) -> datetime | None:
        """A time of Calendly's own; one that cannot be read states nothing."""
        try:
            return self._wall_time(text) if text else None
        except (UnreadableTime, NoZone):
            return None

    def _identities(self) -> Iterator[Identity]:
        if email := of_email(self.invitee.email):
            yield email
        if self.phone:
            yield self.phone[1]

    def _phone(self) -> tuple[str, Identity] | None:
        """The first text that is a phone number, and the identity that it is."""
        for text in self._phones():
            if phone := of_phone(text, self.connection.region):
                return text or "", phone
        return None

    def _phones(self) -> Iterator[str | None]:
        yield self.invitee.text_reminder_number
        event = self.invitee.scheduled_event
        if event and event.location and event.location.type == "outbound_call":
            yield event.location.location
        for one in self.invitee.questions_and_answers or ():
            if one.question and _ASKS_FOR_PHONE.search(one.question):
                yield one.answer

    def _contact(self) -> Contact:
        return Contact(
            email=clean_name(self.invitee.email),
            phone=clean_name(self.phone[0]) if self.phone else None,
            first_name=clean_name(self.invitee.first_name),
            last_name=clean_name(self.invitee.last_name),
            full_name=clean_name(self.invitee.name),
            timezone=self.zone,
        )


def _key_from(uri: str) -> AppointmentKey:
    """The last path segment, case kept; hosts differ and say nothing."""
    external_id = _id_from(uri)
    if external_id is None:
        raise Ignored("unusable_uri")
    return AppointmentKey(Provider.CALENDLY, external_id)


def _id_from(uri: str | None) -> str | None:
    last = uri.rstrip("/").rpartition("/")[2] if uri else ""
    return last if _ID.fullmatch(last) else None


def _as_typed(wall: dict[str, str | None]) -> dict[str, str | None]:
    """Keep a wall time for the dead letters only if it is one: digits and marks, no words of people's."""
    return {name: text if text and _WALL.fullmatch(text) else None for name, text in wall.items()}
