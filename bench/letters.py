"""Dead letters: 10,000 of three fingerprints, counted, foreseen and posted again with a worker behind."""

import json
import time

from bench.figures import Figure
from bench.leads import CLIENT, in_any_order, make_leads, post_jobs, tidy
from bench.stage import Stage
from db import dead_letters, foresight, replays
from db.dead_letter_filters import Filter
from workers.doorbell import Doorbell
from workers.ringer import Ringer

LETTERS = 10_000
RATE = 200.0
STEP_SECONDS = 0.2
BULK = ["-c", "from scripts.main import app; app()", "worker", "--lane", "bulk"]


def measure(stage: Stage) -> list[Figure]:
    """The counts and the dry run once a round; the replay once, for it takes fifty seconds."""
    count = stage.scaled(LETTERS)
    with stage.database() as name, stage.connect(name) as database:
        make_leads(database, count)
        post_jobs(database, in_any_order(count))
        database.execute(_BURY_ALL)
        tidy(database)
        database.execute("VACUUM ANALYZE dead_letter")
        counted, mine, foreseen = [], [], []
        for _ in range(stage.rounds):
            counted.append(_ms(lambda: dead_letters.groups(database, Filter())))
            mine.append(_ms(lambda: dead_letters.groups(database, Filter(client_id=CLIENT))))
            foreseen.append(_ms(lambda: foresight.foresee(database, Filter())) / 1000)
        would = foresight.foresee(database, Filter())
        assert [group["create"] for group in would] == [group["letters"] for group in would], would
        rate, found = _replayed(stage, name)
    note = (
        f"Replay: {json.dumps({key: found[key] for key in ('state', 'posted', 'applied', 'failed_again')})}; its canaries, "
        f"one of each fingerprint, were applied before the rest was posted; the rate asked for was {RATE:.0f}/s."
    )
    return [
        Figure("letters", f"Counts of {count:,} letters by fingerprint, every client", "ms", counted, floor="< 100 ms"),
        Figure("letters", "The same, of one client", "ms", mine, floor="< 100 ms"),
        Figure("letters", "Dry run over all of them", "s", foreseen),
        Figure("letters", "Replay with one bulk worker, start to last applied", "/s", [rate], floor="200/s", notes=[note]),
    ]  # fmt: skip


def _replayed(stage: Stage, name: str) -> tuple[float, dict[str, object]]:
    bell = Doorbell.connect(stage.redis.url)
    ringer = Ringer(bell)
    with stage.process(BULK, name), stage.connect(name) as database:
        began = time.monotonic()
        replay_id = replays.start(database, Filter(), actor="bench", reason="bench", rate=RATE)
        due = began
        while True:
            step = replays.step(database, replay_id, int(RATE * STEP_SECONDS))
            ringer(step.rings)
            if not step.again:
                break
            due = max(due + STEP_SECONDS, time.monotonic() - STEP_SECONDS)
            time.sleep(max(0.0, due - time.monotonic()))
        seconds = time.monotonic() - began
        found = replays.progress(database, replay_id)
    ringer.close()
    bell.close()
    assert found["applied"] == found["total"], found
    return found["applied"] / seconds, found


def _ms(act: object) -> float:
    began = time.perf_counter()
    act()  # type: ignore[operator]
    return (time.perf_counter() - began) * 1000


_BURY_ALL = """
    WITH given_up AS (DELETE FROM inbox RETURNING *)
    INSERT INTO dead_letter (client_id, id, lead_id, kind, provider, payload, reason, error_class, location, traceback,
                             fingerprint, attempts, code_version, trace_id, job_id, received_at, first_failed_at)
    SELECT client_id, gen_random_uuid(), lead_id, kind, 'calendly', payload, 'failed', 'KeyError', 'pipeline/book.py:enter:1',
           repeat('a line of a traceback\n', 20), 'fingerprint-' || row_number() OVER () % 3, 3, '0', trace_id, id,
           received_at, now() FROM given_up"""
