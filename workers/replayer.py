"""Replaying: stepping an operation at its rate, by whoever started it, or by the clock if nobody drives it."""

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from boot import clock
from boot.logs import get_logger
from db import leases, replay_steps, replays
from db.desk import Database
from db.ids import new_id
from db.locks import Ringer
from db.replay_steps import Step
from workers.pacing import Pace

REPLAY_SECONDS = 1.0
STEP_SECONDS = 0.1
TELL_SECONDS = 1.0

log = get_logger(__name__)


class Stepper:
    """One operation, stepped by so many letters as its rate makes due."""

    def __init__(self, replay_id: UUID, rate: float) -> None:
        """Post nothing yet."""
        self._replay_id = replay_id
        self._pace = Pace(rate, clock.monotonic())

    def step(self, database: Database, ringer: Ringer) -> Step:
        """Post what is due, and ring for it."""
        step = replay_steps.step(database, self._replay_id, self._pace.due(clock.monotonic()))
        ringer(step.rings)
        if step.waits:
            self._pace.rest()
        else:
            self._pace.did(len(step.rings))
        return step


def drive(
    database: Database,
    replay_id: UUID,
    ringer: Ringer,
    *,
    tell: Callable[[dict[str, Any]], None] = lambda _: None,
    wait: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Step until the operation ends or somebody pauses it; returns its progress then.

    `tell` hears of the progress about once a second. If this process dies, the clock goes on.
    """
    stepper = Stepper(replay_id, float(replays.progress(database, replay_id)["rate"]))
    told = clock.monotonic()
    while stepper.step(database, ringer).state == "running":
        if clock.monotonic() - told >= TELL_SECONDS:
            told = clock.monotonic()
            tell(replays.progress(database, replay_id))
        wait(STEP_SECONDS)
    return replays.progress(database, replay_id)


class Replayer:
    """Steps replays that nobody drives once a second: a program began them, or their driver died."""

    def __init__(self, ringer: Ringer) -> None:
        """Take the ringer; no replay is its own yet."""
        self._ringer = ringer
        self._me = new_id()
        self._mine: dict[UUID, Stepper] = {}

    def walk(self, database: Database) -> None:
        """One step of every replay that is ours, on one of all the clocks."""
        if not leases.take(database, "replayer", self._me, 10 * REPLAY_SECONDS):
            self._mine.clear()
            return
        for replay_id, rate in replays.abandoned(database):
            self._mine.setdefault(replay_id, Stepper(replay_id, rate))
        for replay_id, stepper in list(self._mine.items()):
            if not stepper.step(database, self._ringer).again:
                del self._mine[replay_id]
                log.info("replay_ended", run_id=replay_id)
