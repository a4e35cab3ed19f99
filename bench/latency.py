"""Latency: from the 2xx of a delivery to its appointment in the API, while others are delivered."""

import http.client
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import local
from uuid import UUID

from bench import load
from bench.bodies import body_of, email_of, signature_of
from bench.figures import Figure
from bench.receiver import deliveries, prepare
from bench.stage import Stage
from db import clients

RATE = 200
PROBES_A_SECOND = 20
SECONDS = 20
POLL_SECONDS = 0.005
PATIENT_POLL_SECONDS = 0.1
PATIENT_AFTER = 0.15
"""Seconds after which a probe asks less often: sixteen that wait would else be more load than the deliveries are."""
GIVE_UP_SECONDS = 30.0

_mine = local()


def measure(stage: Stage) -> list[Figure]:
    """All the processes of the Procfile run; one delivery in ten is followed until it is seen."""
    seconds = max(5, int(SECONDS * stage.scale))
    probes, others = PROBES_A_SECOND * seconds, (RATE - PROBES_A_SECOND) * seconds
    middles, slowest, log = [], [], ""
    with stage.database() as name:
        with stage.connect(name) as database:
            endpoint = prepare(database, stage, leads=others + probes * stage.rounds + 1)
            client = clients.find(database, "bench")
            token = clients.add_token(database, client.id, "read")
            leads = dict(database.execute("SELECT email, id FROM lead"))
        path = f"/webhooks/calendly/{endpoint}"
        with (
            stage.site(name) as port,
            stage.process(["-m", "bench.apptrail", "worker", "--lane", "live"], name),
            stage.process(["-m", "bench.apptrail", "worker", "--lane", "bulk"], name),
            stage.process(["-m", "bench.apptrail", "clock"], name),
        ):
            first = others + probes * stage.rounds
            _probe(port, path, token, leads[email_of(first)], first, 0.0)  # once it is seen, they are up
            for number in range(stage.rounds):
                first = others + number * probes
                seen = _round(stage, port, path, token, leads, range(first, first + probes), others, number)
                log = (stage.folder / "processes.log").read_text()
                middles.append(seen[len(seen) // 2])
                slowest.append(seen[int(len(seen) * 0.99)])
    note = f"Latency: in all rounds a sweeper had to ring {log.count('overdue_leads_rung')} times for what no ring had found."
    return [
        Figure("latency", f"Latency: 2xx to visible in the API at {RATE}/s, p50 of {probes}", "ms", middles, floor="≤ 100 ms"),
        Figure("latency", "Latency: the same, p99", "ms", slowest, floor="≤ 300 ms", notes=[note]),
    ]  # fmt: skip


def _round(
    stage: Stage,
    port: int,
    path: str,
    token: str,
    leads: dict[str, UUID],
    numbers: Sequence[int],
    others: int,
    round_number: int,
) -> list[float]:
    """Milliseconds, shortest first."""
    place = stage.folder / "others"
    shift = 1_000_000 * (round_number + 1)  # other appointments each time, for leads that come again
    load.write_requests(place, deliveries(path, shift, shift + others))
    with ThreadPoolExecutor(16) as pool:
        background = pool.submit(
            load.run, stage.generator, port, place, connections=32, rate=RATE - PROBES_A_SECOND
        )
        began = time.monotonic()
        futures = [
            pool.submit(
                _probe, port, path, token, leads[email_of(number)], number, began + order / PROBES_A_SECOND
            )
            for order, number in enumerate(numbers)
        ]
        seen = sorted(future.result() for future in futures)
        background.result().only(200)
    return seen


def _probe(port: int, path: str, token: str, lead_id: UUID, number: int, due: float) -> float:
    time.sleep(max(0.0, due - time.monotonic()))
    body = body_of(number, email_of(number), "probe")
    status, _ = _ask(port, "POST", path, body, {"content-type": "application/json", **signature_of(body)})
    answered = time.monotonic()
    if status != 200:
        raise RuntimeError(f"a delivery was answered {status}")
    while time.monotonic() - answered < GIVE_UP_SECONDS:
        status, said = _ask(
            port, "GET", f"/api/v1/leads/{lead_id}/appointments", None, {"authorization": f"Bearer {token}"}
        )
        if status != 200:
            raise RuntimeError(f"the API answered {status}")
        if json.loads(said)["items"]:
            return (time.monotonic() - answered) * 1000
        waited = time.monotonic() - answered
        time.sleep(POLL_SECONDS if waited < PATIENT_AFTER else PATIENT_POLL_SECONDS)
    raise RuntimeError(f"not seen within {GIVE_UP_SECONDS:.0f} seconds")


def _ask(port: int, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
    """Over this thread's own connection."""
    connection: http.client.HTTPConnection | None = getattr(_mine, "connection", None)
    if connection is None or connection.port != port:
        connection = _mine.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()
