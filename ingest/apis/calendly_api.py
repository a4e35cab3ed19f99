"""Calendly's REST v2, as a sweep needs it: scheduled events by start time, and the invitees of those that changed."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from boot import clock
from db.connections import Connection
from ingest.adapter import Reading
from ingest.apis import errors, shapes
from ingest.apis.api import ApiFailed, Known, Mark, Now, Page, Person, Subscription, Window
from ingest.apis.calendly_hooks import CalendlyHooks
from ingest.apis.caller import Caller, Params
from ingest.apis.shapes import Thing
from ingest.providers import calendly
from ingest.verdicts import Ignored, Refused
from pipeline.addressing import Contact
from pipeline.observation import AppointmentKey

BASE_URL = "https://api.calendly.com"
PAGE_SIZE = 100
MOST_PAGES = 1000
"""Of one listing; more is a loop."""

FORGETS_NOTHING = 1
"""Part of every fingerprint: raise it to have all objects read anew."""

# Marking a no-show moves neither the event's nor the invitee's updated_at (a capture shows it), so an event
# that has started counts as changed whenever it gets into the next of these ages: every six hours for two days,
# then daily for two weeks, then at a month and for the last time at 90 days. Ages count from each event's own
# start, so they do not all fall due at once.
AGES = (
    *(timedelta(hours=6 * n) for n in range(8)),
    *(timedelta(days=n) for n in range(2, 15)),
    timedelta(days=30),
    timedelta(days=90),
)

_INVITEE = re.compile(r"/scheduled_events/([A-Za-z0-9_-]{1,128})/invitees/([A-Za-z0-9_-]{1,128})/?", re.ASCII)


class CalendlyApi(CalendlyHooks):
    """One organization. Implements ProviderApi; `key.external_id` is an invitee's id."""

    def __init__(self, connection: Connection, caller: Caller, now: Now = clock.now) -> None:
        """`connection.settings["organization"]`, a URI, saves asking whose token it is."""
        super().__init__(connection, caller)
        self.now = now

    def pages(self, window: Window, cursor: str | None, known: Known) -> Iterator[Page]:
        """List events by start; the cursor is Calendly's page token."""
        asked: Params = {
            "organization": self.organization(),
            "min_start_time": shapes.stamp(window.start),
            "max_start_time": shapes.stamp(window.end - timedelta(microseconds=1)),
            "count": PAGE_SIZE,
            "sort": "start_time:asc",
        }
        for said, observed_at, following in self._listed("/scheduled_events", asked, cursor):
            yield self._page(said, observed_at, following, known)

    def _page(self, said: Thing, observed_at: datetime, following: str | None, known: Known) -> Page:
        events, unreadable = shapes.things(said, "collection")
        marked = [(event, mark) for event in events if (mark := mark_of(event, observed_at)) is not None]
        unreadable += len(events) - len(marked)
        if unreadable and not marked:
            raise ApiFailed(errors.UNREADABLE_OBJECTS)
        held = known([mark for _, mark in marked]) if marked else set()
        readings: list[Reading] = []
        for event, mark in marked:
            if mark.group not in held:
                read, passed_over = self._readings(event, mark.group)
                readings += read
                unreadable += passed_over
        return Page(
            readings=readings,
            marks=[mark for _, mark in marked if mark.group not in held],
            unchanged=[mark for _, mark in marked if mark.group in held],
            cursor=following,
            unreadable=unreadable,
        )

    def _readings(self, event: Thing, group: str) -> tuple[list[Reading], int]:
        """The invitees of an event. One that was deleted for compliance meanwhile leaves none."""
        readings, unreadable = [], 0
        path = f"/scheduled_events/{group}/invitees"
        asked: Params = {"count": PAGE_SIZE, "sort": "created_at:asc"}
        for said, observed_at, _ in self._listed(path, asked, None):
            invitees, odd = shapes.things(said, "collection")
            unreadable += odd
            for invitee in invitees:
                try:
                    readings.append(calendly.read_invitee(self.connection, event, invitee, observed_at))
                except (Ignored, Refused):
                    unreadable += 1
        if unreadable and not readings:
            raise ApiFailed(errors.UNREADABLE_OBJECTS)
        return readings, unreadable

    def _listed(
        self, path: str, asked: Params, cursor: str | None
    ) -> Iterator[tuple[Thing, datetime, str | None]]:
        """The pages of a listing, each with the instant before it was asked for and the next one's token."""
        seen = {cursor}
        for _ in range(MOST_PAGES):
            observed_at = self.now()
            said = self.caller.get(path, {**asked, "page_token": cursor} if cursor else asked)
            cursor = self.caller.next_token(said.get("pagination"))
            yield said, observed_at, cursor
            if cursor is None:
                return
            if cursor in seen:
                break
            seen.add(cursor)
        raise ApiFailed(errors.PAGING_LOOP)

    def appointment(self, key: AppointmentKey, uri: str | None) -> Reading | None:
        """GET an invitee and its event. Calendly finds an invitee by its whole URI only."""
        found = _INVITEE.search(uri or "")
        if found is None or found[2] != key.external_id:
            raise ApiFailed(errors.UNUSABLE_NAME)
        observed_at = self.now()
        invitee = self._resource(found[0].rstrip("/"))
        if invitee is None:
            return None
        event = self._resource(f"/scheduled_events/{found[1]}")
        return calendly.read_invitee(self.connection, event or {}, invitee, observed_at)

    def meetings_of(self, person: Person) -> Iterator[Page]:
        """List the events that an address is invited to, and all their invitees: whoever sits there, too.

        One of the two questions that have an address in the query; the invitees are told apart by the inbox.
        """
        asked: Params = {
            "organization": self.organization(),
            "invitee_email": person.email or "",
            "count": PAGE_SIZE,
            "sort": "start_time:desc",
        }
        for said, _, following in self._listed("/scheduled_events", asked, None):
            events, unreadable = shapes.things(said, "collection")
            readings: list[Reading] = []
            for event in events:
                group = shapes.last_segment(shapes.text(event, "uri"))
                if group is None:
                    unreadable += 1
                    continue
                read, passed_over = self._readings(event, group)
                readings += read
                unreadable += passed_over
            yield Page(readings, (), (), following, unreadable)

    def _resource(self, path: str) -> Thing | None:
        try:
            return shapes.resource(self.caller.get(path))
        except ApiFailed as failed:
            if failed.error != errors.NOT_THERE:
                raise
            return None

    def contact(self, contact_id: str) -> Contact | None:
        """Calendly's invitees carry their own names; there is nobody else to ask for."""
        return None

    def subscriptions(self) -> Sequence[Subscription]:
        """Our endpoint's subscriptions, of the organization and of the token's user."""
        scopes = ("organization", "user")
        return [one for scope in scopes for one in self.hooks(scope) if self.is_ours(one)]


def mark_of(event: Thing, now: datetime) -> Mark | None:
    """Mark a listed event; None if it has no name."""
    group = shapes.last_segment(shapes.text(event, "uri"))
    if group is None:
        return None
    start_at = shapes.instant(event.get("start_time"))
    canceled = event.get("status") == "canceled"
    said = [
        event.get(name)
        for name in ("updated_at", "status", "start_time", "end_time", "event_type", "invitees_counter")
    ]
    age = _age(start_at, now) if start_at is not None and not canceled else 0
    return Mark(group, shapes.fingerprint(FORGETS_NOTHING, age, said), start_at)


def _age(start_at: datetime, now: datetime) -> int:
    """How many of AGES an event has reached; 0 before its start."""
    return sum(1 for age in AGES if now - start_at >= age)
