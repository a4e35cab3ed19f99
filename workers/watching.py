"""The clock's watch over the books: cheap checks of all leads in turn, samples computed afresh, and what was found.

What differs is noted (db/findings.py), logged and shown by /metrics and `apptrail doctor`; nothing is
repaired: somebody is to know first.
"""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from boot.logs import get_logger
from db import backfill_runs, clients, findings, watching
from db.backfill_runs import FIRST, Kind, Run
from db.desk import Database

ROUND_SECONDS = 30.0
WINDOW = 2_000
SAMPLE = 50
AGAIN = 200
LIVE_JOBS_MAY_WAIT = 2.0

log = get_logger(__name__)


def walk(database: Database) -> None:
    """One round over all clients; none while live jobs are late."""
    if backfill_runs.live_queue_age(database) > LIVE_JOBS_MAY_WAIT:
        return
    for trigger in watching.guards_missing(database):
        log.error("rollup_guard_missing", check=trigger)
    drawn = watching.draw(database, SAMPLE)
    for client in clients.every(database):
        look_at(database, client.id, drawn.get(client.id, ()))


def look_at(database: Database, client_id: UUID, drawn: Sequence[UUID], window: int = WINDOW) -> None:
    """Check a client's next leads, those that were drawn, and those that differed when they were last looked at."""
    run = backfill_runs.unfinished(database, client_id, Kind.WATCH) or backfill_runs.begin(
        database, client_id, Kind.WATCH
    )
    seen = watching.look_through(database, client_id, run.place, window)
    again = findings.standing(database, client_id, AGAIN)
    examined = list(dict.fromkeys([*again, *seen.suspects[:AGAIN], *drawn]))
    different = watching.differing(database, client_id, examined)
    new = findings.note(database, client_id, examined, different)
    _keep_place(database, run, seen, Counter(sampled=len(drawn), found=new))
    if different:
        causes = Counter(str(one.reason) for one in different)
        log.warning(
            "rollups_differ",
            client_id=client_id,
            checked=seen.leads + len(examined),
            different=len(different),
            causes=[f"{cause}:{number}" for cause, number in sorted(causes.items())],
        )


def _keep_place(database: Database, run: Run, seen: watching.Window, counts: Counter[str]) -> None:
    """The watch never ends: at the last lead it begins anew."""
    is_last = seen.last is None or seen.leads == 0
    run.place = FIRST if is_last or seen.last is None else seen.last
    run.add(counts + Counter(checked=seen.leads, passes=int(is_last)))
    backfill_runs.checkpoint(database, run)
