"""A migration of real processes, killed in the middle, run twice at once, with webhooks meanwhile: the same books."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from db.backfill_runs import FIRST
from db.desk import connect
from db.inbox import post
from db.ledger import Hands
from tests import builders
from tests.laws.books import books_of, versions_of
from tests.laws.people import drain_all, drain_once
from tests.moving.crm import KINDS, a_booking, migrated, move_in, verified
from tests.statements import a_delivery, an_email

APPTRAIL = Path(sys.executable).parent / "apptrail"
ROUNDS = 20
KILLS = 20


def leads() -> dict[str, dict[str, str]]:
    """Every kind of row many times over; the ids of each round are its own."""
    found = {}
    for number in range(ROUNDS):
        for name, said in KINDS.items():
            found[f"{name}-{number}"] = {
                column: f"{text}-{number}" if column.endswith(("_uri", "_id")) else text
                for column, text in said.items()
                if text or not column.endswith(("_uri", "_id"))
            }
    return found


def news() -> list[tuple[str, str]]:
    """Who has a webhook meanwhile, and of which meeting: some new, some the very ones that moved in."""
    rng = random.Random(7)
    told = [(f"{rng.choice(list(KINDS))}-{number}", f"new-{number}") for number in range(ROUNDS)]
    return told + [(f"calendly-{number}", f"c1-{number}") for number in range(0, ROUNDS, 3)]


def tell(hands: Hands, client_id: UUID, who: str, name: str) -> None:
    post(hands.database, [a_delivery(client_id, a_booking(name), an_email(who))])


@pytest.fixture
def worker(database: str) -> Iterator[Hands]:
    with builders.hands(database) as opened:
        yield opened


@pytest.fixture
def environment(database: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": database,
        "REDIS_URL": redis_url,
        "APPTRAIL_SECRET_KEY": "a key for tests",
        "LOG_FORMAT": "json",
        "APPTRAIL_VAR": str(tmp_path),
    }


def started(environment: dict[str, str], client_id: UUID, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            APPTRAIL,
            "migrate-appointments",
            "--apply",
            "--client",
            str(client_id),
            "--json",
            "--batch-size",
            "3",
            *more,
        ],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(process: subprocess.Popen[str]) -> dict[str, object]:
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err[-2000:]
    found: dict[str, object] = json.loads(out)
    return found


def quiet_books(worker: Hands) -> object:
    """The same without processes, kills or haste: the webhooks, then the migration."""
    client = builders.a_client(worker.database, "quiet")
    move_in(worker, client.id, leads())
    for who, name in news():
        tell(worker, client.id, who, name)
    drain_all(worker, client.id)
    migrated(worker, client.id, size=100)
    return books_of(worker.database, client.id)


def placed(worker: Hands, client_id: UUID) -> UUID | None:
    """How far the latest run has got."""
    row = worker.database.execute(
        "SELECT place FROM backfill_run WHERE client_id = %s AND state = 'running' ORDER BY started_at DESC LIMIT 1",
        (client_id,),
    ).fetchone()
    return row[0] if row else None


@contextmanager
def a_gate(database: str, client_id: UUID, rows: int) -> Iterator[None]:
    """Somebody else works on a lead so many rows ahead: a run gets that far, and waits.

    Nobody has a webhook for it, whose job would be late for want of the lead: a run waits for late jobs too.
    """
    with connect(database) as own, own.transaction():
        found = own.execute(
            """SELECT id FROM lead WHERE client_id = %(client)s AND id = (
                   SELECT r.lead_id FROM legacy_rollup r
                   WHERE r.client_id = %(client)s AND r.id > coalesce((
                       SELECT place FROM backfill_run WHERE client_id = %(client)s AND state = 'running'
                       ORDER BY started_at DESC LIMIT 1), '00000000-0000-0000-0000-000000000000')
                     AND r.said ?| ARRAY['ghl_appointment_id', 'calendly_invitee_uri'] AND r.shared = '{}'
                     AND r.lead_id <> ALL (SELECT l.id FROM lead l WHERE l.client_id = %(client)s
                                           AND l.external_id = ANY (%(told)s))
                   ORDER BY r.id OFFSET %(rows)s LIMIT 1)
               FOR NO KEY UPDATE""",
            {"client": client_id, "rows": rows, "told": [f"crm-{who}" for who, _ in news()]},
        ).fetchall()
        assert found, "the run is nearly over: there is nobody to wait for"
        yield


def killed(worker: Hands, environment: dict[str, str], client_id: UUID, delay: float, *more: str) -> int:
    """Start a run, let it get somewhere, kill it `delay` seconds later; how it ended."""
    nowhere = placed(worker, client_id), None, FIRST
    process = started(environment, client_id, *more)
    deadline = time.monotonic() + 60
    while placed(worker, client_id) in nowhere and process.poll() is None:
        if time.monotonic() > deadline:
            break
        time.sleep(0.002)
    time.sleep(delay)
    process.kill()
    _, err = process.communicate()
    assert placed(worker, client_id) not in nowhere, f"the run did not get anywhere: {err[-2000:]}"
    return process.returncode


def test_killed_twenty_times_and_resumed_with_webhooks_meanwhile_it_ends_in_the_same_books(
    worker: Hands, environment: dict[str, str], database: str
) -> None:
    client = builders.a_client(worker.database)
    move_in(worker, client.id, leads())
    rng = random.Random(11)
    over = threading.Event()
    live = threading.Thread(target=tell_all, args=(database, client.id, over))
    live.start()
    ends, places = [], set()
    for attempt in range(KILLS):
        with a_gate(database, client.id, rng.randrange(5, 9)):
            more = ["--resume"] if attempt else []
            ends.append(killed(worker, environment, client.id, rng.random() * 0.08, *more))
        places.add(placed(worker, client.id))
    assert ends == [-signal.SIGKILL] * KILLS, "each kill hit a run that was under way"
    assert len(places) == KILLS, "each run got further than the one before"
    done = answer(started(environment, client.id, "--resume"))
    over.set()
    live.join()
    drain_to_the_end(worker, client.id)
    rows = len(leads()) - ROUNDS  # one kind has said nothing
    assert done["scanned"] == rows, "the counts go on from the checkpoint"
    assert books_of(worker.database, client.id) == quiet_books(worker)
    assert verified(worker, client.id)[0].holds
    before_again = versions_of(worker.database, client.id)
    again = answer(started(environment, client.id))
    assert (again["created"], again["errors"]) == (0, 0)
    assert versions_of(worker.database, client.id) == before_again


def drain_to_the_end(hands: Hands, client_id: UUID) -> None:
    """Drain also what met a killed run's lead, and waits for its next attempt."""
    deadline = time.monotonic() + 60
    while hands.database.execute("SELECT FROM inbox WHERE client_id = %s LIMIT 1", (client_id,)).rowcount:
        assert time.monotonic() < deadline, "a job is left"
        drain_all(hands, client_id)
        time.sleep(0.1)


