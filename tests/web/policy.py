"""The policy: every route of the web app, what it needs, and which things it names. Statuses follow from it."""

from dataclasses import dataclass
from typing import Any

from tests.web.story import NOW

ROLES = ("read", "operate", "admin")


@dataclass(frozen=True)
class Route:
    """One route. `{…}` in the address or in what is sent names a thing of a client.

    `needs`: the least role, None for everybody. `own`: the status for whoever may. `elsewhere`: the status for whoever
    asks with another client's things; a list, which tells of its caller's own things only, answers as always.
    """

    method: str
    address: str
    needs: str | None
    own: int
    elsewhere: int
    json: dict[str, Any] | None = None
    form: dict[str, str] | None = None

    @property
    def path(self) -> str:
        return self.address.partition("?")[0]

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/v1")

    @property
    def acts(self) -> bool:
        return self.method != "GET"


@dataclass(frozen=True)
class Caller:
    """Somebody who asks: by `token`, by `session`, or nobody. `of`: own, elsewhere, or every client."""

    by: str
    role: str = ""
    of: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.by, self.role, self.of) if part)

    def reaches(self, role: str) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)


CALLERS = [
    Caller("nobody"),
    *(Caller("token", role, of) for of in ("own", "elsewhere") for role in ROLES),
    *(Caller("session", role, of) for of in ("own", "every", "elsewhere") for role in ROLES),
]


def is_known(route: Route, caller: Caller) -> bool:
    """Whether a caller's credentials count. A cookie may read the API, and never post there: browsers send cookies
    along with other sites' requests."""
    return caller.by == "token" or (caller.by == "session" and not (route.is_api and route.acts))


def is_let_in(route: Route, caller: Caller) -> bool:
    """Whether a caller may do that with these things."""
    if route.needs is None:
        return True
    return is_known(route, caller) and caller.reaches(route.needs) and caller.of != "elsewhere"


def expected(route: Route, caller: Caller) -> int:
    """What a caller is answered."""
    if is_let_in(route, caller):
        return route.own
    if not is_known(route, caller):
        return 401 if route.is_api or route.path.endswith("/timeline") else 303
    return route.elsewhere if caller.reaches(route.needs or "read") else 403


def _api(method: str, address: str, needs: str, own: int = 200, elsewhere: int = 404, **sent: Any) -> Route:
    return Route(method, f"/api/v1{address}", needs, own, elsewhere, json=sent.get("json"))


def _list(address: str, needs: str = "read") -> Route:
    return Route("GET", address, needs, 200, 200)


def _page(address: str, needs: str = "read") -> Route:
    return Route("GET", address, needs, 200, 404)


def _form(address: str, needs: str, own: int = 303, elsewhere: int = 404, **form: str) -> Route:
    return Route("POST", address, needs, own, elsewhere, form=form)


def _open(method: str, address: str, own: int, **form: str) -> Route:
    return Route(method, address, None, own, own, form=form or None)


LATER = (NOW.replace(hour=12)).isoformat()
LEAD, APPOINTMENT = "/leads/{lead_id}", "/leads/{lead_id}/appointments/{appointment_id}"
BOOKING, FOLLOW_UP = "/leads/{lead_id}/bookings/{booking_id}", "/follow-ups/{follow_up_id}"

