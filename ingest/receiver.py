"""The receiver: size → verify → read → post. A delivery is answered 2xx only when its jobs are committed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from boot import clock
from boot.logs import get_logger
from db.ids import new_id
from ingest.adapter import Adapter, Headers
from ingest.admission import admitted
from ingest.batcher import Batcher
from ingest.bodies import Bodies, Receive
from ingest.counters import DELIVERIES
from ingest.endpoints import Endpoints
from ingest.heard import Heard
from ingest.parcels import parcel_of
from ingest.verdicts import CannotPersist, Ignored, NobodyHere, Refused
from pipeline.words import Lane

RETRY_AFTER_SECONDS = b"5"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider is told: a status, a JSON object, headers."""

    status: int
    body: Mapping[str, object]
    headers: tuple[tuple[bytes, bytes], ...] = field(default=())


ACCEPTED = Answer(200, {"ok": True})


class Receiver:
    """Takes one delivery after the other; holds nothing of any of them."""

    def __init__(
        self, adapters: Mapping[str, Adapter], endpoints: Endpoints, batcher: Batcher, heard: Heard
    ) -> None:
        """Take the register of providers, the endpoints, the way into the inbox, and who counts what came."""
        self._heard = heard
        self._adapters = adapters
        self._endpoints = endpoints
        self._batcher = batcher
        self._bodies = Bodies()
        # Bound once: what follows runs for every delivery.
        self._log = get_logger(__name__).bind()
        self._accepted = {name: DELIVERIES.labels(name, "accepted", "") for name in adapters}

    async def describe(self, provider: str, endpoint: str) -> Answer:
        """Answer a GET: what this address is for."""
        try:
            await self._endpoints.find(self._adapter(provider).provider, endpoint)
        except Refused as refused:
            return Answer(refused.status, {"ok": False, "error": refused.reason})
        except CannotPersist:
            return self._try_again(self._adapter(provider))
        return Answer(200, {"ok": True, "provider": provider, "accepts": "POST", "service": "apptrail"})

    async def deliver(self, provider: str, endpoint: str, headers: Headers, receive: Receive) -> Answer:
        """Take one delivery and say what became of it."""
        try:
            adapter = self._adapter(provider)
        except NobodyHere as refused:
            return Answer(refused.status, {"ok": False, "error": refused.reason})
        trace_id = new_id()
        try:
            await self._take(adapter, endpoint, headers, receive, trace_id)
        except Ignored as ignored:
            self._note(adapter, "ignored", ignored.reason, trace_id)
            return Answer(200, {"ok": True, "ignored": ignored.reason})
        except Refused as refused:
            self._note(adapter, "refused", refused.reason, trace_id)
            closing = ((b"connection", b"close"),) if refused.status in (408, 413) else ()
            return Answer(refused.status, {"ok": False, "error": refused.reason}, closing)
        except CannotPersist:
            self._note(adapter, "postponed", "cannot_persist", trace_id)
            return self._try_again(adapter)
        except Exception:  # noqa: BLE001  a fault of ours: the sender keeps what it sent until we are mended
            self._log.exception("delivery_failed", provider=adapter.provider, trace_id=trace_id)
            DELIVERIES.labels(adapter.provider, "postponed", "fault").inc()
            return self._try_again(adapter)
        self._accepted[adapter.provider].inc()
        return ACCEPTED

    async def _take(
        self, adapter: Adapter, endpoint: str, headers: Headers, receive: Receive, trace_id: UUID
    ) -> None:
        connections = await self._endpoints.find(adapter.provider, endpoint)
        body = await self._bodies.read(receive, headers, adapter.size_limit)
        received_at = clock.now()
        connection = admitted(adapter, connections, headers, body, received_at)
        readings = adapter.read(connection, body, received_at)
        await self._batcher.store(
            [parcel_of(connection, one, received_at, trace_id, Lane.LIVE) for one in readings]
        )
        self._heard(connection, received_at)
        for contact in (one for one in readings if one.said is None):
            said_at = contact.said_at or received_at
            await self._batcher.keep_contact(connection, contact.identities[0], contact.contact, said_at)

    def _adapter(self, provider: str) -> Adapter:
        adapter = self._adapters.get(provider)
        if adapter is None:
            raise NobodyHere("unknown_provider")
        return adapter

    def _note(self, adapter: Adapter, outcome: str, reason: str, trace_id: UUID) -> None:
        DELIVERIES.labels(adapter.provider, outcome, reason).inc()
        self._log.info(
            "delivery_turned_away",
            outcome=outcome,
            provider=adapter.provider,
            reason=reason,
            trace_id=trace_id,
        )

    @staticmethod
    def _try_again(adapter: Adapter) -> Answer:
        return Answer(
            adapter.retry_status,
            {"ok": False, "error": "try_again"},
            ((b"retry-after", RETRY_AFTER_SECONDS),),
        )
