"""The pages about leads: the list, one lead, and the part of it that keeps itself fresh."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from db import backfill_runs
from db.backfill_runs import Kind
from db.engine import Reading, reading
from db.reads import appointments, booking, lead_list, leads, messages, questions, records
from db.reads.callers import Caller
from db.reads.cursors import BadCursor
from db.reads.lead_list import Listed
from db.reads.leads import Lead, UnknownLead
from db.reads.scope import Scope
from web import (
    conditional,
    conversation_view,
    drawer,
    lead_counts,
    page_acts,
    present,
    problems,
    timeline_page,
    times,
)
from web.asked import NotAsked, id_in, lead_id_in, search_in
from web.auth import Looker, engine_of, same_site
from web.drawer import Drawer
from web.forms import Form
from web.leads_asked import Asked, LeadsAsked
from web.problems import Problem
from web.templating import page, render
from web.timeline_page import Show

PER_PAGE = 50

router = APIRouter(include_in_schema=False)


@router.get("/leads")
def leads_page(
    request: Request, caller: Looker, asked: Asked, cursor: Annotated[str, Query(max_length=4000)] = ""
) -> Response:
    """The list of leads, filtered by what is no personal data."""
    filters, scope = asked.filters(), asked.scope(caller.scope)
    counted = lead_counts.in_words(engine_of(request), caller, asked)
    with reading(engine_of(request)) as snapshot:
        try:
            found, following = (
                lead_list.page(snapshot, scope, filters, limit=PER_PAGE, cursor=cursor or None)
                if scope is not None
                else ([], None)
            )
        except BadCursor:
            raise problems.bad_cursor() from None
        return _list(
            snapshot, caller, found, asked=asked, following=following, first=not cursor, counted=counted
        )


@router.post("/leads/search", dependencies=[Depends(same_site)])
def search_page(request: Request, caller: Looker, form: Form) -> Response:
    """Find a lead by what somebody typed: in a body, so that no address gets into a URL."""
    with reading(engine_of(request)) as snapshot:
        try:
            found = _search(request, snapshot, caller.scope, form.get("who", ""))
        except (NotAsked, Problem):
            return _list(snapshot, caller, [], notice="Type an email, a phone number or your CRM’s id.")
        if len(found) == 1:
            return RedirectResponse(f"/leads/{found[0].id}", 303)
        return _list(snapshot, caller, found, notice="" if found else "Nobody is known by that.")


@router.get("/leads/{lead_id}")
def lead_page(
    request: Request,
    caller: Looker,
    lead_id: str,
    show: Show = "all",
    said: Annotated[str, Query(max_length=20)] = "",
    of: Annotated[str, Query(max_length=36)] = "",
    at: Annotated[str, Query(max_length=36)] = "",
    cursor: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """One lead; the id of a merged one leads to where it went. `at` names an appointment whose page is wanted."""
    with reading(engine_of(request)) as snapshot:
        lead = _find(snapshot, caller, lead_id)
        if str(lead.id) != lead_id.lower():
            return RedirectResponse(f"/leads/{lead.id}", 303)
        if not cursor and (named := id_in(at)):
            show, cursor = timeline_page.place_of(
                appointments.of_lead(snapshot, lead), lead, snapshot.now, named
            )
        shown = _drawer(snapshot, lead, cursor or None, show)
        moving_in = backfill_runs.unfinished(snapshot.database, lead.client_id, Kind.MIGRATION) is not None
        name = leads.contacts(snapshot, [(lead.client_id, lead.id)])[lead.id].name
        now = snapshot.now
        urgent = page_acts.urgent(snapshot, caller)
    etag = conditional.etag_of(shown.content())
    return page("lead.html", now=now, caller=caller, here="leads", urgent=urgent, drawer=shown, name=name,
                etag=etag, first=not cursor, may_act=caller.may("operate"),
                said=said if id_in(of) else "", of=of, moving_in=moving_in)  # fmt: skip


@router.get("/leads/{lead_id}/timeline")
def timeline(request: Request, caller: Looker, lead_id: str, show: Show = "all") -> Response:
    """The part of a lead's page that changes; 304 while it has not."""
    with reading(engine_of(request)) as snapshot:
        lead = _find(snapshot, caller, lead_id)
        shown = _drawer(snapshot, lead, None, show)
        now = snapshot.now
    html = render("timeline.html", now=now, drawer=shown, first=True, may_act=caller.may("operate")).encode()
    return conditional.answer(request, html, "text/html; charset=utf-8", content=shown.content())


