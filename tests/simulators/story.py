"""A location that goes on by itself: somebody books, moves, cancels or stays away at every step.

Each step is drawn from its own number, so a simulator that is started again tells the same story up to now.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.simulators.slots import free
from tests.simulators.truth import Account, Meeting
from tests.simulators.world import World

BEFORE = timedelta(days=14)
"""How long the location had existed before it was connected."""
EARLY_STEP, STEP = timedelta(hours=2), timedelta(seconds=40)
ACTS = ("book", "book", "book", "move", "cancel", "no_show", "showed")


class Story:
    """One location's story, from before `since` until now."""

    def __init__(self, world: World, account: Account, since: datetime, emails: list[str], seed: int) -> None:
        """The world's clock stands at `since - BEFORE`. `emails`: of people that its leads may already know."""
        self._world = world
        self._account = account
        self._since = since
        self._emails = emails
        self._seed = seed
        self._steps = enumerate(self._instants())
        self._next = next(self._steps)

    def _instants(self) -> Iterator[datetime]:
        at = self._since - BEFORE
        while True:
            yield at
            at += EARLY_STEP if at < self._since else STEP

    def move_to(self, now: datetime) -> None:
        """Tell it up to an instant."""
        while self._next[1] <= now:
            number, at = self._next
            self._world.clock.move_to(at)
            self._act(random.Random(f"{self._seed}:{number}"), at)
            self._next = next(self._steps)
        self._world.clock.move_to(now)

    def _act(self, chance: random.Random, now: datetime) -> None:
        world, account = self._world, self._account
        act = chance.choice(ACTS)
        over, ahead = self._held(now)
        if act == "book" or not ahead:
            self._book(chance, now)
        elif act == "cancel":
            world.cancel(account, chance.choice(ahead), "Something came up.")
        elif act == "move":
            world.move(account, chance.choice(ahead), self._start(chance, now))
        elif over:
            world.set_status(account, chance.choice(over), "noshow" if act == "no_show" else "showed")

    def _held(self, now: datetime) -> tuple[list[Meeting], list[Meeting]]:
        confirmed = [one for one in self._world.live(self._account) if one.status == "confirmed"]
        return [one for one in confirmed if one.end <= now], [one for one in confirmed if one.start > now]

    def _book(self, chance: random.Random, now: datetime) -> None:
        account = self._account
        email = chance.choice(self._emails)
        known = next((one for one in account.people.values() if one.email == email), None)
        self._world.book(account, known or self._world.person(account, email=email), self._start(chance, now))

    def _start(self, chance: random.Random, now: datetime) -> datetime:
        calendar = self._world.calendar(self._account)
        since = now + timedelta(days=chance.randint(0, 20), hours=1)
        return min(
            free(self._world, self._account, calendar, since, since + timedelta(days=9)), default=since
        )
