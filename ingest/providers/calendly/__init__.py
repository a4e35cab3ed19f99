"""Calendly: webhooks v2 and the API's invitees as Observations."""

from ingest.providers.calendly.adapter import Calendly
from ingest.providers.calendly.invitees import read_invitee

__all__ = ["Calendly", "read_invitee"]
