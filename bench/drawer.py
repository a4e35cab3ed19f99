"""The drawer: a lead's page from the real web process, with five million appointments in the table."""

import http.client
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from bench import crowd, load
from bench.figures import Figure
from bench.load import Load
from bench.stage import Stage
from db import sign_in
from db.desk import Database
from tests.builders import a_client, hands
from tests.web.story import a_busy_life

APPOINTMENTS = 5_000_000
BUSY = 500
REQUESTS = 300
WARM_UP = 20


def measure(stage: Stage) -> list[Figure]:
    """One reader at a time: the lead of 500 appointments, then leads of the crowd, each asked for once."""
    count = stage.scaled(APPOINTMENTS)
    busy: list[Load] = []
    crowd_: list[Load] = []
    with stage.database() as name:
        with hands(stage.postgres.dsn(name)) as own:
            client = a_client(own.database, "bench")
            crowd.fill(stage.postgres.dsn(name), client, count)
            said = list(a_busy_life(BUSY, datetime.now(UTC).replace(microsecond=0)))
            lead_id = crowd.deliver(own, client, said, "busy")
            session = _session(own.database)
            others = _leads(own.database, REQUESTS * stage.rounds)
        files = [
            _asking(stage.folder / f"leads-{number}", session, others[number :: stage.rounds])
            for number in range(stage.rounds)
        ]
        one = _asking(stage.folder / "busy", session, [lead_id])
        stage.settle()
        with stage.site(name) as port:
            load.run(stage.generator, port, one, connections=1, count=WARM_UP).only(200)
            for file in files:
                busy.append(load.run(stage.generator, port, one, connections=1, count=REQUESTS).only(200))
                crowd_.append(load.run(stage.generator, port, file, connections=1).only(200))
            size = _size(port, session, lead_id)
    what = f"Drawer of a lead with {BUSY} appointments in chains of ten, {count:,} in the table"
    return [
        Figure("drawer", f"{what}: p50 of {REQUESTS}", "ms", [one.p50_ms for one in busy]),
        Figure("drawer", "The same, p99", "ms", [one.p99_ms for one in busy], floor="< 100 ms"),
        Figure("drawer", "The same, size of the page", "kB", [size / 1000], floor="< 60 kB"),
        Figure("drawer", f"Drawers of {REQUESTS} other leads, p50", "ms", [one.p50_ms for one in crowd_]),
        Figure("drawer", "The same, p99", "ms", [one.p99_ms for one in crowd_], floor="< 100 ms"),
    ]


def _session(database: Database) -> str:
    """Somebody who may look at every client."""
    return sign_in.open_session(database, sign_in.ensure_operator(database, "bench", "operate"))


def _leads(database: Database, count: int) -> list[UUID]:
    """Whoever has an appointment, so those with many oftener."""
    rows = database.execute("SELECT lead_id FROM appointment ORDER BY md5(id::text) LIMIT %s", (count,))
    return [row[0] for row in rows]


def _asking(place: Path, session: str, leads: list[UUID]) -> Path:
    return load.write_requests(place, (_get(session, lead_id) for lead_id in leads))


def _get(session: str, lead_id: UUID) -> bytes:
    lines = [
        f"GET /leads/{lead_id} HTTP/1.1",
        "host: 127.0.0.1",
        f"cookie: apptrail_session={session}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def _size(port: int, session: str, lead_id: UUID) -> int:
    """Bytes of the page as it is sent, without its head."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", f"/leads/{lead_id}", headers={"cookie": f"apptrail_session={session}"})
    answer = connection.getresponse()
    page = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"the page answered {answer.status}")
    return len(page)
