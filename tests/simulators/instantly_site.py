"""Instantly's API v2, simulated: the list of the deliveries that it made to webhooks, and of those that failed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.simulators.exchange import Asked, Told, told
from tests.simulators.faults import Faults
from tests.simulators.limits import Limits
from tests.simulators.paging import opened, page

MOST = 100


@dataclass
class Event:
    """One delivery: what was sent, when, and whether somebody answered 2xx."""

    id: str
    at: datetime
    payload: Any
    success: bool = True


@dataclass
class InstantlySite:
    """One workspace behind one address."""

    token: str = "instantly-token"
    events: list[Event] = field(default_factory=list)
    limits: Limits = field(default_factory=lambda: Limits((6_000, 60.0)))
    faults: Faults = field(default_factory=Faults)
    base_url: str = "https://api.instantly.ai"
    most: int = MOST
    asked: list[dict[str, str]] = field(default_factory=list)
    """The query of each call that was answered."""

    def sends(self, payload: Any, at: datetime, *, success: bool = True, name: str | None = None) -> Event:
        """Note a delivery, as the provider does whatever becomes of it."""
        event = Event(name or f"event-{len(self.events):04d}", at, payload, success)
        self.events.append(event)
        return event

    def answer(self, asked: Asked) -> Told:
        if asked.bearer != self.token:
            return told(401, {"statusCode": 401, "error": "Unauthorized", "message": "Invalid API key"})
        within, _ = self.limits.arrive(self.token)
        if not within:
            return told(429, {"statusCode": 429, "error": "Too Many Requests"})
        return self.faults.spoiled(asked, lambda: self._listed(asked))

    def _listed(self, asked: Asked) -> Told:
        if (asked.method, asked.path) != ("GET", "/api/v2/webhook-events"):
            return told(404, {"statusCode": 404, "error": "Not Found"})
        self.asked.append(asked.query)
        count = min(int(asked.query.get("limit", 10)), self.most)
        since, until = asked.query.get("from", "0"), asked.query.get("to", "9")
        newest = sorted(self.events, key=_key, reverse=True)
        shown = [one for one in newest if since <= one.at.date().isoformat() <= until]
        if after := asked.query.get("starting_after"):
            shown = [one for one in shown if _key(one) < opened(after)]
        items, following = page(iter(shown), _key, count)
        body: dict[str, Any] = {"items": [_told(one) for one in items]}
        if following:
            body["next_starting_after"] = following
        return told(200, body)


def _key(event: Event) -> tuple[str, ...]:
    return (event.at.isoformat(), event.id)


def _told(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "timestamp_created": event.at.isoformat().replace("+00:00", "Z"),
        "organization_id": "01900000-0000-7000-8000-000000000000",
        "webhook_url": "https://hooks.example/webhooks/instantly/endpoint",
        "success": event.success,
        "status_code": 200 if event.success else 503,
        "will_retry": False,
        "payload": event.payload,
    }
