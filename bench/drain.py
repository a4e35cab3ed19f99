"""The drain: jobs a second of the whole machine, against pgbench with the bare transaction."""

import json
import re
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.figures import Figure
from bench.leads import CHUNK, CLIENT, in_any_order, lead_id_of, make_leads, post_jobs, tidy
from bench.stage import Stage
from db.plans import BY_INDEX

LEADS = 200_000
PROCESSES = (1, 2, 3)
BARE = Path(__file__).with_name("bare.sql")
BARE_SECONDS = 10


def measure(stage: Stage) -> list[Figure]:
    """Each number of processes once, then the best again and again; pgbench before every one of them."""
    count = stage.scaled(LEADS)
    drained: dict[int, list[float]] = {processes: [] for processes in PROCESSES}
    bare: dict[int, list[float]] = {processes: [] for processes in PROCESSES}

    def once(processes: int) -> None:
        bare[processes].append(_pgbench(stage, template, count))
        drained[processes].append(drained_a_second(stage, template, count, processes))

    with stage.database() as template:
        with stage.connect(template) as database:
            make_leads(database, count)
            post_jobs(database, in_any_order(count))
            tidy(database)
        for processes in PROCESSES:
            once(processes)
        best = max(PROCESSES, key=lambda processes: drained[processes][0])
        for _ in range(stage.rounds - 1):
            once(best)
    others = ", ".join(f"{processes}: {drained[processes][0]:,.0f}/s" for processes in PROCESSES)
    every = [tps for each in bare.values() for tps in each]
    note = (
        f"Drain by number of processes, first round: {others}. pgbench -n -M prepared -c 16 -j 2 with "
        f"bench/bare.sql, all its runs: {median(every):,.0f}/s in the middle."
    )
    return [
        Figure(
            line="drain",
            what=f"Drain: {count:,} leads, one job each, {best} processes, chunks of {CHUNK}",
            unit="/s",
            measured=drained[best],
            against="pgbench, bare transaction",
            reference=bare[best],
            floor="≥ 1.5",
            notes=[note],
        )
    ]


def drained_a_second(stage: Stage, template: str, count: int, processes: int) -> float:
    """Drain every lead of a copy of a database; all of them have one job each."""
    with stage.database(template) as name:
        seconds = run(stage, name, chunks_of(in_any_order(count)), processes).seconds
        with stage.connect(name) as database:
            left = database.execute("SELECT count(*) FROM inbox").fetchone()
            made = database.execute("SELECT count(*) FROM lead WHERE appointment_count = 1").fetchone()
        if left != (0,) or made != (count,):
            raise RuntimeError(f"{left} jobs left, {made} leads booked")
    return count / seconds


def chunks_of(numbers: Sequence[int], size: int = CHUNK) -> list[list[str]]:
    """Leads by number, as a ring names them: so many at a time."""
    leads = [str(lead_id_of(number)) for number in numbers]
    return [leads[first : first + size] for first in range(0, len(leads), size)]


class Run(NamedTuple):
    """One drain of a database: how long it took, and the processor seconds of the workers and of Postgres."""

    seconds: float
    workers: float
    postgres: float


def run(stage: Stage, name: str, chunks: Sequence[Sequence[str]], processes: int) -> Run:
    """Deal the chunks out to worker processes, and wait until the last of them is through."""
    with ExitStack() as stack:
        workers = [
            stack.enter_context(stage.process(["-m", "bench.drain_worker"], name)) for _ in range(processes)
        ]
        for number, worker in enumerate(workers):
            say(worker, json.dumps(chunks[number::processes]))
        for worker in workers:
            hear(stage, worker)
        stage.settle()
        began, used = time.monotonic(), stage.postgres_cpu()
        for worker in workers:
            say(worker, "go")
        told = [json.loads(hear(stage, worker)) for worker in workers]
        return Run(time.monotonic() - began, sum(one["cpu"] for one in told), stage.postgres_cpu() - used)


def say(worker: subprocess.Popen[str], text: str) -> None:
    assert worker.stdin is not None
    worker.stdin.write(text + "\n")
    worker.stdin.flush()


def hear(stage: Stage, worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    line = worker.stdout.readline()
    if not line:
        raise RuntimeError(f"a worker ended early:\n{stage.last_words()}")
    return line


def _pgbench(stage: Stage, template: str, count: int) -> float:
    """Transactions a second; the plans are fixed as the ledger's are."""
    with stage.database(template) as name:
        stage.settle()
        options = " ".join(f"-c {key}={value}" for key, value in BY_INDEX.items())
        command = [
            str(stage.postgres.bindir / "pgbench"), "-n", "-M", "prepared", "-c", "16", "-j", "2",
            "-T", str(BARE_SECONDS), "-f", str(BARE), "-D", f"client={CLIENT}", "-D", f"leads={count}",
            "-h", str(stage.postgres.socket_dir), "-U", "postgres", name,
        ]  # fmt: skip
        done = subprocess.run(
            command,
            env={**stage.environment(name, 0), "PGOPTIONS": f"-c apptrail.writer=ledger {options}"},
            capture_output=True,
            text=True,
            check=False,
        )
        found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
        if done.returncode or not found or not re.search(r"failed transactions: 0 ", done.stdout):
            raise RuntimeError(f"pgbench failed:\n{done.stdout}{done.stderr}")
        return float(found[1])
