"""A Conversation: what a lead's messages add up to, in whatever order they came."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from enum import StrEnum
from typing import TypeVar

from pipeline.message import Channel, MessageSaid, Sentiment, SuppressionLifted, meaning_of
from pipeline.signals import SignalKind


class Outreach(StrEnum):
    """What whoever writes to leads by a sequence is to do: go on, or pause and why."""

    OPEN = "open"
    REPLIED = "replied"
    SNOOZED = "snoozed"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Conversation:
    """Registers, each with the time of the message that it is from; the later wins, at one instant the greater.

    A lead is suppressed from its last opt-out until a person lifts that; an opt-out that arrives late is
    covered by a lifting after it.
    """

    last_inbound_at: datetime | None = None
    last_inbound_channel: Channel | None = None
    replied_at: datetime | None = None
    sentiment: Sentiment | None = None
    sentiment_at: datetime | None = None
    suppressed_at: datetime | None = None
    suppression_lifted_at: datetime | None = None
    snoozed_until: datetime | None = None
    snoozed_at: datetime | None = None
    zone_hint: str | None = None
    zone_hint_at: datetime | None = None

    @property
    def suppressed(self) -> bool:
        """Whether nobody may write to the lead, nor book for it."""
        if self.suppressed_at is None:
            return False
        return self.suppression_lifted_at is None or self.suppression_lifted_at < self.suppressed_at

    def joined(self, other: "Conversation") -> "Conversation":
        """Join two conversations, as when two leads turn out to be one person."""
        inbound = _later(
            (self.last_inbound_at, self.last_inbound_channel),
            (other.last_inbound_at, other.last_inbound_channel),
        )
        sentiment = _later((self.sentiment_at, self.sentiment), (other.sentiment_at, other.sentiment))
        snoozed = _later((self.snoozed_at, self.snoozed_until), (other.snoozed_at, other.snoozed_until))
        zone = _later((self.zone_hint_at, self.zone_hint), (other.zone_hint_at, other.zone_hint))
        return Conversation(
            last_inbound_at=inbound[0],
            last_inbound_channel=inbound[1],
            replied_at=_latest(self.replied_at, other.replied_at),
            sentiment=sentiment[1],
            sentiment_at=sentiment[0],
            suppressed_at=_latest(self.suppressed_at, other.suppressed_at),
            suppression_lifted_at=_latest(self.suppression_lifted_at, other.suppression_lifted_at),
            snoozed_until=snoozed[1],
            snoozed_at=snoozed[0],
            zone_hint=zone[1],
            zone_hint_at=zone[0],
        )


def heard(conversation: Conversation, said: Iterable[MessageSaid | SuppressionLifted]) -> Conversation:
    """Let messages, and what persons lifted, into a conversation. Their order and their repetition say nothing."""
    for one in said:
        conversation = conversation.joined(_alone(one))
    return conversation


def outreach(conversation: Conversation, now: datetime) -> Outreach:
    """Whether sequences and follow-ups may write to a lead at `now`; the strongest reason why not."""
    if conversation.suppressed:
        return Outreach.SUPPRESSED
    if conversation.snoozed_until is not None and conversation.snoozed_until > now:
        return Outreach.SNOOZED
    return Outreach.OPEN if conversation.replied_at is None else Outreach.REPLIED


def _alone(said: MessageSaid | SuppressionLifted) -> Conversation:
    """What one message says by itself."""
    if isinstance(said, SuppressionLifted):
        return Conversation(suppression_lifted_at=said.at)
    meaning = meaning_of(said)
    snooze = said.signal(SignalKind.SNOOZE) or said.signal(SignalKind.OUT_OF_OFFICE)
    zone = said.signal(SignalKind.TIMEZONE)
    until = datetime.combine(snooze.until, time(), UTC) if snooze is not None and snooze.until else None
    alone = Conversation(last_inbound_at=said.at, last_inbound_channel=said.channel)
    if said.is_reply:
        alone = replace(alone, replied_at=said.at)
    if meaning is not None:
        alone = replace(alone, sentiment=meaning[0], sentiment_at=said.at)
    if said.signal(SignalKind.OPT_OUT) is not None:
        alone = replace(alone, suppressed_at=said.at)
    if until is not None:
        alone = replace(alone, snoozed_until=until, snoozed_at=said.at)
    if zone is not None:
        alone = replace(alone, zone_hint=zone.zone, zone_hint_at=said.at)
    return alone


T = TypeVar("T")
_Register = tuple[datetime | None, T | None]


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)


def _later(one: "_Register[T]", other: "_Register[T]") -> "_Register[T]":
    known = [register for register in (one, other) if register[0] is not None]
    return max(known, key=lambda register: (register[0], str(register[1])), default=(None, None))
