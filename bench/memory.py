"""Memory: what a worker holds after its first jobs, and after all of them."""

import json
import time

import psutil

from bench.drain import chunks_of, hear, say
from bench.figures import Figure
from bench.leads import in_any_order, make_leads
from bench.seeds import post_lap
from bench.stage import Stage

LEADS = 20_000
LAPS = 10
"""200,000 jobs; a million with `--scale 5`."""
WARM_LAPS = 1


def measure(stage: Stage) -> list[Figure]:
    """One process drains lap after lap: in each, every lead's meeting is moved once more, so that books grow too."""
    leads = stage.scaled(LEADS)
    with stage.database() as name:  # once: it is long, and each lap is a round of its own
        held, seconds = _laps(stage, name, leads)
    by_lap = ", ".join(f"{each:.0f}" for each in held)
    note = f"Memory: MB at the end of each lap of {leads:,} jobs: {by_lap}; {leads * LAPS / seconds:,.0f} jobs a second, one process."
    return [
        Figure(
            line="memory",
            what=f"Memory of a worker after {leads * LAPS:,} jobs",
            unit="MB",
            measured=[held[-1]],
            against=f"after its first {leads * WARM_LAPS:,}",
            reference=[held[WARM_LAPS - 1]],
            floor="flat",
            notes=[note],
        )
    ]  # fmt: skip


def _laps(stage: Stage, name: str, leads: int) -> tuple[list[float], float]:
    """MB that are resident after each lap, and the seconds that all took."""
    held, seconds = [], 0.0
    chunks = chunks_of(in_any_order(leads))
    with stage.connect(name) as database, stage.process(["-m", "bench.drain_worker"], name) as worker:
        make_leads(database, leads)
        say(worker, json.dumps(chunks))
        hear(stage, worker)
        process = psutil.Process(worker.pid)
        for lap in range(LAPS):
            post_lap(database, leads, lap)
            database.execute("VACUUM (ANALYZE) lead, inbox, appointment, observation")
            began = time.monotonic()
            say(worker, "go")
            hear(stage, worker)
            seconds += time.monotonic() - began
            held.append(process.memory_info().rss / 1e6)
        left = database.execute(
            "SELECT count(*), (SELECT max(moved_count) FROM appointment) FROM inbox"
        ).fetchone()
    if left != (0, LAPS - 1):
        raise RuntimeError(f"{left} jobs left and moves of a meeting")
    return held, seconds
