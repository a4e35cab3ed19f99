"""Appointments: native webhooks' and the API's objects, one reader for both, so that both say the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.connections import Connection
from db.identities import of_ghl_contact
from db.inbox import Parked
from ingest.adapter import Reading
from ingest.counters import UNKNOWN_WORDS
from ingest.providers.ghl.shapes import Shape, is_unrendered, plain_id, text
from ingest.verdicts import Ignored
from pipeline.addressing import Contact
from pipeline.instants import NoZone, TimeOutOfRange, UnreadableTime, read_instant, zone_named
from pipeline.observation import AppointmentKey, Description, Observation, Schedule, StatusWord
from pipeline.unzoned import Unzoned
from pipeline.words import Provider, Source, Status, is_known, is_removal, status_from

NORMALIZER = 1
# Where the status may stand, the most telling first; `status` is often a stale "booked".
STATUS_FIELDS = ("appointmentStatus", "appoinmentStatus", "status")
BOOKED = "booked"


@dataclass(frozen=True)
class Stated:
    """What one GHL object states of an appointment, its texts still as they came."""

    key: AppointmentKey
    start: str | None
    end: str | None
    zone: str | None
    status: str | None
    calendar_id: str | None
    version: str | None
    booked: str | None
    removed: bool
    hearsay: bool = False


def read_event(
    connection: Connection,
    event: Mapping[str, Any],
    observed_at: datetime,
    source: Source = Source.RECONCILE_CRON,
    *,
    removed: bool = False,
    contact_id: str | None = None,
) -> Reading:
    """Read an appointment object: a native webhook's, a CalendarEventDTO, a contact's appointment.

    Naive times are read in the connection's zone. Raises Ignored for an object without a usable id.
    """
    contact = plain_id(text(event, "contactId")) or contact_id
    external_id = text(event, "id", "appointmentId", "eventId")
    if is_unrendered(external_id, text(event, "startTime")):
        raise Ignored("misconfigured")
    status = telling_status(event)
    stated = Stated(
        key=key_from(external_id),
        start=text(event, "startTime"),
        end=text(event, "endTime"),
        zone=text(event, "selectedTimezone", "timezone"),
        status=status,
        calendar_id=plain_id(text(event, "calendarId")),
        version=text(event, "dateUpdated"),
        booked=text(event, "dateAdded"),
        removed=removed or event.get("deleted") is True or bool(status and is_removal(status)),
    )
    return Reading(
        key=stated.key,
        said=observation_from(connection, stated, observed_at, source),
        identities=of_ghl_contact(contact, connection.location_id),
        contact=Contact(ghl_contact_id=contact),
    )


def key_from(external_id: str | None) -> AppointmentKey:
    """The appointment's own id; a recurring instance's is `<id>_<ms>_<seconds>` and a row of its own."""
    plain = plain_id(external_id)
    if plain is None:
        raise Ignored("no_appointment_id" if external_id is None else "unusable_id")
    return AppointmentKey(Provider.GHL, plain)


def telling_status(said: Shape, *fields: str) -> str | None:
    """The status word: the first field's, but "booked" only where nothing else is said."""
    words = [
        word for field in fields or STATUS_FIELDS if (word := text(said, field)) and not is_unrendered(word)
    ]
    return next((word for word in words if word.casefold() != BOOKED), words[0] if words else None)


def observation_from(
    connection: Connection, stated: Stated, observed_at: datetime, source: Source
) -> Observation | Parked:
    """Make the observation; a start whose zone nobody names is parked as it was typed."""
    try:
        schedule = _schedule(connection, stated)
    except TimeOutOfRange:
        raise Ignored("time_out_of_range") from None
    except (NoZone, UnreadableTime) as unread:
        reason = "no_zone" if isinstance(unread, NoZone) else "unreadable_time"
        wall = {"start_time": as_typed(stated.start), "end_time": as_typed(stated.end)}
        rest = _observation(connection, stated, observed_at, source, None)
        return Parked(
            reason,
            Provider.GHL,
            {**wall, "external_id": stated.key.external_id},
            _unzoned(stated, rest) if reason == "no_zone" else None,
            connection.id,
        )
    return _observation(connection, stated, observed_at, source, schedule)


