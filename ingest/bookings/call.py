"""The call: committed to while every condition holds, made once, and what its answer makes of the intent."""

from datetime import timedelta

from boot import clock
from db import booking_attempts, booking_conditions, bookings, ledger
from db.booking_conditions import Ready
from db.ledger import Hands
from db.locks import due_among
from ingest.apis import errors
from ingest.apis.api import ApiFailed
from ingest.apis.booking import Order, SlotTaken, Unknown
from ingest.apis.budgets import BudgetSpent
from ingest.bookings.meeting import save
from ingest.bookings.work import Work, invited, tell
from pipeline.booking import BookingState, Refusal, after_look, refusal, settings_in

LONGEST_PAUSE_SECONDS = 5.0
"""Between the commit and the call. Whoever was stopped for longer leaves the call to the next."""

# The provider has not taken the order and will not: another try would hear the same.
FINAL = frozenset({errors.UNAUTHORIZED, errors.NOT_THERE, "http_400", "http_403", "http_409", "http_422"})


def book(work: Work) -> None:
    """From reserved to a call, if every condition still holds. Nothing before `call` says that there may be a meeting."""
    booking, database, now = work.booking, work.database, work.desk.now()
    if not _is_settled(work):
        return
    ready = booking_conditions.ready(database, booking, now)
    if (reason := refusal(booking, ready.conditions, now)) is not None:
        work.fail(reason)
        return
    free = work.api.free(
        booking.calendar, booking.slot, booking.slot + timedelta(minutes=1), work.zone(ready.guest)
    )
    if booking.slot not in free:
        work.fail(Refusal.SLOT_TAKEN)
        return
    contact_id = work.api.ensure_guest(invited(ready.guest, work.zone(ready.guest)))
    if (budget := work.desk.order_budget(work.connection)) is not None:
        budget.spend()
    work.desk.at_step("ready")
    started = clock.monotonic()
    ready_now = _commit_to_call(work, contact_id)
    if ready_now is None:
        return
    work.desk.at_step("committed")
    if clock.monotonic() - started > LONGEST_PAUSE_SECONDS:
        return
    _call(work, work.order(ready_now, contact_id))


def _is_settled(work: Work) -> bool:
    """Let what is waiting for the lead into its book first: it may hold the meeting that forbids another."""
    booking, database = work.booking, work.database
    lead_id = booking.lead_id
    ledger.drain(Hands(database, work.witness, work.desk.ringer), booking.client_id, [lead_id], wait=2.0)
    if due_among(database, booking.client_id, [lead_id]) or booking_attempts.another_open(database, booking):
        work.put_off("lead_busy")
        return False
    return True


def _commit_to_call(work: Work, contact_id: str | None) -> Ready | None:
    """Look at the conditions once more, in the transaction that commits to the call."""
    booking, now = work.booking, work.desk.now()
    settle = settings_in(work.connection.settings).settle
    look_after = now + timedelta(seconds=work.desk.call_seconds + settle)
    with work.database.transaction():
        ready = booking_conditions.ready(work.database, booking, now)
        reason = refusal(booking, ready.conditions, now)
        if reason is None and booking_attempts.call(work.database, booking, now, look_after, contact_id):
            return ready
    if reason is not None:
        work.fail(reason)
    return None


def _call(work: Work, order: Order) -> None:
    try:
        booked = work.api.book(order)
    except SlotTaken:
        work.desk.at_step("refused")
        work.fail(Refusal.SLOT_TAKEN)
        return
    except Unknown as unknown:
        work.desk.at_step("unanswered")
        _leave_unknown(work, unknown.error)
        return
    except (ApiFailed, BudgetSpent) as failed:
        # Not taken by the provider: these are told apart from Unknown by the API itself.
        work.desk.at_step("refused")
        _back(work, failed)
        return
    work.desk.at_step("answered")
    save(work, booked)


def _back(work: Work, failed: ApiFailed | BudgetSpent) -> None:
    reason = failed.error if isinstance(failed, ApiFailed) else f"budget_{failed.reason}"
    if reason in FINAL:
        work.fail(reason)
        return
    state, ended = after_look(
        bookings.find(work.database, work.booking.client_id, work.booking.id), found=False
    )
    if state is BookingState.FAILED:
        work.fail(ended or reason)
        return
    booking_attempts.settle(work.database, work.booking, state, reason, work.desk.now())
    work.put_off(reason, min(failed.retry_after or 0.0, booking_attempts.LONGEST_WAIT_SECONDS))


def _leave_unknown(work: Work, error: str) -> None:
    settle = settings_in(work.connection.settings).settle
    booking_attempts.unknown(work.database, work.booking, error, work.desk.now() + timedelta(seconds=settle))
    tell(work.booking, BookingState.UNKNOWN, error)
