"""GoHighLevel: native webhooks, workflow webhooks and the API's objects as Observations."""

from ingest.providers.ghl.adapter import GHL
from ingest.providers.ghl.contacts import read_contact
from ingest.providers.ghl.events import read_event

__all__ = ["GHL", "read_contact", "read_event"]
