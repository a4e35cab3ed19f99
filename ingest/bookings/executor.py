"""The executor: carries one intent one step further; a crash between any two leaves what the next look settles."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from boot import clock
from boot.logs import get_logger
from db import booking_attempts, booking_conditions, bookings, connections, inbox, ledger, lookups
from db.booking_conditions import Guest, Ready
from db.connections import Connection
from db.desk import Database
from db.ids import new_id
from db.ledger import Hands
from db.locks import due_among
from db.parcels import Parcel
from ingest.apis import errors
from ingest.apis.api import ApiFailed
from ingest.apis.booking import Booked, BookingApi, Order, SlotTaken, Unknown
from ingest.apis.booking import Guest as Invited
from ingest.apis.budgets import BudgetSpent
from ingest.bookings.means import Desk
from ingest.parcels import parcel_of
from pipeline.booking import Booking, BookingState, Refusal, after_look, refusal, settings_in
from pipeline.doubts import Doubt
from pipeline.observation import AppointmentKey
from pipeline.words import Lane

CANCELED_HERE = "canceled_here"
LONGEST_PAUSE_SECONDS = 5.0
"""Between the commit and the call. Whoever was stopped for longer leaves the call to the next."""

# The provider has not taken the order and will not: another try would hear the same.
FINAL = frozenset({errors.UNAUTHORIZED, errors.NOT_THERE, "http_400", "http_403", "http_409", "http_422"})

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Work:
    """One intent in hand, and what it takes to go on with it."""

    desk: Desk
    database: Database
    witness: Database
    connection: Connection
    api: BookingApi
    booking: Booking

    def order(self, ready: Ready, contact_id: str | None) -> Order:
        own = settings_in(self.connection.settings)
        return Order(
            calendar=self.booking.calendar,
            start_at=self.booking.slot,
            end_at=self.booking.end_at,
            guest=_invited(ready.guest, self.zone(ready.guest)),
            token=f"lead:{self.booking.lead_id}",
            location=dict(own.location) if own.location else None,
            mark=self.booking.mark,
            contact=contact_id,
        )

    def zone(self, guest: Guest) -> str:
        return guest.zone or self.connection.timezone or "UTC"

    def fail(self, reason: str, state: BookingState = BookingState.FAILED) -> None:
        booking_attempts.settle(self.database, self.booking, state, reason, self.desk.now())
        _tell(self.booking, state, reason)

    def put_off(self, reason: str, seconds: float = 0.0) -> None:
        booking_attempts.put_off(self.database, self.booking, reason, self.desk.now(), seconds)
        log.info(
            "booking_postponed", client_id=self.booking.client_id, lead_id=self.booking.lead_id, reason=reason
        )


def carry_out(desk: Desk, client_id: UUID, booking_id: UUID) -> Booking:
    """Take an intent one step further, unless somebody else has its lead in hand. Raises bookings.UnknownBooking."""
    with _in_hand(desk, client_id, booking_id) as work:
        if work is not None:
            _step(work)
    with ExitStack() as stack:
        return bookings.find(stack.enter_context(desk.open_database(desk.dsn)), client_id, booking_id)


@contextmanager
def _in_hand(desk: Desk, client_id: UUID, booking_id: UUID) -> Iterator[_Work | None]:
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
        yield _Work(desk, database, witness, connection, api, booking)


def _without_api(desk: Desk, database: Database, booking: Booking) -> None:
    """Nobody can be asked: what was not called yet fails, what was waits for a token."""
    if booking.state is BookingState.RESERVED:
        booking_attempts.settle(database, booking, BookingState.FAILED, Refusal.NO_API, desk.now())
        _tell(booking, BookingState.FAILED, Refusal.NO_API)
    else:
        booking_attempts.put_off(
            database, booking, Refusal.NO_API, desk.now(), booking_attempts.LONGEST_WAIT_SECONDS
        )


def _step(work: _Work) -> None:
    state = work.booking.state
    try:
        if state is BookingState.RESERVED:
            _book(work)
        elif state in (BookingState.CALLING, BookingState.UNKNOWN):
            _look(work)
        elif state is BookingState.BOOKED and work.booking.cancel_asked_at is not None:
            _cancel(work)
    except BudgetSpent as spent:
        work.put_off(f"budget_{spent.reason}", min(spent.retry_after, booking_attempts.LONGEST_WAIT_SECONDS))
    except ApiFailed as failed:
        if state is BookingState.RESERVED and failed.error in FINAL:
            work.fail(failed.error)
        elif state is BookingState.BOOKED and (failed.error in FINAL or failed.error == errors.OTHER_GUESTS):
            booking_attempts.forget_cancel(work.database, work.booking, failed.error)
        else:
            work.put_off(failed.error)


def _book(work: _Work) -> None:
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
    contact_id = work.api.ensure_guest(_invited(ready.guest, work.zone(ready.guest)))
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


def _is_settled(work: _Work) -> bool:
    """Let what is waiting for the lead into its book first: it may hold the meeting that forbids another."""
    booking, database = work.booking, work.database
    lead_id = booking.lead_id
    ledger.drain(Hands(database, work.witness, work.desk.ringer), booking.client_id, [lead_id], wait=2.0)
    if due_among(database, booking.client_id, [lead_id]) or booking_attempts.another_open(database, booking):
        work.put_off("lead_busy")
        return False
    return True


def _commit_to_call(work: _Work, contact_id: str | None) -> Ready | None:
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


def _call(work: _Work, order: Order) -> None:
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
    _save(work, booked)


def _back(work: _Work, failed: ApiFailed | BudgetSpent) -> None:
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


def _leave_unknown(work: _Work, error: str) -> None:
    settle = settings_in(work.connection.settings).settle
    booking_attempts.unknown(work.database, work.booking, error, work.desk.now() + timedelta(seconds=settle))
    _tell(work.booking, BookingState.UNKNOWN, error)


def _look(work: _Work) -> None:
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
        _save(work, found)
        return
    state, reason = after_look(booking, found=False)
    booking_attempts.settle(work.database, booking, state, reason, work.desk.now())
    _tell(booking, state, reason)


def _save(work: _Work, booked: Booked) -> None:
    """The result joins where every fact does, with the state that says so: both or neither."""
    booking, now = work.booking, work.desk.now()
    with work.database.transaction():
        posted = inbox.post(work.database, [_parcel(work, booked)])
        booking_attempts.booked(work.database, booking, booked.external_id, booked.group, booked.uri, now)
    work.desk.at_step("saved")
    work.desk.ringer(posted.rings)
    _tell(booking, BookingState.BOOKED, None)


def _parcel(work: _Work, booked: Booked) -> Parcel:
    reading = replace(booked.reading, token=work.booking.lead_id)
    return parcel_of(work.connection, reading, work.desk.now(), new_id(), Lane.LIVE)


def _cancel(work: _Work) -> None:
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
    _tell(booking, BookingState.CANCELED, None)


def _invited(guest: Guest, zone: str) -> Invited:
    return Invited(
        email=guest.email or "",
        timezone=zone,
        first_name=guest.first_name,
        last_name=guest.last_name,
        phone=guest.phone,
    )


def _tell(booking: Booking, state: BookingState, reason: str | None) -> None:
    log.info(
        "booking_settled",
        client_id=booking.client_id,
        lead_id=booking.lead_id,
        connection_id=booking.connection_id,
        state=state,
        reason=reason,
        attempts=booking.attempts,
    )
