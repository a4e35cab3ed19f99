"""Dead letters: 10,000 of three fingerprints, counted, foreseen and posted again with a worker behind."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.figures import Figure
from bench.leads import CLIENT, in_any_order, make_leads, post_jobs, tidy
from bench.stage import Stage
from db import dead_letters, foresight, replays
from db.dead_letter_filters import Filter
from workers.doorbell import Doorbell
from workers.replayer import drive
from workers.ringer import Ringer

LETTERS = 10_000
RATE = 200.0
NO_LIMIT = 100_000.0
BULK = ["-c", "from scripts.main import app; app()", "worker", "--lane", "bulk"]


def measure(stage: Stage) -> list[Figure]:
    """The counts and the dry run once a round; each replay once, for the paced one takes fifty seconds."""
    count = stage.scaled(LETTERS)
    with _letters(stage, count) as name:
        counted, mine, foreseen = [], [], []
        with stage.connect(name) as database:
            for _ in range(stage.rounds):
                counted.append(_ms(lambda: dead_letters.groups(database, Filter())))
                mine.append(_ms(lambda: dead_letters.groups(database, Filter(client_id=CLIENT))))
                foreseen.append(_ms(lambda: foresight.foresee(database, Filter())) / 1000)
            would = foresight.foresee(database, Filter())
            assert [group["create"] for group in would] == [group["letters"] for group in would], would
        rate, found = _replayed(stage, name, RATE)
    with _letters(stage, count) as name:
        fastest, _ = _replayed(stage, name, NO_LIMIT)
    note = (
        f"Replay: {json.dumps({key: found[key] for key in ('state', 'posted', 'applied', 'failed_again')})}; its canaries, "
        f"one of each fingerprint, were applied before the rest was posted; the rate asked for was {RATE:.0f}/s. The "
        "rate is that of the letters from the first that is no canary to the last applied."
    )
    return [
        Figure("letters", f"Counts of {count:,} letters by fingerprint, every client", "ms", counted, floor="< 100 ms"),
        Figure("letters", "The same, of one client", "ms", mine, floor="< 100 ms"),
        Figure("letters", "Dry run over all of them", "s", foreseen),
        Figure("letters", "Replay with one bulk worker, `--rate 200`", "/s", [rate], floor="200/s", notes=[note]),
        Figure("letters", "The same, as fast as the worker takes them", "/s", [fastest]),
    ]  # fmt: skip


@contextmanager
def _letters(stage: Stage, count: int) -> Iterator[str]:
    """A database with so many open letters, of as many leads."""
    with stage.database() as name:
        with stage.connect(name) as database:
            make_leads(database, count)
            post_jobs(database, in_any_order(count))
            database.execute(_BURY_ALL)
            tidy(database)
            database.execute("VACUUM ANALYZE dead_letter")
        yield name


def _replayed(stage: Stage, name: str, rate: float) -> tuple[float, dict[str, object]]:
    """Letters a second, from the end of the canaries, so that a worker's start is not counted."""
    bell = Doorbell.connect(stage.redis.url)
    ringer = Ringer(bell)
    with stage.process(BULK, name), stage.connect(name) as database:
        replay_id = replays.start(database, Filter(), actor="bench", reason="bench", rate=rate)
        watch = _Watch()
        found = drive(database, replay_id, watch.ringing(ringer))
        seconds = time.monotonic() - watch.began
    ringer.close()
    bell.close()
    assert found["applied"] == found["total"], found
    return (found["applied"] - watch.canaries) / seconds, found


class _Watch:
    """Notes when the first letters were rung for that are no canaries."""

    def __init__(self) -> None:
        self.canaries = 0
        self.began = 0.0

    def ringing(self, ringer: Callable[[object], None]) -> Callable[[object], None]:
        def ring(rings: object) -> None:
            if rings and not self.canaries:
                self.canaries = len(rings)  # type: ignore[arg-type]
            elif rings and not self.began:
                self.began = time.monotonic()
            ringer(rings)

        return ring


def _ms(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


_BURY_ALL = """
    WITH given_up AS (DELETE FROM inbox RETURNING *)
    INSERT INTO dead_letter (client_id, id, lead_id, kind, provider, payload, reason, error_class, location, traceback,
                             fingerprint, attempts, code_version, trace_id, job_id, received_at, first_failed_at)
    SELECT client_id, gen_random_uuid(), lead_id, kind, 'calendly', payload, 'failed', 'KeyError', 'pipeline/book.py:enter:1',
           repeat('a line of a traceback\n', 20), 'fingerprint-' || row_number() OVER () % 3, 3, '0', trace_id, id,
           received_at, now() FROM given_up"""
