"""The doorbell, over the real Lua of its broker: small messages, by client and lane, and a worker that hears them."""

from collections.abc import Iterator
from queue import Queue
from uuid import UUID

import fakeredis
import pytest
from dramatiq import Worker

from db.ids import new_id
from db.inbox import Ring
from pipeline.words import Lane
from workers.doorbell import Doorbell


@pytest.fixture
def bell() -> Iterator[Doorbell]:
    doorbell = Doorbell(fakeredis.FakeRedis())
    yield doorbell
    doorbell.close()


def test_a_hundred_leads_of_a_client_share_a_message_and_clients_and_lanes_do_not(bell: Doorbell) -> None:
    one, other = new_id(), new_id()
    rings = [Ring(one, new_id(), Lane.LIVE) for _ in range(150)]
    rings += [Ring(other, new_id(), Lane.LIVE), Ring(other, new_id(), Lane.BULK)]
    assert bell.ring([*rings, *rings]) == 4
    assert (bell.depth(Lane.LIVE), bell.depth(Lane.BULK)) == (3, 1)


def test_a_worker_hears_the_rings_of_its_own_lane(bell: Doorbell) -> None:
    heard: Queue[tuple[UUID, list[UUID]]] = Queue()
    bell.answer(Lane.LIVE, lambda client_id, lead_ids: heard.put((client_id, list(lead_ids))))
    client_id, lead_id = new_id(), new_id()
    bell.ring([Ring(client_id, new_id(), Lane.BULK), Ring(client_id, lead_id, Lane.LIVE)])
    worker = Worker(bell.broker, queues={Lane.LIVE}, worker_threads=1, worker_timeout=20)
    worker.start()
    try:
        assert heard.get(timeout=10) == (client_id, [lead_id])
    finally:
        worker.stop()
    assert heard.empty()
    assert bell.depth(Lane.BULK) == 1
