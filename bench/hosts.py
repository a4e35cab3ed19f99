"""Three hosts: Postgres and Redis on one, receivers and workers on the others, and one of those is unplugged."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import psycopg

from bench.bodies import email_of
from bench.figures import Figure
from bench.networks import Kind, Network, network
from bench.receiver import prepare
from bench.relay import Address
from bench.senders import TIMEOUT_SECONDS, Sent, send
from bench.stage import Stage
from boot.embedded_postgres import PostgresServer, postgres
from boot.embedded_redis import program
from db.desk import Database, connect
from db.locks import leads_held

RATE = 100
PHASE_SECONDS = 18.0
LEAST_PHASE_SECONDS = 15.0
"""The longest thing that a cut may hold up is a transaction that was under way; see db/plans.py."""
CATCH_UP_SECONDS = 60.0
POSTGRES_PORT, REDIS_PORT, WEB_PORT = 5432, 6379, 8000
TRUTH, ONE, OTHER, OUTSIDE = HOSTS = "truth", "one", "other", "outside"
HELD = 50
PHASES = ("before", "unplugged", "after")


def measure(stage: Stage, kind: Kind) -> list[Figure]:
    """Deliveries at a steady pace; in the middle third the second worker host is cut off without a word."""
    seconds = max(LEAST_PHASE_SECONDS, PHASE_SECONDS * min(1.0, stage.scale))
    rounds = []
    for _ in range(stage.rounds):
        with network(kind, HOSTS) as net:
            rounds.append(_round(stage, net, seconds))
    note = (
        f"Hosts are {net.kind}. {net.cut} Every delivery that was answered 200 is in the books, each once. The host was "
        f"cut off in the middle of a transaction that held {HELD} leads, and news for these came first. A sender that got "
        f"no answer tried the other host after {TIMEOUT_SECONDS:.0f} s; the longest wait for an answer was "
        f"{max(one.longest_answer for one in rounds):.1f} s."
    )
    what = f"Hosts ({net.kind})"
    figures = [
        Figure(
            "hosts",
            f"{what}: applied {phase}, of {RATE}/s delivered",
            "/s",
            [one.applied[phase] for one in rounds],
            series="hosts",
            x=phase,
        )
        for phase in PHASES
    ]
    waits = [one.longest_wait for one in rounds]
    figures.append(
        Figure("hosts", f"{what}: longest wait from 2xx to applied", "s", waits, floor="–", notes=[note])
    )
    return figures


@dataclass(frozen=True)
class _Seen:
    """What one round came to; waits in seconds."""

    applied: dict[str, float]
    longest_wait: float
    longest_answer: float


def _round(stage: Stage, net: Network, seconds: float) -> _Seen:
    with ExitStack() as stack:
        truth = stack.enter_context(_truth(stage, net))
        name = stack.enter_context(stage.database_on(truth.server))
        database = stack.enter_context(connect(truth.server.dsn(name)))
        count = int(RATE * seconds * len(PHASES))
        endpoint = prepare(database, stage, leads=count)
        started = stage.told("process_started")
        receivers = [_run_at(stage, stack, net, host, truth, name) for host in (ONE, OTHER)]
        stage.wait_until_told("process_started", started + 4)
        sender = stack.enter_context(
            send(partial(net.enter, OUTSIDE), receivers, f"/webhooks/calendly/{endpoint}", count, RATE)
        )
        ends = [datetime.now(UTC)]
        time.sleep(seconds)
        ends.append(datetime.now(UTC))
        middle = range(count // len(PHASES), count // len(PHASES) + HELD)
        emails = [email_of(number) for number in middle]
        with _cut_in_the_middle(net, truth.dsn(net, OTHER, name), database, emails):
            time.sleep(seconds)
        ends.append(datetime.now(UTC))
        sent = sender.result()
        ends.append(datetime.now(UTC))
        _wait(database)
        return _judge(database, sent, ends)


@contextmanager
def _cut_in_the_middle(net: Network, dsn: str, database: Database, emails: list[str]) -> Iterator[None]:
    """Cut a host off while it holds leads, as a drain does; the cable is put back at the end."""
    leads = [
        row[0] for row in database.execute("SELECT id FROM lead WHERE email = ANY (%s)", (emails,)).fetchall()
    ]
    [client] = database.execute("SELECT id FROM client").fetchone()
    with ExitStack() as stack:
        with net.at(OTHER):
            drain = stack.enter_context(connect(dsn))
        stack.enter_context(suppress(psycopg.OperationalError))  # the server has given up on it
        held = stack.enter_context(leads_held(drain, client, leads, lambda _: None, wait=5))
        if len(held.leads) != len(emails):
            raise RuntimeError("the leads to be held are not there")
        net.unplug(OTHER)
        yield
        net.plug(OTHER)


def _judge(database: Database, sent: list[Sent], ends: list[datetime]) -> _Seen:
    """Nothing that was answered 200 may be missing or be there twice."""
    committed = dict(
        database.execute("SELECT external_id, pg_xact_commit_timestamp(xmin) FROM observation").fetchall()
    )
    if missing := [one for one in sent if one.external_id not in committed]:
        raise RuntimeError(f"{len(missing)} of {len(sent)} deliveries are lost")
    [booked] = database.execute("SELECT count(*) FROM appointment").fetchone()
    if booked != len({one.external_id for one in sent}):
        raise RuntimeError(f"{booked} appointments of {len(sent)} deliveries")
    times = list(committed.values())
    applied = {
        phase: sum(first <= at < last for at in times) / (last - first).total_seconds()
        for phase, first, last in zip(PHASES, ends, ends[1:], strict=False)
    }
    waits = [(committed[one.external_id] - one.answered_at).total_seconds() for one in sent]
    return _Seen(applied, max(waits), max(one.seconds for one in sent))


def _wait(database: Database) -> None:
    deadline = time.monotonic() + CATCH_UP_SECONDS
    while database.execute("SELECT EXISTS (SELECT 1 FROM inbox)").fetchone() != (False,):
        if time.monotonic() > deadline:
            raise RuntimeError("the inbox does not empty")
        time.sleep(0.2)


@dataclass(frozen=True)
class _Truth:
    """Postgres and Redis at their host."""

    server: PostgresServer
    redis_port: int

    def dsn(self, net: Network, host: str, name: str) -> str:
        """A database's address, as another host has it."""
        address, port = net.way(host, TRUTH, self.server.port or POSTGRES_PORT)
        return f"postgresql://postgres@{address}:{port}/{name}"

    def redis_url(self, net: Network, host: str) -> str:
        address, port = net.way(host, TRUTH, self.redis_port)
        return f"redis://{address}:{port}/0"


