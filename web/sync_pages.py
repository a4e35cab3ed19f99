"""The page of sync health: a tile for each connection, in words, with the commands that mend it."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from db.engine import reading
from db.reads import lead_list, sync_health
from pipeline.words import Provider
from web import page_acts, present
from web.auth import Looker, engine_of
from web.present import Pill
from web.sync_health import Connected, told
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
QUESTIONS: dict[str, str] = {
    "contradiction": "Two facts contradict each other",
    "no_start": "Its time is not known",
    "absent": "It was missing from a sweep",
    "returned": "It came back after it was gone",
    "stub": "Whom it is with is not known",
    "discarded": "A dead letter about it was discarded",
    "asked": "Somebody wants to know how it stands",
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
    commands: list[tuple[str, str]]


@router.get("/sync")
def sync_page(request: Request, caller: Looker) -> Response:
    """How each connection within reach does; it changes nothing."""
    with reading(engine_of(request)) as snapshot:
        found = sync_health.connections_of(snapshot, request.app.state.keyring, caller.scope)
        clients = lead_list.clients_within(snapshot, caller.scope)
        urgent = page_acts.urgent(snapshot, caller)
        now = snapshot.now
    tiles = [_tile(told(one), clients[one.connection.client_id].name) for one in found]
    tiles.sort(key=lambda tile: -list(HEALTH.values()).index(tile.pill))
    return page(
        "sync.html", now=now, caller=caller, here="sync", urgent=urgent, tiles=tiles, questions=QUESTIONS
    )


def _tile(one: Connected, client: str) -> Tile:
    return Tile(
        told=one,
        title=present.PROVIDER_TEXT.get(one.provider, one.provider.capitalize()),
        client=client,
        pill=HEALTH[one.health],
        why=one.why and one.why.replace("_", " ").capitalize(),
        verified=VERIFIED.get(one.verified, one.verified),
        silence=SILENCE.get(one.silence, one.silence.replace("_", " ").capitalize()),
        breaker=BREAKER.get(one.breaker.state, one.breaker.state),
        commands=_commands(one),
    )


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
