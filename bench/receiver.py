"""The receiver: signed deliveries, durable before 2xx, against a route that only reads the body."""

from collections.abc import Iterator
from pathlib import Path

from bench import load
from bench.bodies import SIGNING_KEY, body_of, email_of, people, signature_of
from bench.figures import Figure
from bench.load import Load
from bench.stage import Stage
from db import clients, connections
from db.desk import Database
from db.importing import import_rows
from pipeline.words import Provider

DELIVERIES = 20_000
BARE = 60_000
WARM_UP = 1_000


def measure(stage: Stage) -> list[Figure]:
    """Half of the deliveries are for leads that are known, half make a stub; each is an appointment of its own."""
    count, bare_count = stage.scaled(DELIVERIES), stage.scaled(BARE)
    received: list[Load] = []
    bare: list[Load] = []
    raw: list[Load] = []
    with stage.database() as name:
        with stage.connect(name) as database:
            endpoint = prepare(database, stage, leads=(count * stage.rounds + WARM_UP) // 2)
        files = [
            _write(stage.folder / f"deliveries-{number}", f"/webhooks/calendly/{endpoint}", first, last)
            for number, (first, last) in enumerate(_ranges(count, stage.rounds))
        ]
        plain = _write(stage.folder / "bare", "/bare", 0, WARM_UP)
        rawest = _write(stage.folder / "rawest", "/rawest", 0, WARM_UP)
        with stage.site(name) as port:
            load.run(stage.generator, port, plain).only(204)
            load.run(stage.generator, port, files[0]).only(200)
            for deliveries in files[1:]:
                stage.settle()
                bare.append(load.run(stage.generator, port, plain, count=bare_count).only(204))
                raw.append(load.run(stage.generator, port, rawest, count=bare_count).only(204))
                received.append(load.run(stage.generator, port, deliveries).only(200))
        with stage.connect(name) as database:
            stored = database.execute("SELECT count(*) FROM inbox").fetchone()
    if stored is None or stored[0] < WARM_UP + count * stage.rounds:
        raise RuntimeError(f"answered 200, stored {stored}")
    for file in (*files, plain, rawest):
        file.unlink()
    what = f"Receiver: signed Calendly deliveries, durable before 2xx, 64 connections, {count:,} a round"
    note = (
        f"Receiver: p50 {_middle([one.p50_ms for one in received]):.1f} ms, p99 "
        f"{_middle([one.p99_ms for one in received]):.1f} ms; the generator used {_share(received):.0%} of one "
        f"core, {_share(bare):.0%} on the Starlette route and {_share(raw):.0%} on the one without a framework."
    )
    measured = [one.per_second for one in received]
    return [
        Figure(
            line="receiver",
            what=what,
            unit="/s",
            measured=measured,
            against="bare 204 route of the same server, behind the same dispatch, no framework",
            reference=[one.per_second for one in raw],
            floor="≥ 0.35 (0.2 for now)",
            notes=[note],
        ),
        Figure(
            line="receiver",
            what="Receiver: the same",
            unit="/s",
            measured=measured,
            against="204 route of Starlette on the same server",
            reference=[one.per_second for one in bare],
        ),
    ]


def prepare(database: Database, stage: Stage, leads: int) -> str:
    """A client with leads and a Calendly connection; gives its endpoint."""
    client_id = clients.add(database, stage.keyring, "bench")
    _, endpoint = connections.add(
        database, stage.keyring, client_id, Provider.CALENDLY, secret_values={"signing_keys": [SIGNING_KEY]}
    )  # fmt: skip
    pepper = clients.pepper_of(database, stage.keyring, client_id)
    import_rows(database, client_id, pepper, "US", people(leads))
    database.execute("ANALYZE")
    return endpoint


def _ranges(count: int, rounds: int) -> Iterator[tuple[int, int]]:
    yield 0, WARM_UP
    for number in range(rounds):
        yield WARM_UP + number * count, WARM_UP + (number + 1) * count


def _write(place: Path, path: str, first: int, last: int) -> Path:
    return load.write_requests(place, deliveries(path, first, last))


def deliveries(path: str, first: int, last: int) -> Iterator[bytes]:
    """Every other one is for an imported lead, each for another."""
    for number in range(first, last):
        email = email_of(number // 2) if number % 2 else f"new{number}@example.net"
        body = body_of(number, email)
        yield load.post(path, body, signature_of(body))


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _share(loads: list[Load]) -> float:
    return sum(one.cpu_seconds for one in loads) / sum(one.seconds for one in loads)
