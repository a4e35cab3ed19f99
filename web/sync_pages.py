"""The page of sync health: a tile for each connection, in words, with what mends it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from db.engine import reading
from db.reads import lead_list, sync_health
from pipeline.words import Provider
from web import page_acts, present
from web.auth import Looker, engine_of
from web.coverage_view import Strip, strip
from web.present import Pill
from web.sweep_acts import can_be_swept
from web.sync_health import Connected, told_all
from web.templating import page

router = APIRouter(include_in_schema=False)

HEALTH: dict[str, Pill] = {
    "healthy": Pill("Healthy", "check", "green"),
    "degraded": Pill("Degraded", "warning", "amber"),
    "unhealthy": Pill("Unhealthy", "alarm", "red"),
    "circuit_broken": Pill("Circuit broken", "broken", "red"),
}
VERIFIED: dict[str, str] = {
    "signed": "Signed: every delivery proves where it is from",
    "header_secret": "By a secret in a header",
    "unsigned": "Unsigned: anybody who knows the address could send",
    "refuses_all": "Refuses every delivery until it has a signing key",
}
SILENCE: dict[str, str] = {
    "silent": "Silent: by its habit it should have spoken",
    "ok": "As often as usual",
    "unknown": "Too few deliveries yet to know its habit",
}
BREAKER: dict[str, str] = {
    "closed": "Closed: calls go through",
    "open": "Open: no calls",
    "half_open": "Half open: one call tries",
}
WITHIN: dict[int, str] = {10: "in 10 s", 60: "this minute", 86_400: "in 24 h"}
QUESTIONS: dict[str, str] = {
    "contradiction": "Two facts contradict each other",
    "no_start": "Its time is not known",
    "absent": "It was missing from a sweep",
    "returned": "It came back after it was gone",
    "stub": "Whom it is with is not known",
    "discarded": "A dead letter that spoke of it was discarded",
    "checked": "Its lead was checked, and the provider did not list it",
    "asked": "Somebody wants to know how it stands",
}

NOTICES: dict[str, str] = {
    "asked": "The sweep is asked for. The clock begins within seconds.",
    "already": "A sweep of that kind is under way already.",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """One connection, and what one may type to look after it."""

    told: Connected
    title: str
    client: str
    pill: Pill
    why: str | None
    verified: str
    silence: str
    breaker: str
    budget: str
    coverage: Strip | None
    may_be_swept: bool
    holds_up: str | None
    commands: list[tuple[str, str]]

    @property
    def is_moving(self) -> bool:
        """Whether a sweep is asked for or under way."""
        return any(run.state == "running" for run in self.told.sweeps)


@router.get("/sync")
def sync_page(
    request: Request,
    caller: Looker,
    said: Annotated[str, Query(max_length=20)] = "",
    of: Annotated[str, Query(max_length=36)] = "",
) -> Response:
    """How each connection within reach does; it changes nothing."""
    with reading(engine_of(request)) as snapshot:
        found = sync_health.connections_of(snapshot, request.app.state.keyring, caller.scope)
        clients = lead_list.clients_within(snapshot, caller.scope)
        urgent = page_acts.urgent(snapshot, caller)
        now = snapshot.now
    tiles = [
        _tile(told, clients[one.connection.client_id].name, can_be_swept(one.connection), now)
        for one, told in zip(found, told_all(request, found), strict=True)
    ]
    tiles.sort(key=lambda tile: -list(HEALTH.values()).index(tile.pill))
    return page(
        "sync.html",
        now=now,
        caller=caller,
        here="sync",
        urgent=urgent,
        tiles=tiles,
        questions=QUESTIONS,
        may_act=caller.may("operate"),
        notice=NOTICES.get(said),
        of=of,
    )


def _tile(one: Connected, client: str, may_be_swept: bool, now: datetime) -> Tile:
    return Tile(
        told=one,
        title=present.PROVIDER_TEXT.get(one.provider, one.provider.capitalize()),
        client=client,
        pill=HEALTH[one.health],
        why=one.why and one.why.replace("_", " ").capitalize(),
        verified=VERIFIED.get(one.verified, one.verified),
        silence=SILENCE.get(one.silence, one.silence.replace("_", " ").capitalize()),
        breaker=BREAKER.get(one.breaker.state, one.breaker.state),
        budget=_budget(one),
        coverage=strip(one.watermarks, now) if one.api else None,
        may_be_swept=may_be_swept,
        holds_up=_holds_up(one),
        commands=_commands(one),
    )


def _budget(one: Connected) -> str:
    """What is left, window by window."""
    if not one.api:
        return "No API token: nothing is called"
    if one.budget is None:
        return "Not known: Redis does not answer, so nothing is called"
    return "; ".join(
        f"{window.left:,} of {window.calls:,} calls left {WITHIN.get(window.seconds, f'in {window.seconds} s')}"
        f" ({window.for_sweeps:,} for sweeps)"
        for window in one.budget
    )


def _holds_up(one: Connected) -> str | None:
    """Why a sweep that is asked for does not begin now."""
    if one.breaker.state != "closed":
        return "It begins when the circuit breaker lets a call through."
    return "It begins when the pause is over." if one.paused else None


def _commands(one: Connected) -> list[tuple[str, str]]:
    """Command lines by what they do; ids only, so they may be copied anywhere."""
    sweep = f"apptrail sweep --client {one.client_id} --provider {one.provider}"
    lines = []
    if one.api:
        lines += [("See what a sweep would post", f"{sweep} --dry-run"), ("Sweep now", sweep)]
    if one.api and one.provider is Provider.CALENDLY:
        again = f"apptrail connection resubscribe {one.id}"
        lines += [
            ("See what resubscribing would do", f"{again} --dry-run"),
            ("Make the subscription anew", again),
        ]
    return lines
