"""Cards: one appointment each, in words that do not age."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.reads.appointments import Shelved
from db.reads.booking import Booking
from db.reads.leads import Lead
from db.reads.records import Records
from pipeline.appointment import Appointment
from pipeline.observation import AppointmentKey, Observation
from pipeline.timeline import revisions
from web import chain_view, present, record_links, times
from web.chain_view import Neighbour
from web.present import Pill, Standing

Said = Mapping[AppointmentKey, Sequence[Observation]]


@dataclass(frozen=True, slots=True)
class Change:
    """One revision in words."""

    at: datetime
    moment: str
    source: str
    fields: list[tuple[str, str | None, str | None]]


@dataclass(frozen=True, slots=True)
class Card:
    """One appointment. Instants are UTC; what is written of them is in `zone`."""

    id: str
    standing: Standing
    pill: Pill
    provider: str
    source: str
    start_at: datetime | None
    end_at: datetime | None
    day: str | None
    span: str | None
    duration: str | None
    utc: str | None
    zone: str
    is_primary: bool
    moved_count: int
    came_from: Neighbour | None
    went_to: Neighbour | None
    steps: list[str]
    record: str | None
    booked_at: datetime | None
    canceled_at: datetime | None
    cancel_reason: str | None
    history: list[Change]


class Cards:
    """Makes the cards of one lead."""

    def __init__(
        self,
        lead: Lead,
        known: Sequence[Shelved],
        said: Said,
        booking: Booking,
        now: datetime,
        records: Records,
    ) -> None:
        self._records = records
        self._lead = lead
        self._by_id = {one.id: one for one in known}
        self._said = said
        self._booking = booking
        self._now = now

    def of(self, one: Shelved) -> Card:
        """The card of a row."""
        return self.card(str(one.id), one.facts, one)

    def card(self, card_id: str, facts: Appointment, row: Shelved | None) -> Card:
        """A card, of a row or of what only a CRM's columns tell."""
        zone, label = times.zone_of(facts.timezone, self._lead.timezone)
        standing = present.standing(facts, self._now)
        start_at, end_at = facts.start_at, facts.end_at
        return Card(
            id=card_id,
            standing=standing,
            pill=present.PILLS[standing],
            provider=present.PROVIDER_TEXT[facts.key.provider],
            source=present.SOURCE_TEXT[facts.source],
            start_at=start_at,
            end_at=end_at,
            day=times.day(start_at, zone) if start_at else None,
            span=times.span(start_at, end_at, zone) if start_at else None,
            duration=times.duration(start_at, end_at) if start_at else None,
            utc=times.clock(start_at, times.zone_of()[0]) if start_at else None,
            zone=label,
            is_primary=self._booking.chosen is not None and self._booking.chosen.key == facts.key,
            moved_count=facts.moved_count,
            came_from=self._neighbour(row, row.rescheduled_from_id) if row else None,
            went_to=self._neighbour(row, row.rescheduled_to_id) if row else None,
            steps=chain_view.steps(row, self._by_id, self._lead.timezone) if row else [],
            record=record_links.link(facts, self._records),
            booked_at=facts.booked_at,
            canceled_at=facts.canceled_at,
            cancel_reason=facts.cancel_reason,
            history=self._history(facts, self._said.get(facts.key, ())),
        )

    def _neighbour(self, row: Shelved, other: UUID | None) -> Neighbour | None:
        return chain_view.neighbour(other, row, self._by_id, self._lead.timezone)

    def _history(self, facts: Appointment, said: Iterable[Observation]) -> list[Change]:
        zone, _ = times.zone_of(facts.timezone, self._lead.timezone)
        return [
            Change(
                at=revision.at,
                moment=times.moment(revision.at, zone),
                source=present.SOURCE_TEXT[revision.source],
                fields=present.changes(revision, zone),
            )
            for revision in revisions(said)
        ]
