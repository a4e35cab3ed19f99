"""The drain against what people would use instead, each at the same job with as many processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.drain import drained_a_second
from bench.figures import Figure
from bench.leads import CLIENT, in_any_order, make_leads, post_jobs, tidy
from bench.stage import Stage
from bench.venvs import python_of
from boot import sockets
from db.plans import BY_INDEX

LEADS = 5_000
PROCESSES = 2
WARM = 0.1
"""The part of the jobs that is done before the clock runs: everybody has started and prepared by then."""
GIVE_UP_SECONDS = 300.0

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Shape:
    """One way to run a peer: `share` of the jobs is enough to see how fast it is."""

    said: str
    started: int = 1
    """Commands that are started; each may make processes of its own."""
    workers: int = PROCESSES
    style: str = ""
    share: float = 1.0


@dataclass(frozen=True)
class Peer:
    """`shapes`: all are tried in the first round, the best goes on."""

    name: str
    shapes: tuple[Shape, ...]


PEERS = (
    Peer("dramatiq", (Shape("2 processes × 8 threads", started=PROCESSES),)),
    Peer(
        "celery",
        (
            Shape("2 processes, prefetch 1"),
            Shape("8 processes, prefetch 1", workers=8),
            Shape("8 processes, prefetch 64", workers=8, style="64"),
        ),
    ),
    Peer("procrastinate", (Shape("2 processes × 8 at once, a lock per lead", started=PROCESSES),)),
    Peer(
        "rq",
        (
            Shape("2 × Worker", share=0.1),
            Shape("2 × SimpleWorker", style="SimpleWorker"),
            Shape("8 × SimpleWorker", workers=8, style="SimpleWorker"),
        ),
    ),
)


def measure(stage: Stage) -> list[Figure]:
    """In turn on copies of one database: ours with the whole domain on, the others with the bare job."""
    count = stage.scaled(LEADS)
    ours: list[float] = []
    theirs: dict[str, dict[Shape, list[float]]] = {peer.name: {} for peer in PEERS}
    with stage.database() as template:
        with stage.connect(template) as database:
            make_leads(database, count)
            tidy(database)
        with stage.database(template) as posted:
            with stage.connect(posted) as database:
                post_jobs(database, in_any_order(count))
                tidy(database)
            for number in range(stage.rounds):
                ours.append(drained_a_second(stage, posted, count, PROCESSES))
                for peer in PEERS:
                    rates = theirs[peer.name]
                    for shape in peer.shapes if number == 0 else (max(rates, key=lambda one: rates[one][0]),):
                        rates.setdefault(shape, []).append(_rate(stage, template, peer.name, shape, count))
    return [_figure(peer.name, count, ours, theirs[peer.name]) for peer in PEERS]


def _figure(name: str, count: int, ours: list[float], rates: dict[Shape, list[float]]) -> Figure:
    best = max(rates, key=lambda one: rates[one][0])
    tried = ", ".join(f"{shape.said}: {each[0]:,.0f}/s" for shape, each in rates.items())
    return Figure(
        line="peers",
        what=f"Drain: {count:,} leads, one job each, {PROCESSES} processes, the whole domain",
        unit="/s",
        measured=ours,
        against=f"{name}, the bare job, {best.said}",
        reference=rates[best],
        notes=[f"{name}, first round: {tried}."] if len(rates) > 1 else [],
        series="peers",
        x=name,
    )


def _rate(stage: Stage, template: str, peer: str, shape: Shape, count: int) -> float:
    """Jobs a second, from when a tenth is done until all are."""
    jobs = max(20, int(count * shape.share))
    with stage.database(template) as name, ExitStack() as stack:
        stage.redis_flush()
        _run(stage, name, peer, shape, "enqueue", str(jobs))
        stage.settle()
        database = stack.enter_context(stage.connect(name))
        for _ in range(shape.started):
            stack.enter_context(_working(stage, name, peer, shape))
        deadline = time.monotonic() + GIVE_UP_SECONDS
        began, at_first = 0.0, 0
        while True:
            [done] = database.execute("SELECT count(*) FROM lead WHERE appointment_count = 1").fetchone()
            now = time.monotonic()
            if not began and done >= jobs * WARM:
                began, at_first = now, done
            if done >= jobs:
                return (done - at_first) / max(now - began, 0.05)
            if now > deadline:
                raise RuntimeError(f"{peer}: {done} of {jobs} jobs done\n{stage.last_words()}")
            time.sleep(0.05)


def _command(peer: str) -> list[str]:
    lock = HERE / f"{peer}.lock"
    python = python_of(lock) if lock.exists() else Path(sys.executable)
    return [str(python), f"with_{peer}.py"]


def _environment(stage: Stage, name: str, shape: Shape) -> dict[str, str]:
    options = " ".join(f"-c {key}={value}" for key, value in BY_INDEX.items())
    return {
        **{key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        "DATABASE_URL": stage.postgres.dsn(name),
        "BENCH_REDIS_SOCKET": str(sockets.redis_socket(stage.redis.folder)),
        "BENCH_PG_OPTIONS": f"-c apptrail.writer=ledger {options}",
        "BENCH_CLIENT": str(CLIENT),
        "BENCH_WORKERS": str(shape.workers),
        "BENCH_STYLE": shape.style,
    }


def _run(stage: Stage, name: str, peer: str, shape: Shape, *arguments: str) -> None:
    done = subprocess.run(
        [*_command(peer), *arguments],
        cwd=HERE,
        env=_environment(stage, name, shape),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{peer} {arguments[0]}:\n{done.stderr}")


@contextmanager
def _working(stage: Stage, name: str, peer: str, shape: Shape) -> Iterator[None]:
    """A command and all that it starts, ended together."""
    with (stage.folder / "processes.log").open("a") as log:
        child = subprocess.Popen(
            [*_command(peer), "work"],
            cwd=HERE,
            env=_environment(stage, name, shape),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(child.pid, number)
                    child.wait(timeout=5)
                except ProcessLookupError:
                    break
                except subprocess.TimeoutExpired:
                    continue
            child.wait()
