"""GoHighLevel's API v2, as a sweep needs it: the events of each calendar by start time; one event; one contact."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from boot import clock
from db.connections import Connection
from ingest.adapter import Reading
from ingest.apis import errors, shapes
from ingest.apis.api import ApiFailed, Known, Mark, Now, Page, Person, Subscription, Window
from ingest.apis.caller import Caller
from ingest.apis.shapes import Thing
from ingest.providers import ghl
from ingest.verdicts import Ignored, Refused
from pipeline.addressing import Contact
from pipeline.observation import AppointmentKey
from pipeline.words import Provider

BASE_URL = "https://services.leadconnectorhq.com"
CALENDARS = {"version": "2021-04-15"}
CONTACTS = {"version": "2021-07-28"}

SLICE = timedelta(days=31)
"""Listings have no pages, so a window is asked for in slices of so many days at most."""
FORGETS_NOTHING = 1
"""Part of every fingerprint: raise it to have all objects read anew."""

CONTENT = "appointmentStatus appoinmentStatus status startTime endTime calendarId contactId deleted dateUpdated".split()


class GhlApi:
    """One location. Implements ProviderApi; `key.external_id` is an appointment's id."""

    def __init__(self, connection: Connection, caller: Caller, now: Now = clock.now) -> None:
        """Ask nothing yet."""
        self.now = now
        self.connection = connection
        self.caller = caller

    def pages(self, window: Window, cursor: str | None, known: Known) -> Iterator[Page]:
        """List calendar by calendar, each in slices; an object that two listings show is told once.

        The cursor names the calendar and the start of the slice that were done last, so that calendars may come
        and go between two parts of one sweep.
        """
        steps = [step for step in self._steps(window) if cursor is None or _name(step) > cursor]
        seen: set[str] = set()
        if not steps:
            yield Page((), (), (), None)
        for step in steps:
            yield self._page(step, seen, known, None if step == steps[-1] else _name(step))

    def _steps(self, window: Window) -> list[tuple[str, datetime, datetime]]:
        slices, start = [], window.start
        while start < window.end:
            slices.append((start, min(start + SLICE, window.end)))
            start += SLICE
        return [(calendar, since, until) for calendar in self.calendars() for since, until in slices]

    def calendars(self) -> list[str]:
        """The ids of the location's calendars, sorted."""
        said = self.caller.get("/calendars/", {"locationId": self.location()}, CALENDARS)
        listed, odd = shapes.things(said, "calendars")
        names = {name for one in listed if (name := shapes.text(one, "id")) and shapes.NAME.fullmatch(name)}
        if (listed or odd) and not names:
            raise ApiFailed(errors.UNREADABLE_OBJECTS)
        return sorted(names)

    def location(self) -> str:
        """The location that is swept."""
        if self.connection.location_id is None:
            raise ApiFailed(errors.UNUSABLE_NAME)
        return self.connection.location_id

    def _page(
        self, step: tuple[str, datetime, datetime], seen: set[str], known: Known, following: str | None
    ) -> Page:
        observed_at = self.now()
        events, unreadable = self._events(*step)
        found = {
            mark.group: (event, mark)
            for event in events
            if (mark := mark_of(event)) and mark.group not in seen
        }
        unreadable += sum(1 for event in events if mark_of(event) is None)
        if unreadable and unreadable >= len(events) and not found:
            raise ApiFailed(errors.UNREADABLE_OBJECTS)
        seen.update(found)
        held = known([mark for _, mark in found.values()]) if found else set()
        readings = []
        for event, mark in found.values():
            if mark.group in held:
                continue
            try:
                readings.append(ghl.read_event(self.connection, event, observed_at))
            except (Ignored, Refused):
                unreadable += 1
        fresh = [mark for _, mark in found.values() if mark.group not in held]
        if fresh and not readings and len(fresh) > 1:
            raise ApiFailed(errors.UNREADABLE_OBJECTS)
        unchanged = [mark for _, mark in found.values() if mark.group in held]
        return Page(readings, fresh, unchanged, following, unreadable)

    def _events(self, calendar: str, since: datetime, until: datetime) -> tuple[list[Thing], int]:
        asked: dict[str, str | int] = {
            "locationId": self.location(),
            "calendarId": calendar,
            "startTime": shapes.milliseconds(since),
            "endTime": shapes.milliseconds(until) - 1,
        }
        try:
            return shapes.things(self.caller.get("/calendars/events", asked, CALENDARS), "events")
        except ApiFailed as failed:
            if failed.error != errors.NOT_THERE:
                raise
            return [], 0  # the calendar was deleted since it was listed

    def appointment(self, key: AppointmentKey, uri: str | None) -> Reading | None:
        """GET one appointment, wrapped as `event`, as `appointment`, or not at all."""
        observed_at = self.now()
        path = f"/calendars/events/appointments/{shapes.named(key.external_id)}"
        try:
            said = self.caller.get(path, headers=CALENDARS)
        except ApiFailed as failed:
            if failed.error != errors.NOT_THERE:
                raise
            return None
        return ghl.read_event(self.connection, unwrapped(said, key.external_id), observed_at)

    def meetings_of(self, person: Person) -> Iterator[Page]:
        """List a contact's appointments, then GET each: the listing tells times without their zone.

        Seen as `events` and as `appointments`. A contact that is not there has none.
        """
        path = f"/contacts/{shapes.named(person.contact_id or '')}/appointments"
        try:
            said = self.caller.get(path, headers=CONTACTS)
        except ApiFailed as failed:
            if failed.error != errors.NOT_THERE:
                raise
            said = {"events": []}
        listed, unreadable = shapes.things(said, "events" if "events" in said else "appointments")
        names = [name for one in listed if (name := shapes.text(one, "id")) and shapes.NAME.fullmatch(name)]
        if (listed or unreadable) and not names:
            raise ApiFailed(errors.UNREADABLE_OBJECTS)
        for name in dict.fromkeys(names):
            try:
                reading = self.appointment(AppointmentKey(Provider.GHL, name), None)
            except (Ignored, Refused):
                yield Page((), (), (), None, 1)
            else:
                yield Page([reading] if reading else (), (), (), None)

    def contact(self, contact_id: str) -> Contact | None:
        """GET a contact."""
        try:
            said = self.caller.get(f"/contacts/{shapes.named(contact_id)}", headers=CONTACTS)
        except ApiFailed as failed:
            if failed.error != errors.NOT_THERE:
                raise
            return None
        contact = said.get("contact", said)
        if not isinstance(contact, dict) or contact.get("id") != contact_id:
            raise ApiFailed(errors.WRAPPED_ANSWER)
        return ghl.read_contact(contact)

    def subscriptions(self) -> Sequence[Subscription]:
        """A Marketplace app's webhook is set in its console: there is nothing to list."""
        return ()

    def recreate(self, subscription: Subscription) -> Subscription:
        """Nothing to make anew."""
        return subscription


def unwrapped(said: Thing, external_id: str) -> Thing:
    """The appointment in an answer to a GET. Raises ApiFailed for any other object."""
    for one in (said.get("event"), said.get("appointment"), said):
        if isinstance(one, dict) and one.get("id") == external_id:
            return one
    raise ApiFailed(errors.WRAPPED_ANSWER)


def mark_of(event: Thing) -> Mark | None:
    """Mark a listed event; None if it has no name."""
    group = shapes.text(event, "id")
    if group is None or shapes.NAME.fullmatch(group) is None:
        return None
    said = [event.get(name) for name in CONTENT]
    return Mark(group, shapes.fingerprint(FORGETS_NOTHING, said), shapes.instant(event.get("startTime")))


def _name(step: tuple[str, datetime, datetime]) -> str:
    """Sorts as steps are walked: by calendar, then by time."""
    calendar, since, _ = step
    return f"{calendar}|{shapes.stamp(since)}"
