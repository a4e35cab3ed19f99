"""What the books should say of a simulated agency, worked out from the truth and the rules alone."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pipeline.words import Provider
from tests.simulators.truth import Account, Meeting

GHL_WORDS = {
    "confirmed": "confirmed",
    "cancelled": "canceled",
    "showed": "showed",
    "noshow": "no_show",
}
LIVE = {"pending", "confirmed"}
NOT_HELD = {"canceled", "rescheduled", "invalid"}


def status_of(account: Account, meeting: Meeting) -> str:
    """RULES 17, for a meeting of which everything is known."""
    if account.provider is Provider.GHL:
        return "canceled" if meeting.removed else GHL_WORDS[meeting.status]
    if meeting.replaced_by is not None:
        return "rescheduled"
    if meeting.no_show_at is not None:
        return "no_show"
    return "canceled" if meeting.status == "canceled" else "confirmed"


def appointment_of(account: Account, meeting: Meeting) -> dict[str, Any]:
    """What an appointment's row says."""
    return {
        "status": status_of(account, meeting),
        "start_at": meeting.start,
        "from": meeting.replaces.id if meeting.replaces else None,
        "to": meeting.replaced_by.id if meeting.replaced_by else None,
        "removed": meeting.removed and account.provider is Provider.GHL,
    }


def primary_of(account: Account, meetings: Iterable[Meeting], now: datetime) -> Meeting | None:
    """RULES 20, for one person's meetings with one account."""
    known = [(status_of(account, one), one) for one in meetings]
    coming = [one for status, one in known if status in LIVE and one.start > now]
    if coming:
        return min(coming, key=lambda one: (one.start, one.id))
    held = [one for status, one in known if status not in NOT_HELD]
    if held:
        return _latest(held)
    canceled = [one for status, one in known if status == "canceled"]
    if canceled:
        latest = max(_canceled_at(one) for one in canceled)
        return min((one for one in canceled if _canceled_at(one) == latest), key=lambda one: one.id)
    return _latest([one for _, one in known])


def _canceled_at(meeting: Meeting) -> datetime:
    return meeting.canceled_at or meeting.updated_at


def _latest(meetings: list[Meeting]) -> Meeting | None:
    if not meetings:
        return None
    last = max(one.start for one in meetings)
    return min((one for one in meetings if one.start == last), key=lambda one: one.id)
