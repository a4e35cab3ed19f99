"""The pages of dead letters: four numbers, groups by what they died of, lists, and one letter."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from db import dead_letters, foresight, pauses, replays
from db.dead_letter_filters import STATES, Filter
from db.dead_letters import NotOpen, UnknownLetter
from db.engine import Reading, reading, writing
from db.reads import audit_trail, dead_letter_counts, lead_list
from db.reads.callers import Caller
from web import acts, page_acts, present, problems
from web.asked import id_in, named_in
from web.auth import Looker, engine_of
from web.forms import Form, text_in
from web.letters_asked import Wanted
from web.page_acts import FROM_HERE, Actor
from web.present import Pill
from web.problems import Problem
from web.templating import page

PER_PAGE = 50
LONGEST_TEXT = 2000

router = APIRouter(include_in_schema=False)

STATE_PILLS: dict[str, Pill] = {
    "open": Pill("Open", "alarm", "red"),
    "replaying": Pill("Replaying", "moved", "blue"),
    "replayed": Pill("Replayed", "check", "green"),
    "discarded": Pill("Discarded", "erased", "grey"),
}


@router.get("/dead-letters")
def groups_page(request: Request, caller: Looker, wanted: Wanted) -> Response:
    """What died, grouped by what it died of, and the latest replays."""
    chosen = wanted.filter(caller.scope)
    with reading(engine_of(request)) as snapshot:
        database = snapshot.database
        everything = Filter(client_id=caller.scope.client_id, state=None)
        return _page(
            "dead_letters.html", snapshot, caller,
            numbers=dead_letter_counts.standing(database, Filter(client_id=caller.scope.client_id)),
            ever=dead_letter_counts.standing(database, everything),
            groups=dead_letters.groups(database, chosen),
            hours=dead_letter_counts.by_hour(database, chosen),
            paused=_paused(snapshot, caller),
            operations=replays.listed(database, caller.scope.client_id, 5),
            wanted=wanted,
        )  # fmt: skip


@router.get("/dead-letters/list")
def list_page(
    request: Request, caller: Looker, wanted: Wanted, after: Annotated[str, Query(max_length=36)] = ""
) -> Response:
    """Letters one by one, by filters that are in the URL."""
    chosen = wanted.filter(caller.scope)
    with reading(engine_of(request)) as snapshot:
        found = dead_letters.letters(snapshot.database, chosen, PER_PAGE + 1, id_in(after))
        return _page(
            "letters.html", snapshot, caller,
            letters=found[:PER_PAGE],
            total=dead_letter_counts.standing(snapshot.database, chosen).letters,
            next_link=wanted.link("/dead-letters/list", after=str(found[PER_PAGE - 1]["id"]))
            if len(found) > PER_PAGE else None,
            wanted=wanted, states=STATES, clients=_clients(snapshot, caller),
        )  # fmt: skip


@router.get("/dead-letters/{letter_id}")
def letter_page(request: Request, caller: Looker, letter_id: str, said: str = "") -> Response:
    """One letter: where it failed, what was noted, and what a replay would do."""
    asked = named_in(letter_id, "dead letter")
    with reading(engine_of(request)) as snapshot:
        try:
            found = dead_letters.letter(snapshot.database, asked, caller.scope.client_id)
        except UnknownLetter:
            raise problems.no_such("dead letter") from None
        client_id = caller.scope.client_id
        would = foresight.foresee(snapshot.database, Filter(client_id=client_id, letter_id=asked))
        verdicts = [name for one in would for name in foresight.VERDICTS if one[name]]
        return _page(
            "letter.html", snapshot, caller,
            letter=found, verdict=verdicts[0] if verdicts else None, said=said,
            acts=audit_trail.of_subject(snapshot.database, found["client_id"], asked),
            status_text=present.STATUS_TEXT,
        )  # fmt: skip


@router.post("/dead-letters/{letter_id}/note", dependencies=FROM_HERE)
def note_page(request: Request, caller: Actor, letter_id: str, form: Form) -> Response:
    """Keep a note on a letter."""
    asked, text = named_in(letter_id, "dead letter"), text_in(form, "text", LONGEST_TEXT)
    try:
        with writing(engine_of(request)) as database:
            dead_letters.add_note(database, asked, acts.name_of(caller), text, caller.scope.client_id)
    except UnknownLetter:
        raise problems.no_such("dead letter") from None
    return RedirectResponse(f"/dead-letters/{asked}?said=noted", 303)


@router.post("/dead-letters/{letter_id}/discard", dependencies=FROM_HERE)
def discard_page(request: Request, caller: Actor, letter_id: str, form: Form) -> Response:
    """Close a letter for good; its row stays, and its lead's meetings are asked for."""
    asked, reason = named_in(letter_id, "dead letter"), text_in(form, "reason", LONGEST_TEXT)
    try:
        with writing(engine_of(request)) as database:
            dead_letters.discard(database, asked, acts.name_of(caller), reason, caller.scope.client_id)
    except UnknownLetter:
        raise problems.no_such("dead letter") from None
    except NotOpen:
        raise Problem(409, "not-open", "This letter was replayed or discarded already.") from None
    return RedirectResponse(f"/dead-letters/{asked}?said=discarded", 303)


def _clients(snapshot: Reading, caller: Caller) -> list[tuple[str, str]]:
    """Whose letters may be picked; nobody's for a caller of one client."""
    if caller.scope.client_id is not None:
        return []
    return [(str(one.id), one.name) for one in lead_list.clients_within(snapshot, caller.scope).values()]


def _page(template: str, snapshot: Reading, caller: Caller, **values: Any) -> Response:
    return page(
        template,
        now=snapshot.now,
        caller=caller,
        here="dead-letters",
        urgent=page_acts.urgent(snapshot, caller),
        may_act=caller.may("operate"),
        pills=STATE_PILLS,
        provider_text=present.PROVIDER_TEXT,
        **values,
    )


def _paused(snapshot: Reading, caller: Caller) -> list[dict[str, Any]]:
    """What is not worked on, within the caller's reach."""
    mine = (None, caller.scope.client_id)
    return [
        one
        for one in pauses.paused(snapshot.database)
        if caller.scope.client_id is None or one["client_id"] in mine
    ]
