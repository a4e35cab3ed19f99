"""What the books should say of a simulated agency, worked out from the truth and the rules alone."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pipeline.words import Provider
from tests.simulators import calendly_objects
from tests.simulators.truth import Account, Meeting
from tests.sweeps.told import WORDS

LIVE = {"pending", "confirmed"}
HELD = {"showed"}
LOST = {"canceled", "no_show"}
NOT_HELD = {"canceled", "rescheduled", "invalid"}
INFER_WITHIN = timedelta(hours=6)

GoneAt = Mapping[str, tuple[datetime, bool]]
"""When meetings were taken back, as far as anybody told, and whether the provider itself named the time."""


def status_of(account: Account, meeting: Meeting) -> str:
    """RULES 17, for a meeting of which everything is known."""
    if account.provider is Provider.GHL:
        return "canceled" if meeting.removed else WORDS[Provider.GHL][meeting.status]
    if meeting.replaced_by is not None:
        return "rescheduled"
    if meeting.no_show_at is not None:
        return "no_show"
    return WORDS[Provider.CALENDLY][meeting.status]


def canceled_at(account: Account, meeting: Meeting, gone: GoneAt) -> datetime | None:
    """When it was canceled, where that is what it is: as Calendly says, as GHL's version says."""
    if status_of(account, meeting) != "canceled":
        return None
    return gone[meeting.id][0] if meeting.removed else meeting.canceled_at


def appointments_of(account: Account, own: Collection[Meeting], gone: GoneAt) -> dict[str, dict[str, Any]]:
    """The rows of one person's appointments, by external id."""
    pairs = inferred(account, own, gone)
    reverse = {earlier: later for later, earlier in pairs.items()}
    rows = {}
    for one in own:
        native = (one.replaces.id if one.replaces else None, one.replaced_by.id if one.replaced_by else None)
        guessed = (pairs.get(one.id), reverse.get(one.id))
        links, kind = (native, "native") if any(native) else (guessed, "inferred" if any(guessed) else None)
        rows[one.id] = {
            "email": one.person.email,
            "provider": str(account.provider),
            "status": status_of(account, one),
            "start_at": one.start,
            "end_at": one.end,
            "booked_at": one.created_at,
            "canceled_at": canceled_at(account, one, gone),
            "rescheduled_from": links[0],
            "rescheduled_to": links[1],
            "link_kind": kind,
            "removed_at_provider": one.removed and account.provider is Provider.GHL,
            "calendar": one.calendar.id,
        }
    return rows


def inferred(account: Account, own: Iterable[Meeting], gone: GoneAt) -> dict[str, str]:
    """RULES 19: which booking is thought to stand for which cancellation."""
    loose = [one for one in own if one.replaces is None and one.replaced_by is None]
    free = {
        one.id: (at, one.calendar.id)
        for one in loose
        if (at := canceled_at(account, one, gone)) and not (one.removed and not gone[one.id][1])
    }
    pairs = {}
    for booking in sorted(loose, key=lambda one: (one.created_at, one.id)):
        fitting = [
            (at, name)
            for name, (at, calendar) in free.items()
            if name != booking.id
            and calendar == booking.calendar.id
            and timedelta(0) < booking.created_at - at <= INFER_WITHIN
        ]
        if fitting:
            latest = max(at for at, _ in fitting)
            pairs[booking.id] = min(name for at, name in fitting if at == latest)
            del free[pairs[booking.id]]
    return pairs


def primary_of(account: Account, meetings: Iterable[Meeting], now: datetime, gone: GoneAt) -> Meeting | None:
    """RULES 20, for one person's meetings with one account."""
    known = [(status_of(account, one), one) for one in sorted(meetings, key=lambda one: one.id)]
    coming = [one for status, one in known if status in LIVE and one.start > now]
    if coming:
        return min(coming, key=lambda one: one.start)
    held = [one for status, one in known if status not in NOT_HELD]
    if held:
        return max(held, key=lambda one: one.start)
    canceled = [one for status, one in known if status == "canceled"]
    if canceled:
        return max(canceled, key=lambda one: canceled_at(account, one, gone) or one.updated_at)
    return max((one for _, one in known), key=lambda one: one.start, default=None)


def lead_of(
    account: Account, own: Collection[Meeting], now: datetime, gone: GoneAt, heard: Collection[str]
) -> dict[str, Any] | None:
    """One person's row of `lead`; None where nobody has told of them. `heard`: of whom a webhook told."""
    primary = primary_of(account, own, now, gone)
    if primary is None:
        return None
    is_calendly = account.provider is Provider.CALENDLY
    upcoming = [one.start for one in own if status_of(account, one) in LIVE and one.start > now]
    return {
        "status": lead_status({status_of(account, one) for one in own}),
        "ghl_contact_id": None if is_calendly else primary.person.id,
        "ghl_appointment_id": None if is_calendly else primary.id,
        "calendly_invitee_uri": calendly_objects.invitee_uri(primary) if is_calendly else None,
        "calendly_scheduled_event_uri": calendly_objects.event_uri(primary) if is_calendly else None,
        "appointment_booked_at": primary.created_at,
        "appointment_start_at": primary.start,
        "appointment_end_at": primary.end,
        "appointment_status": status_of(account, primary),
        "appointment_canceled_at": canceled_at(account, primary, gone),
        "appointment_provider": str(account.provider),
        "appointment_source": "webhook" if primary.id in heard else "reconcile_cron",
        "booked_slot": primary.start.isoformat().replace("+00:00", "Z"),
        "appointment_count": len(own),
        "next_appointment_start_at": min(upcoming, default=None),
        "rollup_valid_until": min(upcoming, default=None),
    }


def lead_status(words: set[str]) -> str:
    """RULES 23, for a lead of whom nobody has said a word."""
    if words & (LIVE | HELD):
        return "meeting-booked"
    return "qualified" if words & LOST else "new"
