"""Follow-ups as words: what happened and what to say, with the time that the lead knows, and no name."""

from datetime import datetime

from db.reads.follow_ups import Listed
from pipeline.words import Answered, FollowUpKind
from web import times

KIND_TEXT: dict[str, str] = {
    FollowUpKind.MEETING_CANCELED: "Meeting cancelled",
    FollowUpKind.MEETING_RESCHEDULED: "Meeting moved",
    FollowUpKind.NO_SHOW: "No-show",
    FollowUpKind.NEEDS_OUTCOME: "Needs an outcome",
}

CLOSED_TEXT: dict[str, str] = {
    Answered.BOOKED_AGAIN: "They have booked again.",
    Answered.MOVED_AGAIN: "The meeting was moved once more.",
    Answered.REINSTATED: "The meeting is on again.",
    Answered.CANCELED: "The meeting was cancelled.",
    Answered.STARTED: "The new time has come.",
    Answered.OUTCOME: "An outcome was recorded.",
    Answered.WITHDRAWN: "The provider’s facts no longer say so.",
}

SENTENCES: dict[str, str] = {
    FollowUpKind.MEETING_CANCELED: "I saw that our meeting{was} was cancelled. Shall we find another time?",
    FollowUpKind.MEETING_RESCHEDULED: "I saw that our meeting{was} has moved{now}. Does the new time suit you well?",
    FollowUpKind.NO_SHOW: "We missed each other at our meeting{was}. Shall we find another time?",
    FollowUpKind.NEEDS_OUTCOME: "Did the meeting{was} take place? Record whether they showed up.",
}


def kind(code: str) -> str:
    """A kind as people read it; a code of a newer release is shown as it is."""
    return KIND_TEXT.get(code) or code.replace("-", " ").replace("_", " ").strip().capitalize() or "Follow-up"


def closed(reason: str | None) -> str | None:
    """Why it closed by itself."""
    return CLOSED_TEXT.get(reason, "It was settled.") if reason else None


def suggestion(one: Listed) -> str:
    """What somebody might say, with times in the lead's zone; nothing in it is about the person."""
    was = _on(one.lost_start_at, one)
    now = _on(one.new_start_at, one).replace(" on ", " to ", 1)
    return SENTENCES.get(one.kind, "Have a look at this lead’s history.").format(was=was, now=now)


def zone_name(one: Listed) -> str:
    """The zone that the sentence reads its times in: the lead's, else the meeting's, else UTC."""
    return times.zone_of(*one.zones)[0].key


def _on(at: datetime | None, one: Listed) -> str:
    if at is None:
        return ""
    zone, place = times.zone_of(*one.zones)
    return f" on {times.day(at, zone)} at {times.clock(at, zone)} ({place})"
