"""Times as words: where they are read, how long they last, how far off they are."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.instants import zone_named

MINUTE, HOUR, DAY = 60, 3600, 86400


def zone_of(*names: str | None) -> tuple[ZoneInfo, str]:
    """The first zone that is named and known, and its label; else UTC."""
    for name in names:
        if zone := zone_named(name):
            return zone, "UTC" if zone.key in {"UTC", "Etc/UTC"} else _place(zone.key)
    return ZoneInfo("UTC"), "UTC"


def day(at: datetime, zone: ZoneInfo) -> str:
    """Such as `Thu 26 Nov 2026`."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b} {local.year}"


def month(at: datetime, zone: ZoneInfo) -> str:
    """Such as `November 2026`."""
    return f"{at.astimezone(zone):%B %Y}"


def clock(at: datetime, zone: ZoneInfo) -> str:
    """Such as `09:30`."""
    return f"{at.astimezone(zone):%H:%M}"


def span(start_at: datetime, end_at: datetime | None, zone: ZoneInfo) -> str:
    """Such as `10:00 – 10:30`; an end on another day says which."""
    if end_at is None or end_at <= start_at:
        return clock(start_at, zone)
    start, end = start_at.astimezone(zone), end_at.astimezone(zone)
    last = clock(end_at, zone) if start.date() == end.date() else f"{end:%a} {clock(end_at, zone)}"
    return f"{clock(start_at, zone)} – {last}"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Such as `26 Nov 2026, 09:30`."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y, %H:%M}"


def duration(start_at: datetime, end_at: datetime | None) -> str | None:
    """Such as `45 min` or `1 h 30 min`; None where there is no end."""
    if end_at is None or end_at <= start_at:
        return None
    minutes = round((end_at - start_at) / timedelta(minutes=1))
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def relative(at: datetime, now: datetime) -> str:
    """Such as `in 2 days` or `4 min ago`; static/apptrail.js says it the same way while the page is open."""
    seconds = (at - now).total_seconds()
    off = abs(seconds)
    if off < MINUTE:
        return "now" if off < 1 else "in a moment" if seconds > 0 else "just now"
    amount = _amount(off)
    return f"in {amount}" if seconds > 0 else f"{amount} ago"


def iso(at: datetime) -> str:
    """For a `datetime` attribute: UTC, whole seconds."""
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _amount(seconds: float) -> str:
    """The nearest whole minute, hour, day, month or year; a half is rounded up, as scripts do."""
    minutes, hours, days = (int(seconds / unit + 0.5) for unit in (MINUTE, HOUR, DAY))
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        return f"{hours} h"
    if days < 60:
        return f"{days} day{'' if days == 1 else 's'}"
    return f"{int(days / 30 + 0.5)} months" if days < 700 else f"{int(days / 365 + 0.5)} years"


def _place(key: str) -> str:
    """`America/New_York` is `New York time`."""
    return f"{key.rpartition('/')[2].replace('_', ' ')} time"
