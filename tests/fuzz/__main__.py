"""`make fuzz`: a hundred thousand hostile deliveries. FUZZ="--requests 1000 --seed 7"."""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from boot import embedded_postgres, logs
from db import migrate
from db.desk import connect
from tests.conftest import QUICK
from tests.fuzz.barrage import CANARY, Barrage


def main() -> int:
    """Run and print what came of it."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    asked = parser.parse_args()
    print(f"seed {asked.seed}, {asked.requests} requests", flush=True)
    with tempfile.TemporaryDirectory(prefix="apptrail-fuzz-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with embedded_postgres.postgres(folder / "postgres", options=QUICK) as server:
            migrate.upgrade(server.dsn().replace("postgresql://", "postgresql+psycopg://", 1))
            with connect(server.dsn()) as database, (folder / "log").open("w+") as log:
                logs.configure(stream=log)
                started = time.monotonic()
                fallout = Barrage(database, server.dsn(), asked.seed).run(asked.requests)
                log.seek(0)
                fallout.amiss += [f"in the log: {line}" for line in log if CANARY.search(line)]
    print(
        f"{asked.requests / (time.monotonic() - started):.0f} a second; grown by {fallout.grown / 1e6:.0f} MB"
    )
    for answer, number in fallout.answers.most_common():
        print(f"{number:8} {answer}")
    for one in fallout.amiss[:20]:
        print(f"amiss: {one}")
    return 1 if fallout.amiss else 0


if __name__ == "__main__":
    sys.exit(main())
