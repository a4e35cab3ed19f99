"""The replayer: goes on with replays that nobody drives, because a program began them or their driver died."""

from uuid import UUID

from boot.logs import get_logger
from db import leases, replays
from db.desk import Database
from db.ids import new_id
from db.locks import Ringer

REPLAY_SECONDS = 1.0

log = get_logger(__name__)


class Replayer:
    """Steps each of its replays once a second, by so many letters as their rate says."""

    def __init__(self, ringer: Ringer) -> None:
        """Take the ringer; no replay is its own yet."""
        self._ringer = ringer
        self._me = new_id()
        self._mine: dict[UUID, float] = {}

    def walk(self, database: Database) -> None:
        """One step of every replay that is ours, on one of all the clocks."""
        if not leases.take(database, "replayer", self._me, 10 * REPLAY_SECONDS):
            self._mine.clear()
            return
        self._mine.update(replays.abandoned(database))
        for replay_id, rate in list(self._mine.items()):
            step = replays.step(database, replay_id, max(1, int(rate * REPLAY_SECONDS)))
            self._ringer(step.rings)
            if not step.again:
                del self._mine[replay_id]
                log.info("replay_ended", run_id=replay_id)
