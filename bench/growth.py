"""Growth: what a job costs when there are five million appointments, against fifty thousand."""

from bench.drain import chunks_of, run
from bench.figures import Figure
from bench.leads import in_any_order
from bench.seeds import make_history, post_news
from bench.stage import Stage

FEW, MANY = 50_000, 5_000_000
JOBS = 6_000
PROCESSES = 2
OPTIONS = {"wal_level": "minimal", "max_wal_senders": "0"}
"""Rows that are made in bulk go to the tables and not to the log as well; what is measured is logged."""


def measure(stage: Stage) -> list[Figure]:
    """Jobs for leads with a history, in turn in the small and in the large database; other leads each time."""
    jobs = min(JOBS, stage.scaled(JOBS * 10))
    few, many = stage.scaled(FEW), stage.scaled(MANY)
    costs: dict[int, list[float]] = {few: [], many: []}
    logged: dict[int, list[float]] = {few: [], many: []}
    with stage.database() as small, stage.database() as large:
        order = {
            few: in_any_order(make_history(stage, small, few)),
            many: in_any_order(make_history(stage, large, many)),
        }
        for number in range(stage.rounds):
            for name, size in ((small, few), (large, many)):
                turn = number * jobs % max(1, len(order[size]) - jobs)
                leads = order[size][turn : turn + jobs]
                seconds, log_bytes = _drained(stage, name, leads, len(order[size]))
                costs[size].append(seconds / len(leads) * 1e6)
                logged[size].append(log_bytes / len(leads))
        with stage.connect(large) as database:
            [held] = database.execute(_SIZE).fetchone()
    kilobytes = {size: sum(each) / len(each) / 1024 for size, each in logged.items()}
    note = (
        f"Each lead has five meetings behind it; every other job is a new one, the rest cancel one. Log written for a "
        f"job: {kilobytes[few]:.1f} kB in the small database, {kilobytes[many]:.1f} kB in the large one: after a "
        f"checkpoint the first change of a page writes the whole of it, and of many pages more are touched for the first time. "
        f"An appointment takes {float(held) / many / 1024:.1f} kB of disk, with its history, its share of a lead and all indexes."
    )
    return [
        Figure(
            line="growth",
            what=f"Growth: cost of a job with {many:,} appointments, {PROCESSES} processes",
            unit="µs",
            measured=costs[many],
            against=f"with {few:,} appointments",
            reference=costs[few],
            floor="≤ 1.3",
            notes=[note],
        )
    ]


def _drained(stage: Stage, name: str, leads: list[int], of: int) -> tuple[float, float]:
    """Seconds, and bytes of log."""
    with stage.connect(name) as database:
        post_news(database, leads, of)
        database.execute("VACUUM (ANALYZE) inbox")
        before = database.execute("SELECT pg_current_wal_insert_lsn()").fetchone()[0]
        seconds = run(stage, name, chunks_of(leads), PROCESSES).seconds
        written = database.execute("SELECT pg_current_wal_insert_lsn() - %s::pg_lsn", (before,)).fetchone()[0]
        left = database.execute("SELECT count(*) FROM inbox").fetchone()
    if left != (0,):
        raise RuntimeError(f"{left} jobs left")
    return seconds, float(written)


_SIZE = """
    SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest('{lead,appointment,observation}'::text[]) AS name"""
