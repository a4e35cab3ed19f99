"""The clock's duty of retention: every client once a day, a slice at a time, after the live jobs."""

from uuid import UUID

from boot import clock
from boot.logs import get_logger
from db import backfill_runs, retaining
from db.backfill_runs import Kind, Run
from db.clients import every
from db.desk import Database
from pipeline.retention import DAYS

ROUND_SECONDS = 60.0
SLICE_SECONDS = 20.0
LIVE_JOBS_MAY_WAIT = 2.0
HOURS_BETWEEN_RUNS = 24

log = get_logger(__name__)


def walk(database: Database) -> None:
    """Go on with each client's run of the day; a run that was interrupted goes on where it was."""
    until = clock.monotonic() + SLICE_SECONDS
    for client in every(database):
        run = _run_of_the_day(database, client.id)
        if run is not None and not _finished(database, run, until):
            return


def _run_of_the_day(database: Database, client_id: UUID) -> Run | None:
    run = backfill_runs.unfinished(database, client_id, Kind.DAILY_RETENTION)
    if run is None and retaining.is_due(database, client_id, HOURS_BETWEEN_RUNS):
        run = backfill_runs.begin(database, client_id, Kind.DAILY_RETENTION)
    return run


def _finished(database: Database, run: Run, until: float) -> bool:
    """Whether the run came to its end within the slice; it waits while live jobs are late."""
    within = retaining.reach(database, DAYS)
    while True:
        if clock.monotonic() >= until or backfill_runs.live_queue_age(database) > LIVE_JOBS_MAY_WAIT:
            return False
        if not retaining.retain(database, run, within, apply=True):
            break
    backfill_runs.end(database, run)
    retaining.forget_runs(database, run)
    log.info(
        "retention_finished",
        client_id=run.client_id,
        run_id=run.id,
        checked=run.counts.get("looked", 0),
        count=run.counts.get("dropped", 0),
    )
    return True
