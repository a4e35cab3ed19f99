"""Messages: that somebody wrote, when, on which channel, and what it means; never a word of it."""

from datetime import datetime
from typing import Annotated

import msgspec

from pipeline.observation import FORMAT_VERSION, Tagged, written
from pipeline.signals import MACHINE, Signal, SignalKind
from pipeline.words import Provider, Source, Word


class Channel(Word):
    """What a message travelled by."""

    SMS = "sms"
    EMAIL = "email"
    LINKEDIN = "linkedin"
    WHATSAPP = "whatsapp"
    SOCIAL = "social"
    CHAT = "chat"


class Sentiment(Word):
    """How a person's last telling reply sounded."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


class MessageSaid(Tagged, frozen=True, kw_only=True, tag="message"):
    """One inbound message, or what a channel says of a lead, at `at` (the provider's time, else our receipt).

    `external_id` tells repeated deliveries of one message from two equal messages: the provider's id for it,
    or a digest of what identifies it. `human`: a person wrote it.
    """

    v: int = written(FORMAT_VERSION)
    source: Source
    provider: Provider
    channel: Channel
    external_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]
    at: datetime
    human: bool = written(True)
    signals: tuple[Signal, ...] = written(())

    def signal(self, kind: SignalKind) -> Signal | None:
        """The signal of a kind, if the message carries it."""
        return next((one for one in self.signals if one.kind is kind), None)

    @property
    def is_reply(self) -> bool:
        """Whether a person answered, and no machine for them."""
        return self.human and not any(one.kind in MACHINE for one in self.signals)


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
