"""The hot lead: one lead gets thousands of jobs within seconds, while other leads' jobs flow."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from uuid import UUID

from bench.figures import Figure
from bench.leads import CLIENT, lead_id_of, make_leads, tidy
from bench.stage import Stage
from db.arrays import columns_of
from db.desk import Database
from db.ids import new_id
from db.inbox import INSERT_JOBS, Ring, job_row
from pipeline.observation import Description, Observation, Schedule, StatusWord
from pipeline.words import Lane, Provider, Source, Status
from workers.doorbell import Doorbell

JOBS, MEETINGS, SECONDS = 10_000, 500, 10.0
OTHERS = 3_000
"""Jobs of other leads, one each, in the same seconds."""
TICK = 0.02
WORKERS = 2
GIVE_UP_SECONDS = 120.0
HOT = 1
OPTIONS = {"track_commit_timestamp": "on"}
"""When a job was applied is when its drain committed."""


def measure(stage: Stage) -> list[Figure]:
    """The same jobs at the same pace, in turn for one lead and for as many leads as there are jobs."""
    jobs, others = stage.scaled(JOBS), stage.scaled(OTHERS)
    rates: dict[bool, list[float]] = {True: [], False: []}
    delays: dict[bool, list[float]] = {True: [], False: []}
    slowest: list[float] = []
    with stage.database() as template:
        with stage.connect(template) as database:
            make_leads(database, jobs + others + 1)
            tidy(database)
        for _ in range(stage.rounds):
            for hot in (False, True):
                rate, waited, slow = _round(stage, template, jobs, others, hot=hot)
                rates[hot].append(rate)
                delays[hot].append(waited)
                if hot:
                    slowest.append(slow)
    note = (
        f"Hot lead: its own jobs were in its books within {max(slowest):,.0f} ms at p99. {WORKERS} worker processes as in "
        f"the Procfile, jobs posted and rung for in steps of {TICK * 1000:.0f} ms."
    )
    return [
        Figure(
            line="hot",
            what=f"Hot lead: {jobs:,} jobs for {_meetings(jobs):,} meetings of one lead within {_seconds(jobs):.0f} s, first to last applied",
            unit="/s",
            measured=rates[True],
            against="the same jobs for a lead each",
            reference=rates[False],
            floor="≥ 0.5",
            notes=[note],
        ),
        Figure(
            line="hot",
            what=f"Hot lead: wait of {others:,} other leads' jobs meanwhile, p99",
            unit="ms",
            measured=delays[True],
            against="without a hot lead",
            reference=delays[False],
            floor="not delayed",
        ),
    ]  # fmt: skip


def _seconds(jobs: int) -> float:
    return SECONDS * jobs / JOBS


def _meetings(jobs: int) -> int:
    return max(1, MEETINGS * jobs // JOBS)


def _round(stage: Stage, template: str, jobs: int, others: int, *, hot: bool) -> tuple[float, float, float]:
    """Jobs a second, and milliseconds that the others' and the jobs themselves waited at p99."""
    numbers = [HOT] * jobs if hot else list(range(others + 2, others + 2 + jobs))
    with stage.database(template) as name, ExitStack() as stack:
        started = stage.told("process_started")
        for _ in range(WORKERS):
            stack.enter_context(stage.process(["-m", "bench.apptrail", "worker", "--lane", "live"], name))
        doorbell = Doorbell.connect(stage.redis.url)
        stack.callback(doorbell.close)
        doorbell.client.flushdb()
        database = stack.enter_context(stage.connect(name))
        stage.wait_until_told("process_started", started + WORKERS)
        stage.settle()
        _feed(database, doorbell, _paced(numbers, list(range(2, others + 2)), jobs))
        _wait(database)
        [rate] = database.execute(_RATE, ("hot",)).fetchone()
        [delay] = database.execute(_DELAY, ("other",)).fetchone()
        [own] = database.execute(_DELAY, ("hot",)).fetchone()
    return float(rate), float(delay), float(own)


def _paced(
    numbers: Sequence[int], others: Sequence[int], jobs: int
) -> Iterator[list[tuple[UUID, Observation]]]:
    """What comes in each tick; nothing is bunched."""
    ticks = max(1, round(_seconds(jobs) / TICK))
    for tick in range(ticks):
        now = datetime.now(UTC)
        mine = range(tick * len(numbers) // ticks, (tick + 1) * len(numbers) // ticks)
        theirs = others[tick * len(others) // ticks : (tick + 1) * len(others) // ticks]
        meetings = _meetings(jobs)
        yield [
            (
                lead_id_of(numbers[place]),
                _said(f"hot-{numbers[place]}-{place % meetings}", place // meetings, now),
            )
            for place in mine
        ] + [(lead_id_of(number), _said(f"other-{number}", 0, now)) for number in theirs]


def _said(name: str, move: int, now: datetime) -> Observation:
    """One version of a HighLevel appointment: each is at another hour."""
    start = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=5, hours=move)
    return Observation(
        provider=Provider.GHL,
        external_id=name,
        source=Source.WEBHOOK,
        observed_at=now,
        version_at=now,
        schedule=Schedule(start_at=start, end_at=start + timedelta(minutes=30), timezone="Europe/Berlin"),
        status=StatusWord(word=Status.CONFIRMED),
        description=Description(ghl_calendar_id="CCCCCCCCCCCCCCCCCCCC"),
    )


def _feed(database: Database, doorbell: Doorbell, ticks: Iterator[list[tuple[UUID, Observation]]]) -> None:
    """Post and ring as the receiver does, tick by tick; one that comes late is not made up for by a rush."""
    due = time.monotonic()
    for said in ticks:
        now = datetime.now(UTC)
        rows = [job_row(CLIENT, lead_id, one, now, Lane.LIVE, new_id()) for lead_id, one in said]
        database.execute(INSERT_JOBS, columns_of(rows))
        doorbell.ring(Ring(CLIENT, lead_id, Lane.LIVE) for lead_id in {lead_id for lead_id, _ in said})
        due = max(due + TICK, time.monotonic() - TICK)
        time.sleep(max(0.0, due - time.monotonic()))


def _wait(database: Database) -> None:
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while database.execute("SELECT EXISTS (SELECT 1 FROM inbox)").fetchone() != (False,):
        if time.monotonic() > deadline:
            raise RuntimeError("the inbox does not empty")
        time.sleep(0.1)


_OF = "FROM observation WHERE external_id LIKE %s || '-%%'"

_RATE = f"""
    SELECT count(*) / extract(epoch FROM max(pg_xact_commit_timestamp(xmin)) - min(received_at)) {_OF}"""

_DELAY = f"""
    SELECT percentile_cont(0.99) WITHIN GROUP (
        ORDER BY extract(epoch FROM pg_xact_commit_timestamp(xmin) - received_at) * 1000) {_OF}"""
