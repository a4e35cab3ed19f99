"""GoHighLevel's API v2, simulated."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pipeline.words import Provider
from tests.simulators import ghl_objects as objects
from tests.simulators.exchange import Asked, Told, told
from tests.simulators.faults import Faults
from tests.simulators.ghl_acts import GhlActs
from tests.simulators.ghl_oauth import OAuth
from tests.simulators.limits import Limits, Window
from tests.simulators.truth import Account
from tests.simulators.world import World

BURST, DAILY = (100, 10.0), (200_000, 86_400.0)
CALENDARS, CONTACTS = "2021-04-15", "2021-07-28"


def refused(status: int, message: Any, error: str | None = None) -> Told:
    return told(status, {"statusCode": status, "message": message, **({"error": error} if error else {})})


class GhlSite(GhlActs):
    """All locations of a world, behind one address."""

    def __init__(self, world: World, *, limits: Limits | None = None, faults: Faults | None = None) -> None:
        super().__init__(world)
        self.limits = limits or Limits(BURST, DAILY)
        self.faults = faults or Faults()
        self.oauth = OAuth(world)
        self.base_url = "https://services.leadconnectorhq.com"
        self.wrapper: str | None = "event"
        """What GET of one appointment wraps it in: event, appointment, or nothing."""
        self.shows_everywhere = False
        """Whether every listing shows the events of all calendars."""
        self.contact_events = "events"
        """What the listing of a contact's appointments is called: events, or appointments."""
        self._routes: list[tuple[str, re.Pattern[str], str, Callable[..., Told]]] = [
            (method, re.compile(path.replace("{}", "([^/]+)") + "/?"), version, act)
            for method, path, version, act in (
                ("GET", "/calendars", CALENDARS, self._calendars),
                ("GET", "/calendars/events", CALENDARS, self._events),
                ("GET", "/calendars/events/appointments/{}", CALENDARS, self._appointment),
                ("POST", "/calendars/events/appointments", CALENDARS, self.create_appointment),
                ("PUT", "/calendars/events/appointments/{}", CALENDARS, self.update_appointment),
                ("DELETE", "/calendars/events/{}", CALENDARS, self.delete_event),
                ("GET", "/calendars/{}/free-slots", CALENDARS, self.free_slots),
                ("POST", "/contacts/upsert", CONTACTS, self.upsert_contact),
                ("GET", "/contacts/{}", CONTACTS, self._contact),
                ("GET", "/contacts/{}/appointments", CONTACTS, self._contact_appointments),
            )
        ]

    def answer(self, asked: Asked) -> Told:
        """Answer as HighLevel would: tokens, limits, whatever goes wrong, then the call."""
        if asked.path == "/oauth/token":
            return self.faults.spoiled(asked, lambda: self.oauth.exchange(asked))
        account = self._account(asked.bearer)
        if account is None:
            return refused(401, "Invalid token: access token is invalid", "Unauthorized")
        within, windows = self.limits.arrive(account.id)
        headers = _limit_headers(*windows)
        if not within:
            return told(429, {}, **headers)
        answer = self.faults.spoiled(asked, lambda: self._routed(account, asked))
        return Told(answer.status, answer.body, {**headers, **answer.headers}, answer.hangs, answer.cuts)

    def _account(self, bearer: str) -> Account | None:
        own = [one for one in self.world.accounts.values() if one.provider is Provider.GHL]
        return next((one for one in own if one.token == bearer), None) or self.oauth.holder(bearer)

    def _routed(self, account: Account, asked: Asked) -> Told:
        for method, path, version, act in self._routes:
            if method == asked.method and (found := path.fullmatch(asked.path)):
                if asked.headers.get("version") != version:
                    return refused(401, "version header was not found.", "Unauthorized")
                with self.world.lock:
                    return act(account, asked, *found.groups())
        return refused(404, "Not Found")

    def _calendars(self, account: Account, asked: Asked) -> Told:
        if asked.query.get("locationId") != account.id:
            return refused(403, "The token does not have access to this location.")
        listed = [
            {"id": one.id, "locationId": account.id, "name": one.title} for one in account.calendars.values()
        ]
        return told(200, {"calendars": listed, "traceId": "trace"})

    def _events(self, account: Account, asked: Asked) -> Told:
        query = asked.query
        if query.get("locationId") != account.id:
            return refused(403, "The token does not have access to this location.")
        if not {"calendarId", "userId", "groupId"} & query.keys():
            return refused(422, ["one of userId, groupId or calendarId is required"], "Unprocessable Entity")
        since, until = (
            datetime.fromtimestamp(int(query[name]) / 1000, UTC) for name in ("startTime", "endTime")
        )
        listed = [
            objects.event(account, one)
            for (one,) in account.starting(since, until)
            if self.shows_everywhere or one.calendar.id == query.get("calendarId")
        ]
        return told(200, {"events": listed, "traceId": "trace"})

    def _appointment(self, account: Account, _asked: Asked, name: str) -> Told:
        meeting = account.meetings.get(name)
        if meeting is None or meeting.removed:
            return refused(404, "Appointment not found")
        shown = objects.event(account, meeting)
        return told(200, {self.wrapper: shown, "traceId": "trace"} if self.wrapper else shown)

    def _contact(self, account: Account, _asked: Asked, name: str) -> Told:
        person = account.people.get(name)
        if person is None:
            return refused(404, "Contact not found")
        return told(200, {"contact": objects.contact(account, person), "traceId": "trace"})

    def _contact_appointments(self, account: Account, _asked: Asked, name: str) -> Told:
        if name not in account.people:
            return refused(404, "Contact not found")
        listed = [
            objects.contact_event(account, one)
            for one in account.meetings.values()
            if one.person.id == name and not one.removed
        ]
        return told(200, {self.contact_events: listed, "traceId": "trace"})


def _limit_headers(burst: Window, day: Window) -> dict[str, str]:
    return {
        "x-ratelimit-limit-daily": str(day.most),
        "x-ratelimit-daily-remaining": str(day.left()),
        "x-ratelimit-interval-milliseconds": str(int(burst.seconds * 1000)),
        "x-ratelimit-max": str(burst.most),
        "x-ratelimit-remaining": str(burst.left()),
    }
