"""Sweeping, put together: the clock's duties that speak to providers."""

from collections.abc import Sequence
from contextlib import ExitStack

from boot.settings import Settings
from db.keyring import Keyring
from ingest.bookings.means import desk
from ingest.bookings.schedule import ROUND_SECONDS as BOOKING_SECONDS
from ingest.bookings.schedule import Bookings
from ingest.sweeps.means import apis
from ingest.sweeps.schedule import HOUSEKEEPING_SECONDS, ROUND_SECONDS, Sweeping
from workers.ringer import Ringer
from workers.timetable import Duty


def sweeping_duties(settings: Settings, stack: ExitStack, ringer: Ringer) -> Sequence[Duty]:
    """What the clock does with the providers' APIs; the stack ends it."""
    keyring = Keyring(settings.secret_keys)
    make_api = stack.enter_context(apis(settings.database_dsn, settings.redis_url, keyring))
    sweeping = Sweeping(settings.database_dsn, keyring, make_api, ringer)
    stack.callback(sweeping.close)
    booking = Bookings(stack.enter_context(desk(settings.database_dsn, settings.redis_url, keyring, ringer)))
    stack.callback(booking.close)
    return (
        Duty("bookings", BOOKING_SECONDS, booking.round),
        Duty("sweeps", ROUND_SECONDS, sweeping.round),
        Duty("sweep_records", HOUSEKEEPING_SECONDS, sweeping.keep_house),
    )
