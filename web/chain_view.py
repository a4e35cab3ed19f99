"""Chains in words: the neighbours of one appointment, and the way by which the last of them came to its time."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from db.reads.appointments import Shelved
from pipeline.words import LinkKind
from web import times

UNTOLD = "an appointment that we have not been told of"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The other half of a move: `row_id` is None for one that nobody has told us of."""

    text: str
    row_id: str | None
    inferred: bool


Rows = Mapping[UUID, Shelved]


def neighbour(row_id: UUID | None, one: Shelved, rows: Rows, zone: str | None) -> Neighbour | None:
    """What an appointment replaced, or was replaced by; `zone` is the lead's.

    A link is inferred only where neither end has a native one, so one word covers both sides (RULES 19).
    """
    if row_id is None:
        return None
    other = rows.get(row_id)
    inferred = one.facts.link_kind is LinkKind.INFERRED
    if other is None or other.facts.placeholder:
        return Neighbour(UNTOLD, None, inferred)
    return Neighbour(_time_of(other, zone), str(other.id), inferred)


def steps(one: Shelved, rows: Rows, zone: str | None) -> list[str]:
    """How the last one of a native chain came to its time, oldest first; nothing for any other appointment."""
    if one.rescheduled_to_id is not None or not one.facts.moved_count:
        return []
    way, seen = [one], {one.id}
    while (before := rows.get(way[-1].rescheduled_from_id)) and before.id not in seen:  # type: ignore[arg-type]
        way.append(before)
        seen.add(before.id)
    way.reverse()
    return [_step(each, zone, first=each is way[0]) for each in way]


def _step(one: Shelved, zone: str | None, *, first: bool) -> str:
    if one.facts.placeholder:
        return f"Begun by {UNTOLD}"
    read_in = _zone(one, zone)
    since = f" {times.day(one.facts.booked_at, read_in)}" if one.facts.booked_at else ""
    word = "First booked{} for {}" if first else "Moved{} to {}"
    return word.format(since, _time_of(one, zone))


def _time_of(one: Shelved, zone: str | None) -> str:
    return times.moment(one.facts.start_at, _zone(one, zone)) if one.facts.start_at else "a time not known"


def _zone(one: Shelved, zone: str | None) -> ZoneInfo:
    return times.zone_of(one.facts.timezone, zone)[0]
