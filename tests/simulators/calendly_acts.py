"""What changes something at the simulated Calendly: bookings and cancellations through its API."""

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

from tests.simulators import calendly_objects as objects
from tests.simulators.exchange import Asked, Told, told
from tests.simulators.slots import free
from tests.simulators.truth import Account, Calendar, Meeting, Person
from tests.simulators.world import World

LONGEST_WINDOW = timedelta(days=31)


class CalendlyActs:
    """Slots, POST /invitees, POST …/cancellation."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.commit_after: timedelta | None = None
        """POST /invitees: never answer, and book only so much later."""
        self.answers_with_event_uri = False
        """POST /invitees: answer `{"resource": "<event uri>", "invitee": {…}}`, as one library's fixture has it."""
        self.bookings: list[Meeting] = []

    def available_times(self, account: Account, asked: Asked) -> Told:
        calendar = account.calendars.get(asked.query.get("event_type", "").rpartition("/")[2])
        since, until = (datetime.fromisoformat(asked.query[name]) for name in ("start_time", "end_time"))
        if calendar is None:
            return told(404, {"title": "Resource Not Found"})
        if until - since > LONGEST_WINDOW or since < self.world.clock.now():
            return told(400, {"title": "Invalid Argument", "message": "The supplied parameters are invalid."})
        url = "https://calendly.com/host/intro"
        return told(200, {"collection": [
            {"status": "available", "invitees_remaining": left, "start_time": objects.stamp(at), "scheduling_url": url}
            for at, left in free(self.world, account, calendar, since, until).items()
        ]})  # fmt: skip

    def create_invitee(self, account: Account, asked: Asked) -> Told:
        said = asked.object
        calendar = account.calendars.get(said["event_type"].rpartition("/")[2])
        start = datetime.fromisoformat(said["start_time"])
        if calendar is None:
            return told(404, {"title": "Resource Not Found"})

        def book() -> Meeting | None:
            return self._booked(account, calendar, start, asked)

        if self.commit_after is not None:
            return self._late(book, self.commit_after)
        meeting = book()
        if meeting is None:
            return told(
                400, {"title": "Invalid Argument", "message": "The event start time is no longer available"}
            )
        if self.answers_with_event_uri:
            return told(201, {"resource": objects.event_uri(meeting), "invitee": objects.invitee(meeting)})
        return told(201, {"resource": objects.invitee(meeting)})

    def _late(self, book: Callable[[], Meeting | None], after: timedelta) -> Told:
        self.world.clock.at(self.world.clock.now() + after, book)
        return Told(200, hangs=True)

    def _booked(self, account: Account, calendar: Calendar, start: datetime, asked: Asked) -> Meeting | None:
        said = asked.object
        if start not in free(self.world, account, calendar, start, start + timedelta(minutes=1)):
            return None
        known = said["invitee"]
        person = next((one for one in account.people.values() if one.email == known["email"]), None)
        if person is None:
            name = known.get("name") or f"{known.get('first_name', '')} {known.get('last_name', '')}"
            first, _, last = name.strip().partition(" ")
            phone = known.get("text_reminder_number") or ""
            person = Person(self.world.name("Per"), first, last, known["email"], phone, known["timezone"])
            account.people[person.id] = person
        tracking = {name: value for name, value in (said.get("tracking") or {}).items() if value}
        group = next(
            (
                one.group
                for one in self.world.live(account)
                if one.start == start and one.calendar == calendar
            ),
            None,
        )
        meeting = self.world.book(
            account, person, start, calendar=calendar, group=group, method="api", tracking=tracking
        )
        self.bookings.append(meeting)
        return meeting

    def cancel(self, account: Account, asked: Asked, name: str) -> Told:
        invitees = account.groups.get(name, [])
        if not invitees:
            return told(404, {"title": "Resource Not Found"})
        active = [one for one in invitees if one.status == "active"]
        if not active:
            return told(403, {"title": "Permission Denied", "message": "Event is already canceled"})
        if active[0].start < self.world.clock.now():
            return told(403, {"title": "Permission Denied", "message": "Event in the past"})
        reason = asked.object.get("reason")
        for one in active:
            self.world.cancel(account, one, reason)
        return told(201, {"resource": {"canceled_by": "Host", "canceler_type": "host", "reason": reason}})

    def double_bookings(self) -> list[tuple[str, str]]:
        """Pairs of live meetings that one person holds at one time: what auto-booking must never make."""
        live = sorted(
            (one.person.email, one.start, one.id)
            for account in self.world.accounts.values()
            for one in self.world.live(account)
        )
        return [(one[2], two[2]) for one, two in itertools.pairwise(live) if one[:2] == two[:2]]
