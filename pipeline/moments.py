"""Moments: when what an observation says took effect, and which of two comes first."""

from datetime import datetime

from pipeline.observation import Observation, StatusWord
from pipeline.words import Status

# RULES 7: the greatest wins where two words are said for the same instant; a removal beats them all.
WORD_RANK: dict[Status | None, int] = {
    None: -1,
    Status.PENDING: 0,
    Status.CONFIRMED: 1,
    Status.INVALID: 2,
    Status.SHOWED: 3,
    Status.NO_SHOW: 3,
    Status.CANCELED: 4,
    Status.RESCHEDULED: 4,
}
REMOVED_RANK = 5


def moment_of(said: Observation) -> datetime:
    """When an observation's newest fact took effect: its place in a timeline."""
    found_again = said.status.restored_at if said.status is not None else None
    outcome_at = said.outcome.at if said.outcome is not None else None
    return max(at for at in (said.effective_at, outcome_at, found_again) if at is not None)


def by_moment(said: Observation) -> tuple[datetime, int, int, bytes]:
    """A key: the order in which observations are taken."""
    return moment_of(said), said.tier, rank_of(said.status), said.digest


def rank_of(status: StatusWord | None) -> int:
    """The rank of a word, or of there being none."""
    if status is None:
        return WORD_RANK[None]
    return REMOVED_RANK if status.removed else WORD_RANK[status.word]
