"""Follow-ups: what a lead's meetings ask of people, computed from the book at an instant (RULES 24-27)."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from pipeline.appointment import Appointment, ends_at
from pipeline.folded import Folded
from pipeline.follow_up import NOBODY_ACTED, Acts, FollowUp, FollowUpKey
from pipeline.follow_up_causes import Cause, Facts
from pipeline.observation import AppointmentKey
from pipeline.words import Act, Answered, FollowUpState, Provider, Source, Status

Since = Mapping[Provider, datetime]
"""From when on a client's connections of a provider raise follow-ups; none: not at all."""


def follow_ups(
    folded: Mapping[AppointmentKey, Folded],
    appointments: Mapping[AppointmentKey, Appointment],
    acts: Mapping[FollowUpKey, Acts],
    since: Since,
    now: datetime,
) -> dict[FollowUpKey, FollowUp]:
    """Compute a lead's follow-ups, answered ones included; one that a person acted on is never dropped."""
    if not since and not acts:
        return {}
    facts = Facts(folded, appointments, now)
    found = {
        cause.key: _standing(cause, acts.get(cause.key, NOBODY_ACTED), now)
        for cause in facts.causes()
        if cause.key.provider in since and cause.at >= since[cause.key.provider]
    }
    for key, theirs in acts.items():
        if key not in found and theirs != NOBODY_ACTED:
            withdrawn = FollowUpState.CLOSED
            found[key] = FollowUp(key, None, None, withdrawn, Answered.WITHDRAWN, acts=theirs)
    return found


def changes_at(
    found: Iterable[FollowUp], appointments: Iterable[Appointment], since: Since, now: datetime
) -> datetime | None:
    """The next instant at which time alone changes a follow-up: an end, a snooze's end, a new start."""
    times: list[datetime] = []
    for one in found:
        if one.state is FollowUpState.SNOOZED and one.acts.until is not None:
            times.append(one.acts.until)
        if one.new_start_at is not None:
            times.append(one.new_start_at)
    if since:
        times += [end for one in appointments if (end := _outcome_due_at(one, since)) is not None]
    return min((at for at in times if at > now), default=None)


def _outcome_due_at(one: Appointment, since: Since) -> datetime | None:
    """When a meeting's outcome is due, if no outcome comes before its end."""
    end = ends_at(one)
    if end is None or one.source is Source.MIGRATION or one.key.provider not in since:
        return None
    if one.is_live or (one.status is not Status.RESCHEDULED and _after(one.status_changed_at, end)):
        return end
    return None


def _after(one: datetime | None, other: datetime) -> bool:
    return one is not None and one > other


def _standing(cause: Cause, acts: Acts, now: datetime) -> FollowUp:
    """A person's act stands over an answer, and covers only the causes that were there (RULES 26)."""
    state, due_at, answer = FollowUpState.OPEN, cause.at, cause.answer
    last = acts.act if acts.covers(cause.at) else None
    if last is Act.DONE:
        state, answer = FollowUpState.DONE, None
    elif last is Act.REOPEN and answer is not None and acts.at is not None and answer.at <= acts.at:
        answer = None
    elif answer is not None:
        state = FollowUpState.CLOSED
    elif last is Act.SNOOZE and acts.until is not None:
        state = FollowUpState.SNOOZED if acts.until > now else FollowUpState.OPEN
        due_at = max(due_at, acts.until)
    return FollowUp(
        key=cause.key,
        cause_at=cause.at,
        due_at=due_at,
        state=state,
        closed_reason=answer.reason if answer else None,
        closed_at=answer.at if answer else None,
        lost_start_at=cause.lost_start_at,
        new_start_at=cause.new_start_at,
        acts=acts,
    )
