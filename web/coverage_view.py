"""The coverage strip: a bar of days, coloured and hatched by how well sweeps know them, and the same in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.coverage import Covered, Watermark, coverage
from pipeline.sweeping import Tier
from web import times
from web.present import Pill
from web.sync_health import Watermark as Told

PILLS: dict[Covered, Pill] = {
    Covered.CURRENT: Pill("Current", "check", "green"),
    Covered.LATE: Pill("Late", "clock", "amber"),
    Covered.NEVER: Pill("Never read", "ring", "red"),
}

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Piece:
    """One stretch: `x` and `width` in days from the strip's beginning; `since` and `until` are its first and last day (UTC)."""

    x: float
    width: float
    pill: Pill
    covered: str
    text: str
    at: datetime | None
    since: str
    until: str

    @property
    def wants_a_sweep(self) -> bool:
        """Whether somebody may want to have it read now."""
        return self.covered != Covered.CURRENT


@dataclass(frozen=True, slots=True)
class Strip:
    """All that the scheduled tiers look after; `now` in days from its beginning."""

    width: float
    now: float
    pieces: list[Piece]
    label: str


def strip(told: Mapping[str, Told], now: datetime) -> Strip:
    """Lay a connection's coverage out."""
    marks = {Tier(tier): Watermark(one.at, one.from_at, one.to_at) for tier, one in told.items()}
    found = coverage(marks, now)
    first = found[0].start
    pieces = [
        Piece(
            x=_days(one.start - first),
            width=_days(one.end - one.start),
            pill=PILLS[one.covered],
            covered=one.covered,
            text=f"{times.day(one.start, _UTC)} – {times.day(one.end, _UTC)}",
            at=one.at,
            since=one.start.date().isoformat(),
            until=(one.end + timedelta(days=1)).date().isoformat(),
        )
        for one in found
    ]
    shares = ", ".join(f"{one.pill.text.lower()} {one.text}" for one in pieces)
    return Strip(_days(found[-1].end - first), _days(now - first), pieces, f"Coverage: {shares}")


def _days(span: timedelta) -> float:
    return round(span / timedelta(days=1), 2)
