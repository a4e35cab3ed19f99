"""The processes of the Procfile that drain: `worker`, `bulk` and `clock`. Each ends cleanly on TERM."""

import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from threading import Event

from dramatiq import Worker

from boot import garbage
from boot.logs import get_logger
from boot.settings import Settings
from pipeline.words import Lane
from workers import retaining, statistician, watching
from workers.doorbell import Doorbell
from workers.drainer import Drainer
from workers.replayer import REPLAY_SECONDS, Replayer
from workers.ringer import Ringer
from workers.rounds import POLL_SECONDS, SWEEP_SECONDS, TICK_SECONDS, Poller, Round, Sweeper, Tick
from workers.timetable import Duty, Timetable

PICKUP_MS = 40

log = get_logger(__name__)


def run_worker(settings: Settings, lane: Lane, threads: int, *, poll: bool = False) -> None:
    """Drain what a lane's rings name, until TERM; `poll`: what the inbox holds, without Redis."""
    with ExitStack() as stack:
        doorbell, ringer = _bell(settings, stack)
        drainer = Drainer(settings.database_dsn, ringer, lane)
        if poll:
            _walk(stack, "poll", POLL_SECONDS, Poller(drainer), settings)
        else:
            doorbell.answer(lane, drainer.drain)
            worker = Worker(doorbell.broker, queues={lane}, worker_threads=threads, worker_timeout=PICKUP_MS)
            worker.start()
            stack.callback(worker.stop, timeout=10_000)
        _walk(stack, "sweeper", SWEEP_SECONDS, Sweeper(doorbell, drainer), settings)
        _wait("worker", lane)


def run_clock(settings: Settings, duties: Callable[[ExitStack, Ringer], Sequence[Duty]]) -> None:
    """Keep the timetable until TERM; of many clocks one is the leader.

    `duties` makes what the clock does besides ticking: faces above this floor bring it.
    """
    with ExitStack() as stack:
        doorbell, ringer = _bell(settings, stack)
        tick = Tick(doorbell, Drainer(settings.database_dsn, ringer, Lane.BULK))
        own = (
            Duty("tick", TICK_SECONDS, tick.walk),
            Duty("replayer", REPLAY_SECONDS, Replayer(ringer).walk),
            Duty("statistics", statistician.ROUND_SECONDS, statistician.walk),
            Duty("watch", watching.ROUND_SECONDS, watching.walk),
            Duty("retention", retaining.ROUND_SECONDS, retaining.walk),
        )
        brought = duties(stack, ringer)
        timetable = Timetable(settings.database_dsn)
        stack.callback(timetable.stop)
        for duty in (*own, *brought):
            timetable.keep(duty)
        _wait("clock", "-")


def _bell(settings: Settings, stack: ExitStack) -> tuple[Doorbell, Ringer]:
    doorbell = Doorbell.connect(settings.redis_url)
    stack.callback(doorbell.close)
    ringer = Ringer(doorbell)
    stack.callback(ringer.close)
    return doorbell, ringer


def _walk(stack: ExitStack, name: str, seconds: float, walker: Sweeper | Poller, settings: Settings) -> None:
    stack.callback(Round(name, seconds, walker.walk, settings.database_dsn).stop)


def _wait(process: str, lane: str) -> None:
    told = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    garbage.settle()
    log.info("process_started", process=process, lane=lane)
    told.wait()
    log.info("process_stopping", process=process, lane=lane)
