"""Sweep runs: what one asks for, how far it got, and the watermarks that its last pages move."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from db.desk import Database
from db.ids import new_id
from pipeline.instants import read_instant
from pipeline.sweeping import RESUMED_WITHIN, SCHEDULED, Span, Tier
from pipeline.words import Provider

WATCHED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Run:
    """A run under way: `position` is the window that is next, `cursor` the page of it."""

    id: UUID
    client_id: UUID
    connection_id: UUID
    tier: Tier
    owner: UUID
    windows: tuple[Span, ...]
    position: int
    cursor: str | None
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """What one page came to, in objects and readings."""

    listed: int = 0
    unchanged: int = 0
    posted: int = 0
    held: int = 0
    heard_first: int = 0
    found_first: int = 0


class RunLost(Exception):
    """Somebody else walks this run now; what was read last is theirs to read again."""


def now(database: Database) -> datetime:
    """The database's now, which tests move."""
    row = database.execute("SELECT apptrail_now()").fetchone()
    at: datetime = row[0]  # type: ignore[index]
    return at


def begin(
    database: Database, client_id: UUID, connection_id: UUID, tier: Tier, windows: Sequence[Span], owner: UUID
) -> Run:
    """Take up the run that was left running, if it is still worth it, or begin one."""
    at = now(database)
    wanted = _written(windows)
    with database.transaction():
        database.execute(
            """UPDATE sweep_run SET state = 'abandoned', finished_at = %(now)s
               WHERE client_id = %(client)s AND connection_id = %(connection)s AND tier = %(tier)s
                 AND state = 'running' AND (started_at < %(oldest)s OR (%(exact)s AND windows <> %(windows)s::jsonb))""",
            {
                "client": client_id, "connection": connection_id, "tier": tier, "now": at, "windows": wanted,
                "oldest": at - RESUMED_WITHIN[tier], "exact": tier not in SCHEDULED,
            },
        )  # fmt: skip
        row = database.execute(
            """INSERT INTO sweep_run AS r (client_id, id, connection_id, tier, owner, windows, started_at)
               VALUES (%s, %s, %s, %s, %s, %s::jsonb, %s)
               ON CONFLICT (client_id, connection_id, tier) WHERE state = 'running'
               DO UPDATE SET owner = excluded.owner
               RETURNING id, windows::text, position, cursor, started_at""",
            (client_id, new_id(), connection_id, tier, owner, wanted, at),
        ).fetchone()
    run_id, stored, position, cursor, started_at = row  # type: ignore[misc]
    return Run(run_id, client_id, connection_id, tier, owner, _spans(stored), position, cursor, started_at)


def hold(database: Database, run: Run) -> None:
    """Lock the run for the transaction that saves a page of it; raises RunLost."""
    row = database.execute(
        """SELECT 1 FROM sweep_run WHERE client_id = %s AND id = %s AND owner = %s AND state = 'running'
           FOR NO KEY UPDATE""",
        (run.client_id, run.id, run.owner),
    ).fetchone()
    if row is None:
        raise RunLost


def advance(database: Database, run: Run, counts: Counts, *, position: int, cursor: str | None) -> None:
    """Say how far a run has got, in the transaction that posts what it found there."""
    database.execute(
        """UPDATE sweep_run SET position = %s, cursor = %s, pages = pages + 1, listed = listed + %s,
               unchanged = unchanged + %s, posted = posted + %s, held = held + %s, heard_first = heard_first + %s,
               found_first = found_first + %s
           WHERE client_id = %s AND id = %s""",
        (
            position, cursor, counts.listed, counts.unchanged, counts.posted, counts.held, counts.heard_first,
            counts.found_first, run.client_id, run.id,
        ),
    )  # fmt: skip


def move_watermark(database: Database, run: Run, span: Span) -> None:
    """Say that every page of a window is posted, in the transaction that posts the last one."""
    mark = {"at": run.started_at, "from": run.windows[0].start, "to": span.end}
    database.execute(
        "UPDATE connection SET watermarks = watermarks || jsonb_build_object(%s::text, %s::jsonb) WHERE id = %s",
        (run.tier, orjson.dumps(mark).decode(), run.connection_id),
    )


def finish(database: Database, run: Run, state: str, reason: str | None = None) -> None:
    """End a run: `finished`, or `stopped` with the reason."""
    database.execute(
        """UPDATE sweep_run SET state = %s, reason = %s, finished_at = apptrail_now()
           WHERE client_id = %s AND id = %s AND owner = %s AND state = 'running'""",
        (state, reason, run.client_id, run.id, run.owner),
    )


