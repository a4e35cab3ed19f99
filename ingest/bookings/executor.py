"""The executor: carries one intent one step further; a crash between any two leaves what the next look settles."""

from contextlib import ExitStack
from uuid import UUID

from db import booking_attempts, bookings
from ingest.apis import errors
from ingest.apis.api import ApiFailed
from ingest.apis.budgets import BudgetSpent
from ingest.bookings.call import FINAL, book
from ingest.bookings.means import Desk
from ingest.bookings.meeting import cancel, look
from ingest.bookings.work import Work, in_hand
from pipeline.booking import Booking, BookingState


def carry_out(desk: Desk, client_id: UUID, booking_id: UUID) -> Booking:
    """Take an intent one step further, unless somebody else has its lead in hand. Raises bookings.UnknownBooking."""
    with in_hand(desk, client_id, booking_id) as work:
        if work is not None:
            _step(work)
    with ExitStack() as stack:
        return bookings.find(stack.enter_context(desk.open_database(desk.dsn)), client_id, booking_id)


def _step(work: Work) -> None:
    state = work.booking.state
    try:
        if state is BookingState.RESERVED:
            book(work)
        elif state in (BookingState.CALLING, BookingState.UNKNOWN):
            look(work)
        elif state is BookingState.BOOKED and work.booking.cancel_asked_at is not None:
            cancel(work)
    except BudgetSpent as spent:
        work.put_off(f"budget_{spent.reason}", min(spent.retry_after, booking_attempts.LONGEST_WAIT_SECONDS))
    except ApiFailed as failed:
        if state is BookingState.RESERVED and failed.error in FINAL:
            work.fail(failed.error)
        elif state is BookingState.BOOKED and (failed.error in FINAL or failed.error == errors.OTHER_GUESTS):
            booking_attempts.forget_cancel(work.database, work.booking, failed.error)
        else:
            work.put_off(failed.error)
