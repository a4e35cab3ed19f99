"""A process that migrates a client: rehearses, migrates, does it again, verifies, and says how long each took."""

import json
import resource
import time
from collections.abc import Callable

from bench.leads import CLIENT
from boot.settings import load
from db import backfill_runs, migrating, verifying
from db.backfill_runs import FIRST, Kind
from db.desk import Database, connect
from db.migrating import Told
from db.verifying import Verified


def walk(database: Database, act: Callable[[Any], object], rows: Walk = stretches) -> float:
    """Seconds for all of the client's rows."""
    began = time.monotonic()
    for rows in migrating.batches(database, CLIENT, FIRST, migrating.BATCH):
        act(rows)
    return time.monotonic() - began


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    with connect(load().database_dsn) as database:
        before = megabytes()
        dry = walk(database, lambda rows: migrating.rehearse(database, CLIENT, rows))
        run = backfill_runs.begin(database, CLIENT, Kind.MIGRATION)
        seconds = walk(
            database, lambda rows: migrating.migrate(database, run, rows, lambda _: None, time.sleep)
        )
        again = backfill_runs.begin(database, CLIENT, Kind.MIGRATION)
        again_seconds = walk(
            database, lambda rows: migrating.migrate(database, again, rows, lambda _: None, time.sleep)
        )
        found = Verified()
        verify = walk(
            database,
            lambda rows: verifying.verify(database, CLIENT, rows, found, lambda lead, column, cause: None),
        )
    said = {
        "dry_seconds": dry,
        "seconds": seconds,
        "again_seconds": again_seconds,
        "created_again": again.counts.get("created", 0),
        "verify_seconds": verify,
        "lost": found.lost,
        "megabytes_before": before,
        "megabytes": megabytes(),
    }
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
