"""Messages: that somebody wrote, when, on which channel, and what it means; never a word of it."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from pipeline.observation import FORMAT_VERSION, Fact
from pipeline.signals import MACHINE, Signal, SignalKind
from pipeline.words import Provider, Source


class Channel(StrEnum):
    """What a message travelled by."""

    SMS = "sms"
    EMAIL = "email"
    LINKEDIN = "linkedin"
    WHATSAPP = "whatsapp"
    SOCIAL = "social"
    CHAT = "chat"


class Sentiment(StrEnum):
    """How a person's last telling reply sounded."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


class MessageSaid(Fact):
    """One inbound message, or what a channel says of a lead, at `at` (the provider's time, else our receipt).

    `external_id` tells repeated deliveries of one message from two equal messages: the provider's id for it,
    or a digest of what identifies it. `human`: a person wrote it.
    """

    v: int = FORMAT_VERSION
    kind: Literal["message"] = "message"
    source: Source
    provider: Provider
    channel: Channel
    external_id: str = Field(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")
    at: datetime
    human: bool = True
    signals: tuple[Signal, ...] = ()

    def signal(self, kind: SignalKind) -> Signal | None:
        """The signal of a kind, if the message carries it."""
        return next((one for one in self.signals if one.kind is kind), None)

    @property
    def is_reply(self) -> bool:
        """Whether a person answered, and no machine for them."""
        return self.human and not any(one.kind in MACHINE for one in self.signals)


class SuppressionLifted(Fact):
    """A person said at `at` that a lead may be written to again; it covers every opt-out up to then. `by`: who."""

    v: int = FORMAT_VERSION
    kind: Literal["suppression_lifted"] = "suppression_lifted"
    source: Source = Source.MANUAL
    at: datetime
    by: str = Field(min_length=1, max_length=80)


# The first that a message carries decides: how it sounds, and the lead's status that it gives.
_MEANINGS: tuple[tuple[SignalKind, Sentiment, str], ...] = (
    (SignalKind.OPT_OUT, Sentiment.NEGATIVE, "opted-out"),
    (SignalKind.NOT_INTERESTED, Sentiment.NEGATIVE, "not-interested"),
    (SignalKind.SLOT_ACCEPTED, Sentiment.POSITIVE, "interested"),
    (SignalKind.MEETING_BOOKED, Sentiment.POSITIVE, "interested"),
    (SignalKind.MEETING_REQUESTED, Sentiment.POSITIVE, "interested"),
    (SignalKind.CALL_REQUESTED, Sentiment.POSITIVE, "interested"),
    (SignalKind.INFORMATION_REQUESTED, Sentiment.POSITIVE, "interested"),
    (SignalKind.INTERESTED, Sentiment.POSITIVE, "interested"),
    (SignalKind.SNOOZE, Sentiment.NEUTRAL, "snoozed"),
)
REPLIED = "replied"


def meaning_of(said: MessageSaid) -> tuple[Sentiment, str] | None:
    """How a message sounds and the status word that it gives; None where nobody has answered."""
    for kind, sentiment, word in _MEANINGS:
        if said.signal(kind) is not None:
            return sentiment, word
    return (Sentiment.NEUTRAL, REPLIED) if said.is_reply else None
