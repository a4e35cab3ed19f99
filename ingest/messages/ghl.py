"""GoHighLevel's inbound messages, native ones and those that a workflow sends, as Readings."""

from datetime import datetime
from typing import Any

from db.connections import Connection
from ingest.adapter import Reading
from ingest.messages.bodies import is_unrendered
from ingest.messages.reading import (
    Heard,
    Speaker,
    instant_of,
    message_id,
    message_reading,
    misconfigured,
    part_of,
    text_in,
)
from ingest.verdicts import Ignored
from pipeline.message import Channel
from pipeline.signals import SignalKind
from pipeline.words import Provider

INBOUND = "InboundMessage"
DND = "ContactDndUpdate"
# Text channels by GHL's names, webhook's and API's; calls and voicemails come through the same event.
CHANNELS = {
    "SMS": Channel.SMS, "EMAIL": Channel.EMAIL, "WHATSAPP": Channel.WHATSAPP, "FB": Channel.SOCIAL,
    "FACEBOOK": Channel.SOCIAL, "IG": Channel.SOCIAL, "INSTAGRAM": Channel.SOCIAL, "GMB": Channel.SOCIAL,
    "LIVE_CHAT": Channel.CHAT, "LIVE CHAT": Channel.CHAT, "CUSTOM": Channel.SMS, "CUSTOM_SMS": Channel.SMS,
}  # fmt: skip
NOT_TEXT = ("CALL", "VOICEMAIL", "CAMPAIGN_CALL", "ACTIVITY")
COPIED = "wf_"


def read_inbound(
    connection: Connection, said: dict[str, Any], observed_at: datetime, provider: Provider
) -> Reading:
    """Read one inbound message. Raises Ignored for our own, for calls, for copies and for empty ones."""
    inner = part_of(said, "message")
    direction = (text_in(said, "direction") or text_in(inner, "direction") or "inbound").casefold()
    kind = (
        text_in(said, "messageType", "message_type") or text_in(inner, "type", "messageType") or "SMS"
    ).upper()
    kind = kind.removeprefix("TYPE_")
    if direction != "inbound":
        raise Ignored("outbound")
    if kind in NOT_TEXT or kind not in CHANNELS:
        raise Ignored("no_text_channel")
    text = (
        text_in(said, "body", "message")
        or text_in(inner, "body", "message")
        or text_in(part_of(said, "customData"), "message", "body")
    )
    speaker = _speaker(said)
    if is_unrendered(text, speaker.ghl_contact_id, speaker.phone, speaker.email):
        return misconfigured(provider)
    given = text_in(said, "messageId", "emailMessageId", "message_id") or text_in(inner, "id")
    if given and given.startswith(COPIED):
        raise Ignored("automation_copy")
    stamp = text_in(said, "dateAdded", "date_added", "timestamp") or text_in(inner, "dateAdded")
    identified = (given,) if given else (
        text_in(said, "locationId"), text_in(said, "conversationId"), speaker.ghl_contact_id, kind, stamp, text,
    )  # fmt: skip
    heard = Heard(
        provider=provider,
        channel=CHANNELS[kind],
        external_id=message_id(None, *identified),
        at=instant_of(stamp, observed_at),
        text=text,
    )
    return message_reading(connection, heard, speaker)


def is_opt_out(said: dict[str, Any]) -> bool:
    """Whether a contact is not to be disturbed at all."""
    return said.get("dnd") is True


def read_dnd(connection: Connection, said: dict[str, Any], observed_at: datetime) -> Reading:
    """Read a ContactDndUpdate that is an opt-out; that one was lifted is a person's to say, here."""
    contact_id = text_in(said, "id", "contactId")
    heard = Heard(
        provider=Provider.GHL,
        channel=Channel.SMS,
        external_id=message_id(None, "dnd", text_in(said, "locationId"), contact_id),
        at=observed_at,
        human=False,
        said=(SignalKind.OPT_OUT,),
    )
    speaker = Speaker(email=text_in(said, "email"), phone=text_in(said, "phone"), ghl_contact_id=contact_id)
    return message_reading(connection, heard, speaker)


def _speaker(said: dict[str, Any]) -> Speaker:
    email = text_in(said, "email") or (
        text_in(said, "from") if "@" in (text_in(said, "from") or "") else None
    )
    return Speaker(
        email=email,
        phone=text_in(said, "phone"),
        ghl_contact_id=text_in(said, "contactId", "contact_id"),
        first_name=text_in(said, "first_name", "firstName"),
        last_name=text_in(said, "last_name", "lastName"),
        full_name=text_in(said, "full_name"),
    )
