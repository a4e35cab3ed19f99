"""Webhooks on their way to the real receiver: some lost, some twice, some late, each read at its own instant."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import orjson
from psycopg.conninfo import make_conninfo

from boot import clock
from ingest.batcher import MOST_PARCELS, Batcher
from ingest.endpoints import Endpoints
from ingest.providers import ADAPTERS
from ingest.receiver import Receiver
from pipeline.words import Provider
from tests.builders import KEYRING
from tests.simulators import calendly_objects, ghl_objects
from tests.simulators.truth import Change
from tests.simulators.webhooks import CALENDLY_KINDS, GhlKey, calendly_signature
from tests.simulators.world import World
from tests.sweeps.plan import Plan
from tests.sweeps.told import State, Told, state_of

SIGNING_KEY = "a signing key of the year's"
GHL_KEY = GhlKey()
TRIES = 20

_arrives: ContextVar[datetime] = ContextVar("arrives")


@dataclass(frozen=True)
class Letter:
    """One copy of a webhook, with what it says and when it arrived."""

    change: Change
    state: State
    headers: Mapping[str, str]
    body: bytes
    at: datetime


class Mail:
    """Hears every act of the world; what has arrived is handed to a receiver of the product's, a hundred at a time."""

    def __init__(
        self,
        dsn: str,
        world: World,
        plan: Plan,
        endpoints: Mapping[str, str],
        told: Told,
        dice: random.Random,
    ) -> None:
        """`endpoints`: by account."""
        self._dsn, self._world, self._plan = dsn, world, plan
        self._endpoints, self._told, self._dice = endpoints, told, dice
        self._arrived: list[Letter] = []
        self._loop = asyncio.new_event_loop()
        self._known = Endpoints(dsn, KEYRING)
        self.counts: Counter[str] = Counter()
        world.listeners.append(self._send)

    def close(self) -> None:
        """Give up what was opened."""
        self._known.close()
        self._loop.close()

    def _send(self, change: Change) -> None:
        body = _body(change)
        if body is None:
            return
        self.counts["webhooks"] += 1
        if self._dice.random() < self._plan.dropped:
            self.counts["dropped"] += 1
            return
        undone = change.at if change.kind == "no_show_undone" and _is_calendly(change) else None
        state = state_of(change.account, change.meeting, removed=change.kind == "removed", undone_at=undone)
        copies = 2 if self._dice.random() < self._plan.doubled else 1
        self.counts["duplicated"] += copies - 1
        for _ in range(copies):
            late = self._dice.random() < self._plan.delayed
            self.counts["reordered"] += late
            seconds = self._dice.randrange(60, 20_000) if late else self._dice.randrange(1, 5)
            at = self._world.clock.now() + timedelta(seconds=seconds)
            headers = (
                calendly_signature(SIGNING_KEY, body, at)
                if _is_calendly(change)
                else GHL_KEY.signed(body, at)
            )
            letter = Letter(change, state, headers, body, at)
            self._world.clock.at(at, lambda letter=letter: self._arrive(letter))  # type: ignore[misc]

    def _arrive(self, letter: Letter) -> None:
        self._arrived.append(letter)
        if len(self._arrived) >= MOST_PARCELS:
            self.hand_over()

    def hand_over(self) -> None:
        """Have everything that has arrived received; what is told to come again comes again at once."""
        for _ in range(TRIES):
            if not self._arrived:
                return
            letters, self._arrived = self._arrived, []
            answers = self._loop.run_until_complete(self._deliver(letters))
            for letter, status in zip(letters, answers, strict=True):
                if status == 200:
                    self._told.delivered(letter.change.meeting, letter.state)
                else:
                    self.counts["told to come again"] += 1
                    self._arrived.append(letter)
        raise AssertionError("the receiver takes nothing")

    async def _deliver(self, letters: list[Letter]) -> list[int]:
        # Whatever Postgres' own clock stamps on these is of the last one's instant.
        dsn = make_conninfo(self._dsn, options=f"-c apptrail.now={letters[-1].at.isoformat()}")
        batcher = Batcher(dsn, lambda _: None)
        receiver = Receiver(ADAPTERS, self._known, batcher, lambda _connection, _at: None)  # type: ignore[arg-type]
        with patch.object(clock, "now", lambda: _arrives.get(datetime.now(UTC))):
            answers = await asyncio.gather(*(self._received(receiver, one) for one in letters))
        await batcher.close()
        return answers

    async def _received(self, receiver: Receiver, letter: Letter) -> int:
        _arrives.set(letter.at)
        account = letter.change.account

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": letter.body}

        headers = {name.encode(): value.encode() for name, value in letter.headers.items()}
        answer = await receiver.deliver(account.provider, self._endpoints[account.id], headers, receive)
        assert answer.status in (200, 429, 503), answer.body
        assert "ignored" not in answer.body, answer.body
        return answer.status


def _is_calendly(change: Change) -> bool:
    return change.account.provider is Provider.CALENDLY


def _body(change: Change) -> bytes | None:
    account = change.account
    if not _is_calendly(change):
        return orjson.dumps(ghl_objects.native(change, 1))
    kind = CALENDLY_KINDS.get(change.kind)
    if kind is None:
        return None
    siblings = account.groups[change.meeting.group]
    return orjson.dumps(calendly_objects.webhook(account, kind, change.meeting, change.at, siblings))
