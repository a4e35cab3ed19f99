"""Sweeping: which stretch of time a sweep asks for, by how likely it is to change, and how often."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

LONGEST_SPAN = timedelta(days=31)


class Tier(StrEnum):
    """How old, or how far ahead, the meetings of a sweep are; `whole` and `gap` are asked for."""

    NEAR = "near"
    MID = "mid"
    FAR = "far"
    WHOLE = "whole"
    GAP = "gap"


class Span(NamedTuple):
    """Meetings that start in [start, end), UTC."""

    start: datetime
    end: datetime


SCHEDULED = (Tier.NEAR, Tier.MID, Tier.FAR)

EVERY: dict[Tier, timedelta] = {
    Tier.NEAR: timedelta(minutes=5),
    Tier.MID: timedelta(hours=1),
    Tier.FAR: timedelta(days=1),
}

# A run that was killed is taken up again while what it was planned for is still worth asking.
RESUMED_WITHIN: dict[Tier, timedelta] = {
    Tier.NEAR: timedelta(hours=1),
    Tier.MID: timedelta(hours=6),
    Tier.FAR: timedelta(days=2),
    Tier.WHOLE: timedelta(days=7),
    Tier.GAP: timedelta(days=2),
}

_DAY = timedelta(days=1)
_STRETCHES: dict[Tier, tuple[tuple[timedelta, timedelta], ...]] = {
    Tier.NEAR: ((-2 * _DAY, 60 * _DAY),),
    Tier.MID: ((-30 * _DAY, -2 * _DAY),),
    Tier.FAR: ((-400 * _DAY, -30 * _DAY), (60 * _DAY, 400 * _DAY)),
}


def spans_of(tier: Tier, now: datetime) -> list[Span]:
    """What a scheduled tier asks for at `now`, in spans of at most 31 days."""
    return [span for since, until in _STRETCHES[tier] for span in split(Span(now + since, now + until))]


def whole(start: datetime | None, end: datetime | None, now: datetime) -> list[Span]:
    """What is asked for on demand; an end that is not given is that of the scheduled tiers."""
    return list(split(Span(start or now - 400 * _DAY, end or now + 400 * _DAY)))


def split(span: Span) -> Iterator[Span]:
    """Cut a span into spans of at most 31 days."""
    start = span.start
    while start < span.end:
        end = min(start + LONGEST_SPAN, span.end)
        yield Span(start, end)
        start = end


def is_mass_disappearance(gone: int, held: int) -> bool:
    """Whether so many of what we hold are missing that the listing is to be doubted, and not the meetings."""
    return gone > MOST_GONE and gone > held * MOST_GONE_SHARE


def first_due(tiers: Sequence[tuple[Tier, datetime | None]], now: datetime) -> list[Tier]:
    """Which scheduled tiers are due, the nearest first; each comes with when it was last begun."""
    return [tier for tier, begun in tiers if begun is None or now - begun >= EVERY[tier]]


MOST_GONE = 20
MOST_GONE_SHARE = 0.2