def note_reason(database: Database, run: Run, reason: str) -> None:
    """Say why a run that goes on later does not go on now."""
    database.execute(
        "UPDATE sweep_run SET reason = %s WHERE client_id = %s AND id = %s", (reason, run.client_id, run.id)
    )


def suspect(database: Database, run: Run, suspects: int) -> None:
    """Count what a listing did not show."""
    database.execute(
        "UPDATE sweep_run SET suspects = suspects + %s WHERE client_id = %s AND id = %s",
        (suspects, run.client_id, run.id),
    )


def latest(database: Database, client_id: UUID, connection_id: UUID) -> list[tuple[Tier, datetime | None]]:
    """When each scheduled tier was last begun and brought to an end; one that still runs counts as not begun."""
    rows = database.execute(
        """SELECT DISTINCT ON (tier) tier, started_at, state FROM sweep_run
           WHERE client_id = %s AND connection_id = %s AND state <> 'abandoned'
           ORDER BY tier, started_at DESC, id DESC""",
        (client_id, connection_id),
    ).fetchall()
    begun = {tier: started_at for tier, started_at, state in rows if state != "running"}
    return [(tier, begun.get(tier)) for tier in SCHEDULED]


def unfinished(database: Database, client_id: UUID, connection_id: UUID) -> list[tuple[Tier, list[Span]]]:
    """The runs that were asked for and are not at their end."""
    rows = database.execute(
        """SELECT tier, windows::text FROM sweep_run
           WHERE client_id = %s AND connection_id = %s AND state = 'running' AND tier IN ('whole', 'gap')""",
        (client_id, connection_id),
    )
    return [(Tier(tier), list(_spans(windows))) for tier, windows in rows]


def request(
    database: Database, client_id: UUID, connection_id: UUID, tier: Tier, windows: Sequence[Span]
) -> bool:
    """Ask for a run that the clock is to walk; False: one is under way already, and stays as it is."""
    asked = database.execute(
        """INSERT INTO sweep_run (client_id, id, connection_id, tier, owner, windows, started_at)
           VALUES (%s, %s, %s, %s, %s, %s::jsonb, apptrail_now())
           ON CONFLICT (client_id, connection_id, tier) WHERE state = 'running' DO NOTHING""",
        (client_id, new_id(), connection_id, tier, new_id(), _written(windows)),
    )
    return bool(asked.rowcount)


def last_begun(database: Database, client_id: UUID, connection_id: UUID, tier: Tier) -> datetime | None:
    """When the last run of a tier was begun, whatever became of it."""
    row = database.execute(
        "SELECT max(started_at) FROM sweep_run WHERE client_id = %s AND connection_id = %s AND tier = %s",
        (client_id, connection_id, tier),
    ).fetchone()
    return row[0] if row else None


def has_work(database: Database, client_id: UUID, connection_id: UUID, provider: Provider) -> bool:
    """Whether questions are due that a connection may answer, or its subscription is to be looked at."""
    row = database.execute(
        """SELECT EXISTS (SELECT 1 FROM lookup l WHERE l.client_id = %(client)s AND l.provider = %(provider)s
                          AND l.state = 'waiting' AND l.not_before <= apptrail_now()
                          AND (l.connection_id = %(connection)s
                               OR (l.connection_id IS NULL AND %(connection)s <> ALL (l.not_at))))
               OR NOT EXISTS (SELECT 1 FROM connection_health h WHERE h.client_id = %(client)s
                              AND h.connection_id = %(connection)s
                              AND h.checked_at > apptrail_now() - %(every)s)""",
        {"client": client_id, "connection": connection_id, "provider": provider, "every": WATCHED_EVERY},
    ).fetchone()
    return bool(row and row[0])


def _written(windows: Sequence[Span]) -> str:
    return orjson.dumps([[span.start, span.end] for span in windows]).decode()


def _spans(stored: str) -> tuple[Span, ...]:
    return tuple(Span(read_instant(start), read_instant(end)) for start, end in orjson.loads(stored))


def forget(database: Database) -> None:
    """Drop the records of runs that ended long ago."""
    database.execute(
        "DELETE FROM sweep_run WHERE state <> 'running' AND started_at < apptrail_now() - interval '90 days'"
    )
