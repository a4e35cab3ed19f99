"""Suppressions: a lead that opted out is written to again only once a person has lifted that."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection as Database

from db import conversations
from db.merging import winner_of
from db.people import UnknownLead
from pipeline.conversation import Conversation
from pipeline.message import SuppressionLifted


class NotSuppressed(Exception):
    """The lead has not opted out, or that was lifted already."""


def lifting(conversation: Conversation, by: str, now: datetime) -> SuppressionLifted:
    """What a person says who lifts what they see. Raises NotSuppressed.

    It is dated after the opt-out even where the channel's clock is ahead of ours; a later one wins again.
    """
    if not conversation.suppressed or conversation.suppressed_at is None:
        raise NotSuppressed
    return SuppressionLifted(at=max(now, conversation.suppressed_at), by=by)


def lifting_of(
    database: Database[Any], client_id: UUID, lead_id: UUID, by: str, now: datetime
) -> SuppressionLifted:
    """The same, for a lead by its id, a merged one's too. Raises NotSuppressed, UnknownLead."""
    found = winner_of(database, client_id, lead_id)
    if found is None:
        raise UnknownLead
    return lifting(conversations.load(database, client_id, [found])[found], by, now)
