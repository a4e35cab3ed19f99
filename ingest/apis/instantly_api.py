"""Instantly's API v2, as a sweep needs it: its own list of the deliveries that it made, or failed to make, to webhooks."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from boot import clock
from db.connections import Connection
from ingest.adapter import Reading
from ingest.apis import errors, shapes
from ingest.apis.api import ApiFailed, Known, Mark, Now, Page, Person, Subscription, Window
from ingest.apis.caller import Caller
from ingest.apis.shapes import Thing
from ingest.providers.instantly import Instantly
from ingest.verdicts import Ignored, Refused
from pipeline.addressing import Contact
from pipeline.message import MessageSaid
from pipeline.observation import AppointmentKey
from pipeline.words import Source

BASE_URL = "https://api.instantly.ai"
EVENTS = "/api/v2/webhook-events"
PAGE = 100
"""The most that a page holds."""
FORGETS_NOTHING = "1"
"""The fingerprint of every delivery, which never changes: raise it to have all read anew."""

_ADAPTER = Instantly()


class InstantlyApi:
    """One workspace. Implements ProviderApi for what was delivered in a window; it has no meetings to show."""

    lists_subscriptions = False

    def __init__(self, connection: Connection, caller: Caller, now: Now = clock.now) -> None:
        """Ask nothing yet."""
        self.now = now
        self.connection = connection
        self.caller = caller

    def pages(self, window: Window, cursor: str | None, known: Known) -> Iterator[Page]:
        """List the deliveries that were made in a window; one that lies ahead of now costs no call.

        A delivery that was repeated, or went to several webhooks, has several entries, which read as one message.
        """
        asked_at = self.now()
        if window.start >= asked_at:
            yield Page((), (), (), None)
            return
        while True:
            params: dict[str, str | int] = {
                "limit": PAGE,
                "from": window.start.date().isoformat(),  # days: what lies outside of the window is left out here
                "to": (min(window.end, asked_at) + timedelta(days=1)).date().isoformat(),
            }
            if cursor:
                params["starting_after"] = cursor
            said = self.caller.get(EVENTS, params)
            listed, unreadable = shapes.things(said, "items")
            cursor = shapes.text(said, "next_starting_after")
            yield self._page(listed, unreadable, window, known, cursor)
            if cursor is None:
                return

    def _page(
        self, listed: Sequence[Thing], unreadable: int, window: Window, known: Known, cursor: str | None
    ) -> Page:
        told = {}
        for one in listed:
            name, at = (
                shapes.last_segment(shapes.text(one, "id")),
                shapes.instant(one.get("timestamp_created")),
            )
            if name is None or at is None:
                unreadable += 1
            elif window.start <= at < window.end:
                told[name] = (Mark(name, FORGETS_NOTHING, None), one, at)
        marks = [mark for mark, _, _ in told.values()]
        held = known(marks) if marks else set()
        readings: list[Reading] = []
        for mark, one, at in told.values():
            if mark.group not in held:
                readings += self._readings(one, at)
        fresh = [mark for mark in marks if mark.group not in held]
        return Page(readings, fresh, [mark for mark in marks if mark.group in held], cursor, unreadable)

    def _readings(self, one: Thing, at: datetime) -> Sequence[Reading]:
        """What was to be delivered, read as if it had been; nothing, where it is of no use to us."""
        try:
            read = _ADAPTER.read(self.connection, _body(one.get("payload")), at)
        except (Ignored, Refused):
            return ()
        for reading in read:
            if isinstance(reading.said, MessageSaid):
                reading.said = reading.said.but(source=Source.RECONCILE_CRON)
        return read

    def appointment(self, key: AppointmentKey, uri: str | None) -> Reading | None:
        """It has no appointments."""
        return None

    def meetings_of(self, person: Person) -> Iterator[Page]:
        """It has no meetings."""
        return iter(())

    def contact(self, contact_id: str) -> Contact | None:
        """It has no contacts that we are told of by an id."""
        return None

    def subscriptions(self) -> Sequence[Subscription]:
        """What was not delivered is in the list of deliveries: its webhooks need no watching."""
        return ()

    def recreate(self, subscription: Subscription) -> Subscription:
        """There is nothing to make anew."""
        raise ApiFailed(errors.NOT_THERE)


def _body(payload: Any) -> bytes:
    """A payload comes as an object, or as its text."""
    if isinstance(payload, str):
        return payload.encode("utf-8", "surrogatepass")
    try:
        return orjson.dumps(payload)
    except orjson.JSONEncodeError:  # a lone surrogate, or a number beyond 64 bits
        return json.dumps(payload).encode()
