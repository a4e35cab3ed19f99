"""The register of providers: an adapter each, and nothing that two of them share."""

from ingest.adapter import Adapter
from ingest.providers.calendly import Calendly
from ingest.providers.ghl import GHL
from ingest.providers.instantly import Instantly
from ingest.providers.linkedin import LinkedIn
from ingest.providers.smartlead import SmartLead
from ingest.providers.sms import Sms

_ALL: tuple[Adapter, ...] = (Calendly(), GHL(), Sms(), LinkedIn(), SmartLead(), Instantly())
ADAPTERS: dict[str, Adapter] = {adapter.provider: adapter for adapter in _ALL}
