"""A lead's conversation in words: who wrote on which channel, what it meant, and whether we may write."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from db.reads.leads import Lead
from db.reads.messages import MOST, Message
from pipeline.conversation import Conversation
from pipeline.message import Channel
from pipeline.signals import MACHINE, SignalKind
from web import times

CHANNEL_TEXT: dict[str, str] = {
    Channel.SMS: "Text message",
    Channel.EMAIL: "Email",
    Channel.LINKEDIN: "LinkedIn",
    Channel.WHATSAPP: "WhatsApp",
    Channel.SOCIAL: "Social media",
    Channel.CHAT: "Chat",
}

PROVIDER_TEXT: dict[str, str] = {
    "calendly": "Calendly",
    "ghl": "HighLevel",
    "sms": "SMS gateway",
    "linkedin": "LinkedIn tool",
    "smartlead": "Smartlead",
    "instantly": "Instantly",
}

SIGNAL_TEXT: dict[str, str] = {
    SignalKind.OPT_OUT: "Wants no more messages",
    SignalKind.NOT_INTERESTED: "Not interested",
    SignalKind.BOUNCE: "Could not be delivered",
    SignalKind.AUTO_REPLY: "Automatic reply",
    SignalKind.OUT_OF_OFFICE: "Out of office",
    SignalKind.SNOOZE: "Asks to be written to later",
    SignalKind.TIMEZONE: "Names a time zone",
    SignalKind.MEETING_REQUESTED: "Wants a meeting",
    SignalKind.CALL_REQUESTED: "Wants a call",
    SignalKind.INFORMATION_REQUESTED: "Wants to know more",
    SignalKind.SLOT_ACCEPTED: "Takes an offered time",
    SignalKind.INTERESTED: "Marked as interested",
    SignalKind.MEETING_BOOKED: "Marked as booked",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One message as it is shown; `moment` is in the lead's zone."""

    who: str
    channel: str
    provider: str
    at: datetime
    moment: str
    signals: list[str]


@dataclass(frozen=True, slots=True)
class Talk:
    """What a lead's page says of its messages. `snoozed_until` is a day, None once it has come."""

    suppressed: bool
    snoozed_until: str | None
    messages: list[Entry]
    more: bool


def talk(found: Sequence[Message], adds_up_to: Conversation, lead: Lead, now: datetime) -> Talk:
    """Lay a conversation out as it stands at `now`."""
    zone, _ = times.zone_of(lead.timezone)
    until = adds_up_to.snoozed_until
    return Talk(
        suppressed=adds_up_to.suppressed,
        snoozed_until=times.day(until, zone) if until and until > now else None,
        messages=[_entry(one, lead) for one in found[:MOST]],
        more=len(found) > MOST,
    )


def _entry(one: Message, lead: Lead) -> Entry:
    zone, place = times.zone_of(lead.timezone)
    kinds = [str(signal.get("kind", "")) for signal in one.signals]
    by_person = one.human and not any(kind in MACHINE for kind in kinds)
    return Entry(
        who="The lead wrote" if by_person else "An automatic answer" if one.human else "The channel says",
        channel=CHANNEL_TEXT.get(one.channel, one.channel),
        provider=PROVIDER_TEXT.get(one.provider, one.provider),
        at=one.at.astimezone(UTC),
        moment=f"{times.moment(one.at, zone)} {place}",
        signals=[SIGNAL_TEXT.get(kind, kind.replace("_", " ").capitalize()) for kind in kinds if kind],
    )
