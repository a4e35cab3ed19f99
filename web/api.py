"""The API: what a program may ask of its client's leads."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from db.engine import Reading, reading
from db.reads import appointments, booking, lead_list, leads
from db.reads.callers import Caller
from db.reads.cursors import BadCursor
from db.reads.lead_list import Filters
from db.reads.leads import UnknownLead
from pipeline.words import Provider, Source, Status
from web import answers, conditional, history, problems
from web.asked import Search, as_of_in, lead_id_in
from web.auth import Reader, engine_of
from web.problem_docs import REFUSALS

JSON = "application/json"
MOST = 100

router = APIRouter(prefix="/api/v1", tags=["leads"], responses=REFUSALS)

AsOf = Annotated[
    str | None, Query(description="Stands in for now, over all facts known today: ISO 8601 with its offset.")
]
Cursor = Annotated[str | None, Query(description="next_cursor of the page before, as it was given.")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items a page has.")]


@router.get("/leads/{lead_id}/appointments", response_model=answers.Appointments)
def list_appointments(
    request: Request,
    caller: Reader,
    lead_id: str,
    status: Annotated[list[Status] | None, Query(description="Only these; may be repeated.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    as_of: AsOf = None,
) -> Response:
    """A lead's appointments with every revision, newest start first."""
    with reading(engine_of(request)) as snapshot:
        now = as_of_in(as_of, snapshot.now)
        lead = _find(snapshot, caller, lead_id)
        known = appointments.of_lead(snapshot, lead)
        primary_id = booking.at(now, lead, known).row_id
        page, following = _cut(known, lead, frozenset(status or ()), limit, cursor)
        said = appointments.said_of(snapshot, lead.client_id, page)
    items = history.appointments(page, said, primary_id)
    body = answers.Appointments(lead_id=lead.id, items=items, next_cursor=following)
    return conditional.answer(request, body.model_dump_json().encode(), JSON)


@router.get("/leads/{lead_id}/booking-status", response_model=answers.BookingStatus)
def booking_status(request: Request, caller: Reader, lead_id: str, as_of: AsOf = None) -> Response:
    """Whether a lead has a meeting, and which appointment speaks for it."""
    with reading(engine_of(request)) as snapshot:
        now = as_of_in(as_of, snapshot.now)
        lead = _find(snapshot, caller, lead_id)
        known = appointments.of_lead(snapshot, lead)
    body = history.booking_status(lead, booking.at(now, lead, known), now)
    content = body.model_dump_json(exclude={"as_of"}).encode()
    return conditional.answer(request, body.model_dump_json().encode(), JSON, content=content)


@router.get("/leads", response_model=answers.Leads)
def list_leads(
    request: Request,
    caller: Reader,
    status: Annotated[str | None, Query(max_length=80, description="The lead's status.")] = None,
    provider: Annotated[Provider | None, Query(description="The primary appointment's provider.")] = None,
    source: Annotated[
        Source | None, Query(description="How the primary appointment was first heard of.")
    ] = None,
    stub: Annotated[bool | None, Query(description="Whether nobody but a provider knows the lead.")] = None,
    upcoming: Annotated[bool | None, Query(description="Whether a live meeting lies ahead.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """The client's leads, newest first, without personal data."""
    filters = Filters(_stored(status), provider, source, stub, upcoming)
    with reading(engine_of(request)) as snapshot:
        try:
            found, following = lead_list.page(snapshot, caller.scope, filters, limit=limit, cursor=cursor)
        except BadCursor:
            raise problems.bad_cursor() from None
    body = answers.Leads(items=history.listed(found), next_cursor=following)
    return conditional.answer(request, body.model_dump_json().encode(), JSON)


@router.post("/leads/search", response_model=answers.Found)
def search_leads(request: Request, caller: Reader, asked: Search) -> Response:
    """Find a lead by what names it: an email, a phone number, or the CRM's own id."""
    with reading(engine_of(request)) as snapshot:
        found = [
            lead
            for client in lead_list.clients_within(snapshot, caller.scope).values()
            for lead in lead_list.named(
                snapshot, request.app.state.keyring, client.id, asked.identity(client.region)
            )
        ]
    body = answers.Found(items=history.listed(found))
    return Response(body.model_dump_json(), media_type=JSON, headers={"Cache-Control": "no-store"})


def _find(snapshot: Reading, caller: Caller, lead_id: str) -> leads.Lead:
    try:
        return leads.find(snapshot, caller.scope, lead_id_in(lead_id))
    except UnknownLead:
        raise problems.no_such_lead() from None


def _cut(
    known: list[appointments.Shelved],
    lead: leads.Lead,
    statuses: frozenset[Status],
    limit: int,
    cursor: str | None,
) -> tuple[list[appointments.Shelved], str | None]:
    try:
        return appointments.cut(known, lead, statuses=statuses, limit=limit, cursor=cursor)
    except BadCursor:
        raise problems.bad_cursor() from None


def _stored(text: str | None) -> str | None:
    """A text that Postgres can hold; one with NUL equals nothing stored. Raises Problem."""
    if text is not None and "\0" in text:
        raise problems.bad_field("status", "unprintable", "status: this cannot be one.")
    return text
