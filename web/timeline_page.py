"""Which of a lead's appointments one page of the timeline has: few, so that it is painted at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

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
    wanted = [one for one in known if not one.facts.placeholder and _fits(one, show, now)]
    ahead = sorted((one for one in wanted if one.facts.is_upcoming(now)), key=_soonest)
    if show == "upcoming":
        return _ahead(ahead, lead, cursor)
    shown = [] if cursor else ahead[:AHEAD]
    rest = [one for one in wanted if not one.facts.is_upcoming(now)]
    rows, following = appointments.cut(
        rest, lead, statuses=frozenset(), limit=ROWS - len(shown), cursor=cursor
    )
    return TimelinePage([*shown, *rows], following, len(ahead[AHEAD:]))


def _ahead(ahead: Sequence[Shelved], lead: Lead, cursor: str | None) -> TimelinePage:
    of_list = f"ahead:{lead.id}"
    if cursor:
        after = cursors.read(of_list, cursor)
        ahead = [one for one in ahead if _soonest(one) > after]
    following = cursors.write(of_list, *_soonest(ahead[ROWS - 1])) if len(ahead) > ROWS else None
    return TimelinePage(list(ahead[:ROWS]), following)


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