ROUTES = [
    _api("GET", f"{LEAD}/appointments", "read"),
    _api("GET", f"{LEAD}/booking-status", "read"),
    _list("/api/v1/leads"),
    _api("POST", "/leads/search", "read", elsewhere=200, json={"email": "{email}"}),
    _api("POST", f"{APPOINTMENT}/outcome", "operate", json={"outcome": "showed"}),
    _api("POST", f"{APPOINTMENT}/unlink", "operate"),
    _api("GET", f"{LEAD}/conversation", "read"),
    _api("POST", f"{LEAD}/suppression/lift", "operate", own=409),
    _form(f"{LEAD}/suppression/lift", "operate", own=409),
    _list("/api/v1/follow-ups?lead_id={lead_id}"),
    _api("POST", f"{FOLLOW_UP}/complete", "operate"),
    _api("POST", f"{FOLLOW_UP}/snooze", "operate", json={"until": LATER}),
    _api("POST", f"{FOLLOW_UP}/assign", "operate", json={"assignee": "{operator_id}"}),
    _api("POST", f"{FOLLOW_UP}/undo", "operate"),
    _api("POST", f"{FOLLOW_UP}/reopen", "operate"),
    _api("GET", f"{LEAD}/slots", "operate"),
    _api("POST", f"{LEAD}/bookings", "operate", own=201, json={"slot": LATER, "connection_id": "{connection_id}"}),
    _api("GET", f"{LEAD}/bookings", "read"),
    _api("GET", BOOKING, "read"),
    _api("DELETE", BOOKING, "operate"),
    _api("POST", f"{BOOKING}/cancel", "operate"),
    _list("/api/v1/sync-health"),
    _api("POST", "/connections/{connection_id}/sweeps", "operate", own=202, json={"tier": "near"}),
    _list("/api/v1/dead-letters?lead_id={lead_id}"),
    _api("GET", "/dead-letters/{letter_id}", "read"),
    # An operation over what a filter finds: of another client's letters it finds none.
    _api("POST", "/dead-letters/replay", "operate", own=202, elsewhere=202,
         json={"filter": {"letter_id": "{letter_id}"}, "reason": "a test"}),
    _api("POST", "/dead-letters/{letter_id}/discard", "operate", json={"reason": "a test"}),
    _api("POST", "/dead-letters/{letter_id}/note", "operate", own=201, json={"text": "a test"}),
    _api("GET", "/replays/{replay_id}", "read"),
    _api("POST", "/replays/{replay_id}/{act}", "operate"),
    _list("/leads?client={client_id}"),
    _list("/leads/count?client={client_id}"),
    _form("/leads/search", "read", elsewhere=200, who="{email}"),
    _page("/leads/{lead_id}?at={appointment_id}"),
    _page("/leads/{lead_id}/timeline"),
    _form(f"{APPOINTMENT}/outcome", "operate", outcome="no_show"),
    _form(f"{APPOINTMENT}/unlink", "operate"),
    _form(f"{APPOINTMENT}/check", "operate"),
    _list("/follow-ups"),
    _form("/follow-ups/{act}", "operate", id="{follow_up_id}"),
    _list("/sync?said=asked&of={connection_id}"),
    _form("/sync/{connection_id}/sweeps", "operate", what="near"),
    _list("/dead-letters?lead={lead_id}"),
    _list("/dead-letters/list?lead={lead_id}&after={letter_id}"),
    _list("/dead-letters/replay?letter={letter_id}", "operate"),
    _form("/dead-letters/replay", "operate", elsewhere=303, letter="{letter_id}", why="a test"),
    _page("/dead-letters/{letter_id}"),
    _form("/dead-letters/{letter_id}/note", "operate", text="a test"),
    _form("/dead-letters/{letter_id}/discard", "operate", reason="a test"),
    _page("/replays/{replay_id}"),
    _form("/replays/{replay_id}/{act}", "operate"),
    _list("/tokens", "admin"),
    # 422 as for any client that is not there.
    _form("/tokens", "admin", own=200, elsewhere=422, client="{client_id}", role="read"),
    _form("/tokens/{token_id}/revoke", "admin"),
    _open("GET", "/", 303),
    _open("GET", "/api/docs", 200),
    _open("GET", "/sign-in", 200),
    _open("POST", "/sign-in", 401, name="nobody", password="a password that nobody has"),
    _open("GET", "/sign-in/{link}", 200),
    _open("POST", "/sign-in/{link}", 410),
    _open("POST", "/sign-out", 303),
    _open("GET", "/healthz", 200),
    _open("GET", "/readyz", 200),
    _open("GET", "/metrics", 200),
]  # fmt: skip
