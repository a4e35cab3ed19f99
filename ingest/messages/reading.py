"""From a message's parts to a Reading: its words are read here, and go no further."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from db.connections import Connection
from db.identities import of_email, of_ghl_contact, of_linkedin, of_phone
from db.inbox import Parked
from ingest.adapter import Reading
from ingest.payload import clean_name
from ingest.signals import Classifier, Rules
from ingest.verdicts import Ignored
from pipeline.addressing import Contact, Identity
from pipeline.instants import read_instant, zone_named
from pipeline.message import Channel, MessageSaid
from pipeline.signals import Signal, SignalKind
from pipeline.words import Provider, Source

CLASSIFIER: Classifier = Rules()
BY_CHANNEL = "said_by_channel"
LONGEST_ID = 128
_CONTACT = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)


@dataclass(slots=True)  # as a Reading is
class Speaker:
    """Whose message it is, as the channel names them: any of these may be missing."""

    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    ghl_contact_id: str | None = None
    linkedin: Sequence[str | None] = field(default=(), repr=False)
    first_name: str | None = field(default=None, repr=False)
    last_name: str | None = field(default=None, repr=False)
    full_name: str | None = field(default=None, repr=False)

    @property
    def contact_id(self) -> str | None:
        """The contact's id, if it is one as GoHighLevel makes them."""
        given = self.ghl_contact_id
        return given if given is not None and _CONTACT.fullmatch(given) else None

    def identities(self, connection: Connection) -> Iterator[Identity]:
        """What names the speaker's lead, strongest first."""
        yield from of_ghl_contact(self.contact_id, connection.location_id)
        for text in self.linkedin:
            if profile := of_linkedin(text):
                yield profile
        if email := of_email(self.email):
            yield email
        if phone := of_phone(self.phone, connection.region):
            yield phone


@dataclass(slots=True)
class Heard:
    """One message in the clear, in the memory of this process only."""

    provider: Provider
    channel: Channel
    external_id: str
    at: datetime
    text: str | None = field(default=None, repr=False)
    human: bool = True
    said: tuple[SignalKind, ...] = ()
    """What the channel itself says of the message; it beats what the words say."""


def message_reading(connection: Connection, heard: Heard, speaker: Speaker) -> Reading:
    """Read a message for a connection. Raises Ignored where nothing names a lead."""
    identities = tuple(speaker.identities(connection))
    if not identities:
        raise Ignored("nobody_named")
    zone = zone_named(connection.timezone) or UTC
    words = CLASSIFIER.read(heard.text, heard.at.astimezone(zone)) if heard.text else ()
    said = MessageSaid(
        source=Source.WEBHOOK,
        provider=heard.provider,
        channel=heard.channel,
        external_id=heard.external_id,
        at=heard.at,
        human=heard.human,
        signals=_signals(heard.said, words),
    )
    contact = Contact(
        email=clean_name(speaker.email),
        phone=clean_name(speaker.phone),
        first_name=clean_name(speaker.first_name),
        last_name=clean_name(speaker.last_name),
        full_name=clean_name(speaker.full_name),
        ghl_contact_id=speaker.contact_id,
    )
    return Reading(key=None, said=said, identities=identities, contact=contact)


def misconfigured(provider: Provider) -> Reading:
    """A relay that sends its own template: kept as a dead letter, matched to nobody (a person mends the relay)."""
    return Reading(key=None, said=Parked("misconfigured", provider, {}))


def _signals(by_channel: Sequence[SignalKind], words: Sequence[Signal]) -> tuple[Signal, ...]:
    """What the channel says, then what the words say besides."""
    if not by_channel:
        return tuple(words)
    said = [Signal(kind=kind, confidence=1.0, rule=BY_CHANNEL) for kind in by_channel]
    return (*said, *(one for one in words if one.kind not in by_channel))


def message_id(given: str | None, *parts: object) -> str:
    """The provider's id if it is a plain one, else a digest of what identifies the message, words included.

    A digest tells one delivery that came twice from two equal messages, for their times differ.
    """
    if (
        given
        and len(given) <= LONGEST_ID
        and given.isascii()
        and given.isprintable()
        and "@" not in given
        and " " not in given
    ):
        return given
    text = "\0".join(["" if part is None else str(part) for part in (given, *parts)])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def instant_of(value: object, otherwise: datetime) -> datetime:
    """A channel's time: ISO 8601 (UTC where it has no offset), or milliseconds or seconds since 1970."""
    try:
        if isinstance(value, str) and value:
            return read_instant(value, "UTC")
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value / 1000 if value > 100_000_000_000 else value
            return (
                datetime.fromtimestamp(seconds, UTC) if 631_152_000 < seconds < 4_102_444_800 else otherwise
            )
    except (ValueError, OverflowError, OSError):
        return otherwise
    return otherwise


def text_in(said: object, *names: str) -> str | None:
    """The first of some keys of an object that holds a text."""
    if not said or not isinstance(said, dict):
        return None
    for name in names:
        value: Any = said.get(name)
        if isinstance(value, str):
            if text := value.strip():
                return text
        elif isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None


def part_of(said: object, name: str) -> dict[str, Any]:
    """An object inside an object; an empty one if it is missing or something else."""
    part = said.get(name) if isinstance(said, dict) else None
    return part if isinstance(part, dict) else {}
