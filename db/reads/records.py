"""Where a lead's records are kept at its providers: ids that a link into their own pages is made of."""

from dataclasses import dataclass

from sqlalchemy import text

from db.engine import Reading
from db.reads.leads import Lead


@dataclass(frozen=True, slots=True)
class Records:
    """HighLevel's location, and its contact for the lead; None where we know none, or several locations."""

    ghl_location_id: str | None
    ghl_contact_id: str | None


def of_lead(reading: Reading, lead: Lead) -> Records:
    """Look them up."""
    row = reading.connection.execute(_OF_LEAD, {"client": lead.client_id, "lead": lead.id}).one()
    return Records(row.location, row.contact)


_OF_LEAD = text("""
    SELECT (SELECT CASE WHEN count(DISTINCT location_id) = 1 THEN min(location_id) END
            FROM connection WHERE client_id = :client AND provider = 'ghl' AND state <> 'removed') AS location,
           (SELECT ghl_contact_id FROM lead WHERE client_id = :client AND id = :lead) AS contact""")
