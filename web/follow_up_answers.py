"""What the API answers of follow-ups and of persons' acts."""

from uuid import UUID

from db.reads.follow_ups import Counts, Listed
from web import follow_up_words
from web.answers import Answer, Instant


class Assignee(Answer):
    """Whose it is: an operator."""

    id: UUID
    name: str | None


class FollowUp(Answer):
    """One follow-up. `kind` and `closed_reason` may be words of a newer release: show what you do not know as it is.

    `appointment_id`: what it is about; of a move to another appointment, the one that was replaced.
    `suggestion` reads its times in `timezone`.
    """

    id: UUID
    lead_id: UUID
    kind: str
    title: str
    urgent: bool
    state: str
    provider: str
    appointment_id: UUID | None
    cause_at: Instant
    due_at: Instant
    lost_start_at: Instant | None
    new_start_at: Instant | None
    timezone: str
    suggestion: str
    closed_reason: str | None
    closed_because: str | None
    closed_at: Instant | None
    snoozed_until: Instant | None
    acted_at: Instant | None
    acted_by: str | None
    assignee: Assignee | None
    created_at: Instant
    updated_at: Instant


class FollowUpCounts(Answer):
    """How many are open and how many asleep, within the filters but for those of state and due."""

    open: int
    urgent: int
    due: int
    snoozed: int
    by_kind: dict[str, int]


class FollowUps(Answer):
    """Follow-ups: urgent first, then by when they are due, then the newest cause."""

    items: list[FollowUp]
    counts: FollowUpCounts
    next_cursor: str | None


def follow_up(one: Listed) -> FollowUp:
    """One row as the API says it."""
    return FollowUp(
        id=one.id,
        lead_id=one.lead_id,
        kind=one.kind,
        title=follow_up_words.kind(one.kind),
        urgent=one.urgent,
        state=one.state,
        provider=one.provider,
        appointment_id=one.appointment_id,
        cause_at=one.cause_at,
        due_at=one.due_at,
        lost_start_at=one.lost_start_at,
        new_start_at=one.new_start_at,
        timezone=follow_up_words.zone_name(one),
        suggestion=follow_up_words.suggestion(one),
        closed_reason=one.closed_reason,
        closed_because=follow_up_words.closed(one.closed_reason),
        closed_at=one.closed_at,
        snoozed_until=one.snoozed_until,
        acted_at=one.acted_at,
        acted_by=one.acted_by,
        assignee=Assignee(id=one.assignee, name=one.assignee_name) if one.assignee else None,
        created_at=one.created_at,
        updated_at=one.updated_at,
    )


def counts(found: Counts) -> FollowUpCounts:
    """The numbers as the API says them."""
    return FollowUpCounts(
        open=found.open, urgent=found.urgent, due=found.due, snoozed=found.snoozed, by_kind=found.by_kind
    )
