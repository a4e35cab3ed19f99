"""Failures: counted, retried later, and buried only when they are the job's own fault (DESIGN 6)."""

import random
from collections import Counter
from dataclasses import dataclass
from threading import Lock
from traceback import extract_tb
from types import TracebackType
from typing import Any
from uuid import UUID

from psycopg import Connection as Database
from psycopg import errors

from db.ids import new_id
from db.jobs import Job
from db.release import CODE_VERSION

ATTEMPTS_TO_BURY = 3
BACK_OFF_SECONDS = 2.0
BREAKER_JOBS = 50
TRIED = ""

# Nobody's fault: the same statement may do well in a moment.
TRANSIENT = (
    errors.OperationalError,
    errors.InsufficientResources,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.ReadOnlySqlTransaction,
    errors.InterfaceError,
    ConnectionError,
)


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, without a value: class, place and the way there."""

    error_class: str
    location: str
    traceback: str

    def fingerprint(self, provider: str | None, kind: str) -> str:
        """What failures of one cause have in common."""
        return f"{self.error_class}@{self.location}:{provider or '-'}:{kind}"


KILLED = Failure("WorkerKilled", "worker", "")


def is_transient(error: BaseException) -> bool:
    """Whether an error is nobody's fault."""
    return isinstance(error, TRANSIENT)


def is_about_the_data(error: BaseException) -> bool:
    """Whether what was to be stored is at fault, rather than the place where it was to go."""
    return isinstance(error, errors.DataError | UnicodeError | TypeError)


def failure_from(error: BaseException) -> Failure:
    """Read an error without its message, which may carry values."""
    frames = _frames(error.__traceback__)
    return Failure(type(error).__name__, frames[-1] if frames else "unknown", "\n".join(frames))


def _frames(traceback: TracebackType | None) -> list[str]:
    return [f"{_module_path(frame.filename)}:{frame.name}:{frame.lineno}" for frame in extract_tb(traceback)]


def _module_path(filename: str) -> str:
    return "/".join(filename.split("/")[-2:])


class Tally:
    """How many jobs this process has tried, by kind, since it last told the breaker."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._lock = Lock()
        self._tried: Counter[str] = Counter()

    def tried(self, kind: str, jobs: int) -> None:
        """Count jobs."""
        with self._lock:
            self._tried[kind] += jobs

    def flush(self, database: Database[Any]) -> None:
        """Add the counts to the moment's row; drop what is older than an hour."""
        with self._lock:
            tried, self._tried = self._tried, Counter()
        for kind, jobs in tried.items():
            _count(database, kind, TRIED, jobs)
        database.execute("DELETE FROM work_minute WHERE minute < now() - interval '1 hour'")


def record(
    database: Database[Any], client_id: UUID, job: Job, failure: Failure, provider: str | None, tally: Tally
) -> str:
    """Put a failed job back for later, or bury it; returns `retried`, `paused` or `buried`."""
    fingerprint = failure.fingerprint(provider, job.kind)
    tally.flush(database)
    if job.replay_of is None:  # that a letter fails again says nothing of what is coming in
        _count(database, job.kind, fingerprint, 1)
        _trip_breaker(database, job.kind, fingerprint)
    if _is_paused(database, job.kind):
        return "paused"
    if job.attempts + 1 >= ATTEMPTS_TO_BURY:
        bury(database, client_id, job, failure, provider)
        return "buried"
    pause = random.uniform(0.1, 1.0) * BACK_OFF_SECONDS * 2**job.attempts  # noqa: S311  (jitter, no secret)
    database.execute(
        """UPDATE inbox SET attempts = attempts + 1, not_before = now() + make_interval(secs => %s),
                  first_failed_at = coalesce(first_failed_at, now())
           WHERE client_id = %s AND id = %s""",
        (pause, client_id, job.id),
    )
    return "retried"


def bury(database: Database[Any], client_id: UUID, job: Job, failure: Failure, provider: str | None) -> None:
    """Give a job up: from the inbox to the dead letters, in one transaction."""
    with database.transaction():
        database.execute(
            _BURY,
            (
                client_id, job.id, new_id(), provider,
                "killed_its_worker" if failure is KILLED else "failed", failure.error_class,
                failure.location, failure.traceback, failure.fingerprint(provider, job.kind), CODE_VERSION,
                client_id,
            ),
        )  # fmt: skip


# Ten seconds to a row: a minute by the clock would forget, on its stroke, what failed a moment before.
def _count(database: Database[Any], kind: str, fingerprint: str, jobs: int) -> None:
    database.execute(
        """INSERT INTO work_minute (kind, fingerprint, minute, jobs) VALUES (%s, %s, date_bin('10 seconds', now(), 'epoch'), %s)
           ON CONFLICT (kind, fingerprint, minute) DO UPDATE SET jobs = work_minute.jobs + excluded.jobs""",
        (kind, fingerprint, jobs),
    )


def _is_paused(database: Database[Any], kind: str) -> bool:
    return (
        database.execute(
            "SELECT 1 FROM pause WHERE kind = %s AND client_id = %s", (kind, UUID(int=0))
        ).fetchone()
        is not None
    )


def _trip_breaker(database: Database[Any], kind: str, fingerprint: str) -> None:
    """Pause a kind when more than half of at least 50 jobs of the last minute failed in one way."""
    database.execute(
        """INSERT INTO pause (kind, reason, fingerprint)
           SELECT %(kind)s, 'breaker', %(fingerprint)s
           FROM (SELECT coalesce(sum(jobs) FILTER (WHERE fingerprint = ''), 0) AS tried,
                        coalesce(sum(jobs) FILTER (WHERE fingerprint = %(fingerprint)s), 0) AS failed
                 FROM work_minute WHERE kind = %(kind)s AND minute > now() - interval '1 minute') AS m
           WHERE tried >= %(least)s AND failed * 2 > tried
           ON CONFLICT (kind, client_id) DO NOTHING""",
        {"kind": kind, "fingerprint": fingerprint, "least": BREAKER_JOBS},
    )


# A letter that was posted again and failed again is closed, and its successor is a generation older.
_BURY = """
    WITH given_up AS (DELETE FROM inbox WHERE client_id = %s AND id = %s RETURNING *),
    buried AS (
        INSERT INTO dead_letter (client_id, id, lead_id, kind, provider, payload, reason, error_class, location,
            traceback, fingerprint, attempts, code_version, trace_id, job_id, received_at, first_failed_at,
            replay_of, generation)
        SELECT g.client_id, %s, g.lead_id, g.kind, %s, g.payload, %s, %s, %s, %s, %s, g.attempts + 1, %s,
               g.trace_id, g.id, g.received_at, coalesce(g.first_failed_at, now()), g.replay_of,
               coalesce((SELECT d.generation + 1 FROM dead_letter d
                         WHERE d.client_id = g.client_id AND d.id = g.replay_of), 0)
        FROM given_up g)
    UPDATE dead_letter d SET state = 'replayed', outcome = 'failed_again', closed_at = now() FROM given_up g
    WHERE g.replay_of IS NOT NULL AND d.client_id = %s AND d.id = g.replay_of AND d.state = 'replaying'"""
