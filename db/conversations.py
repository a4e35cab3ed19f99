"""Conversations: what messages make of their leads, saved in the drain's own transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Connection as Database

from db.arrays import columns_of, literal
from db.ids import new_id
from pipeline.conversation import Conversation, heard
from pipeline.job import LeadStatusSaid
from pipeline.message import Channel, MessageSaid, Sentiment, meaning_of

COLUMNS = tuple(field.name for field in fields(Conversation))


@dataclass(frozen=True, slots=True)
class Received:
    """A message and where it came from."""

    said: MessageSaid
    received_at: datetime
    trace_id: UUID | None


def statuses_from(messages: Sequence[MessageSaid]) -> list[LeadStatusSaid]:
    """The words that messages give a lead's status, each at its message's own time (RULES 23)."""
    meanings = ((one, meaning_of(one)) for one in messages)
    return [
        LeadStatusSaid(source=one.source, word=meaning[1], at=one.at) for one, meaning in meanings if meaning
    ]


def save(
    database: Database[Any], client_id: UUID, received: Mapping[UUID, Sequence[Received]]
) -> list[tuple[UUID, MessageSaid]]:
    """Save the messages of some locked leads, and what their conversations add up to now; returns those that are new."""
    before = load(database, client_id, list(received))
    rows = [
        (client_id, new_id(), lead_id, one.said.provider, one.said.channel, one.said.external_id, one.said.at,
         one.received_at, one.said.human, _signals(one.said), one.trace_id)
        for lead_id, messages in received.items()
        for one in messages
    ]  # fmt: skip
    saved = database.execute(_SAVE_MESSAGES, columns_of(rows)).fetchall()
    after = {
        lead_id: heard(before[lead_id], (one.said for one in messages))
        for lead_id, messages in received.items()
    }
    _save_registers(database, client_id, {lead: one for lead, one in after.items() if one != before[lead]})
    said = {
        (one.said.provider.value, one.said.external_id): one.said
        for each in received.values()
        for one in each
    }
    return [(lead_id, said[provider, external_id]) for lead_id, provider, external_id in saved]


def load(database: Database[Any], client_id: UUID, lead_ids: Sequence[UUID]) -> dict[UUID, Conversation]:
    """Load what the messages of some leads add up to."""
    rows = database.execute(_LOAD, (client_id, literal(lead_ids)), binary=True).fetchall()
    return {lead_id: _conversation(registers) for lead_id, *registers in rows}


def merge(database: Database[Any], client_id: UUID, loser: UUID, winner: UUID) -> None:
    """Join the loser's conversation to the winner's; both leads are locked."""
    database.execute(
        "UPDATE message SET lead_id = %s WHERE client_id = %s AND lead_id = %s", (winner, client_id, loser)
    )
    known = load(database, client_id, [loser, winner])
    _save_registers(database, client_id, {winner: known[winner].joined(known[loser])})


def _conversation(registers: Sequence[Any]) -> Conversation:
    known = dict(zip(COLUMNS, registers, strict=True))
    channel, sentiment = known["last_inbound_channel"], known["sentiment"]
    known["last_inbound_channel"] = Channel(channel) if channel else None
    known["sentiment"] = Sentiment(sentiment) if sentiment else None
    return Conversation(**known)


def _save_registers(database: Database[Any], client_id: UUID, changed: Mapping[UUID, Conversation]) -> None:
    if changed:
        rows = [
            (client_id, lead, *(getattr(one, column) for column in COLUMNS)) for lead, one in changed.items()
        ]
        database.execute(_SAVE_REGISTERS, columns_of(rows))


def _signals(said: MessageSaid) -> str:
    return msgspec.json.encode(said.signals).decode()


_LOAD = f"SELECT id, {', '.join(COLUMNS)} FROM lead WHERE client_id = %s AND id = ANY (%s::uuid[])"  # noqa: S608

_SAVE_MESSAGES = """
    INSERT INTO message (client_id, id, lead_id, provider, channel, external_id, at, received_at, human, signals,
                         trace_id)
    SELECT a, b, c, d, e, f, g, h, i, j::jsonb, k
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
                %s::timestamptz[], %s::boolean[], %s::text[], %s::uuid[]) AS t (a, b, c, d, e, f, g, h, i, j, k)
    ON CONFLICT (client_id, provider, external_id) DO NOTHING RETURNING lead_id, provider, external_id"""

_TYPES = ", ".join(
    f"%s::{'timestamptz' if column.endswith(('_at', '_until')) else 'text'}[]" for column in COLUMNS
)

_SAVE_REGISTERS = f"""
    UPDATE lead AS l SET {", ".join(f"{column} = t.{column}" for column in COLUMNS)}, updated_at = now()
    FROM unnest(%s::uuid[], %s::uuid[], {_TYPES}) AS t (client_id, id, {", ".join(COLUMNS)})
    WHERE l.client_id = t.client_id AND l.id = t.id"""  # noqa: S608
