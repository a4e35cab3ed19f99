"""The API of follow-ups: what is to be seen to, and what was done about it."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict
from starlette.responses import Response

from db.engine import reading
from db.reads import follow_ups
from db.reads.callers import Caller
from db.reads.cursors import BadCursor
from db.reads.follow_ups import Filters, Listed, UnknownFollowUp, operator_within
from pipeline.job import FollowUpAct
from pipeline.words import Act, FollowUpKind, FollowUpState, Provider
from web import acts, conditional, problems
from web import follow_up_answers as answers
from web.acts import Operating
from web.api import JSON, Cursor, Limit
from web.asked import id_in, lead_id_in, named_in
from web.auth import Reader, engine_of
from web.problem_docs import REFUSALS
from web.problems import Problem

LONGEST_SNOOZE = timedelta(days=366)
_LATER = timedelta(microseconds=1)

router = APIRouter(prefix="/api/v1/follow-ups", tags=["follow-ups"], responses=REFUSALS)


class Snooze(BaseModel):
    """When to be reminded: RFC 3339 with an offset, within a year."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    until: AwareDatetime


class Assign(BaseModel):
    """Whose it is from now on: an operator's id, or null for nobody's."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    assignee: UUID | None


@router.get("", response_model=answers.FollowUps)
def list_follow_ups(
    request: Request,
    caller: Reader,
    state: Annotated[
        list[FollowUpState] | None, Query(description="May be repeated; open without it.")
    ] = None,
    kind: Annotated[
        list[str] | None, Query(max_length=20, description="May be repeated; any without it.")
    ] = None,
    urgent: Annotated[bool | None, Query(description="Only urgent ones, or only the others.")] = None,
    due: Annotated[bool | None, Query(description="Whether its time has come.")] = None,
    lead_id: Annotated[str | None, Query(description="Only this lead's.")] = None,
    assignee: Annotated[str | None, Query(description="An operator's id, or none for nobody's.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """Follow-ups, urgent first, then by when they are due, then the newest cause; with counts."""
    filters = Filters(
        states=tuple(state) if state else (FollowUpState.OPEN,),
        kinds=tuple(_kinds(kind or ())),
        urgent=urgent,
        due=due,
        lead_id=lead_id_in(lead_id) if lead_id is not None else None,
        assignee=_operator_in(assignee),
        unassigned=assignee == "none",
    )
    with reading(engine_of(request)) as snapshot:
        try:
            page, following = follow_ups.page(snapshot, caller.scope, filters, limit=limit, cursor=cursor)
        except BadCursor:
            raise problems.bad_cursor() from None
        counted = follow_ups.counts(snapshot, caller.scope, filters)
    body = answers.FollowUps(
        items=[answers.follow_up(one) for one in page], counts=answers.counts(counted), next_cursor=following
    )
    return conditional.answer(request, body.model_dump_json().encode(), JSON)


@router.post("/{follow_up_id}/complete", response_model=answers.FollowUp)
def complete(request: Request, caller: Operating, follow_up_id: str) -> Response:
    """Somebody has seen to it; only a later cause opens it anew."""
    return _act(request, caller, follow_up_id, Act.DONE)


@router.post("/{follow_up_id}/snooze", response_model=answers.FollowUp)
def snooze(request: Request, caller: Operating, follow_up_id: str, asked: Snooze) -> Response:
    """Not now; it is open again at `until`, or when there is a later cause."""
    now = acts.now_of(request)
    if not now < asked.until <= now + LONGEST_SNOOZE:
        raise problems.bad_field("until", "not_ahead", "until: a time ahead, within a year.")
    return _act(request, caller, follow_up_id, Act.SNOOZE, until=asked.until)


@router.post("/{follow_up_id}/assign", response_model=answers.FollowUp)
def assign(request: Request, caller: Operating, follow_up_id: str, asked: Assign) -> Response:
    """Give it to an operator, or to nobody."""
    return _act(request, caller, follow_up_id, Act.ASSIGN, assignee=asked.assignee)


@router.post("/{follow_up_id}/undo", response_model=answers.FollowUp)
def undo(request: Request, caller: Operating, follow_up_id: str) -> Response:
    """Take back that it was completed, snoozed or reopened."""
    return _act(request, caller, follow_up_id, Act.UNDO)


@router.post("/{follow_up_id}/reopen", response_model=answers.FollowUp)
def reopen(request: Request, caller: Operating, follow_up_id: str) -> Response:
    """Open what closed by itself."""
    return _act(request, caller, follow_up_id, Act.REOPEN)


def _act(request: Request, caller: Caller, follow_up_id: str, act: Act, **also: Any) -> Response:
    one, now = _find(request, caller, follow_up_id)
    if also.get("assignee") is not None:
        with reading(engine_of(request)) as snapshot:
            if not operator_within(snapshot, one.client_id, also["assignee"]):
                raise problems.bad_field("assignee", "no_such_operator", "assignee: no operator has that id.")
    said = act_on(one, act, now, acts.name_of(caller), **also)
    acts.carry_out(request, one.client_id, one.lead_id, said, said.at)
    after, _ = _find(request, caller, follow_up_id)
    return Response(answers.follow_up(after).model_dump_json(), media_type=JSON)


def act_on(one: Listed, act: Act, now: datetime, by: str, **also: Any) -> FollowUpAct:
    """What is to be let into the books; raises Problem for a kind that this release cannot compute.

    Whoever acts has seen the cause and the act before: a clock that is ahead of ours does not hide them.
    """
    if one.kind not in set(FollowUpKind) or one.provider not in set(Provider):
        raise Problem(
            409, "unknown-kind", "This release does not know that kind; ask again when it is up to date."
        )
    return FollowUpAct(
        of=FollowUpKind(one.kind),
        provider=Provider(one.provider),
        external_id=one.external_id,
        act=act,
        at=max(now, one.cause_at, *(at + _LATER for at in (one.acted_at, one.assigned_at) if at)),
        by=by,
        **also,
    )


def _find(request: Request, caller: Caller, follow_up_id: str) -> tuple[Listed, datetime]:
    asked = named_in(follow_up_id, "follow-up")
    with reading(engine_of(request)) as snapshot:
        try:
            return follow_ups.find(snapshot, caller.scope, asked), snapshot.now
        except UnknownFollowUp:
            raise problems.no_such("follow-up") from None


def _kinds(asked: list[str] | tuple[()]) -> list[str]:
    for one in asked:
        if "\0" in one or len(one) > 80:
            raise problems.bad_field("kind", "unprintable", "kind: this cannot be one.")
    return list(asked)


def _operator_in(asked: str | None) -> UUID | None:
    if asked is None or asked == "none":
        return None
    found = id_in(asked)
    if found is None:
        raise problems.bad_field("assignee", "not_an_id", "assignee: an operator's id, or none.")
    return found
