"""Instantly v2: replies and labels of email campaigns. A lead's own variables stand beside the event's keys."""

from collections.abc import Sequence
from datetime import datetime

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
    text_in,
)
from ingest.verdicts import Ignored
from pipeline.message import Channel
from pipeline.signals import SignalKind
from pipeline.words import Provider

REPLY = "reply_received"
# What the channel says; only the first is a person's own word.
SAID: dict[str, tuple[SignalKind, ...]] = {
    REPLY: (),
    "auto_reply_received": (SignalKind.AUTO_REPLY,),
    "lead_out_of_office": (SignalKind.OUT_OF_OFFICE,),
    "email_bounced": (SignalKind.BOUNCE,),
    "lead_unsubscribed": (SignalKind.OPT_OUT,),
    "lead_interested": (SignalKind.INTERESTED,),
    "lead_not_interested": (SignalKind.NOT_INTERESTED,),
    "lead_wrong_person": (SignalKind.NOT_INTERESTED,),
    "lead_meeting_booked": (SignalKind.MEETING_BOOKED,),
}


class Instantly(Adapter):
    """The adapter. There is no signature, only headers chosen when the webhook is made."""

    provider = Provider.INSTANTLY
    size_limit = 2_000_000
    retry_status = 503

    def verify(self, connection: Connection, headers: Headers, body: bytes, now: datetime) -> None:
        """Check the header secret."""
        check_secret(connection, headers)

    def read(self, connection: Connection, body: bytes, observed_at: datetime) -> Sequence[Reading]:
        """Read one event."""
        said = read_object(body)
        event = text_in(said, "event_type")
        if event is None:
            raise Ignored("no_event")
        if event not in SAID:
            raise Ignored("other_event")
        email = text_in(said, "lead_email")
        text = text_in(said, "reply_text", "reply_html", "reply_text_snippet")
        if is_unrendered(email, text):
            return [misconfigured(Provider.INSTANTLY)]
        stamp = text_in(said, "timestamp")
        given = text_in(said, "email_id")
        identified = (event, given) if given else (
            event, text_in(said, "workspace"), text_in(said, "campaign_id"), email, stamp, text,
        )  # fmt: skip
        heard = Heard(
            provider=Provider.INSTANTLY,
            channel=Channel.EMAIL,
            external_id=message_id(None, *identified),
            at=instant_of(stamp, observed_at),
            text=text,
            human=event == REPLY,
            said=SAID[event],
        )
        speaker = Speaker(
            email=email,
            phone=text_in(said, "phone"),
            first_name=text_in(said, "firstName", "first_name"),
            last_name=text_in(said, "lastName", "last_name"),
        )
        return [message_reading(connection, heard, speaker)]
