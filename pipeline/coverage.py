"""Coverage: for which stretches of time the sweeps have told us everything, and how long ago."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from pipeline.sweeping import EVERY, SCHEDULED, Span, Tier, spans_of

PATIENCE = 3
"""How many turns of its tier a stretch may wait before it is late: a budget that is spent, a clock that restarts."""
LEAST_PATIENCE = timedelta(hours=1)


class Covered(StrEnum):
    """How well a stretch is known."""

    CURRENT = "current"
    LATE = "late"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Watermark:
    """Every page of what starts between `start` and `end` was read, as it stood at `at`; UTC."""

    at: datetime
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Stretch:
    """Meetings that start in [start, end), when they were last read, and whether that is recent enough."""

    start: datetime
    end: datetime
    covered: Covered
    at: datetime | None


def coverage(watermarks: Mapping[Tier, Watermark], now: datetime) -> list[Stretch]:
    """Cut the time that scheduled tiers look after into stretches, the earliest first; neighbours differ."""
    wanted = {tier: spans_of(tier, now) for tier in SCHEDULED}
    read = [(mark.at, span) for tier, mark in watermarks.items() for span in _read(tier, mark, now)]
    first = min(span.start for spans in wanted.values() for span in spans)
    last = max(span.end for spans in wanted.values() for span in spans)
    edges = {edge for spans in wanted.values() for span in spans for edge in span}
    edges |= {edge for _, span in read for edge in span if first < edge < last}
    found: list[Stretch] = []
    for start, end in pairwise(sorted(edges)):
        tier = next(tier for tier, spans in wanted.items() if any(_holds(span, start, end) for span in spans))
        at = max((at for at, span in read if _holds(span, start, end)), default=None)
        covered = _covered(tier, at, now)
        alike = bool(found) and (found[-1].covered, found[-1].at) == (covered, at)
        found.append(Stretch(found.pop().start if alike else start, end, covered, at))
    return found


def _read(tier: Tier, mark: Watermark, now: datetime) -> Iterator[Span]:
    """What a watermark speaks for: of a scheduled tier, only that tier's own stretches.

    These move along with the clock until the tier's next turn; how old the word is, `at` says.
    """
    if tier not in SCHEDULED:
        yield Span(mark.start, mark.end)
        return
    since = now - mark.at
    for span in spans_of(tier, now):
        start, end = max(span.start, mark.start + since), min(span.end, mark.end + since)
        if start < end:
            yield Span(start, end)


def _holds(span: Span, start: datetime, end: datetime) -> bool:
    return span.start <= start and end <= span.end


def _covered(tier: Tier, at: datetime | None, now: datetime) -> Covered:
    if at is None:
        return Covered.NEVER
    return Covered.CURRENT if now - at <= max(PATIENCE * EVERY[tier], LEAST_PATIENCE) else Covered.LATE
