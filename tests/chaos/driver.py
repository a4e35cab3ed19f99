"""The driver: tells stories as a provider does. Late, in disorder, some of it twice, and again until it is taken."""

import heapq
import json
import random
import time
from dataclasses import dataclass, field
from itertools import count
from threading import Condition, Thread

from tests.chaos.stories import TELLERS, Body, Story
from tests.chaos.world import NotAnswering, World

SENDERS = 6
TWICE = 0.25
"""How many of the deliveries that were taken are sent once more: a lost one must not hide behind its twin."""
SPREAD_SECONDS = 4.0
AGAIN_SECONDS = 1.0


@dataclass(order=True)
class Sending:
    """One delivery on its way."""

    due: float
    number: int
    raw: bytes = field(compare=False)


@dataclass
class Sent:
    """What was sent: counts, and all that was acknowledged."""

    acknowledged: set[bytes] = field(default_factory=set)
    attempts: int = 0
    postponed: int = 0
    unanswered: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


class Driver:
    """Sends from several threads; `close` waits until everything is acknowledged."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self.sent = Sent()
        self.stories: list[Story] = []
        self._world = world
        self._dice = dice
        self._numbers = count()
        self._queue: list[Sending] = []
        self._under_way = 0
        self._changed = Condition()
        self._open = True
        self._threads = [Thread(target=self._run, daemon=True) for _ in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def tell(self, name: str) -> Story:
        """Begin another story, its deliveries shuffled and spread over some seconds."""
        story = self._dice.choice(TELLERS)(name, self._dice)
        self.stories.append(story)
        for body in story.bodies:
            self.send(body, self._dice.uniform(0, SPREAD_SECONDS))
        return story

    def send(self, body: Body, after: float = 0.0) -> None:
        """Send one delivery until it is acknowledged."""
        self._put(json.dumps(body).encode(), after)

    def close(self, seconds: float) -> None:
        """Wait until all is acknowledged, then end."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self._queue or self._under_way:
                assert time.monotonic() < deadline, f"{len(self._queue)} deliveries were never taken"
                self._changed.wait(0.2)
            self._open = False
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(10)

    def _put(self, raw: bytes, after: float) -> None:
        with self._changed:
            heapq.heappush(self._queue, Sending(time.monotonic() + after, next(self._numbers), raw))
            self._changed.notify()

    def _run(self) -> None:
        while (raw := self._take()) is not None:
            again = self._attempt(raw)
            if again is not None:
                self._put(raw, again)
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def _take(self) -> bytes | None:
        with self._changed:
            while self._open:
                now = time.monotonic()
                if self._queue and self._queue[0].due <= now:
                    self._under_way += 1
                    return heapq.heappop(self._queue).raw
                self._changed.wait(self._queue[0].due - now if self._queue else 0.2)
        return None

    def _attempt(self, raw: bytes) -> float | None:
        """Send once; returns after how many seconds to send again, if at all."""
        try:
            answer = self._world.deliver(raw)
        except NotAnswering:
            answer = None
        with self._changed:
            self.sent.attempts += 1
            if answer is None:
                self.sent.unanswered += 1
            elif answer.status_code == 200 and answer.json() == {"ok": True}:
                self.sent.acknowledged.add(raw)
                return self._dice.uniform(0, SPREAD_SECONDS) if self._dice.random() < TWICE else None
            elif answer.status_code == 503:
                self.sent.postponed += 1
            else:
                self.sent.refused.append((answer.status_code, answer.text))
                return None
            return self._dice.uniform(0.1, 1.0) * AGAIN_SECONDS
