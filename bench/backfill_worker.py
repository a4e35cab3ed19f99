"""A process that migrates a client: rehearses, migrates, does it again, verifies, and says how long each took."""

import json
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

from bench.leads import CLIENT
from boot.settings import load
from db import backfill_runs, legacy_rows, migrating, verifying
from db.backfill_runs import FIRST, Kind
from db.desk import Database, connect
from db.migrating import Batch
from db.plain_rows import Stretch, stretches
from db.table_statistics import in_step
from db.turns import AT_ONCE, Turn, in_turn
from db.verifying import Verified
from pipeline.comparison import Cause


def seconds(act: Callable[[Any], object], rows: Iterable[Any]) -> float:
    """How long something takes with all of the client's rows."""
    began = time.monotonic()
    for some in rows:
        act(some)
    return time.monotonic() - began


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def rows(database: Database) -> Iterator[Stretch]:
    return stretches(database, CLIENT, FIRST, migrating.BATCH)


def migrate(dsn: str, database: Database) -> tuple[float, Counter[str]]:
    """One run from end to end, as the command does it: its seconds and its counts."""
    run = backfill_runs.begin(database, CLIENT, Kind.MIGRATION)
    counts: Counter[str] = Counter()

    def act(own: Database, stretch: Stretch, turn: Turn) -> Batch:
        return migrating.migrate(own, run, stretch, lambda _: None, time.sleep, turn)

    with ExitStack() as stack:
        connections = [stack.enter_context(connect(dsn)) for _ in range(AT_ONCE)]
        began = time.monotonic()
        for _, done in in_turn(connections, in_step(database, rows(database)), act):
            counts.update(done.counts, in_bulk=done.in_bulk)
        return time.monotonic() - began, counts


def written_since(database: Database, transaction: int) -> int:
    """Rows of the books whose version is younger than a transaction."""
    found = database.execute(
        " UNION ALL ".join(
            f"SELECT count(*) FROM {table} WHERE xmin::text::bigint >= %(since)s"
            for table in ("lead", "appointment", "observation", "legacy_rollup", "follow_up")
        ).encode(),
        {"since": transaction},
    )
    return sum(row[0] for row in found)


def main() -> None:
    with connect(load().database_dsn) as database:
        before = megabytes()
        dry = seconds(lambda some: migrating.rehearse(database, CLIENT, some), rows(database))
        took, counts = migrate(load().database_dsn, database)
        ((now,),) = database.execute("SELECT pg_current_xact_id()::text::bigint").fetchall()
        again_took, again = migrate(load().database_dsn, database)
        written = written_since(database, now)
        found = Verified()
        verify = seconds(
            lambda some: verifying.verify(database, CLIENT, some, found, lambda lead, column, cause: None),
            legacy_rows.batches(database, CLIENT, FIRST, migrating.BATCH),
        )
        verifying.count_surplus(database, CLIENT, found)
    said = {
        **counts,
        "dry_seconds": dry,
        "seconds": took,
        "again_seconds": again_took,
        "created_again": again["created"],
        "written_again": written,
        "verify_seconds": verify,
        "lost": found.lost + found.surplus,
        "unexplained": found.by_cause[Cause.UNEXPLAINED],
        "equal": found.equal,
        "megabytes_before": before,
        "megabytes": megabytes(),
    }
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
