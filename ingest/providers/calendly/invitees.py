"""Invitees: webhooks' and the API's, one reader for both, so that both say the same."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from db.connections import Connection
from db.inbox import Parked
from ingest.adapter import Reading
from ingest.payload import clean_uri, read_value
from ingest.providers.calendly.contacts import contact_of, identities_of, phone_of
from ingest.providers.calendly.shapes import (
    CANCELED,
    NO_SHOW,
    NO_SHOW_UNDONE,
    Cancellation,
    Envelope,
    Event,
    Invitee,
)
from ingest.reasons import kept_reason
from ingest.tokens import token_in
from ingest.verdicts import Ignored
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

NORMALIZER = 1

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_WALL = re.compile(r"[\d:.+ /TZ-]{1,40}(?:[AaPp][Mm])?", re.ASCII)

_NO_EVENT = Event()
_NO_CANCELLATION = Cancellation()
_API_READ = Envelope()


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
    said = read_value(Invitee, {**invitee, "scheduled_event": {**event}})
    if said.uri is None:
        raise Ignored("no_invitee")
    return Delivery(connection, _API_READ, said, said.uri, observed_at, source).reading()


class Delivery:
    """One envelope and its invitee, read for one connection."""

    def __init__(
        self,
        connection: Connection,
        envelope: Envelope,
        invitee: Invitee,
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
        self.phone = phone_of(invitee, connection.region)

    def reading(self) -> Reading:
        links = self._links()
        return Reading(
            key=self.key,
            said=self._said(links),
            links=linked(Provider.CALENDLY, links) if links else (),
            token=self._token(),
            identities=tuple(identities_of(self.invitee, self.phone)),
            contact=contact_of(self.invitee, self.phone, self.zone),
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

    def _placed(self, links: Links | None, event: Event) -> Observation | Parked:
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

    def _schedule(self, event: Event) -> Schedule | None:
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
