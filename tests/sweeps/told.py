"""What has to be in the history: every state that was delivered or stood at a sweep, and nothing else."""

from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

from pipeline.words import Provider
from tests.simulators.truth import Account, Meeting

WORDS = {
    Provider.CALENDLY: {"active": "confirmed", "canceled": "canceled"},
    Provider.GHL: {
        "confirmed": "confirmed",
        "cancelled": "canceled",
        "showed": "showed",
        "noshow": "no_show",
    },
}
"""The providers' words that the agency uses, as the history has them."""


class State(NamedTuple):
    """A meeting at one instant, as a provider tells of it. All instants are the provider's own."""

    version: datetime | None
    word: str
    removed: bool = False
    start: datetime | None = None
    end: datetime | None = None
    replaces: str | None = None
    replaced_by: str | None = None
    no_show_at: datetime | None = None
    undone_at: datetime | None = None


GONE = State(None, "canceled", removed=True)
"""What a GET says that finds nothing."""


def state_of(
    account: Account, meeting: Meeting, *, removed: bool = False, undone_at: datetime | None = None
) -> State:
    """What the provider says of a meeting as it stands; `undone_at`: a webhook that takes a no-show back."""
    return State(
        meeting.updated_at,
        "canceled" if removed else WORDS[account.provider][meeting.status],
        removed,
        meeting.start,
        meeting.end,
        meeting.replaces.id if meeting.replaces else None,
        meeting.replaced_by.id if meeting.replaced_by else None,
        meeting.no_show_at,
        undone_at,
    )


class Told:
    """States by meeting: what must be in the history, and what may be, because it was told to one who died."""

    def __init__(self) -> None:
        self.must: dict[str, set[State]] = defaultdict(set)
        self.may: dict[str, set[State]] = defaultdict(set)
        self.heard: set[str] = set()
        """The meetings of which a webhook told."""
        self.not_found_at: dict[str, set[datetime]] = defaultdict(set)
        """When a GET of a meeting found nothing."""
        self._pending: list[tuple[str, State]] = []

    def delivered(self, meeting: Meeting, state: State) -> None:
        """Note a webhook that was acknowledged."""
        self.heard.add(meeting.id)
        self._note(meeting.id, state)

    def shown(self, meeting: Meeting, state: State) -> None:
        """Note what an API told; whether it is kept, what comes after says."""
        self._pending.append((meeting.id, state))

    def passed_over(self, meeting: Meeting, state: State) -> None:
        """Note what stood behind a mark that had not changed: a no-show moves none at Calendly."""
        known = {one[:7] for one in self.must[meeting.id]}
        (self.may if state[:7] in known else self.must)[meeting.id].add(state)

    def not_found(self, name: str, at: datetime) -> None:
        """Note that a GET found nothing: a conclusion only once every account has said so."""
        self.may[name].add(GONE)
        self.not_found_at[name].add(at)

    def settle(self) -> None:
        """What was shown is posted: its sweep lived on."""
        for name, state in self._pending:
            self._note(name, state)
        self._pending.clear()

    def doubt(self) -> None:
        """What was shown may be posted or not: its sweep died."""
        for name, state in self._pending:
            self.may[name].add(state)
        self._pending.clear()

    def _note(self, name: str, state: State) -> None:
        self.must[name].add(state)
