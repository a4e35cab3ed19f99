"""Follow-ups laid out for people: what happened, with the time as the lead knows it, and how urgent it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from db.reads.follow_ups import Listed
from pipeline.words import FollowUpKind, Provider
from web import follow_up_words, present, times
from web.present import Pill

ICONS: dict[str, str] = {
    FollowUpKind.MEETING_CANCELED: "ban",
    FollowUpKind.MEETING_RESCHEDULED: "moved",
    FollowUpKind.NO_SHOW: "absent",
    FollowUpKind.NEEDS_OUTCOME: "question",
}
SOON = timedelta(hours=24)
MORNING = 9


@dataclass(frozen=True, slots=True)
class Row:
    """One follow-up as a row. `code` is set for a kind that this release does not know, which nobody can act on here."""

    id: str
    lead_id: str
    name: str
    kind: Pill
    code: str | None
    urgent: bool
    why_urgent: str | None
    what: str
    moves: int
    was: str | None
    was_at: datetime | None
    becomes: str | None
    zone: str
    provider: str
    due_at: datetime
    cause_at: datetime
    owner: str | None
    is_mine: bool
    state: str
    closed_because: str | None
    closed_at: datetime | None
    snoozed_until: datetime | None
    suggestion: str


def row(one: Listed, name: str | None, me: object, now: datetime) -> Row:
    """Lay one out; `me` is the operator who looks."""
    zone, place = times.zone_of(*one.zones)
    known = one.kind in ICONS and one.provider in set(Provider)
    return Row(
        id=str(one.id),
        lead_id=str(one.lead_id),
        name=name or f"Lead {present.short_id(one.lead_id)}",
        kind=Pill(
            follow_up_words.kind(one.kind), ICONS.get(one.kind, "dot"), "red" if one.urgent else "amber"
        ),
        code=None if known else one.kind,
        urgent=one.urgent,
        why_urgent=_why_urgent(one, now),
        what=_what(one),
        moves=one.moved_count + (one.kind == FollowUpKind.MEETING_RESCHEDULED),
        was=times.moment(one.lost_start_at, zone) if one.lost_start_at else None,
        was_at=one.lost_start_at,
        becomes=times.moment(one.new_start_at, zone) if one.new_start_at else None,
        zone=place,
        provider=present.PROVIDER_TEXT.get(one.provider, one.provider),  # type: ignore[call-overload]
        due_at=one.due_at,
        cause_at=one.cause_at,
        owner=one.assignee_name if one.assignee else None,
        is_mine=one.assignee is not None and one.assignee == me,
        state=one.state,
        closed_because=follow_up_words.closed(one.closed_reason),
        closed_at=one.closed_at,
        snoozed_until=one.snoozed_until,
        suggestion=follow_up_words.suggestion(one),
    )


def morning(now: datetime, one: Listed, days: int = 1) -> datetime:
    """Nine o'clock in the lead's zone, so many days from now."""
    zone, _ = times.zone_of(*one.zones)
    local = now.astimezone(zone) + timedelta(days=days)
    return local.replace(hour=MORNING, minute=0, second=0, microsecond=0)


def _what(one: Listed) -> str:
    """What happened, in a few words."""
    word = follow_up_words.kind(one.kind)
    if one.kind != FollowUpKind.MEETING_CANCELED or one.lost_start_at is None:
        return word
    ahead = one.lost_start_at - one.cause_at
    if ahead <= timedelta(0):
        return "Cancelled after its start"
    return f"Cancelled {times.relative(one.cause_at + ahead, one.cause_at).removeprefix('in ')} before start"


def _why_urgent(one: Listed, now: datetime) -> str | None:
    """Why it may not wait, as far as its own row says it."""
    if not one.urgent:
        return None
    at = one.new_start_at or one.lost_start_at
    if at and timedelta(0) < at - now <= SOON:
        return "The new time is within 24 h" if one.new_start_at else "Its slot is within 24 h"
    if one.kind == FollowUpKind.MEETING_CANCELED:
        return "No meeting lies ahead"
    return "The lead expects to hear from you"
