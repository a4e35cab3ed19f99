"""An Appointment: one row of a lead's history, computed from its own facts and from its neighbours'."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.adoption import adopted
from pipeline.chains import Chains, link
from pipeline.folded import Folded
from pipeline.observation import AppointmentKey
from pipeline.words import LIVE, LinkKind, Source, Status

ASSUMED_LENGTH = timedelta(hours=1)
"""How long a meeting is taken to last whose end nobody has named."""


@dataclass(slots=True)
class Appointment:
    """What is shown. Instants are aware. A placeholder is a half that is only named (RULES 18).

    Not frozen, nor is Rollup: to make a frozen one takes three times as long, and each job makes them afresh.
    """

    key: AppointmentKey
    status: Status
    source: Source
    first_effective_at: datetime
    start_at: datetime | None = None
    end_at: datetime | None = None
    timezone: str | None = None
    status_changed_at: datetime | None = None
    booked_at: datetime | None = None
    canceled_at: datetime | None = None
    cancel_reason: str | None = None
    rescheduled_from: AppointmentKey | None = None
    rescheduled_to: AppointmentKey | None = None
    link_kind: LinkKind | None = None
    moved_count: int = 0
    removed_at_provider: bool = False
    placeholder: bool = False
    calendly_invitee_uri: str | None = None
    calendly_scheduled_event_uri: str | None = None
    calendly_event_type_uri: str | None = None
    ghl_calendar_id: str | None = None
    source_said: Source | None = None

    @property
    def is_live(self) -> bool:
        """Booked and not lost, whenever it is."""
        return self.status in LIVE and not self.placeholder

    def is_upcoming(self, now: datetime) -> bool:
        """Live, with its start still ahead."""
        return self.is_live and self.start_at is not None and self.start_at > now


def ends_at(one: Appointment) -> datetime | None:
    """When a meeting is over; None for one whose start nobody has told."""
    if one.start_at is None:
        return None
    told = one.end_at is not None and one.end_at > one.start_at
    return one.end_at if told else one.start_at + ASSUMED_LENGTH


def project(folded: Mapping[AppointmentKey, Folded]) -> dict[AppointmentKey, Appointment]:
    """Compute a lead's appointments, placeholders included, from all that are known."""
    folded = adopted(folded)
    chains = link(folded)
    reverse = {earlier: later for later, earlier in chains.inferred.items()}
    appointments = {key: _appointment(one, chains, reverse) for key, one in folded.items()}
    for key in chains.unknown(folded):
        appointments[key] = _placeholder(key, chains, folded)
    return appointments


def _appointment(
    one: Folded, chains: Chains, reverse: Mapping[AppointmentKey, AppointmentKey]
) -> Appointment:
    key = one.key
    came_from = chains.came_from(key)
    went_to = chains.later.get(key) or reverse.get(key)
    superseded = key in chains.later or one.says_it_was_superseded
    kind = came_from[1] if came_from else None
    if kind is None and went_to is not None:
        kind = LinkKind.NATIVE if key in chains.later else LinkKind.INFERRED
    return Appointment(
        key=key,
        status=Status.RESCHEDULED if superseded else one.own_status,
        source=one.source,
        first_effective_at=one.first_effective_at,
        start_at=one.start_at,
        end_at=one.end_at,
        timezone=one.timezone,
        status_changed_at=one.own_status_at,
        booked_at=one.booked_at,
        canceled_at=None if superseded else one.lost_at,
        cancel_reason=None if superseded else one.cancel_reason,
        rescheduled_from=came_from[0] if came_from else None,
        rescheduled_to=went_to,
        link_kind=kind,
        moved_count=one.moves_in_place + chains.predecessors(key),
        removed_at_provider=one.removed,
        calendly_invitee_uri=one.calendly_invitee_uri,
        calendly_scheduled_event_uri=one.calendly_scheduled_event_uri,
        calendly_event_type_uri=one.calendly_event_type_uri,
        ghl_calendar_id=one.ghl_calendar_id,
        source_said=one.source_said,
    )


def _placeholder(key: AppointmentKey, chains: Chains, folded: Mapping[AppointmentKey, Folded]) -> Appointment:
    """The half that nobody has told us of: its neighbours lend it a source and a time."""
    earlier, later = chains.earlier.get(key), chains.later.get(key)
    neighbours = [folded[other] for other in (earlier, later) if other is not None and other in folded]
    first = min(neighbours, key=lambda one: (one.first_effective_at, one.key))
    return Appointment(
        key=key,
        status=Status.RESCHEDULED if later is not None else Status.PENDING,
        source=first.source,
        first_effective_at=first.first_effective_at,
        rescheduled_from=earlier,
        rescheduled_to=later,
        link_kind=LinkKind.NATIVE,
        moved_count=chains.predecessors(key),
        placeholder=True,
    )
