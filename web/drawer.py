"""The drawer: one lead's appointments laid out as people read them, without a word that ages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from db.reads.appointments import Shelved
from db.reads.booking import Booking
from db.reads.leads import Lead
from db.reads.questions import Question
from db.reads.records import Records
from pipeline.appointment import Appointment
from web import present, times
from web.cards import Card, Cards, Said
from web.conversation_view import Talk
from web.present import Pill, Standing

MOST_OUTCOMES = 8


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
    cards = Cards(lead, known, said, booking, now, records)
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
    cards: Cards,
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
