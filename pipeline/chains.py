"""Chains: which appointment superseded which, as a provider says or as we infer it (RULES 17-19)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.folded import Folded
from pipeline.observation import AppointmentKey
from pipeline.words import LinkKind, Status

INFER_WITHIN = timedelta(hours=6)


@dataclass(frozen=True)
class Chains:
    """The links of one lead. `earlier` and `later` are each other's reverse; a key may be unknown."""

    earlier: dict[AppointmentKey, AppointmentKey] = field(default_factory=dict)
    later: dict[AppointmentKey, AppointmentKey] = field(default_factory=dict)
    inferred: dict[AppointmentKey, AppointmentKey] = field(default_factory=dict)

    def unknown(self, known: Mapping[AppointmentKey, Folded]) -> set[AppointmentKey]:
        """Halves that are only named: the placeholders (RULES 18)."""
        return {key for key in (*self.earlier.values(), *self.later.values()) if key not in known}

    def came_from(self, key: AppointmentKey) -> tuple[AppointmentKey, LinkKind] | None:
        """The appointment that this one replaced."""
        if key in self.earlier:
            return self.earlier[key], LinkKind.NATIVE
        return (self.inferred[key], LinkKind.INFERRED) if key in self.inferred else None

    def predecessors(self, key: AppointmentKey) -> int:
        """How many native links lead back from here; a ring of links is walked once."""
        seen = {key}
        while (key := self.earlier.get(key, key)) not in seen:
            seen.add(key)
        return len(seen) - 1


def link(appointments: Mapping[AppointmentKey, Folded]) -> Chains:
    """Find the native links of a lead's appointments, then infer what nobody named."""
    chains = Chains()
    for key in sorted(appointments):
        folded = appointments[key]
        if folded.replaced_by is not None:
            _join(chains, key, AppointmentKey(folded.provider, folded.replaced_by))
    for key in sorted(appointments):
        folded = appointments[key]
        if folded.replaces is not None:
            _join(chains, AppointmentKey(folded.provider, folded.replaces), key)
    if len(appointments) > 1:
        _infer(chains, appointments.values())
    return chains


def _join(chains: Chains, earlier: AppointmentKey, later: AppointmentKey) -> None:
    """Note one link; where two contradict, the one that was noted first stays, whatever came first."""
    if earlier != later and earlier not in chains.later and later not in chains.earlier:
        chains.later[earlier] = later
        chains.earlier[later] = earlier


def _infer(chains: Chains, appointments: Iterable[Folded]) -> None:
    """Pair each booking, in time order, with the latest unpaired real cancellation before it."""
    appointments = list(appointments)
    named = {key for one in appointments for key in one.linked}
    loose = [one for one in appointments if not _has_native_link(chains, named, one)]
    canceled = [one for one in loose if _really_canceled(one)]
    if not canceled:
        return
    bookings = [(one.booked_at, one.key, one) for one in loose if one.booked_at is not None and one.calendar]
    taken: set[AppointmentKey] = set()
    for booked_at, key, booking in sorted(bookings, key=lambda entry: entry[:2]):
        fitting = [
            (one.canceled_at, one.key)
            for one in canceled
            if one.canceled_at is not None and one.key not in taken and _could_be(one, booking, booked_at)
        ]
        if fitting:
            latest = max(at for at, _ in fitting)
            chosen = min(other for at, other in fitting if at == latest)
            taken.add(chosen)
            chains.inferred[key] = chosen


def _has_native_link(chains: Chains, named: set[AppointmentKey], one: Folded) -> bool:
    """Whether a provider ties it to another, even by a link that lost against a contradicting one."""
    return bool(one.linked) or one.says_it_was_superseded or one.key in named or one.key in chains.later


def _really_canceled(one: Folded) -> bool:
    """A cancellation whose time the provider stated, and that is not one half of a move."""
    return one.own_status is Status.CANCELED and one.cancel_time_stated and one.calendar is not None


def _could_be(canceled: Folded, booking: Folded, booked_at: datetime) -> bool:
    if canceled.canceled_at is None or canceled.key == booking.key:
        return False
    return (
        canceled.provider is booking.provider
        and canceled.calendar == booking.calendar
        and canceled.external_id not in booking.detached
        and timedelta(0) < booked_at - canceled.canceled_at <= INFER_WITHIN
    )