def tell_all(database: str, client_id: UUID, over: threading.Event) -> None:
    """The webhooks, a few a second, and a worker that drains until it is told to stop."""
    waiting = news()
    with builders.hands(database) as own:
        while waiting or not over.is_set():
            if waiting:
                tell(own, client_id, *waiting.pop(0))
            drain_once(own, client_id)
            time.sleep(0.1)


def test_two_runners_at_once_end_as_one(worker: Hands, environment: dict[str, str]) -> None:
    client = builders.a_client(worker.database)
    move_in(worker, client.id, leads())
    both = [started(environment, client.id) for _ in range(2)]
    for who, name in news():  # drained at once: late live jobs would make the runners wait
        tell(worker, client.id, who, name)
        drain_all(worker, client.id)
    answers = [answer(process) for process in both]
    drain_all(worker, client.id)
    created = sum(int(str(one["created"])) for one in answers)
    rows = worker.database.execute(
        "SELECT count(*) FROM observation WHERE client_id = %s AND trace_id = ANY (%s::uuid[])",
        (client.id, [str(one["run_id"]) for one in answers]),
    ).fetchone()
    assert rows == (created,), "each observation was made by one of them"
    assert books_of(worker.database, client.id) == quiet_books(worker)


def test_an_audit_of_the_same_client_by_command_finds_nothing(
    worker: Hands, environment: dict[str, str]
) -> None:
    client = builders.a_client(worker.database)
    move_in(worker, client.id, leads())
    answer(started(environment, client.id))
    done = subprocess.run(
        [APPTRAIL, "audit-rollups", "--client", str(client.id), "--json"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == {"checked": len(leads()), "different": 0, "repaired": 0, "by_cause": {}}
