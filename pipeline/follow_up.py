"""A FollowUp: something that a lead's meetings ask a person to see to, and what persons did with it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pipeline.job import FollowUpAct
from pipeline.observation import AppointmentKey
from pipeline.words import URGENT, Act, Answered, FollowUpKind, FollowUpState, Provider


class FollowUpKey(NamedTuple):
    """The identity (RULES 24): of a native move, `provider` and `external_id` name the replaced appointment."""

    kind: FollowUpKind
    provider: Provider
    external_id: str

    @property
    def appointment(self) -> AppointmentKey:
        """The appointment that it is about."""
        return AppointmentKey(self.provider, self.external_id)


@dataclass(frozen=True, slots=True)
class Acts:
    """The last word of persons on one identity: what they did, and to whom they gave it."""

    act: Act | None = None
    at: datetime | None = None
    by: str | None = None
    until: datetime | None = None
    assignee: UUID | None = None
    assigned_at: datetime | None = None

    def with_act(self, said: FollowUpAct) -> "Acts":
        """Let one act in; of two the later counts, whichever came first."""
        if said.act is Act.ASSIGN:
            return self.joined(Acts(assignee=said.assignee, assigned_at=said.at))
        return self.joined(Acts(act=said.act, at=said.at, by=said.by, until=said.until))

    def joined(self, other: "Acts") -> "Acts":
        """Merge what is known of two leads that turn out to be one."""
        acted = max(self, other, key=Acts._acted)
        assigned = max(self, other, key=Acts._assigned)
        return replace(acted, assignee=assigned.assignee, assigned_at=assigned.assigned_at)

    def covers(self, cause_at: datetime) -> bool:
        """Whether the last act was done with this cause already there (RULES 26)."""
        return self.at is not None and cause_at <= self.at

    def _acted(self) -> tuple[bool, float, str, float, str]:
        if self.at is None:
            return (False, 0.0, "", 0.0, "")
        until = self.until.timestamp() if self.until else 0.0
        return (True, self.at.timestamp(), self.act or "", until, self.by or "")

    def _assigned(self) -> tuple[bool, float, str]:
        at = self.assigned_at
        return (at is not None, at.timestamp() if at else 0.0, str(self.assignee or ""))


NOBODY_ACTED = Acts()


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One follow-up, computed. `cause_at` is None where the facts no longer tell of a cause.

    `lost_start_at` is the start that was lost, `new_start_at` the one that a move led to.
    """

    key: FollowUpKey
    cause_at: datetime | None
    due_at: datetime | None
    state: FollowUpState
    closed_reason: Answered | None = None
    closed_at: datetime | None = None
    lost_start_at: datetime | None = None
    new_start_at: datetime | None = None
    acts: Acts = NOBODY_ACTED

    @property
    def urgent(self) -> bool:
        """RULES 27."""
        return self.key.kind in URGENT