def _observation(
    connection: Connection, stated: Stated, observed_at: datetime, source: Source, schedule: Schedule | None
) -> Observation:
    return Observation(
        provider=Provider.GHL,
        external_id=stated.key.external_id,
        source=source,
        observed_at=observed_at,
        version_at=_version(connection, stated.version, observed_at),
        normalizer=NORMALIZER,
        schedule=schedule,
        status=_status(stated),
        description=Description(ghl_calendar_id=stated.calendar_id) if stated.calendar_id else None,
        booked_at=_instant(stated.booked, connection.timezone),
    )


def _unzoned(stated: Stated, rest: Observation) -> Unzoned | None:
    """What waits for the connection's zone; a zone that the payload names, and nobody knows, is not replaced by it."""
    if stated.zone or not stated.start:
        return None
    return Unzoned(
        rest=rest, start=_as_iso(stated.start), end=_as_iso(stated.end) if as_typed(stated.end) else None
    )


def _as_iso(typed: str | None) -> str:
    """A wall time, or one with its offset, in digits."""
    try:
        return datetime.fromisoformat(typed or "").isoformat()
    except ValueError:
        return _from_sentence(typed or "")


def _status(stated: Stated) -> StatusWord | None:
    if stated.removed:
        return StatusWord(word=Status.CANCELED, removed=True, hearsay=True if stated.hearsay else None)
    if stated.status is None:
        return None
    if not is_known(stated.status):
        UNKNOWN_WORDS.labels(Provider.GHL).inc()
    return StatusWord(word=status_from(stated.status))


def _version(connection: Connection, typed: str | None, observed_at: datetime) -> datetime | None:
    """The provider's version. A naive one is the location's; if it is still to come, it was another zone's."""
    version = _instant(typed, connection.timezone)
    misread = version is not None and version > observed_at and _instant(typed, None) is None
    return None if misread else version


def _schedule(connection: Connection, stated: Stated) -> Schedule | None:
    zone = stated.zone if zone_named(stated.zone) else None
    if stated.start is None:
        return Schedule(timezone=zone) if zone else None
    return Schedule(
        start_at=wall_time(stated.start, stated.zone, connection.timezone),
        end_at=wall_time(stated.end, stated.zone, connection.timezone) if stated.end else None,
        timezone=zone,
    )


def wall_time(typed: str, *zones: str | None) -> datetime:
    """Read a time: ISO 8601, or as people type it in a merge field ("Thursday, March 6, 2026 1:00 PM")."""
    try:
        return read_instant(typed, *zones)
    except UnreadableTime:
        return read_instant(_from_sentence(typed), *zones)


# Day and month are told apart by name only: "03/06/2026" is March in one country and June in another.
SENTENCES = ("%A, %B %d, %Y %I:%M %p", "%a, %b %d, %Y %I:%M %p", "%B %d, %Y %I:%M %p", "%b %d, %Y %I:%M %p")


def _from_sentence(typed: str) -> str:
    for form in SENTENCES:
        try:
            return datetime.strptime(typed, form).isoformat()  # noqa: DTZ007  its zone is found by who asked
        except ValueError:
            continue
    raise UnreadableTime


def as_typed(typed: str | None) -> str | None:
    """A wall time kept for the dead letters, if it is one and no words of people's."""
    try:
        wall_time(typed or "", "UTC")
    except ValueError:
        return None
    return typed


def _instant(typed: str | None, zone: str | None) -> datetime | None:
    """A time of GHL's own; one that cannot be read states nothing."""
    try:
        return read_instant(typed, zone) if typed else None
    except ValueError:
        return None
