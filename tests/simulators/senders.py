"""Webhook senders on the simulation's clock: each provider's own retries, and what a network does to deliveries."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tests.simulators.truth import Change
from tests.simulators.world import World

Post = Callable[[str, Mapping[str, str], bytes], int]
"""(address, headers, body) -> status; 0: nobody answered."""


@dataclass
class Delivery:
    """One message to one address, as often as it is tried."""

    change: Change
    url: str
    body: bytes
    sign: Callable[[bytes, datetime], Mapping[str, str]]
    first_at: datetime
    attempts: int = 0
    status: int = 0
    answered: Callable[[int], None] = lambda _: None


@dataclass
class Weather:
    """What happens to messages on their way. Shares of all; delays are drawn evenly up to their bound."""

    dropped: float = 0.0
    duplicated: float = 0.0
    reordered: float = 0.0
    delay: timedelta = timedelta(seconds=2)
    reordered_by: timedelta = timedelta(minutes=30)


class Retries(Protocol):
    """When a provider sends again."""

    def __call__(self, delivery: Delivery, now: datetime, chance: random.Random) -> timedelta | None: ...


def calendly_retries(delivery: Delivery, now: datetime, chance: random.Random) -> timedelta | None:
    """Whatever is no 2xx, with exponential back-off, for 24 hours."""
    pause = timedelta(minutes=2 ** min(delivery.attempts, 7))
    return pause if now + pause - delivery.first_at <= timedelta(hours=24) else None


def ghl_retries(delivery: Delivery, now: datetime, chance: random.Random) -> timedelta | None:
    """Only after a 429, up to six times, ten minutes apart with jitter; all else is lost."""
    if delivery.status != 429 or delivery.attempts > 6:
        return None
    return timedelta(minutes=10, seconds=chance.uniform(0, 90))


def no_retries(delivery: Delivery, now: datetime, chance: random.Random) -> timedelta | None:
    """A workflow's action is done once."""
    return None


class Sender:
    """Sends on the world's clock, within `clock.move_to`. What got a 2xx is in `delivered`, in order of arrival."""

    def __init__(
        self, world: World, post: Post, retries: Retries, weather: Weather | None = None, seed: int = 1
    ) -> None:
        self.world = world
        self.weather = weather or Weather()
        self.delivered: list[Delivery] = []
        self.dropped: list[Delivery] = []
        self.given_up: list[Delivery] = []
        self._post = post
        self._retries = retries
        self._chance = random.Random(seed)

    def send(self, delivery: Delivery) -> None:
        """Put a message on its way."""
        chance, weather = self._chance, self.weather
        if chance.random() < weather.dropped:
            self.dropped.append(delivery)
            return
        for _ in range(2 if chance.random() < weather.duplicated else 1):
            delay = chance.random() * weather.delay
            if chance.random() < weather.reordered:
                delay += chance.random() * weather.reordered_by
            self._later(delay, delivery)

    def _later(self, delay: timedelta, delivery: Delivery) -> None:
        clock = self.world.clock
        clock.at(clock.now() + delay, lambda: self._deliver(delivery))

    def _deliver(self, delivery: Delivery) -> None:
        now = self.world.clock.now()
        delivery.attempts += 1
        delivery.status = self._post(delivery.url, delivery.sign(delivery.body, now), delivery.body)
        delivery.answered(delivery.status)
        if 200 <= delivery.status < 300:
            self.delivered.append(delivery)
        elif (pause := self._retries(delivery, now, self._chance)) is not None:
            self._later(pause, delivery)
        else:
            self.given_up.append(delivery)
