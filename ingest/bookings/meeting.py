"""The meeting: looked for after a call without an answer, kept, called off."""

from dataclasses import replace

from db import booking_attempts, booking_conditions, inbox, lookups
from db.ids import new_id
from db.parcels import Parcel
from ingest.apis.booking import Booked, Unknown
from ingest.bookings.work import Work, tell
from ingest.parcels import parcel_of
from pipeline.booking import BookingState, after_look
from pipeline.doubts import Doubt
from pipeline.observation import AppointmentKey
from pipeline.words import Lane

CANCELED_HERE = "canceled_here"


def look(work: Work) -> None:
    """The provider must be through with the call by now: either there is a meeting, or there never will be one."""
    booking = work.booking
    ready = booking_conditions.ready(work.database, booking, work.desk.now())
    try:
        found = work.api.find(work.order(ready, booking.contact_id))
    except Unknown as unknown:
        work.put_off(unknown.error)
        return
    work.desk.at_step("looked")
    if found is not None:
        save(work, found)
        return
    state, reason = after_look(booking, found=False)
    booking_attempts.settle(work.database, booking, state, reason, work.desk.now())
    tell(booking, state, reason)


def save(work: Work, booked: Booked) -> None:
    """The result joins where every fact does, with the state that says so: both or neither."""
    booking, now = work.booking, work.desk.now()
    with work.database.transaction():
        posted = inbox.post(work.database, [_parcel(work, booked)])
        booking_attempts.booked(work.database, booking, booked.external_id, booked.group, booked.uri, now)
    work.desk.at_step("saved")
    work.desk.ringer(posted.rings)
    tell(booking, BookingState.BOOKED, None)


def cancel(work: Work) -> None:
    """Call a meeting off; the provider's own answer to a question then tells of it, as of any cancellation."""
    booking, now = work.booking, work.desk.now()
    if booking.booked_group is None or booking.external_id is None:
        return
    work.api.cancel(booking.booked_group)
    work.desk.at_step("canceled")
    with work.database.transaction():
        booking_attempts.settle(work.database, booking, BookingState.CANCELED, None, now)
        key = work.connection.provider, booking.external_id
        doubt = Doubt(key=AppointmentKey(*key), reason=CANCELED_HERE, at=now, uri=booking.uri)
        lookups.ask(work.database, booking.client_id, [doubt], connection_id=booking.connection_id)
    tell(booking, BookingState.CANCELED, None)


def _parcel(work: Work, booked: Booked) -> Parcel:
    reading = replace(booked.reading, token=work.booking.lead_id)
    return parcel_of(work.connection, reading, work.desk.now(), new_id(), Lane.LIVE)
