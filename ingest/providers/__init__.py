"""The register of providers: an adapter each, and nothing that two of them share."""

from ingest.adapter import Adapter
from ingest.providers.calendly import Calendly
from ingest.providers.ghl import GHL

_ALL: tuple[Adapter, ...] = (Calendly(), GHL())
ADAPTERS: dict[str, Adapter] = {adapter.provider: adapter for adapter in _ALL}
