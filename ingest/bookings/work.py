"""Work: one intent in hand, its lead nobody else's meanwhile, and what it takes to go on with it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import UUID

from boot.logs import get_logger
from db import booking_attempts, bookings, connections
from db.booking_conditions import Guest, Ready
from db.connections import Connection
from db.desk import Database
from ingest.apis.booking import BookingApi, Order
from ingest.apis.booking import Guest as Invited
from ingest.bookings.means import Desk
from pipeline.booking import Booking, BookingState, Refusal, settings_in

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """One intent in hand, and what it takes to go on with it."""

    desk: Desk
    database: Database
    witness: Database
    connection: Connection
    api: BookingApi
    booking: Booking

    def order(self, ready: Ready, contact_id: str | None) -> Order:
        """What the provider is asked for, or looked through for."""
        own = settings_in(self.connection.settings)
        return Order(
            calendar=self.booking.calendar,
            start_at=self.booking.slot,
            end_at=self.booking.end_at,
            guest=invited(ready.guest, self.zone(ready.guest)),
            token=f"lead:{self.booking.lead_id}",
            location=dict(own.location) if own.location else None,
            mark=self.booking.mark,
            contact=contact_id,
        )

    def zone(self, guest: Guest) -> str:
        """The zone that is named to the provider."""
        return guest.zone or self.connection.timezone or "UTC"

    def fail(self, reason: str, state: BookingState = BookingState.FAILED) -> None:
        """Settle the intent without a meeting."""
        booking_attempts.settle(self.database, self.booking, state, reason, self.desk.now())
        tell(self.booking, state, reason)

    def put_off(self, reason: str, seconds: float = 0.0) -> None:
        """Leave it for `seconds` at least; the state stays."""
        booking_attempts.put_off(self.database, self.booking, reason, self.desk.now(), seconds)
        log.info(
            "booking_postponed", client_id=self.booking.client_id, lead_id=self.booking.lead_id, reason=reason
        )


@contextmanager
def in_hand(desk: Desk, client_id: UUID, booking_id: UUID) -> Iterator[Work | None]:
    """Take a booking's lead in hand; None if another has it, if it is too early, or if nobody can be asked."""
    with ExitStack() as stack:
        database, witness, guard = (stack.enter_context(desk.open_database(desk.dsn)) for _ in range(3))
        lead_id = bookings.find(database, client_id, booking_id).lead_id
        ours = stack.enter_context(booking_attempts.lead_guarded(guard, client_id, lead_id))
        booking = bookings.find(database, client_id, booking_id)
        if not ours or booking.lead_id != lead_id or (booking.not_before or desk.now()) > desk.now():
            yield None
            return
        connection = next(
            (
                one
                for one in connections.of_client(database, desk.keyring, client_id)
                if one.id == booking.connection_id and one.state == "active"
            ),
            None,
        )
        api = desk.make_api(connection) if connection is not None else None
        if connection is None or api is None:
            _without_api(desk, database, booking)
            yield None
            return
        yield Work(desk, database, witness, connection, api, booking)


def _without_api(desk: Desk, database: Database, booking: Booking) -> None:
    """Nobody can be asked: what was not called yet fails, what was waits for a token."""
    if booking.state is BookingState.RESERVED:
        booking_attempts.settle(database, booking, BookingState.FAILED, Refusal.NO_API, desk.now())
        tell(booking, BookingState.FAILED, Refusal.NO_API)
    else:
        booking_attempts.put_off(
            database, booking, Refusal.NO_API, desk.now(), booking_attempts.LONGEST_WAIT_SECONDS
        )


def invited(guest: Guest, zone: str) -> Invited:
    """A lead as a provider's guest; its labels are read in `zone`."""
    return Invited(
        email=guest.email or "",
        timezone=zone,
        first_name=guest.first_name,
        last_name=guest.last_name,
        phone=guest.phone,
    )


def tell(booking: Booking, state: BookingState, reason: str | None) -> None:
    """Log where an intent stands now, and why."""
    log.info(
        "booking_settled",
        client_id=booking.client_id,
        lead_id=booking.lead_id,
        connection_id=booking.connection_id,
        state=state,
        reason=reason,
        attempts=booking.attempts,
    )
