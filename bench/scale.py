"""Scale: what more workers, larger batches and more receivers bring, and what leads that are not alike take away."""

import random
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path
from statistics import median

import psutil

from bench import load
from bench.drain import chunks_of, run
from bench.figures import Figure
from bench.leads import CHUNK, in_any_order, make_leads, post_jobs, tidy
from bench.receiver import deliveries, prepare
from bench.stage import Stage

JOBS = 20_000
WORKERS = (1, 2, 4)
BATCHES = (1, 10, 30, 100)
SMALL_BATCH_JOBS = 4_000
"""Batches of one lead are slow; a part of the jobs shows it."""
BEST = 2
"""Processes for what is not about their number."""
RECEIVERS = (1, 2)
DELIVERIES = 6_000

Cost = tuple[float, float]


def measure(stage: Stage) -> list[Figure]:
    """Each point in turn, round after round; the ratio is to the first point of its curve."""
    jobs = stage.scaled(JOBS)
    jobs_cost: list[Cost] = []
    points: dict[tuple[str, float | str], list[float]] = {}
    numbers = in_any_order(jobs)
    zipf = zipf_numbers(jobs)
    busy = random.Random(21).sample(sorted(set(zipf)), len(set(zipf)))  # the busiest are not all in one batch
    with stage.database() as uniform, stage.database() as uneven:
        for name, each in ((uniform, numbers), (uneven, zipf)):
            with stage.connect(name) as database:
                make_leads(database, jobs)
                post_jobs(database, each)
                tidy(database)
        for _ in range(stage.rounds):
            for workers in WORKERS:
                some_costs = jobs_cost if workers == BEST else None
                rate = _drained(stage, uniform, numbers, CHUNK, workers, costs=some_costs)
                points.setdefault(("workers", workers), []).append(rate)
            for size in BATCHES:
                some = numbers[: stage.scaled(SMALL_BATCH_JOBS)] if size == 1 else numbers
                points.setdefault(("batch", size), []).append(_drained(stage, uniform, some, size, BEST))
            rate = _drained(stage, uneven, busy, CHUNK, BEST, jobs=jobs)
            points.setdefault(("leads", "Zipf"), []).append(rate)
            points.setdefault(("leads", "uniform"), []).append(points["batch", CHUNK][-1])
    received, delivery_cost = _receivers(stage)
    points |= received
    figures = [_figure(series, x, rates, points) for (series, x), rates in points.items()]
    (worker, drain_postgres), (receiver, receive_postgres) = _middle(jobs_cost), _middle(delivery_cost)
    figures[-1].notes.append(
        f"Processor time, in the middle of the rounds: a job takes {worker:.0f} µs of a worker and {drain_postgres:.0f} µs of "
        f"Postgres ({BEST} processes, chunks of {CHUNK}); a delivery {receiver:.0f} µs of a receiver and "
        f"{receive_postgres:.0f} µs of Postgres (1 receiver)."
    )
    return figures


def zipf_numbers(jobs: int) -> list[int]:
    """Leads by number for so many jobs: the second gets half of what the first gets, the third a third."""
    weights = list(accumulate(1 / rank for rank in range(1, jobs + 1)))
    return random.Random(20).choices(range(1, jobs + 1), cum_weights=weights, k=jobs)


_SAID = {
    "workers": "Scale: drain with {} worker processes, chunks of 100",
    "batch": "Scale: drain by chunks of {}, 2 processes",
    "leads": "Scale: drain of as many jobs, leads {}",
    "receivers": "Scale: {} receivers, 64 connections in all",
}
_FIRST: dict[str, float | str] = {"workers": 1, "batch": 1, "leads": "uniform", "receivers": 1}


def _figure(
    series: str, x: float | str, rates: list[float], points: dict[tuple[str, float | str], list[float]]
) -> Figure:
    first = _FIRST[series]
    beside = points[series, first] if x != first else []
    against = f"with {first}" if x != first else ""
    return Figure("scale", _SAID[series].format(x), "/s", rates, against, beside, series=series, x=x)


def _drained(
    stage: Stage,
    template: str,
    numbers: Sequence[int],
    size: int,
    workers: int,
    *,
    jobs: int | None = None,
    costs: list[Cost] | None = None,
) -> float:
    """Jobs a second; `costs` gets what a job cost the workers and Postgres, in µs."""
    with stage.database(template) as name:
        before = _waiting(stage, name)
        ran = run(stage, name, chunks_of(numbers, size), workers)
        done = before - _waiting(stage, name)
    if done != (jobs or len(numbers)):
        raise RuntimeError(f"{done} jobs done")
    if costs is not None:
        costs.append((ran.workers / done * 1e6, ran.postgres / done * 1e6))
    return done / ran.seconds


def _waiting(stage: Stage, name: str) -> int:
    with stage.connect(name) as database:
        count: int = database.execute("SELECT count(*) FROM inbox").fetchone()[0]
    return count


def _middle(costs: list[Cost]) -> Cost:
    return median(one[0] for one in costs), median(one[1] for one in costs)


def _receivers(stage: Stage) -> tuple[dict[tuple[str, float | str], list[float]], list[Cost]]:
    """Each receiver has a generator of its own; together they send as many deliveries over as many connections."""
    count = stage.scaled(DELIVERIES)
    costs: list[Cost] = []
    points: dict[tuple[str, float | str], list[float]] = {}
    first = 0
    with stage.database() as name, ExitStack() as stack:
        with stage.connect(name) as database:
            path = f"/webhooks/calendly/{prepare(database, stage, leads=count)}"
        sites = [stack.enter_context(stage.site_process(name)) for _ in range(max(RECEIVERS))]
        for round_number in range(stage.rounds + 1):  # the first warms up, and is not counted
            for receivers in RECEIVERS:
                files, share = [], count // receivers
                for part in range(receivers):
                    requests = deliveries(path, first, first + share)
                    files.append(load.write_requests(stage.folder / f"deliveries-{part}", requests))
                    first += share
                rate, cost = _received(stage, sites[:receivers], files)
                if round_number:
                    points.setdefault(("receivers", receivers), []).append(rate)
                    if receivers == 1:
                        costs.append(cost)
    return points, costs


def _received(
    stage: Stage, sites: Sequence[tuple[int, subprocess.Popen[str]]], files: Sequence[Path]
) -> tuple[float, Cost]:
    """Deliveries a second, and what one cost the receiver and Postgres, in µs."""

    def send(port: int, file: Path) -> load.Load:
        return load.run(stage.generator, port, file, connections=load.CONNECTIONS // len(files)).only(200)

    stage.settle()
    own, server = sum(_cpu(child.pid) for _, child in sites), stage.postgres_cpu()
    with ThreadPoolExecutor(len(files)) as pool:
        loads = list(pool.map(send, [port for port, _ in sites], files))
    own = sum(_cpu(child.pid) for _, child in sites) - own
    server = stage.postgres_cpu() - server
    requests = sum(one.requests for one in loads)
    return requests / max(one.seconds for one in loads), (own / requests * 1e6, server / requests * 1e6)


def _cpu(pid: int) -> float:
    return sum(psutil.Process(pid).cpu_times()[:2])
