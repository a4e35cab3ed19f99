"""Three hosts: Postgres and Redis on one, receivers and workers on the others, and one of those is unplugged."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from bench.bodies import email_of
from bench.figures import Figure
from bench.receiver import prepare
from bench.senders import TIMEOUT_SECONDS, Sent, send
from bench.stage import Stage
from boot.embedded_postgres import PostgresServer, postgres
from boot.embedded_redis import program
from db.desk import Database, connect
from db.locks import leads_held
from tests.namespaces import Host, at, hosts

RATE = 100
PHASE_SECONDS = 18.0
LEAST_PHASE_SECONDS = 15.0
"""The longest thing that a cut may hold up is a transaction that was under way; see db/plans.py."""
CATCH_UP_SECONDS = 60.0
POSTGRES_PORT, REDIS_PORT, WEB_PORT = 5432, 6379, 8000
HELD = 50
PHASES = ("before", "unplugged", "after")


def measure(stage: Stage) -> list[Figure]:
    """Deliveries at a steady pace; in the middle third the second worker host is cut off without a word."""
    seconds = max(LEAST_PHASE_SECONDS, PHASE_SECONDS * min(1.0, stage.scale))
    applied: dict[str, list[float]] = {phase: [] for phase in PHASES}
    stalls, answers = [], []
    for _ in range(stage.rounds):
        seen = _round(stage, seconds)
        for phase in PHASES:
            applied[phase].append(seen.applied[phase])
        stalls.append(seen.longest_wait)
        answers.append(seen.longest_answer)
    note = (
        f"Hosts: every delivery that was answered 200 is in the books, each once. The host was cut off in the middle of a "
        f"transaction that held {HELD} leads, and news for these came first. A sender that got no answer tried the other "
        f"host after {TIMEOUT_SECONDS:.0f} s; the longest wait for an answer was {max(answers):.1f} s."
    )
    figures = [
        Figure("hosts", f"Hosts: applied {phase}, of {RATE}/s delivered", "/s", applied[phase], series="hosts", x=phase)
        for phase in PHASES
    ]  # fmt: skip
    figures.append(
        Figure("hosts", "Hosts: longest wait from 2xx to applied", "s", stalls, floor="–", notes=[note])
    )
    return figures


@dataclass(frozen=True)
class _Seen:
    """What one round came to; waits in seconds."""

    applied: dict[str, float]
    longest_wait: float
    longest_answer: float


def _round(stage: Stage, seconds: float) -> _Seen:
    with ExitStack() as stack:
        truth, one, other, outside = stack.enter_context(hosts(["truth", "one", "other", "outside"]))
        server = stack.enter_context(_postgres_at(stage, truth))
        stack.enter_context(_redis_at(stage, truth))
        name = stack.enter_context(stage.database_on(server))
        database = stack.enter_context(connect(server.dsn(name)))
        count = int(RATE * seconds * len(PHASES))
        endpoint = prepare(database, stage, leads=count)
        started = stage.told("process_started")
        for host in (one, other):
            _run_at(stage, stack, host, truth, name)
        stage.wait_until_told("process_started", started + 4)
        sender = stack.enter_context(
            send(
                outside, [one.address, other.address], WEB_PORT, f"/webhooks/calendly/{endpoint}", count, RATE
            )
        )
        ends = [datetime.now(UTC)]
        time.sleep(seconds)
        ends.append(datetime.now(UTC))
        middle = range(count // len(PHASES), count // len(PHASES) + HELD)
        with _cut_in_the_middle(truth, name, database, other, [email_of(number) for number in middle]):
            time.sleep(seconds)
        ends.append(datetime.now(UTC))
        sent = sender.result()
        ends.append(datetime.now(UTC))
        _wait(database)
        return _judge(database, sent, ends)


@contextmanager
def _cut_in_the_middle(
    truth: Host, name: str, database: Database, host: Host, emails: list[str]
) -> Iterator[None]:
    """Cut a host off while it holds leads, as a drain does; the cable is put back at the end."""
    leads = [
        row[0] for row in database.execute("SELECT id FROM lead WHERE email = ANY (%s)", (emails,)).fetchall()
    ]
    [client] = database.execute("SELECT id FROM client").fetchone()
    with ExitStack() as stack:
        with at(host):
            drain = stack.enter_context(connect(_dsn(truth, name)))
        stack.enter_context(suppress(psycopg.OperationalError))  # the server has given up on it
        held = stack.enter_context(leads_held(drain, client, leads, lambda _: None, wait=5))
        if len(held.leads) != len(emails):
            raise RuntimeError("the leads to be held are not there")
        host.unplug()
        yield
        host.plug()


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


@contextmanager
def _postgres_at(stage: Stage, host: Host) -> Iterator[PostgresServer]:
    """We reach it by its socket, which is a file; the other hosts by its address."""
    rules = stage.folder / "pg_hba.conf"
    rules.write_text(f"local all all trust\nhost all all {host.address}/24 trust\n")
    rules.chmod(0o644)
    options = {"listen_addresses": host.address, "hba_file": str(rules), "track_commit_timestamp": "on"}
    with at(host):
        stack = ExitStack()
        server = stack.enter_context(postgres(stage.folder / "truth", port=POSTGRES_PORT, options=options))
    with stack:
        yield server


@contextmanager
def _redis_at(stage: Stage, host: Host) -> Iterator[None]:
    command = [str(program()), "--port", str(REDIS_PORT), "--bind", host.address, "--protected-mode", "no"]
    with at(host):
        child = subprocess.Popen(
            [*command, "--save", "", "--appendonly", "no", "--dir", str(stage.folder)],
            stdout=subprocess.DEVNULL,
        )
    try:
        yield
    finally:
        child.terminate()
        child.wait()


def _run_at(stage: Stage, stack: ExitStack, host: Host, truth: Host, name: str) -> None:
    """The processes of the Procfile."""
    extra = {
        "DATABASE_URL": _dsn(truth, name),
        "REDIS_URL": f"redis://{truth.address}:{REDIS_PORT}/0",
    }
    for arguments in (["web", "--host", host.address], ["worker", "--lane", "live"], ["clock"]):
        with at(host):
            stack.enter_context(stage.process(["-m", "bench.apptrail", *arguments], name, WEB_PORT, extra))


def _dsn(truth: Host, name: str) -> str:
    return f"postgresql://postgres@{truth.address}:{POSTGRES_PORT}/{name}"
