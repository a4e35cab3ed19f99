"""Availability: the free starts of a client's calendar, remembered for a moment, in the words of a lead's zone."""

from datetime import datetime, timedelta
from threading import Lock
from uuid import UUID

from db import connections, offered_slots
from db.connections import Connection
from ingest.apis.api import ApiFailed
from ingest.apis.budgets import BudgetSpent
from ingest.bookings.means import Desk
from pipeline.booking import settings_in, slot_label
from pipeline.instants import zone_named
from workers.booking_desk import NoSlots, Offer, Slot

FRESH = timedelta(seconds=60)
GRAIN = timedelta(hours=1)
MOST_REMEMBERED = 1000

_Asked = tuple[UUID, str, datetime, datetime, str]


class Availability:
    """Safe for threads. What is remembered is a hint: each booking asks the provider anew."""

    def __init__(self, desk: Desk) -> None:
        """Remember nothing yet."""
        self._desk = desk
        self._known: dict[_Asked, tuple[datetime, list[datetime]]] = {}
        self._lock = Lock()

    def __call__(
        self, client_id: UUID, lead_id: UUID, connection_id: UUID | None, start: datetime, end: datetime
    ) -> Offer:
        """List what may be offered to a lead in [start, end), and remember what was. Raises NoSlots."""
        now = self._desk.now()
        with self._desk.open_database(self._desk.dsn) as database:
            connection = bookable(
                connections.of_client(database, self._desk.keyring, client_id), connection_id
            )
            zone_name = offered_slots.zone_of(database, client_id, lead_id) or connection.timezone or "UTC"
            zone = zone_named(zone_name) or zone_named("UTC")
            calendar = settings_in(connection.settings).calendar
            if calendar is None or zone is None:
                raise NoSlots("no_calendar")
            free = self._free(connection, calendar, max(start, now), end, zone.key)
            slots = [Slot(one, slot_label(one, zone)) for one in free if start <= one < end and one > now]
            offered = [(one.start_at, one.label) for one in slots]
            offered_slots.offer(database, client_id, lead_id, connection.id, calendar, zone.key, offered, now)
        return Offer(connection.id, calendar, zone.key, slots)

    def _free(
        self, connection: Connection, calendar: str, start: datetime, end: datetime, zone: str
    ) -> list[datetime]:
        """Ask for whole hours, so that two who look in the same moment ask once."""
        now = self._desk.now()
        since = start.replace(minute=0, second=0, microsecond=0)
        until = end if end == end.replace(minute=0, second=0, microsecond=0) else end + GRAIN
        until = until.replace(minute=0, second=0, microsecond=0)
        asked = (connection.id, calendar, since, until, zone)
        with self._lock:
            known = self._known.get(asked)
        if known is not None and now - known[0] < FRESH:
            return known[1]
        api = self._desk.make_api(connection)
        if api is None:
            raise NoSlots("no_api")
        try:
            found = list(api.free(calendar, since, until, zone))
        except ApiFailed as failed:
            raise NoSlots(failed.error) from None
        except BudgetSpent as spent:
            raise NoSlots(f"budget_{spent.reason}") from None
        with self._lock:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[asked] = now, found
        return found


def bookable(known: list[Connection], connection_id: UUID | None) -> Connection:
    """The connection that is named, or the first that books with a calendar. Raises NoSlots."""
    active = [one for one in known if one.state == "active"]
    if connection_id is not None:
        named = [one for one in active if one.id == connection_id]
    else:
        named = [one for one in active if settings_in(one.settings).calendar is not None]
    if not named:
        raise NoSlots("no_connection")
    return named[0]
