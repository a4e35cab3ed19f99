"""One worker of the drain's measurement: the leads that it is told, a hundred at a time, by a real Drainer."""

import json
import sys
import time
from uuid import UUID

from bench.leads import CLIENT
from boot import garbage, logs
from boot.settings import load
from pipeline.words import Lane
from workers.doorbell import Doorbell
from workers.drainer import Drainer
from workers.ringer import Ringer


def main() -> None:
    """Read chunks, say `ready`; at each word drain all of them, tell how long it took, until the input ends."""
    settings = load()
    logs.configure(settings.log_format)
    chunks = [[UUID(lead) for lead in chunk] for chunk in json.loads(sys.stdin.readline())]
    doorbell = Doorbell.connect(settings.redis_url)
    ringer = Ringer(doorbell)
    drainer = Drainer(settings.database_dsn, ringer, Lane.LIVE)
    drainer.drain(CLIENT, [])  # connections are open before the clock runs
    garbage.settle()  # as every worker does
    print("ready", flush=True)
    while sys.stdin.readline():
        began, used = time.monotonic(), time.process_time()
        for chunk in chunks:
            drainer.drain(CLIENT, chunk)
        print(
            json.dumps({"seconds": time.monotonic() - began, "cpu": time.process_time() - used}), flush=True
        )
    ringer.close()
    doorbell.close()


if __name__ == "__main__":
    main()
