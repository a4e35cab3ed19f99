"""Leads, where nobody asks of a client: which client a lead belongs to."""

from uuid import UUID

from db.desk import Database
from db.people import UnknownLead


def client_of(database: Database, lead_id: UUID) -> UUID:
    """The client of a lead; raises UnknownLead."""
    row = database.execute("SELECT client_id FROM lead WHERE id = %s", (lead_id,)).fetchone()
    if row is None:
        raise UnknownLead
    client_id: UUID = row[0]
    return client_id
