"""A lead's messages as they are kept: when, on which channel, what they meant, and no word of them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from db import conversations
from db.engine import Reading
from db.reads.leads import Lead
from pipeline.conversation import Conversation

MOST = 20


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `signals` are as they were stored; kinds may be a newer release's."""

    provider: str
    channel: str
    at: datetime
    human: bool
    signals: list[dict[str, Any]]


def of_lead(reading: Reading, lead: Lead) -> list[Message]:
    """The newest of a lead's messages, newest first; one more than MOST if there are older ones."""
    values = {"client": lead.client_id, "lead": lead.id, "limit": MOST + 1}
    return [
        Message(row.provider, row.channel, row.at.astimezone(UTC), row.human, row.signals)
        for row in reading.connection.execute(_OF_LEAD, values)
    ]


def adds_up_to(reading: Reading, lead: Lead) -> Conversation:
    """What all of a lead's messages add up to."""
    return conversations.load(reading.database, lead.client_id, [lead.id])[lead.id]


_OF_LEAD = text("""
    SELECT provider, channel, at, human, signals FROM message
    WHERE client_id = :client AND lead_id = :lead ORDER BY at DESC, id LIMIT :limit""")
