"""The doorbell: a small dramatiq message with lead ids; never the only copy of anything (QUEUE)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Retries
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from db.inbox import Ring
from pipeline.words import Lane

NAMESPACE = "apptrail"
LEADS_A_RING = 100
HEARTBEAT_MS = 30_000
MAINTENANCE_PER_MILLION = 50_000

DrainLeads = Callable[[UUID, Sequence[UUID]], None]

NotReachable = redis.exceptions.RedisError


class Doorbell:
    """Rings, and tells an answering worker whose jobs are due."""

    def __init__(self, client: redis.Redis) -> None:
        """Take a Redis client; see `connect`."""
        self.client = client
        self.broker = RedisBroker(  # type: ignore[no-untyped-call]
            client=client,
            namespace=NAMESPACE,
            heartbeat_timeout=HEARTBEAT_MS,
            maintenance_chance=MAINTENANCE_PER_MILLION,
            middleware=[Retries(max_retries=3, min_backoff=500, max_backoff=15_000)],
        )
        for lane in Lane:
            self.broker.declare_queue(lane)

    @classmethod
    def connect(cls, url: str) -> "Doorbell":
        """Make a doorbell on a Redis that need not be there yet."""
        retry = Retry(ExponentialBackoff(cap=0.2, base=0.02), 2)
        return cls(redis.Redis.from_url(url, retry=retry, socket_timeout=5, socket_connect_timeout=1))

    def ring(self, rings: Iterable[Ring]) -> int:
        """Send one message for each hundred leads of a client and lane; returns how many.

        Raises NotReachable; the jobs are in the inbox all the same, and a sweeper will ring for them.
        """
        messages = list(_messages(rings))
        for message in messages:
            self.broker.enqueue(message)
        return len(messages)

    def answer(self, lane: Lane, drain: DrainLeads) -> None:
        """Have the messages of a lane drained by this process; one actor a lane, never renamed."""

        def drain_leads(client_id: str, lead_ids: list[str]) -> None:
            drain(UUID(client_id), [UUID(lead_id) for lead_id in lead_ids])

        # An idle consumer's only trace in Redis is its heartbeat, under this name: it should tell its queue.
        self.broker.broker_id = f"{lane}-{self.broker.broker_id}"
        dramatiq.actor(broker=self.broker, queue_name=lane, actor_name=_actor(lane))(drain_leads)

    def depth(self, lane: Lane) -> int:
        """How many messages wait; raises NotReachable."""
        return int(self.client.llen(f"{NAMESPACE}:{lane}"))

    def is_reachable(self) -> bool:
        """Whether Redis answers."""
        try:
            return bool(self.client.ping())
        except NotReachable:
            return False

    def close(self) -> None:
        """Close the connections."""
        self.broker.close()
        self.client.close()


def _messages(rings: Iterable[Ring]) -> Iterator["dramatiq.Message[Any]"]:
    places: dict[tuple[Lane, UUID], dict[str, None]] = {}
    for ring in rings:
        places.setdefault((ring.lane, ring.client_id), {})[str(ring.lead_id)] = None
    for (lane, client_id), leads in places.items():
        lead_ids = list(leads)
        for first in range(0, len(lead_ids), LEADS_A_RING):
            yield dramatiq.Message(
                queue_name=lane,
                actor_name=_actor(lane),
                args=(str(client_id), lead_ids[first : first + LEADS_A_RING]),
                kwargs={},
                options={},
            )


def _actor(lane: Lane) -> str:
    return f"drain_{lane}"