def _find(snapshot: Reading, caller: Caller, lead_id: str) -> Lead:
    try:
        return leads.find(snapshot, caller.scope, lead_id_in(lead_id))
    except UnknownLead:
        raise problems.no_such_lead() from None


def _drawer(snapshot: Reading, lead: Lead, cursor: str | None, show: Show) -> Drawer:
    known = appointments.of_lead(snapshot, lead)
    found = booking.at(snapshot.now, lead, known)
    try:
        cut = timeline_page.cut(known, lead, show, snapshot.now, cursor)
    except BadCursor:
        raise problems.bad_cursor() from None
    speaking = [one for one in known if one.id == found.row_id and one not in cut.rows]
    said = appointments.said_of(snapshot, lead.client_id, [*cut.rows, *speaking])
    question = questions.about(snapshot, lead.client_id, found.chosen.key) if found.chosen else None
    kept = records.of_lead(snapshot, lead)
    laid_out = drawer.lay_out(lead, known, cut.rows, said, found, snapshot.now, cut.following, kept, question)
    laid_out.show, laid_out.further = show, cut.further
    laid_out.talk = conversation_view.talk(
        messages.of_lead(snapshot, lead), messages.adds_up_to(snapshot, lead), lead, snapshot.now
    )
    return laid_out


def _search(request: Request, snapshot: Reading, scope: Scope, who: str) -> list[Listed]:
    asked = search_in(who)
    return [
        lead
        for client in lead_list.clients_within(snapshot, scope).values()
        for lead in lead_list.named(
            snapshot, request.app.state.keyring, client.id, asked.identity(client.region)
        )
    ]


def _list(
    snapshot: Reading,
    caller: Caller,
    found: list[Listed],
    *,
    asked: LeadsAsked | None = None,
    following: str | None = None,
    first: bool = True,
    notice: str | None = None,
    counted: str | None = None,
) -> Response:
    asked = asked or LeadsAsked({})
    names = leads.contacts(snapshot, [(one.client_id, one.id) for one in found])
    return page(
        "leads.html",
        now=snapshot.now,
        caller=caller,
        here="leads",
        urgent=page_acts.urgent(snapshot, caller),
        rows=[_row(one, names[one.id].name) for one in found],
        asked=asked.values,
        sources=[(str(source), words) for source, words in present.SOURCE_TEXT.items()],
        clients=lead_list.clients_within(snapshot, caller.scope) if caller.scope.client_id is None else {},
        next_link=asked.link("/leads", cursor=following) if following else None,
        first_link=None if first else asked.link("/leads"),
        notice=notice,
        counted=counted,
        filtered=bool(asked.values),
    )


def _row(one: Listed, name: str | None) -> dict[str, Any]:
    """One row of the list: the next meeting if there is one, else the one that speaks for the lead."""
    zone, _ = times.zone_of()
    at = one.next_start_at or one.appointment_start_at
    return {
        "lead": one,
        "name": name,
        "at": at,
        "when": times.moment(at, zone) if at else None,
        "ahead": one.next_start_at is not None,
        "word": present.STATUS_TEXT.get(one.appointment_status or "", one.appointment_status),
        "provider": present.PROVIDER_TEXT.get(one.appointment_provider, one.appointment_provider),  # type: ignore[call-overload]
    }
