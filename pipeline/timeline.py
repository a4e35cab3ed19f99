"""The timeline: an appointment's observations in order, as the changes they made."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pipeline.fold import walk
from pipeline.folded import Folded
from pipeline.moments import moment_of
from pipeline.observation import Observation
from pipeline.words import Source, Status

Shown = str | datetime | None


@dataclass(frozen=True, slots=True)
class Revision:
    """One change: when it took effect, who told us, and {field: (before, after)}."""

    at: datetime
    source: Source
    changes: dict[str, tuple[Shown, Shown]]


def revisions(observations: Iterable[Observation]) -> list[Revision]:
    """Walk the observations of one appointment; one that changes nothing is no revision (RULES 9)."""
    found: list[Revision] = []
    before: dict[str, Shown] = {}
    for state in walk(observations):
        after = shown(state.folded())
        changes = {
            name: (before.get(name), value) for name, value in after.items() if before.get(name) != value
        }
        if changes:
            found.append(Revision(moment_of(state.observation), state.observation.source, changes))
        before = after
    return found


def shown(one: Folded) -> dict[str, Shown]:
    """The fields whose change a person would call a change."""
    status = Status.RESCHEDULED if one.says_it_was_superseded else one.own_status
    return {
        "status": status.value,
        "start_at": one.start_at,
        "end_at": one.end_at,
        "timezone": one.timezone,
        "booked_at": one.booked_at,
        "canceled_at": None if one.says_it_was_superseded else one.lost_at,
        "rescheduled_from": one.replaces,
        "rescheduled_to": one.replaced_by,
    }
