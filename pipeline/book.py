"""A Book: all facts of one lead, and the one function that lets jobs into it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pipeline.appointment import Appointment, project
from pipeline.fold import fold
from pipeline.folded import Folded
from pipeline.follow_up import NOBODY_ACTED, Acts, FollowUp, FollowUpKey
from pipeline.follow_ups import Since, changes_at, follow_ups
from pipeline.job import FollowUpAct, LeadStatusSaid
from pipeline.lead_status import Base, lead_status
from pipeline.observation import AppointmentKey, Observation
from pipeline.rollup import Rollup, roll_up

NOBODY_SPOKE = Base()

Observations = Mapping[bytes, Observation]


@dataclass(frozen=True)
class Book:
    """One lead: the base of its status, and its appointments' folded facts.

    `observations` are those of the appointments that jobs touch, by digest; the others are not loaded
    and their folded facts stand as they are. `acts` is what persons did with follow-ups, `since` from
    when on each provider's connections raise any.
    """

    base: Base = NOBODY_SPOKE
    folded: Mapping[AppointmentKey, Folded] = field(default_factory=dict)
    observations: Mapping[AppointmentKey, Observations] = field(default_factory=dict)
    acts: Mapping[FollowUpKey, Acts] = field(default_factory=dict)
    since: Since = field(default_factory=dict)


@dataclass(frozen=True)
class Computed:
    """Everything that a book's facts add up to at one instant."""

    appointments: dict[AppointmentKey, Appointment]
    rollup: Rollup
    status: str
    recompute_at: datetime | None
    follow_ups: dict[FollowUpKey, FollowUp] = field(default_factory=dict)


def enter(book: Book, said: Iterable[Observation | LeadStatusSaid | FollowUpAct]) -> Book:
    """Let statements into a book. Their order, their repetition and how they are batched say nothing."""
    base, acts = book.base, dict(book.acts)
    touched: dict[AppointmentKey, dict[bytes, Observation]] = {}
    for statement in said:
        if isinstance(statement, LeadStatusSaid):
            base = base.or_later(Base(statement.word, statement.at))
            continue
        if isinstance(statement, FollowUpAct):
            of = FollowUpKey(statement.of, statement.provider, statement.external_id)
            acts[of] = acts.get(of, NOBODY_ACTED).with_act(statement)
            continue
        key = statement.key
        known = touched.get(key)
        if known is None:
            known = touched[key] = dict(book.observations.get(key, {}))
        before = known.get(statement.digest)
        known[statement.digest] = statement if before is None else before.joined(statement)
    if not touched:
        return replace(book, base=base, acts=acts)
    folded = {**book.folded, **{key: fold(known.values()) for key, known in touched.items()}}
    return replace(book, base=base, folded=folded, observations={**book.observations, **touched}, acts=acts)


def compute(book: Book, now: datetime) -> Computed:
    """Compute all that is shown of a book at `now`; nothing is carried over from what was shown before."""
    appointments = project(book.folded)
    rollup = roll_up(appointments.values(), now)
    status = lead_status(book.base, appointments.values())
    found = follow_ups(book.folded, appointments, book.acts, book.since, now)
    change = changes_at(found.values(), appointments.values(), book.since, now)
    recompute_at = min(filter(None, (rollup.rollup_valid_until, change)), default=None)
    return Computed(appointments, rollup, status, recompute_at, found)
