"""Stories: what happens to meetings, as the bodies that Calendly sends of it."""

from dataclasses import dataclass
from typing import Any

from tests.statements import at

API = "https://api.calendly.com"


def text_of(hour: float) -> str:
    return at(hour).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def uri_of(name: str) -> str:
    return f"{API}/scheduled_events/EV{name}/invitees/{name}"


@dataclass(frozen=True)
class Meeting:
    """One invitee, booked at an hour after noon. `token` is the lead id that our link carried."""

    name: str
    email: str
    booked: float
    replaces: str | None = None
    token: str | None = None

    def created(self) -> dict[str, Any]:
        return self._body("invitee.created", self.booked)

    def canceled(self, hour: float, replaced_by: str | None = None) -> dict[str, Any]:
        return self._body(
            "invitee.canceled",
            hour,
            status="canceled",
            updated_at=text_of(hour),
            rescheduled=replaced_by is not None,
            new_invitee=replaced_by and uri_of(replaced_by),
            cancellation={"canceled_by": "A Person", "reason": None, "canceler_type": "invitee", "created_at": text_of(hour)},
        )  # fmt: skip

    def missed(self, hour: float) -> dict[str, Any]:
        no_show = {"uri": f"{API}/invitee_no_shows/{self.name}", "created_at": text_of(hour)}
        return self._body("invitee_no_show.created", hour, no_show=no_show)

    def not_missed(self, hour: float) -> dict[str, Any]:
        return self._body("invitee_no_show.deleted", hour)

    def _body(self, event: str, hour: float, **more: Any) -> dict[str, Any]:
        name = f"{API}/scheduled_events/EV{self.name}"
        payload = {
            "uri": uri_of(self.name),
            "email": self.email,
            "name": "A Person",
            "status": "active",
            "timezone": "Europe/Berlin",
            "event": name,
            "created_at": text_of(self.booked),
            "updated_at": text_of(self.booked),
            "rescheduled": False,
            "old_invitee": self.replaces and uri_of(self.replaces),
            "new_invitee": None,
            "questions_and_answers": [],
            "tracking": {"utm_content": self.token and f"lead:{self.token}"},
            "scheduled_event": {
                "uri": name,
                "status": "active",
                "start_time": text_of(self.booked + 20),
                "end_time": text_of(self.booked + 20.5),
                "event_type": f"{API}/event_types/ET",
                "location": None,
            },
            **more,
        }
        return {
            "event": event,
            "created_at": text_of(hour),
            "created_by": f"{API}/users/U",
            "payload": payload,
        }
