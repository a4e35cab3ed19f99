"""Which of a lead's appointments one page of the timeline has: few, so that it is painted at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from db.reads import appointments, cursors
from db.reads.appointments import Shelved
from db.reads.leads import Lead
from pipeline.words import Status

ROWS = 15
AHEAD = 8
"""How many of what lies ahead stand above the past; all of them are under `upcoming`."""

Show = Literal["all", "upcoming", "past", "cancelled"]


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """The rows of a page, where it goes on, and how many more lie ahead than are among them."""

    rows: list[Shelved]
    following: str | None
    further: int = 0


def cut(known: Sequence[Shelved], lead: Lead, show: Show, now: datetime, cursor: str | None) -> TimelinePage:
    """Cut a page from all of a lead's appointments, newest start first; `show` is what the reader picked.

    The first page begins with the soonest of what lies ahead, whatever was called off beyond. Raises cursors.BadCursor.
    """
    ahead, rest = _parted([one for one in known if _fits(one, show, now)], now)
    if show == "upcoming":
        return _cut_ahead(ahead, lead, cursor)
    shown = [] if cursor else ahead[:AHEAD]
    rows, following = appointments.cut(
        rest, lead, statuses=frozenset(), limit=ROWS - len(shown), cursor=cursor
    )
    return TimelinePage([*shown, *rows], following, len(ahead[AHEAD:]))


def place_of(known: Sequence[Shelved], lead: Lead, now: datetime, row_id: UUID) -> tuple[Show, str]:
    """What to show, and from which cursor on ("" is the beginning), to see one appointment."""
    ahead, rest = _parted(known, now)
    in_rest = next((at for at, one in enumerate(rest) if one.id == row_id), None)
    if in_rest is not None:
        first = ROWS - len(ahead[:AHEAD])
        before = first + (in_rest - first) // ROWS * ROWS
        return "all", appointments.cursor_after(lead, rest[before - 1]) if in_rest >= first else ""
    in_ahead = next((at for at, one in enumerate(ahead) if one.id == row_id), 0)
    if in_ahead < AHEAD:
        return "all", ""
    return "upcoming", _cursor_after(lead, ahead[in_ahead - 1]) if in_ahead >= ROWS else ""


def _parted(known: Sequence[Shelved], now: datetime) -> tuple[list[Shelved], list[Shelved]]:
    """What lies ahead, soonest first, and the rest as it came; placeholders are not listed."""
    ahead = [one for one in known if one.facts.is_upcoming(now) and not one.facts.placeholder]
    rest = [one for one in known if not one.facts.is_upcoming(now) and not one.facts.placeholder]
    return sorted(ahead, key=_soonest), rest


def _cut_ahead(ahead: Sequence[Shelved], lead: Lead, cursor: str | None) -> TimelinePage:
    if cursor:
        after = cursors.read(f"ahead:{lead.id}", cursor)
        ahead = [one for one in ahead if _soonest(one) > after]
    following = _cursor_after(lead, ahead[ROWS - 1]) if len(ahead) > ROWS else None
    return TimelinePage(list(ahead[:ROWS]), following)


def _cursor_after(lead: Lead, one: Shelved) -> str:
    return cursors.write(f"ahead:{lead.id}", *_soonest(one))


def _soonest(one: Shelved) -> tuple[datetime | None, str]:
    return one.facts.start_at, str(one.id)


def _fits(one: Shelved, show: Show, now: datetime) -> bool:
    facts = one.facts
    return {
        "all": True,
        "upcoming": facts.is_upcoming(now),
        "past": facts.start_at is not None and facts.start_at <= now,
        "cancelled": facts.status is Status.CANCELED,
    }[show]