@contextmanager
def _truth(stage: Stage, net: Network) -> Iterator[_Truth]:
    with ExitStack() as stack:
        server = stack.enter_context(_postgres_at(stage, net))
        yield _Truth(server, stack.enter_context(_redis_at(stage, net)))


@contextmanager
def _postgres_at(stage: Stage, net: Network) -> Iterator[PostgresServer]:
    """We reach it by its socket, which is a file; the other hosts by its address."""
    address = net.address(TRUTH)
    rules = stage.folder / "pg_hba.conf"
    rules.write_text(f"local all all trust\nhost all all {address}/24 trust\n")
    rules.chmod(0o644)
    options = {"listen_addresses": address, "hba_file": str(rules), "track_commit_timestamp": "on"}
    with net.at(TRUTH):
        port = net.port(TRUTH, POSTGRES_PORT)
        stack = ExitStack()
        server = stack.enter_context(postgres(stage.folder / "truth", port=port, options=options))
    with stack:
        yield server


@contextmanager
def _redis_at(stage: Stage, net: Network) -> Iterator[int]:
    """Gives its port."""
    with net.at(TRUTH):
        port = net.port(TRUTH, REDIS_PORT)
        command = [
            str(program()),
            "--port",
            str(port),
            "--bind",
            net.address(TRUTH),
            "--protected-mode",
            "no",
        ]
        child = subprocess.Popen(
            [*command, "--save", "", "--appendonly", "no", "--dir", str(stage.folder)],
            stdout=subprocess.DEVNULL,
        )
    try:
        yield port
    finally:
        child.terminate()
        child.wait()


def _run_at(stage: Stage, stack: ExitStack, net: Network, host: str, truth: _Truth, name: str) -> Address:
    """The processes of the Procfile; gives what a sender outside connects to."""
    port = net.port(host, WEB_PORT)
    extra = {"DATABASE_URL": truth.dsn(net, host, name), "REDIS_URL": truth.redis_url(net, host)}
    for arguments in (["web", "--host", net.address(host)], ["worker", "--lane", "live"], ["clock"]):
        with net.at(host):
            stack.enter_context(stage.process(["-m", "bench.apptrail", *arguments], name, port, extra))
    return net.way(OUTSIDE, host, port)
