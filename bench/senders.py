"""Senders: deliveries at a steady pace to several receivers, as a balancer in front of them passes them on."""

import http.client
import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import local

from bench.bodies import body_of, email_of, signature_of
from bench.relay import Address

THREADS = 192
TIMEOUT_SECONDS = 3.0
AVOID_SECONDS = 5.0
"""How long a receiver that did not answer is left alone; then one delivery tries it."""
GIVE_UP_SECONDS = 120.0

_mine = local()


@dataclass(frozen=True)
class Sent:
    """A delivery that was answered 200; `seconds` since it was due, all tries together."""

    external_id: str
    answered_at: datetime
    seconds: float


class _Balancer:
    def __init__(self, addresses: Sequence[Address], path: str) -> None:
        self._addresses, self._path = list(addresses), path
        self._avoided = dict.fromkeys(addresses, 0.0)
        self._began: Future[float] = Future()

    def begin(self) -> None:
        """Let all that wait to be sent be due, from now on."""
        self._began.set_result(time.monotonic())

    def deliver(self, number: int, after: float) -> Sent:
        """Send one delivery until it is answered 200, each time to the next receiver that seems to be there.

        It is due so many seconds after the beginning.
        """
        due = self._began.result() + after
        time.sleep(max(0.0, due - time.monotonic()))
        body = body_of(number, email_of(number), "hosts")
        name: str = json.loads(body)["payload"]["uri"].rpartition("/")[2]
        turn = number
        while time.monotonic() - due < GIVE_UP_SECONDS:
            address = self._next(turn)
            turn += 1
            try:
                if self._post(address, body) == 200:
                    self._avoided[address] = 0.0
                    return Sent(name, datetime.now(UTC), time.monotonic() - due)
                time.sleep(0.2)
            except (OSError, http.client.HTTPException):
                self._avoided[address] = time.monotonic() + AVOID_SECONDS
                _connections().pop(address, None)
        raise RuntimeError("no receiver takes a delivery")

    def _next(self, turn: int) -> Address:
        now = time.monotonic()
        there = [each for each in self._addresses if self._avoided[each] <= now] or self._addresses
        chosen = there[turn % len(there)]
        if self._avoided[chosen]:
            self._avoided[chosen] = now + AVOID_SECONDS
        return chosen

    def _post(self, address: Address, body: bytes) -> int:
        """Over this thread's own connection."""
        if (connection := _connections().get(address)) is None:
            connection = http.client.HTTPConnection(*address, timeout=TIMEOUT_SECONDS)
            _connections()[address] = connection
        headers = {"content-type": "application/json", **signature_of(body)}
        connection.request("POST", self._path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status


def _connections() -> dict[Address, http.client.HTTPConnection]:
    """This thread's own."""
    mine: dict[Address, http.client.HTTPConnection] = vars(_mine).setdefault("connections", {})
    return mine


class Sender:
    """What is under way."""

    def __init__(self, sent: list[Future[Sent]]) -> None:
        self._sent = sent

    def result(self) -> list[Sent]:
        """Wait for all of them."""
        return [one.result() for one in self._sent]


@contextmanager
def send(
    enter: Callable[[], None], addresses: Sequence[Address], path: str, count: int, rate: float
) -> Iterator[Sender]:
    """Begin to send to these receivers, so many a second; `enter` moves a thread to the host that it sends from."""
    balancer = _Balancer(addresses, path)
    with ThreadPoolExecutor(THREADS, initializer=enter) as pool:
        sent = [pool.submit(balancer.deliver, number, number / rate) for number in range(count)]
        balancer.begin()
        yield Sender(sent)
