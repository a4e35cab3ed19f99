"""Meetings told of: a channel that says a meeting is booked, without a time, has that lead's meetings looked up."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from psycopg import Connection as Database

from db.lead_checks import ask_check_of_leads
from pipeline.message import MessageSaid
from pipeline.signals import SignalKind

REASON = "meeting_told"


def look_up(database: Database[Any], client_id: UUID, heard: Iterable[tuple[UUID, MessageSaid]]) -> int:
    """Have the providers asked about the leads of whom messages say so, in the drain's transaction.

    Each message is given once: a repetition is none. Nothing is entered into the books for it: what the providers
    then tell is. Returns how many calls are asked for.
    """
    told = {lead_id for lead_id, said in heard if said.signal(SignalKind.MEETING_BOOKED) is not None}
    return ask_check_of_leads(database, client_id, sorted(told), reason=REASON)
