"""Facts as words: what people read for a status, a source, a provider, and a reason."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from pipeline.appointment import Appointment, ends_at
from pipeline.timeline import Revision, Shown
from pipeline.words import Provider, Source, Status, Why
from web import times


class Standing(StrEnum):
    """How an appointment stands at an instant."""

    UPCOMING = "upcoming"
    NOW = "now"
    NEEDS_OUTCOME = "needs-outcome"
    SHOWED = "showed"
    NO_SHOW = "no-show"
    CANCELED = "canceled"
    MOVED = "moved"
    UNCONFIRMED = "unconfirmed"
    REMOVED = "removed"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Pill:
    """A status as text, icon and tone: no one of them carries the meaning alone."""

    text: str
    icon: str
    tone: str


PILLS: dict[Standing, Pill] = {
    Standing.UPCOMING: Pill("Upcoming", "dot", "blue"),
    Standing.NOW: Pill("Now", "play", "green"),
    Standing.NEEDS_OUTCOME: Pill("Needs outcome", "question", "amber"),
    Standing.SHOWED: Pill("Showed", "check", "green"),
    Standing.NO_SHOW: Pill("No-show", "absent", "red"),
    Standing.CANCELED: Pill("Cancelled", "ban", "red"),
    Standing.MOVED: Pill("Moved", "moved", "grey"),  # superseded is not lost: never red
    Standing.UNCONFIRMED: Pill("Unconfirmed", "ring", "amber"),
    Standing.REMOVED: Pill("Removed at provider", "erased", "grey"),
    Standing.INVALID: Pill("Invalid", "warning", "grey"),
}

SETTLED: dict[Status, Standing] = {
    Status.SHOWED: Standing.SHOWED,
    Status.NO_SHOW: Standing.NO_SHOW,
    Status.INVALID: Standing.INVALID,
    Status.RESCHEDULED: Standing.MOVED,
}

STATUS_TEXT: dict[str, str] = {
    Status.PENDING: "Unconfirmed",
    Status.CONFIRMED: "Confirmed",
    Status.SHOWED: "Showed",
    Status.NO_SHOW: "No-show",
    Status.CANCELED: "Cancelled",
    Status.INVALID: "Invalid",
    Status.RESCHEDULED: "Moved",
}

PROVIDER_TEXT: dict[Provider, str] = {Provider.CALENDLY: "Calendly", Provider.GHL: "HighLevel"}

SOURCE_TEXT: dict[Source, str] = {
    Source.AUTO_BOOK: "Auto-book",
    Source.WEBHOOK: "Webhook",
    Source.RECONCILE_CRON: "Sweep",
    Source.BACKFILL: "Backfill",
    Source.MANUAL: "Manual",
    Source.MIGRATION: "From the CRM",
}

WHY_TEXT: dict[Why, str] = {
    Why.UPCOMING: "It is the soonest meeting that still lies ahead.",
    Why.LAST_HELD: "Nothing lies ahead, so the latest meeting that was neither cancelled nor moved stands for this lead.",
    Why.LAST_CANCELED: "No meeting lies ahead and none was held, so the one cancelled last stands for this lead.",
    Why.ONLY_HISTORY: "Only moved or invalid entries are left; this is the latest of them.",
    Why.NONE: "",
}

LEAD_TONE: dict[str, str] = {"meeting-booked": "blue", "qualified": "amber"}

FIELD_TEXT: dict[str, str] = {
    "status": "Status",
    "start_at": "Start",
    "end_at": "End",
    "timezone": "Time zone",
    "booked_at": "Booked",
    "canceled_at": "Cancelled",
    "rescheduled_from": "Moved from",
    "rescheduled_to": "Moved to",
}


def standing(one: Appointment, now: datetime) -> Standing:
    """How an appointment stands at `now`."""
    if one.status in SETTLED:
        return SETTLED[one.status]
    if one.status is Status.CANCELED:
        return Standing.REMOVED if one.removed_at_provider else Standing.CANCELED
    if one.start_at is None:
        return Standing.UNCONFIRMED
    if one.start_at > now:
        return Standing.UPCOMING if one.status is Status.CONFIRMED else Standing.UNCONFIRMED
    end_at = ends_at(one)
    return Standing.NOW if end_at is None or now < end_at else Standing.NEEDS_OUTCOME


def lead_status(word: str) -> Pill:
    """A lead's status; words that we do not know are shown as they are."""
    text = word.replace("-", " ").replace("_", " ").strip() or "new"
    icon = {"meeting-booked": "calendar", "qualified": "check"}.get(word, "dot")
    return Pill(text[0].upper() + text[1:], icon, LEAD_TONE.get(word, "grey"))


def short_id(lead_id: object) -> str:
    """The end of an id: its beginning is the time, which neighbours share."""
    return str(lead_id)[-8:]


def changes(revision: Revision, zone: ZoneInfo) -> list[tuple[str, str | None, str | None]]:
    """A revision's changes as (field, before, after) in words; ids of neighbours are left to the chain."""
    told: list[tuple[str, str | None, str | None]] = []
    for field, (before, after) in revision.changes.items():
        if field in {"rescheduled_from", "rescheduled_to"}:
            told.append((FIELD_TEXT[field], None, "another appointment" if after else "nothing"))
        else:
            told.append((FIELD_TEXT[field], _shown(before, zone), _shown(after, zone)))
    return told


def _shown(value: Shown, zone: ZoneInfo) -> str | None:
    if isinstance(value, datetime):
        return times.moment(value, zone)
    return STATUS_TEXT.get(value, value) if value else None
