"""GoHighLevel's bookings: free slots, contacts, appointments written and read back."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from ingest.apis import errors, shapes
from ingest.apis.api import ApiFailed
from ingest.apis.booking import NOT_KNOWN, Booked, Guest, Order, SlotTaken, Unknown
from ingest.apis.budgets import BudgetSpent
from ingest.apis.ghl_api import CALENDARS, CONTACTS, GhlApi, unwrapped
from ingest.apis.shapes import Thing
from ingest.providers import ghl
from pipeline.words import Source, Status, status_from

LONGEST = timedelta(days=31)
TAKEN = ("no longer available", "not available", "slot")
OVER = frozenset({Status.CANCELED, Status.NO_SHOW, Status.INVALID})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class GhlBooking(GhlApi):
    """Implements BookingApi. `calendar` is a calendar's id, `group` an appointment's."""

    def free(self, calendar: str, start: datetime, end: datetime, zone: str) -> Sequence[datetime]:
        """GET free-slots, 31 days at a time; keys that are no dates say nothing."""
        found: set[datetime] = set()
        since = start
        while since < end:
            until = min(since + LONGEST, end)
            asked: dict[str, str | int] = {
                "startDate": shapes.milliseconds(since),
                "endDate": shapes.milliseconds(until),
                "timezone": zone,
            }
            said = self.caller.get(f"/calendars/{shapes.named(calendar)}/free-slots", asked, CALENDARS)
            found |= {one for one in _starts(said) if start <= one < end}
            since = until
        return sorted(found)

    def ensure_guest(self, guest: Guest) -> str | None:
        """The contact comes first: an appointment cannot be without one."""
        return self.upsert_contact(guest)

    def upsert_contact(self, guest: Guest) -> str:
        """POST /contacts/upsert; returns the contact's id. Its tags are not touched: an upsert overwrites all of them."""
        body = {
            "locationId": self.location(),
            "email": guest.email,
            "firstName": guest.first_name,
            "lastName": guest.last_name,
            "phone": guest.phone,
            "timezone": guest.timezone,
        }
        said = self.caller.post(
            "/contacts/upsert", {name: one for name, one in body.items() if one}, CONTACTS
        )
        contact = said.get("contact")
        name = shapes.text(contact, "id") if isinstance(contact, dict) else None
        if name is None or shapes.NAME.fullmatch(name) is None:
            raise ApiFailed(errors.WRAPPED_ANSWER)
        return name

    def book(self, order: Order) -> Booked:
        """POST an appointment and read it back: the answer lacks its dates (issue #246), some fixtures its start."""
        contact = order.contact or self.upsert_contact(order.guest)
        body: dict[str, Any] = {
            "calendarId": order.calendar,
            "locationId": self.location(),
            "contactId": contact,
            # In UTC: it is said that an offset was ignored.
            "startTime": shapes.stamp(order.start_at),
            "appointmentStatus": "confirmed",
        }
        if order.end_at is not None:
            body["endTime"] = shapes.stamp(order.end_at)
        try:
            said = self._created(body)
        except ApiFailed as failed:
            if failed.error in NOT_KNOWN:
                raise Unknown(failed.error) from None
            raise
        name = shapes.text(said, "id")
        if name is None or shapes.NAME.fullmatch(name) is None:
            raise Unknown(errors.WRAPPED_ANSWER)
        return self.read_back(name)

    def _created(self, body: dict[str, Any]) -> Thing:
        path, taken = "/calendars/events/appointments", frozenset({400, 409, 422})
        answer = self.caller.send("POST", path, body=body, headers=CALENDARS, also=taken)
        if answer.status in taken:
            raise SlotTaken if _says_taken(answer.body) else ApiFailed(f"http_{answer.status}")
        return errors.decoded(answer.headers, answer.body)

    def read_back(self, external_id: str) -> Booked:
        """GET an appointment that was just booked. Raises Unknown if there is none, or no answer."""
        observed_at = self.now()
        try:
            said = self.caller.get(f"/calendars/events/appointments/{external_id}", headers=CALENDARS)
            event = unwrapped(said, external_id)
        except ApiFailed as failed:
            raise Unknown(failed.error) from None
        except BudgetSpent as spent:
            raise Unknown(f"budget_{spent.reason}") from None
        return self._booked(event, external_id, observed_at)

    def _booked(self, event: Thing, external_id: str, observed_at: datetime) -> Booked:
        reading = ghl.read_event(self.connection, event, observed_at, Source.AUTO_BOOK)
        return Booked(external_id, external_id, None, reading)

    def find(self, order: Order) -> Booked | None:
        """Look in the calendar, at that start, for a live appointment of the guest's contact."""
        contact = order.contact or self.upsert_contact(order.guest)
        observed_at = self.now()
        events, _odd = self._events(order.calendar, order.start_at, order.start_at + timedelta(minutes=1))
        for event in events:
            name, status = shapes.text(event, "id"), shapes.text(event, "appointmentStatus") or ""
            same = (
                shapes.instant(event.get("startTime")) == order.start_at and event.get("contactId") == contact
            )
            if (
                name is not None
                and same
                and status_from(status) not in OVER
                and event.get("deleted") is not True
            ):
                return self._booked(event, name, observed_at)
        return None

    def cancel(self, booked_group: str) -> None:
        """DELETE the event."""
        self.caller.delete(f"/calendars/events/{shapes.named(booked_group)}", CALENDARS)


def _starts(said: Thing) -> set[datetime]:
    days = [one for day, one in said.items() if _DAY.fullmatch(day) and isinstance(one, dict)]
    listed = [slot for day in days if isinstance(day.get("slots"), list) for slot in day["slots"]]
    return {start.astimezone(UTC) for slot in listed if (start := shapes.instant(slot)) is not None}


def _says_taken(body: bytes) -> bool:
    """Whether an error speaks of the slot; messages come as a text or as a list of texts."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    message = said.get("message") if isinstance(said, dict) else None
    texts = message if isinstance(message, list) else [message]
    return any(word in text.casefold() for text in texts if isinstance(text, str) for word in TAKEN)
