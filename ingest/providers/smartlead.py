"""SmartLead: replies, categories and unsubscribes of email campaigns, in either of its two documented shapes."""

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
from ingest.verdicts import Ignored, Refused
from pipeline.message import Channel
from pipeline.signals import SignalKind
from pipeline.words import Provider

REPLIES = frozenset({"EMAIL_REPLY", "EMAIL_REPLIED"})
CATEGORY = "LEAD_CATEGORY_UPDATED"
# What the channel says without a reply of the lead's.
SAID_ALONE = {"EMAIL_BOUNCE": SignalKind.BOUNCE, "LEAD_UNSUBSCRIBED": SignalKind.OPT_OUT}

# Categories are a workspace's own; these are the built-in ones and what is commonly added. Folded by `_folded`.
CATEGORIES = {
    "interested": SignalKind.INTERESTED,
    "meeting request": SignalKind.MEETING_REQUESTED,
    "meeting requested": SignalKind.MEETING_REQUESTED,
    "information request": SignalKind.INFORMATION_REQUESTED,
    "not interested": SignalKind.NOT_INTERESTED,
    "do not contact": SignalKind.OPT_OUT,
    "unsubscribed": SignalKind.OPT_OUT,
    "out of office": SignalKind.OUT_OF_OFFICE,
    "sender originated bounce": SignalKind.BOUNCE,
    "booked": SignalKind.MEETING_BOOKED,
    "meeting booked": SignalKind.MEETING_BOOKED,
}


class SmartLead(Adapter):
    """The adapter. There is no signature: the secret stands in a header, or as `secret_key` in the body."""

    provider = Provider.SMARTLEAD
    size_limit = 2_000_000
    retry_status = 503

    def verify(self, connection: Connection, headers: Headers, body: bytes, now: datetime) -> None:
        """Check the header secret, or the body's `secret_key`."""
        check_secret(connection, headers, lambda: _secret_in(body))

    def read(self, connection: Connection, body: bytes, observed_at: datetime) -> Sequence[Reading]:
        """Read one event."""
        said = read_object(body)
        event = text_in(said, "event_type", "event")
        if event in REPLIES:
            return [_reply(connection, said, observed_at)]
        if event == CATEGORY:
            return [_category(connection, said, observed_at)]
        if event in SAID_ALONE:
            return [_alone(connection, said, event, SAID_ALONE[event], observed_at)]
        raise Ignored("other_event" if event else "no_event")


def _secret_in(body: bytes) -> str | None:
    try:
        return text_in(read_object(body), "secret_key")
    except (Refused, Ignored):
        return None


def _reply(connection: Connection, said: dict[str, Any], observed_at: datetime) -> Reading:
    reply = part_of(said, "reply_message") or part_of(said, "reply")
    text = text_in(reply, "text", "html", "body") or text_in(said, "reply_body", "preview_text")
    speaker = _speaker(said)
    if is_unrendered(text, speaker.email):
        return misconfigured(Provider.SMARTLEAD)
    given = text_in(reply, "message_id") or text_in(said, "message_id")
    stamp = text_in(reply, "time") or _stamp(said)
    identified = (given, None) if given else (text_in(said, "campaign_id"), stamp)
    heard = Heard(
        provider=Provider.SMARTLEAD,
        channel=Channel.EMAIL,
        external_id=message_id(
            None, "reply", *identified, _lead_name(said, speaker), None if stamp or given else text
        ),
        at=instant_of(stamp, observed_at),
        text=text,
    )
    return message_reading(connection, heard, speaker)


def _category(connection: Connection, said: dict[str, Any], observed_at: datetime) -> Reading:
    """A person or a model at SmartLead put the lead into a category: it carries no time of a meeting."""
    name = text_in(part_of(said, "lead_category"), "new_name") or text_in(said, "new_category", "category")
    kind = CATEGORIES.get(" ".join((name or "").casefold().replace("-", " ").replace("_", " ").split()))
    if kind is None:
        raise Ignored("other_category")
    return _alone(connection, said, CATEGORY, kind, observed_at)


def _alone(
    connection: Connection, said: dict[str, Any], event: str, kind: SignalKind, observed_at: datetime
) -> Reading:
    speaker, stamp = _speaker(said), _stamp(said)
    if is_unrendered(speaker.email):
        return misconfigured(Provider.SMARTLEAD)
    heard = Heard(
        provider=Provider.SMARTLEAD,
        channel=Channel.EMAIL,
        external_id=message_id(
            None, event, kind, text_in(said, "campaign_id"), _lead_name(said, speaker), stamp
        ),
        at=instant_of(stamp, observed_at),
        human=False,
        said=(kind,),
    )
    return message_reading(connection, heard, speaker)


def _stamp(said: dict[str, Any]) -> str | None:
    return text_in(
        said, "event_timestamp", "time_replied", "time_unsubscribed", "category_updated_at", "timestamp"
    )


def _lead_name(said: dict[str, Any], speaker: Speaker) -> str | None:
    return text_in(said, "sl_email_lead_map_id", "sl_email_lead_id", "lead_id") or speaker.email


def _speaker(said: dict[str, Any]) -> Speaker:
    """The lead, who may be another than who wrote: a colleague's answer belongs to the lead (M3)."""
    lead = part_of(said, "lead_data") or part_of(said, "lead")
    return Speaker(
        email=text_in(said, "sl_lead_email")
        or text_in(lead, "email")
        or text_in(part_of(said, "leadCorrespondence"), "targetLeadEmail", "originalRecipientEmail")
        or text_in(said, "lead_email", "to_email"),
        phone=text_in(lead, "phone_number", "phone"),
        linkedin=(text_in(lead, "linkedin_profile"),),
        first_name=text_in(lead, "first_name"),
        last_name=text_in(lead, "last_name"),
        full_name=text_in(said, "to_name"),
    )
