"""People's acts: posted as jobs of source `manual` and drained at once; the drain alone writes the books."""

from datetime import datetime
from uuid import UUID

from db import ledger
from db.ids import new_id
from db.inbox import Payload, post_to_lead
from db.ledger import Drained, Hands
from db.merging import winner_of

WAIT_SECONDS = 2.0


class UnknownLead(LookupError):
    """No lead of this client has that id."""


def act(hands: Hands, client_id: UUID, lead_id: UUID, payload: Payload, at: datetime) -> Drained:
    """Post one act and drain its lead, waiting at most two seconds for it.

    Raises UnknownLead, or what db.failures.is_transient knows: then the act is stored and applied soon.
    """
    found = winner_of(hands.database, client_id, lead_id)
    if found is None:
        raise UnknownLead
    lead_id = found
    ring = post_to_lead(hands.database, client_id, lead_id, payload, at=at, trace_id=new_id())
    hands.ringer([ring])
    return ledger.drain(hands, client_id, [lead_id], wait=WAIT_SECONDS)
