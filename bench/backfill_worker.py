"""A process that migrates a client: rehearses, migrates, does it again, verifies, and says how long each took."""

import json
import resource
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench.leads import CLIENT
from boot.settings import load
from db import backfill_runs, migrating, verifying
from db.backfill_runs import FIRST, Kind
from db.desk import connect
from db.migrating import Batch
from db.plain_rows import stretches
from db.verifying import Verified


def walk(act: Callable[[Any], object], rows: Iterator[Any]) -> float:
    """Seconds for all of the client's rows."""
    began = time.monotonic()
    for some in rows:
        act(some)
    return time.monotonic() - began


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    with connect(load().database_dsn) as database:
        rows = lambda: stretches(database, CLIENT, FIRST, migrating.BATCH)  # noqa: E731
        bulk = 0

        def migrate(run: backfill_runs.Run) -> Callable[[Any], Batch]:
            def act(some: Any) -> Batch:
                nonlocal bulk
                done = migrating.migrate(database, run, some, lambda _: None, time.sleep)
                bulk += done.in_bulk
                return done
            return act

        before = megabytes()
        dry = walk(lambda some: migrating.rehearse(database, CLIENT, some), rows())
        run = backfill_runs.begin(database, CLIENT, Kind.MIGRATION)
        seconds = walk(migrate(run), rows())
        again = backfill_runs.begin(database, CLIENT, Kind.MIGRATION)
        again_seconds = walk(migrate(again), rows())
        found = Verified()
        verify = walk(
            lambda some: verifying.verify(database, CLIENT, some, found, lambda lead, column, cause: None),
            migrating.batches(database, CLIENT, FIRST, migrating.BATCH),
        )
    said = {
        "dry_seconds": dry,
        "seconds": seconds,
        "bulk": bulk,
        "counts": run.counts,
        "again_seconds": again_seconds,
        "created_again": again.counts.get("created", 0),
        "verify_seconds": verify,
        "lost": found.lost,
        "causes": found.by_cause,
        "megabytes_before": before,
        "megabytes": megabytes(),
    }
    import sys; print(said, file=sys.stderr)
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
