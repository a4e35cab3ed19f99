"""The drawer: one lead's appointments laid out as people read them, without a word that ages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson

from db.reads.appointments import Shelved
from db.reads.booking import Booking
from db.reads.leads import Lead
from db.reads.questions import Question
from db.reads.records import Records
from pipeline.appointment import Appointment
from pipeline.observation import AppointmentKey, Observation
from pipeline.timeline import revisions
from web import chain_view, present, record_links, times
from web.chain_view import Neighbour
from web.conversation_view import Talk
from web.present import Pill, Standing

MOST_OUTCOMES = 8


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


@dataclass(frozen=True, slots=True)
class Primary:
    """The appointment that speaks for the lead, and why. `told` if only a CRM's columns say so."""

    card: Card
    why: str
    also_upcoming: int
    told: bool
    heard_at: datetime | None
    heard_by: str | None
    is_asked: bool = False
    """Whether the provider is being asked about it."""


@dataclass(slots=True)
class Drawer:
    """Everything that the timeline shows; equal drawers look equal at any hour."""

    lead_id: str
    status: Pill
    stub: bool
    primary: Primary | None
    count: int
    needs_outcome: int
    older: str | None
    startless: list[Card] = field(default_factory=list)
    upcoming: list[Card] = field(default_factory=list)
    called_off: list[Card] = field(default_factory=list)
    happening: list[Card] = field(default_factory=list)
    past: list[tuple[str, list[Card]]] = field(default_factory=list)
    outcomes: list[Card] = field(default_factory=list)
    show: str = "all"
    further: int = 0
    talk: Talk | None = None
    on_page: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (
            self.primary or self.upcoming or self.called_off or self.happening or self.past or self.startless
        )

    def content(self) -> bytes:
        """What the drawer says, for an ETag."""
        return orjson.dumps(self)


Said = Mapping[AppointmentKey, Sequence[Observation]]


def lay_out(
    lead: Lead,
    known: Sequence[Shelved],
    page: Sequence[Shelved],
    said: Said,
    booking: Booking,
    now: datetime,
    older: str | None,
    records: Records,
    question: Question | None,
) -> Drawer:
    """Lay out one page of a lead's appointments; `known` are all of them, so that chains can be named."""
    cards = _Cards(lead, known, said, booking, now, records)
    owed = [one for one in known if present.standing(one.facts, now) is Standing.NEEDS_OUTCOME]
    drawer = Drawer(
        lead_id=str(lead.id),
        status=present.lead_status(lead.status),
        stub=lead.stub,
        primary=_primary(lead, known, said, booking, cards, now, question),
        count=booking.count,
        needs_outcome=len(owed),
        older=older,
        outcomes=[cards.of(one) for one in owed[:MOST_OUTCOMES]],
        on_page=[str(one.id) for one in page],
    )
    for one in page:
        _place(drawer, one.facts, cards.of(one), now, lead)
    drawer.upcoming.sort(key=lambda card: (card.start_at is None, card.start_at))
    drawer.called_off.sort(key=lambda card: (card.start_at is None, card.start_at))
    return drawer


def _place(drawer: Drawer, facts: Appointment, card: Card, now: datetime, lead: Lead) -> None:
    """Put a card where it belongs: rows come newest start first, so that months follow one another."""
    if facts.is_upcoming(now):
        drawer.upcoming.append(card)
    elif facts.start_at is None:
        drawer.startless.append(card)
    elif facts.start_at > now:
        drawer.called_off.append(card)
    elif card.standing is Standing.NOW:
        drawer.happening.append(card)
    else:
        label = times.month(facts.start_at, times.zone_of(facts.timezone, lead.timezone)[0])
        if not drawer.past or drawer.past[-1][0] != label:
            drawer.past.append((label, []))
        drawer.past[-1][1].append(card)


def _primary(
    lead: Lead,
    known: Sequence[Shelved],
    said: Said,
    booking: Booking,
    cards: "_Cards",
    now: datetime,
    question: Question | None,
) -> Primary | None:
    if booking.chosen is None:
        return None
    row = next((one for one in known if one.id == booking.row_id), None)
    heard = max(said.get(booking.chosen.key, ()), key=lambda one: one.observed_at, default=None)
    confirmed = [heard and heard.observed_at, lead.last_checked_at, question and question.answered_at]
    return Primary(
        card=cards.of(row) if row else cards.card(f"told-{lead.id}", booking.chosen, None),
        why=present.WHY_TEXT[booking.why],
        also_upcoming=sum(one.facts.is_upcoming(now) for one in known if one.id != booking.row_id),
        told=row is None,
        heard_at=max((at for at in confirmed if at), default=None),
        heard_by=present.SOURCE_TEXT[heard.source] if heard else None,
        is_asked=question is not None and question.is_open,
    )


class _Cards:
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
