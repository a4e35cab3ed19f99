"""LinkedIn, and mailboxes, by Unipile: messages that a lead wrote; our own come back on the same way."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from db.connections import Connection
from ingest.adapter import Adapter, Headers, Reading
from ingest.header_secrets import check_secret
from ingest.messages.bodies import is_unrendered, read_object
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
from pipeline.words import Provider

MESSAGE = "message_received"
MAIL = "mail_received"
CHANNELS = {"LINKEDIN": Channel.LINKEDIN, "WHATSAPP": Channel.WHATSAPP, "INSTAGRAM": Channel.SOCIAL,
            "MESSENGER": Channel.SOCIAL, "TELEGRAM": Channel.CHAT}  # fmt: skip
DAEMONS = ("mailer-daemon@", "postmaster@")


class LinkedIn(Adapter):
    """The adapter. Retries follow upon anything but 200; the secret stands in a header (`Unipile-Auth`)."""

    provider = Provider.LINKEDIN
    size_limit = 2_000_000
    retry_status = 503

    def verify(self, connection: Connection, headers: Headers, body: bytes, now: datetime) -> None:
        """Check the header secret."""
        check_secret(connection, headers)

    def read(self, connection: Connection, body: bytes, observed_at: datetime) -> Sequence[Reading]:
        """Read one event."""
        said = read_object(body)
        if "AccountStatus" in said:
            raise Ignored("account_status")
        event = text_in(said, "event")
        if event not in (MESSAGE, MAIL):
            raise Ignored("other_event" if event else "no_event")
        if _is_ours(connection, said):
            raise Ignored("outbound")
        return [_message(connection, said, event, observed_at)]


def _is_ours(connection: Connection, said: dict[str, Any]) -> bool:
    """Our own messages arrive as received: the sender is the account's owner."""
    sender = part_of(said, "sender")
    name = text_in(sender, "attendee_provider_id")
    owner = text_in(part_of(said, "account_info"), "user_id")
    own_names = connection.settings.get("own_addresses", ())
    return bool(
        said.get("is_sender") is True
        or sender.get("is_self") in (True, 1)
        or (name is not None and (name == owner or name.casefold() in own_names))
    )


def _message(connection: Connection, said: dict[str, Any], event: str, observed_at: datetime) -> Reading:
    inner = part_of(said, "message")
    text = text_in(said, "message", "body_plain", "body") or text_in(
        inner, "message", "text", "body_plain", "body"
    )
    sender = part_of(said, "sender")
    name = text_in(sender, "attendee_provider_id", "identifier", "attendee_id") or text_in(
        part_of(said, "from_attendee"), "identifier"
    )
    if (name or "").casefold().startswith(DAEMONS):
        raise Ignored("bounce")  # who could not be reached, only the words would tell
    if is_unrendered(text, name):
        return misconfigured(Provider.LINKEDIN)
    stamp = said.get("timestamp") or inner.get("timestamp") or said.get("date")
    given = text_in(said, "message_id", "email_id") or text_in(inner, "id", "message_id")
    identified = (
        (given,) if given else (text_in(said, "account_id"), text_in(said, "chat_id"), name, stamp, text)
    )
    mail = event == MAIL or (name is not None and "@" in name)
    heard = Heard(
        provider=Provider.LINKEDIN,
        channel=Channel.EMAIL if mail else _channel(said, inner),
        external_id=message_id(None, *identified),
        at=instant_of(stamp, observed_at),
        text=text,
    )
    speaker = Speaker(
        email=name if mail else None,
        linkedin=() if mail else (name, text_in(sender, "attendee_profile_url")),
        full_name=text_in(sender, "attendee_name"),
    )
    return message_reading(connection, heard, speaker)


def _channel(said: dict[str, Any], inner: dict[str, Any]) -> Channel:
    account = text_in(said, "account_type") or text_in(inner, "account_type") or "LINKEDIN"
    return CHANNELS.get(account.upper(), Channel.CHAT)
