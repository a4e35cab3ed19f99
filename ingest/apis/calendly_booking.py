"""Calendly's Scheduling API: free times, POST /invitees, and how to tell whether one took effect."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from ingest.apis import errors, shapes
from ingest.apis.api import ApiFailed
from ingest.apis.booking import NOT_KNOWN, Booked, Guest, Order, SlotTaken, Unknown
from ingest.apis.calendly_api import CalendlyApi
from ingest.apis.http import Answer
from ingest.apis.shapes import Thing
from ingest.providers import calendly
from pipeline.words import Source

LONGEST = timedelta(days=7)
"""Of one question for free times: what every version of the API takes (31 days since July 2026)."""
ALREADY = ("already canceled", "already cancelled")


class CalendlyBooking(CalendlyApi):
    """Implements BookingApi. `calendar` is an event type's URI, `group` a scheduled event's id."""

    def free(self, calendar: str, start: datetime, end: datetime, zone: str) -> Sequence[datetime]:
        """GET /event_type_available_times, a week at a time; it has no pages. Starts that have passed are refused."""
        found: set[datetime] = set()
        since = max(start, self.now() + timedelta(minutes=1))
        while since < end:
            until = min(since + LONGEST, end)
            asked = {
                "event_type": calendar,
                "start_time": shapes.stamp(since),
                "end_time": shapes.stamp(until),
            }
            listed, _odd = shapes.things(self.caller.get("/event_type_available_times", asked), "collection")
            starts = (
                shapes.instant(one.get("start_time")) for one in listed if one.get("status") == "available"
            )
            found |= {one for one in starts if one is not None and start <= one < end}
            since = until
        return sorted(found)

    def ensure_guest(self, guest: Guest) -> str | None:
        """An invitee is made by its booking."""
        return None

    def book(self, order: Order) -> Booked:
        """POST /invitees: the provider sends its own notices, and a webhook with scheduling_method `api`."""
        try:
            answer = self.caller.send("POST", "/invitees", body=_body(order), also=frozenset({400, 409}))
            if answer.status in (400, 409):
                raise _refusal(answer)
            said = errors.decoded(answer.headers, answer.body)
        except ApiFailed as failed:
            if failed.error in NOT_KNOWN:
                raise Unknown(failed.error) from None
            raise
        # A capture answers {"resource": invitee}, a library's fixture {"resource": "<event>", "invitee": …}.
        invitee = next(
            (one for one in (said.get("resource"), said.get("invitee")) if isinstance(one, dict)), None
        )
        if invitee is None:
            raise Unknown(errors.WRAPPED_ANSWER)
        return self._booked(invitee, order)

    def _booked(self, invitee: Thing, order: Order) -> Booked:
        """The answer has neither start nor end; what was ordered is what was booked."""
        uri, event_uri = shapes.text(invitee, "uri"), shapes.text(invitee, "event")
        external_id, group = shapes.last_segment(uri), shapes.last_segment(event_uri)
        if external_id is None or group is None:
            raise Unknown(errors.WRAPPED_ANSWER)
        event: dict[str, Any] = {
            "uri": event_uri, "start_time": shapes.stamp(order.start_at), "event_type": order.calendar,
        }  # fmt: skip
        if order.end_at is not None:
            event["end_time"] = shapes.stamp(order.end_at)
        reading = calendly.read_invitee(self.connection, event, invitee, self.now(), source=Source.AUTO_BOOK)
        return Booked(external_id, group, uri, reading)

    def find(self, order: Order) -> Booked | None:
        """Look among the guest's active events at that start: the one question that has an address in its query.

        An order with a mark is looked for among everybody's too: the lead's address may be another by now.
        """
        found = self._find(order, order.guest.email)
        return found if found is not None or order.mark is None else self._find(order, None)

    def _find(self, order: Order, email: str | None) -> Booked | None:
        asked: dict[str, str | int] = {
            "organization": self.organization(),
            **({"invitee_email": email} if email is not None else {}),
            "status": "active",
            "min_start_time": shapes.stamp(order.start_at),
            "max_start_time": shapes.stamp(order.start_at),
            "count": 100,
        }
        for said, _, _ in self._listed("/scheduled_events", asked, None):
            events, _odd = shapes.things(said, "collection")
            for event in events:
                if event.get("event_type") == order.calendar and (
                    found := self._guest_in(event, order, email)
                ):
                    return found
        return None

    def _guest_in(self, event: Thing, order: Order, email: str | None) -> Booked | None:
        group = shapes.last_segment(shapes.text(event, "uri"))
        if group is None:
            return None
        asked: dict[str, str | int] = {"status": "active", "count": 100}
        if email is not None:
            asked["email"] = email
        for said, _, _ in self._listed(f"/scheduled_events/{group}/invitees", asked, None):
            invitees, _odd = shapes.things(said, "collection")
            for one in invitees:
                if _is_ours(one, order) and one.get("status") == "active":
                    return self._booked(one, order)
        return None

    def cancel(self, booked_group: str) -> None:
        """POST …/cancellation. It would end everybody's meeting: with other guests in it, it raises ApiFailed."""
        asked: dict[str, str | int] = {"status": "active", "count": 100}
        guests = 0
        for said, _, _ in self._listed(
            f"/scheduled_events/{shapes.named(booked_group)}/invitees", asked, None
        ):
            guests += len(shapes.things(said, "collection")[0])
        if guests > 1:
            raise ApiFailed(errors.OTHER_GUESTS)
        path = f"/scheduled_events/{shapes.named(booked_group)}/cancellation"
        answer = self.caller.send("POST", path, body={}, also=frozenset({403, 404}))
        if answer.status == 403 and not _says(answer, ALREADY):
            raise ApiFailed("http_403")


def _is_ours(invitee: Thing, order: Order) -> bool:
    """Whether an invitee is what an order made: by its mark, or by the guest where it has none."""
    if order.mark is None:
        return (shapes.text(invitee, "email") or "").casefold() == order.guest.email.casefold()
    tracking = invitee.get("tracking")
    return isinstance(tracking, dict) and tracking.get("utm_term") == order.mark


def _body(order: Order) -> dict[str, Any]:
    guest = order.guest
    invitee: dict[str, Any] = {"email": guest.email, "timezone": guest.timezone}
    if guest.first_name:
        invitee |= {"first_name": guest.first_name, "last_name": guest.last_name}
    else:
        invitee["name"] = guest.last_name or guest.email
    if guest.phone:
        invitee["text_reminder_number"] = guest.phone
    body: dict[str, Any] = {
        "event_type": order.calendar,
        "start_time": shapes.stamp(order.start_at),
        "invitee": invitee,
    }
    if order.location:
        body["location"] = order.location
    tracking = {"utm_content": order.token, "utm_term": order.mark}
    if order.token or order.mark:
        body["tracking"] = {name: one for name, one in tracking.items() if one}
    return body


def _refusal(answer: Answer) -> Exception:
    taken = answer.status == 409 or _says(answer, ("no longer available", "not available", "already booked"))
    return SlotTaken() if taken else ApiFailed(f"http_{answer.status}")


def _says(answer: Answer, words: tuple[str, ...]) -> bool:
    """Whether an error's message has one of some words; what else it says is not kept."""
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return False
    message = said.get("message") if isinstance(said, dict) else None
    return isinstance(message, str) and any(one in message.casefold() for one in words)
