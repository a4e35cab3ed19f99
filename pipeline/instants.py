"""Instants: a provider's time texts, read without guessing a zone (RULES 14 and 16)."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

EARLIEST_YEAR, LATEST_YEAR = 1990, 2100

# A date alone, or a sentence for people, is no instant; nor is what Python reads up to a NUL.
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}[\d:.,+Zz-]*", re.ASCII)


class UnreadableTime(ValueError):
    """A time does not have a form that is read."""


class NoZone(ValueError):
    """A wall time came without an offset, and neither the payload nor the connection names a zone."""


class TimeOutOfRange(ValueError):
    """A time lies before 1990 or after 2100."""


def read_instant(text: str, *zones: str | None) -> datetime:
    """Read an ISO 8601 time as an aware UTC instant.

    A time without an offset is read in the first of `zones` (IANA names) that is given: in a DST gap it
    is shifted forward, in an overlap the first pass is meant. Raises UnreadableTime, NoZone for a wall
    time that no known zone belongs to, and TimeOutOfRange.
    """
    if not _ISO.fullmatch(text):
        raise UnreadableTime
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=_first_zone(zones), fold=0)
        if instant.tzinfo is not UTC:
            instant = instant.astimezone(UTC)
    except NoZone:
        raise
    except (ValueError, OverflowError):
        raise UnreadableTime from None
    if not EARLIEST_YEAR <= instant.year < LATEST_YEAR:
        raise TimeOutOfRange
    return instant


def zone_named(name: str | None) -> ZoneInfo | None:
    """Find a zone by its IANA name; None for a name that nobody knows."""
    return _zone(name) if name else None


def _first_zone(zones: tuple[str | None, ...]) -> ZoneInfo:
    for name in zones:
        if name:
            zone = _zone(name)
            if zone is None:
                raise NoZone
            return zone
    raise NoZone


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None
