"""`apptrail book`: a meeting for a lead, booked at the provider exactly once."""

import json
from datetime import datetime
from uuid import UUID

import typer

from boot import clock
from db import bookings, connections, leads
from db.bookings import AlreadyBooking
from db.people import UnknownLead
from ingest.bookings.availability import bookable
from ingest.bookings.executor import carry_out
from ingest.bookings.means import desk
from pipeline.booking import ACTIVE, Booking, BookingState, settings_in
from pipeline.instants import read_instant
from scripts import console
from workers.booking_desk import NoSlots
from workers.doorbell import Doorbell
from workers.ringer import Ringer


def book(
    lead: UUID = typer.Argument(help="Id of the lead."),
    slot: str = typer.Option(..., help="The start: ISO 8601 with its offset."),
    connection: UUID | None = typer.Option(None, help="Whose calendar; the client's without it."),
    calendar: str | None = typer.Option(None, help="Another calendar than the connection's own."),
    minutes: int | None = typer.Option(
        None, min=1, max=1440, help="How long; as the connection says without it."
    ),
    as_json: bool = console.JsonOption,
) -> None:
    """Book a meeting for a lead. What the provider leaves open is settled by `apptrail clock`."""
    start = _start(slot)
    loaded = console.settings()
    with console.database(loaded) as database, console.secrets_opened():
        keyring = console.keyring(loaded)
        try:
            client_id = leads.client_of(database, lead)
            own = bookable(connections.of_client(database, keyring, client_id), connection)
            chosen = settings_in(own.settings)
            if (name := calendar or chosen.calendar) is None:
                console.fail(
                    "--calendar: the connection books with none. See `apptrail connection book-with`."
                )
            with database.transaction():
                booking, _ = bookings.ask(
                    database, client_id, lead, connection_id=own.id, provider=own.provider, calendar=name,
                    slot=start, minutes=minutes or chosen.minutes, asked_by="command", now=clock.now(),
                )  # fmt: skip
        except UnknownLead:
            console.fail("No lead has that id.")
        except NoSlots:
            console.fail("No connection of the client books. See `apptrail connection book-with`.")
        except AlreadyBooking:
            console.fail("A booking of this lead is under way for another slot.")
        bell = Doorbell.connect(loaded.redis_url)
        ringer = Ringer(bell)
        try:
            with desk(loaded.database_dsn, loaded.redis_url, keyring, ringer) as own_desk:
                booking = carry_out(own_desk, client_id, booking.id)
        finally:
            ringer.close()
            bell.close()
    _tell(booking, as_json=as_json)


def _start(text: str) -> datetime:
    try:
        start = read_instant(text)
    except ValueError:
        console.fail("--slot: an ISO 8601 time with its offset, such as 2026-01-31T09:00:00Z.")
    if start <= clock.now():
        console.fail("--slot: a time ahead.")
    return start


def _tell(booking: Booking, *, as_json: bool) -> None:
    told = {
        "id": str(booking.id),
        "state": booking.state,
        "reason": booking.reason,
        "external_id": booking.external_id,
    }
    if as_json:
        print(json.dumps(told))
    elif booking.state in ACTIVE:
        print(f"{booking.state}: {booking.reason or 'the clock goes on with it'} ({booking.id})")
    else:
        print(f"{booking.state}{f': {booking.reason}' if booking.reason else ''} ({booking.id})")
    if booking.state is BookingState.FAILED:
        raise typer.Exit(1)
