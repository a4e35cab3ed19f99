"""Unzoned: what was said of an appointment whose wall time nobody can place yet, until its zone is known."""

from pipeline.instants import read_instant
from pipeline.observation import Fact, Observation, Schedule


class Unzoned(Fact, frozen=True, kw_only=True):
    """An observation without its schedule, and the wall times as ISO 8601 texts, mostly without an offset."""

    rest: Observation
    start: str
    end: str | None = None

    def placed_in(self, zone: str) -> Observation:
        """The observation that it would have been, had the zone been known.

        Raises NoZone for a name that nobody knows, TimeOutOfRange for what lies too far away.
        """
        schedule = Schedule(
            start_at=read_instant(self.start, zone),
            end_at=read_instant(self.end, zone) if self.end else None,
        )
        return self.rest.but(schedule=schedule)
