"""A timetable: what the clock does and how often; of many clocks one, the leader, does it."""

from collections.abc import Callable

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from boot.logs import get_logger
from db import leases
from db.desk import Database, connect
from db.failures import is_transient
from db.ids import new_id

LEADER = "clock"
LEADER_SECONDS = 30.0
THREADS = 4

log = get_logger(__name__)


class Timetable:
    """Calls functions every so many seconds, each with a connection, while this process leads.

    A call that is still under way when its time comes again is not made twice; a failure ends nothing.
    """

    def __init__(self, dsn: str) -> None:
        """Start with nothing to do."""
        self._dsn = dsn
        self._me = new_id()
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(THREADS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )
        self._scheduler.start()

    def every(self, seconds: float, name: str, walk: Callable[[Database], None]) -> None:
        """Call `walk` from now on."""
        self._scheduler.add_job(self._call, "interval", seconds=seconds, id=name, args=(name, walk))

    def _call(self, name: str, walk: Callable[[Database], None]) -> None:
        try:
            with connect(self._dsn) as database:
                if leases.take(database, LEADER, self._me, LEADER_SECONDS):
                    walk(database)
        except Exception as error:
            if not is_transient(error):
                log.exception("round_failed", process=name)
            else:
                log.warning("round_postponed", process=name, exc_info=error)

    def stop(self) -> None:
        """Stop after the calls that are under way, and let another clock lead at once."""
        self._scheduler.shutdown(wait=True)
        try:
            with connect(self._dsn) as database:
                leases.give_back(database, LEADER, self._me)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("round_postponed", process=LEADER, exc_info=error)
