"""What changes something at the simulated GHL: appointments and contacts written through its API."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.simulators import ghl_objects as objects
from tests.simulators.exchange import Asked, Told, told
from tests.simulators.slots import free
from tests.simulators.truth import Account, Meeting, Person
from tests.simulators.world import World

LONGEST_WINDOW = timedelta(days=31)
# issue #246: the answer to a booking has neither of these; a fixture lacks the others too.
ALWAYS_LEFT_OUT = ("dateAdded", "dateUpdated")
BARE_LEFT_OUT = ("startTime", "endTime", "locationId", "appointmentStatus")


class GhlActs:
    """Appointments written, slots, contacts upserted."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.commit_after: timedelta | None = None
        """POST of an appointment: never answer, and book only so much later."""
        self.bare_answers = False
        """POST of an appointment: answer with hardly more than the id, and with `appoinmentStatus`."""
        self.bookings: list[Meeting] = []

    def free_slots(self, account: Account, asked: Asked, name: str) -> Told:
        calendar = account.calendars.get(name)
        since, until = (
            datetime.fromtimestamp(int(asked.query[one]) / 1000, UTC) for one in ("startDate", "endDate")
        )
        if calendar is None:
            return _refused(404, "Calendar not found")
        if until - since > LONGEST_WINDOW:
            return _refused(400, "Date range cannot be more than 31 days")
        zone = asked.query.get("timezone") or account.zone
        days: dict[str, Any] = {}
        for start in free(self.world, account, calendar, since, until):
            day = start.astimezone(ZoneInfo(zone)).date().isoformat()
            days.setdefault(day, {"slots": []})["slots"].append(objects.local(start, zone))
        return told(200, {**days, "traceId": "trace"})

    def create_appointment(self, account: Account, asked: Asked) -> Told:
        said = asked.object
        calendar, person = (
            account.calendars.get(said.get("calendarId", "")),
            account.people.get(said.get("contactId", "")),
        )
        if calendar is None or person is None or said.get("locationId") != account.id:
            return _refused(422, ["calendarId, contactId and locationId must be known"])
        start = datetime.fromisoformat(said["startTime"]).astimezone(UTC)
        end = (
            datetime.fromisoformat(said["endTime"]) if said.get("endTime") else start + timedelta(minutes=30)
        )

        def book() -> Meeting | None:
            if start not in free(self.world, account, calendar, start, start + timedelta(minutes=1)):
                return None
            minutes = int((end - start).total_seconds() // 60)
            status = said.get("appointmentStatus")
            meeting = self.world.book(
                account,
                person,
                start,
                calendar=calendar,
                minutes=minutes,
                status=status,
                method="third_party",
            )
            self.bookings.append(meeting)
            return meeting

        if self.commit_after is not None:
            self.world.clock.at(self.world.clock.now() + self.commit_after, book)
            return Told(200, hangs=True)
        meeting = book()
        if meeting is None:
            return _refused(400, "The slot you have selected is no longer available.")
        return told(201, self._answer(account, meeting))

    def _answer(self, account: Account, meeting: Meeting) -> dict[str, Any]:
        shown = {
            name: value
            for name, value in objects.event(account, meeting).items()
            if name not in ALWAYS_LEFT_OUT
        }
        if self.bare_answers:
            shown = {name: value for name, value in shown.items() if name not in BARE_LEFT_OUT}
            shown |= {"appoinmentStatus": meeting.status, "traceId": "trace"}
        return shown

    def update_appointment(self, account: Account, asked: Asked, name: str) -> Told:
        meeting, said = account.meetings.get(name), asked.object
        if meeting is None or meeting.removed:
            return _refused(404, "Appointment not found")
        if "startTime" in said:
            self.world.move(account, meeting, datetime.fromisoformat(said["startTime"]).astimezone(UTC))
        if "appointmentStatus" in said:
            self.world.set_status(account, meeting, said["appointmentStatus"])
        return told(200, self._answer(account, meeting))

    def delete_event(self, account: Account, _asked: Asked, name: str) -> Told:
        meeting = account.meetings.get(name)
        if meeting is None or meeting.removed:
            return _refused(404, "Event not found")
        self.world.remove(account, meeting)
        return told(201, {"succeeded": True})

    def upsert_contact(self, account: Account, asked: Asked) -> Told:
        said = asked.object
        if said.get("locationId") != account.id or not (said.get("email") or said.get("phone")):
            return _refused(422, ["locationId and one of email, phone are required"])
        person = next(
            (
                one
                for one in account.people.values()
                if (said.get("email") and one.email == said["email"])
                or (said.get("phone") and one.phone == said["phone"])
            ),
            None,
        )
        new = person is None
        if person is None:
            texts = (said.get(name) or "" for name in ("firstName", "lastName", "email", "phone"))
            person = Person(self.world.name("Per"), *texts)
            account.people[person.id] = person
        return told(
            201 if new else 200, {"new": new, "contact": objects.contact(account, person), "traceId": "trace"}
        )


def _refused(status: int, message: Any) -> Told:
    return told(status, {"statusCode": status, "message": message})
