"""The API of auto-booking: slots that may be offered, intents that a meeting be made, and calling them off."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from db import bookings as stored
from db.bookings import AlreadyBooking, UnknownBooking
from db.engine import reading, writing
from db.reads import leads
from db.reads.bookings import Calendar, calendar_of
from db.reads.callers import Caller
from db.reads.leads import Lead, UnknownLead
from pipeline.booking import Booking
from web import acts, problems
from web.acts import Operating
from web.api import JSON
from web.asked import as_of_in, id_in, lead_id_in
from web.auth import Reader, engine_of
from web.booking_answers import BookingAsked, BookingsTold, BookingTold, SlotsTold, SlotTold, told
from web.problem_docs import REFUSALS
from web.problems import Problem
from workers.booking_desk import NoSlots, Offer

LONGEST_WINDOW = timedelta(days=31)
USUAL_WINDOW = timedelta(days=7)

router = APIRouter(prefix="/api/v1/leads/{lead_id}", tags=["bookings"], responses=REFUSALS)


@router.get("/slots", response_model=SlotsTold)
def list_slots(
    request: Request,
    caller: Operating,
    lead_id: str,
    start: Annotated[
        str | None, Query(alias="from", description="ISO 8601 with its offset; now without it.")
    ] = None,
    end: Annotated[
        str | None, Query(alias="to", description="At most 31 days later; a week without it.")
    ] = None,
    connection_id: Annotated[
        UUID | None, Query(description="Whose calendar; the client's without it.")
    ] = None,
) -> Response:
    """The starts that a lead may be offered, in words of the lead's zone."""
    now = acts.now_of(request)
    since = as_of_in(start, now, "from")
    until = as_of_in(end, since + USUAL_WINDOW, "to")
    if not since < until <= since + LONGEST_WINDOW:
        raise problems.bad_field("to", "not_a_window", "to: after from, and at most 31 days later.")
    lead = _lead(request, caller, lead_id)
    try:
        offer: Offer = request.app.state.slots(lead.client_id, lead.id, connection_id, since, until)
    except NoSlots as none:
        raise _no_slots(none) from None
    body = SlotsTold(
        lead_id=lead.id,
        connection_id=offer.connection_id,
        timezone=offer.zone,
        items=[SlotTold(start_at=one.start_at, label=one.label) for one in offer.slots],
    )
    return Response(body.model_dump_json(), media_type=JSON, headers={"Cache-Control": "no-store"})


@router.post("/bookings", response_model=BookingTold, status_code=201)
def book(request: Request, caller: Operating, lead_id: str, asked: BookingAsked) -> Response:
    """Reserve an intent; it is carried out within seconds. Asking for the same slot again is answered with it."""
    lead, calendar = _lead(request, caller, lead_id), None
    with reading(engine_of(request)) as snapshot:
        now = snapshot.now
        calendar = calendar_of(snapshot, lead.client_id, asked.connection_id)
    if asked.slot <= now:
        raise problems.bad_field("slot", "not_ahead", "slot: a time ahead.")
    name = asked.calendar or (calendar.calendar if calendar else None)
    if calendar is None or name is None:
        field = "connection_id" if asked.connection_id else "calendar"
        raise problems.bad_field(
            field, "cannot_book", f"{field}: no connection of the client books with a calendar."
        )
    booking, new = _reserve(request, caller, lead, calendar, name, asked, now)
    return _told(booking, 201 if new else 200)


@router.get("/bookings", response_model=BookingsTold)
def list_bookings(request: Request, caller: Reader, lead_id: str) -> Response:
    """A lead's intents, newest first."""
    lead = _lead(request, caller, lead_id)
    with reading(engine_of(request)) as snapshot:
        found = stored.of_lead(snapshot.database, lead.client_id, lead.id)
    return Response(BookingsTold(items=[told(one) for one in found]).model_dump_json(), media_type=JSON)


@router.get("/bookings/{booking_id}", response_model=BookingTold)
def show_booking(request: Request, caller: Reader, lead_id: str, booking_id: str) -> Response:
    """One intent."""
    lead = _lead(request, caller, lead_id)
    with reading(engine_of(request)) as snapshot:
        try:
            found = _own(stored.find(snapshot.database, lead.client_id, _id(booking_id)), lead)
        except UnknownBooking:
            raise no_such_booking() from None
    return _told(found)


@router.post("/bookings/{booking_id}/cancel", response_model=BookingTold)
@router.delete("/bookings/{booking_id}", response_model=BookingTold)
def cancel_booking(request: Request, caller: Operating, lead_id: str, booking_id: str) -> Response:
    """Call an intent off: at once if nobody was called yet, else at the provider within seconds."""
    lead = _lead(request, caller, lead_id)
    now = acts.now_of(request)
    with writing(engine_of(request)) as database:
        try:
            booking = _own(stored.find(database, lead.client_id, _id(booking_id)), lead)
        except UnknownBooking:
            raise no_such_booking() from None
        stored.ask_to_cancel(database, booking, now)
        found = stored.find(database, lead.client_id, booking.id)
    return _told(found)


def _reserve(
    request: Request,
    caller: Caller,
    lead: Lead,
    calendar: Calendar,
    name: str,
    asked: BookingAsked,
    now: datetime,
) -> tuple[Booking, bool]:
    with writing(engine_of(request)) as database:
        try:
            return stored.ask(
                database,
                lead.client_id,
                lead.id,
                connection_id=calendar.connection_id,
                provider=calendar.provider,
                calendar=name,
                slot=asked.slot,
                minutes=asked.minutes or calendar.minutes,
                asked_by=acts.name_of(caller),
                now=now,
            )
        except AlreadyBooking:
            raise Problem(
                409, "already-booking", "A booking of this lead is under way; call it off first."
            ) from None


def no_such_booking() -> Problem:
    """None of this lead's."""
    return Problem(404, "no-such-booking", "The lead has no such booking.")


def _told(booking: Booking, status: int = 200) -> Response:
    return Response(told(booking).model_dump_json(), status, media_type=JSON)


def _own(booking: Booking, lead: Lead) -> Booking:
    if booking.lead_id != lead.id:
        raise UnknownBooking
    return booking


def _id(text: str) -> UUID:
    found = id_in(text)
    if found is None:
        raise no_such_booking()
    return found


def _lead(request: Request, caller: Caller, lead_id: str) -> Lead:
    with reading(engine_of(request)) as snapshot:
        try:
            return leads.find(snapshot, caller.scope, lead_id_in(lead_id))
        except UnknownLead:
            raise problems.no_such_lead() from None


def _no_slots(none: NoSlots) -> Problem:
    if none.reason in {"no_connection", "no_calendar", "no_api"}:
        return Problem(
            409, "cannot-book", "No connection of the client can be asked for slots of a calendar."
        )
    return Problem(503, "provider-silent", "The provider does not answer now.", headers={"Retry-After": "10"})
