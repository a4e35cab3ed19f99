"""The page of follow-ups: urgent first, and what people do about them, one by one or several at once."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from db.engine import Reading, reading
from db.reads import follow_ups, leads, sync_health
from db.reads.callers import Caller
from db.reads.cursors import BadCursor
from db.reads.follow_ups import Filters, Listed, UnknownFollowUp
from pipeline.words import Act, FollowUpState
from web import acts, follow_up_view, present, problems
from web.asked import id_in
from web.auth import Looker, engine_of
from web.follow_ups import LONGEST_SNOOZE, act_on
from web.forms import Pairs, Picked
from web.page_acts import FROM_HERE, Actor
from web.problems import Problem
from web.templating import page

PER_PAGE = 50

router = APIRouter(include_in_schema=False)

VIEWS: dict[str, FollowUpState] = {
    "open": FollowUpState.OPEN,
    "snoozed": FollowUpState.SNOOZED,
    "done": FollowUpState.DONE,
    "closed": FollowUpState.CLOSED,
}
SAID = {
    "done": "done",
    "snooze": "snoozed",
    "assign": "assigned to you",
    "undo": "as before",
    "reopen": "open again",
}
UNDOABLE = frozenset({"done", "snooze", "reopen"})


@router.get("/follow-ups")
def follow_ups_page(
    request: Request,
    caller: Looker,
    view: Annotated[str, Query(max_length=20)] = "open",
    said: Annotated[str, Query(max_length=20)] = "",
    ids: Annotated[str, Query(max_length=2000)] = "",
    cursor: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """What is to be seen to, urgent first; or what is asleep, done, or closed by itself."""
    if view not in VIEWS:
        raise Problem(422, "bad-field", "There is no such view.")
    with reading(engine_of(request)) as snapshot:
        try:
            found, following = follow_ups.page(
                snapshot,
                caller.scope,
                Filters(states=(VIEWS[view],)),
                limit=PER_PAGE,
                cursor=cursor or None,
            )
        except BadCursor:
            raise problems.bad_cursor() from None
        names = leads.contacts(snapshot, [(one.client_id, one.lead_id) for one in found])
        counted = follow_ups.counts(snapshot, caller.scope, Filters())
        return page(
            "follow_ups.html",
            now=snapshot.now,
            caller=caller,
            here="follow-ups",
            urgent=min(counted.urgent, 100),
            counts=counted,
            view=view,
            may_act=caller.may("operate"),
            rows=[
                follow_up_view.row(one, names[one.lead_id].name, caller.operator_id, snapshot.now)
                for one in found
            ],
            notice=_notice(said, ids),
            heard=None if found else _heard(request, snapshot, caller),
            next_link=f"/follow-ups?{urlencode({'view': view, 'cursor': following})}" if following else None,
        )


@router.post("/follow-ups/{act}", dependencies=FROM_HERE)
def act_page(request: Request, caller: Actor, act: str, form: Picked) -> Response:
    """Do one thing to everything that was picked; nothing is done if anything is out of reach."""
    if act not in set(Act):
        raise Problem(404, "no-such-act", "There is no such act.")
    fields = dict(form)
    picked, now = _picked(request, caller, form)
    said = [act_on(one, Act(act), now, acts.name_of(caller), **_also(act, one, fields, caller, now))
            for one in picked]  # fmt: skip
    for one, each in zip(picked, said, strict=True):
        acts.carry_out(request, one.client_id, one.lead_id, each, each.at)
    view = fields.get("view", "open")
    asked = {
        "view": view if view in VIEWS else "open",
        "said": act,
        "ids": ",".join(str(one.id) for one in picked),
    }
    return RedirectResponse("/follow-ups?" + urlencode(asked), 303)


def _picked(request: Request, caller: Caller, form: Pairs) -> tuple[list[Listed], datetime]:
    ids = list(dict.fromkeys(id_in(value) for field, value in form if field == "id"))
    if not ids:
        raise problems.bad_field("id", "missing", "Pick at least one follow-up.")
    with reading(engine_of(request)) as snapshot:
        return [_find(snapshot, caller, one) for one in ids], snapshot.now


def _find(snapshot: Reading, caller: Caller, follow_up_id: UUID | None) -> Listed:
    if follow_up_id is None:
        raise problems.no_such("follow-up")
    try:
        return follow_ups.find(snapshot, caller.scope, follow_up_id)
    except UnknownFollowUp:
        raise problems.no_such("follow-up") from None


def _also(act: str, one: Listed, fields: dict[str, str], caller: Caller, now: datetime) -> dict[str, Any]:
    if act == Act.ASSIGN:
        return {"assignee": caller.operator_id}
    return {"until": _until(one, fields, now)} if act == Act.SNOOZE else {}


def _until(one: Listed, fields: dict[str, str], now: datetime) -> datetime:
    """An hour, tomorrow morning, or the morning of a day, as the lead's own clock has it."""
    how = fields.get("for")
    if how == "hour":
        return now + timedelta(hours=1)
    tomorrow = follow_up_view.morning(now, one)
    if how == "tomorrow":
        return tomorrow
    try:
        day = date.fromisoformat(fields.get("day", ""))
    except ValueError:
        raise problems.bad_field("day", "not_a_day", "day: a day ahead, within a year.") from None
    until = follow_up_view.morning(now, one, (day - tomorrow.date()).days + 1)
    if not now < until <= now + LONGEST_SNOOZE:
        raise problems.bad_field("day", "not_ahead", "day: a day ahead, within a year.")
    return until


def _notice(said: str, ids: str) -> dict[str, Any] | None:
    """What was just done, and whether it can be taken back."""
    acted = [one for one in ids.split(",") if id_in(one)]
    if said not in SAID or not acted:
        return None
    many = "1 follow-up" if len(acted) == 1 else f"{len(acted)} follow-ups"
    return {"text": f"{many} {SAID[said]}.", "undo": acted if said in UNDOABLE else []}


def _heard(request: Request, snapshot: Reading, caller: Caller) -> dict[str, Any]:
    """When anything was last heard or asked of the providers, and who has gone silent."""
    found = sync_health.connections_of(snapshot, request.app.state.keyring, caller.scope)
    ends = [run["finished_at"] for one in found for run in one.runs if run["finished_at"]]
    heard = [one.last_webhook_at for one in found if one.last_webhook_at]
    return {
        "last_at": max(ends + heard, default=None),
        "silent": [
            (present.PROVIDER_TEXT[one.connection.provider], one.last_webhook_at)
            for one in found
            if one.silence == "silent" and one.last_webhook_at
        ],
    }
