"""Causes of follow-ups: which of a lead's meetings were lost, missed, moved or never told of, and what answered it."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from operator import itemgetter

from pipeline.appointment import Appointment, ends_at
from pipeline.folded import Folded
from pipeline.follow_up import FollowUpKey
from pipeline.observation import AppointmentKey
from pipeline.words import HELD, LIVE, Answered, FollowUpKind, Source, Status

OUTCOMES = HELD | {Status.NO_SHOW}


@dataclass(frozen=True, slots=True)
class Answer:
    """What settled a cause without a person, and when."""

    at: datetime
    reason: Answered


@dataclass(frozen=True, slots=True)
class Cause:
    """Why there is a follow-up: at an effective time, never at the time when we heard of it."""

    key: FollowUpKey
    at: datetime
    lost_start_at: datetime | None
    new_start_at: datetime | None
    answer: Answer | None


class Facts:
    """One lead's facts while its causes are looked for."""

    def __init__(
        self,
        folded: Mapping[AppointmentKey, Folded],
        appointments: Mapping[AppointmentKey, Appointment],
        now: datetime,
    ) -> None:
        """Take what is known of every meeting of the lead; the future is what is after `now`."""
        self._folded = folded
        self._appointments = appointments
        self._now = now

    def causes(self) -> Iterator[Cause]:
        """All causes whose lost start was still ahead, each with what answered it."""
        for key, one in self._appointments.items():
            facts = self._folded.get(key)
            moved = self._moved(one, facts)
            if moved is not None:
                yield moved
            if facts is not None and one.status is not Status.RESCHEDULED:
                yield from filter(None, (self._canceled(one, facts), self._no_show(one, facts)))
                yield from filter(None, (self._needs_outcome(one, facts),))

    def _canceled(self, one: Appointment, facts: Folded) -> Cause | None:
        at = facts.canceled_cause_at
        lost = facts.canceled_cause_start or facts.start_at
        if at is None or not _was_ahead(lost, at):
            return None
        answer = None
        if one.status is not Status.CANCELED:
            reason = Answered.OUTCOME if one.status in OUTCOMES else Answered.REINSTATED
            answer = Answer(facts.own_status_at, reason)
        answer = answer or self._booked_after(at, one.key)
        return Cause(FollowUpKey(FollowUpKind.MEETING_CANCELED, *one.key), at, lost, None, answer)

    def _no_show(self, one: Appointment, facts: Folded) -> Cause | None:
        at = facts.no_show_cause_at
        if at is None:
            return None
        settled = one.status is not Status.NO_SHOW
        answer = Answer(facts.own_status_at, Answered.OUTCOME) if settled else self._booked_after(at, one.key)
        return Cause(FollowUpKey(FollowUpKind.NO_SHOW, *one.key), at, facts.start_at, None, answer)

    def _needs_outcome(self, one: Appointment, facts: Folded) -> Cause | None:
        """Due when the meeting is over; an outcome that was told by then is no answer but spares the question."""
        at = ends_at(one)
        if at is None or at > self._now or one.source is Source.MIGRATION:
            return None
        if one.status in LIVE:
            answer = self._booked_after(at, one.key)
        elif facts.own_status_at > at:
            reason = Answered.CANCELED if one.status is Status.CANCELED else Answered.OUTCOME
            answer = Answer(facts.own_status_at, reason)
        else:
            return None
        return Cause(FollowUpKey(FollowUpKind.NEEDS_OUTCOME, *one.key), at, one.start_at, None, answer)

    def _moved(self, one: Appointment, facts: Folded | None) -> Cause | None:
        if one.status is Status.RESCHEDULED:
            return self._moved_natively(one, facts)
        if facts is None or facts.moved_cause_at is None:
            return None
        at, lost = facts.moved_cause_at, facts.moved_cause_start
        if not _was_ahead(lost, at):
            return None
        answer = self._settled(one)
        key = FollowUpKey(FollowUpKind.MEETING_RESCHEDULED, *one.key)
        return Cause(key, at, lost, one.start_at, answer)

    def _moved_natively(self, one: Appointment, facts: Folded | None) -> Cause | None:
        at = self._moved_away_at(one, facts)
        lost = facts.start_at if facts else None
        if at is None or not _was_ahead(lost, at):
            return None
        new = self._appointments.get(one.rescheduled_to) if one.rescheduled_to else None
        answer = self._settled(new, at) if new else None
        key = FollowUpKey(FollowUpKind.MEETING_RESCHEDULED, *one.key)
        return Cause(key, at, lost, new.start_at if new else None, answer)

    def _moved_away_at(self, one: Appointment, facts: Folded | None) -> datetime | None:
        """When an appointment was replaced: both halves tell it; the earlier, so that no later news moves it on."""
        new = self._appointments.get(one.rescheduled_to) if one.rescheduled_to else None
        told = [facts.canceled_at if facts else None, new.booked_at if new else None]
        if times := [at for at in told if at is not None]:
            return min(times)
        if facts is not None and facts.word_changed_at is not None and facts.word is Status.CANCELED:
            return facts.word_changed_at
        if new is not None and not new.placeholder:
            return new.first_effective_at
        return facts.first_effective_at if facts else None

    def _settled(self, new: Appointment, moved_at: datetime | None = None) -> Answer | None:
        """What became of the meeting that a move led to, if that answers the move."""
        facts = self._folded.get(new.key)
        answers: list[Answer] = []
        if new.status is Status.RESCHEDULED:
            at = self._moved_away_at(new, facts)
            answers.append(Answer(at or new.first_effective_at, Answered.MOVED_AGAIN))
        elif facts is not None and new.status in {Status.CANCELED, Status.INVALID}:
            answers.append(Answer(facts.lost_at or facts.own_status_at, Answered.CANCELED))
        elif facts is not None and new.status in OUTCOMES:
            answers.append(Answer(facts.own_status_at, Answered.OUTCOME))
        moved_again = facts.moved_cause_at if facts else None
        if moved_at is not None and moved_again is not None and moved_again > moved_at:
            answers.append(Answer(moved_again, Answered.MOVED_AGAIN))
        if new.start_at is not None and new.start_at <= self._now:
            answers.append(Answer(new.start_at, Answered.STARTED))
        return min(answers, key=lambda one: (one.at, one.reason), default=None)

    def _booked_after(self, at: datetime, own: AppointmentKey) -> Answer | None:
        """The first appointment that was booked after a cause, whatever became of that one later."""
        place = bisect_right(self._bookings, at, key=itemgetter(0))
        for booked_at, key in self._bookings[place : place + 2]:
            if key != own:
                return Answer(booked_at, Answered.BOOKED_AGAIN)
        return None

    @cached_property
    def _bookings(self) -> list[tuple[datetime, AppointmentKey]]:
        known = [one for one in self._appointments.values() if not one.placeholder]
        return sorted((one.booked_at or one.first_effective_at, one.key) for one in known)


def _was_ahead(lost_start_at: datetime | None, at: datetime) -> bool:
    """A start that nobody has told is taken to be ahead: better one call too many than a lost meeting unseen."""
    return lost_start_at is None or lost_start_at > at
