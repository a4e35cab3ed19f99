"""Free slots of a simulated calendar: half hours of its working day that no live meeting fills."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.simulators.truth import HALF_HOUR, Account, Calendar
from tests.simulators.world import World

OPENS, CLOSES = 9, 17


def free(
    world: World, account: Account, calendar: Calendar, since: datetime, until: datetime
) -> dict[datetime, int]:
    """The starts that may be booked, in UTC, with the seats left."""
    taken = Counter(one.start for one in world.live(account) if one.calendar.id == calendar.id)
    after = max(since, world.clock.now())
    slots = (one for one in _half_hours(calendar, since, until) if after <= one < until)
    return {one: calendar.seats - taken[one] for one in slots if calendar.seats > taken[one]}


def _half_hours(calendar: Calendar, since: datetime, until: datetime) -> Iterator[datetime]:
    zone = ZoneInfo(calendar.zone)
    day = since.astimezone(zone).date()
    while day <= until.astimezone(zone).date():
        if day.weekday() < 5:
            opens = datetime(day.year, day.month, day.day, OPENS, tzinfo=zone).astimezone(UTC)
            for number in range((CLOSES - OPENS) * 2):
                yield opens + number * HALF_HOUR
        day += timedelta(days=1)
