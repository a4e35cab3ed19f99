"""Show 3: a deploy that breaks every job of a kind pauses that kind; after the fix, `resume` applies all of it."""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.flows.calendly_bodies import booked
from tests.flows.stack import Stack

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
BROKEN = Path(__file__).parent / "broken_build"
ROOT = Path(__file__).parents[2]
MOST_LETTERS = 200
DELIVERIES_A_SECOND = 5.0
FIRST = 10
"""Too few to trip the breaker, though each is tried three times: they die."""


@pytest.fixture(scope="module")
def deployed(stack: Stack) -> Stack:
    """An installation whose workers are of the broken build; the web process is of the build before."""
    stack.start_web()
    stack.start("clock", "clock")
    start_workers(stack, PYTHONPATH=os.pathsep.join([str(BROKEN), str(ROOT)]))
    return stack


def start_workers(stack: Stack, **environment: str) -> None:
    stack.start("worker", "worker", "--lane", "live", **environment)
    stack.start("bulk", "worker", "--lane", "bulk", "--threads", "1", **environment)


def deliver(stack: Stack, number: int) -> str:
    name = f"person{number}"
    start = NOW + timedelta(days=3, minutes=15 * number)
    body = booked(name, f"{name}@example.com", start, start + timedelta(minutes=30), NOW)
    assert stack.deliver(json.dumps(body).encode()).status_code == 200
    return name


def paused(stack: Stack) -> list[str]:
    return [kind for (kind,) in stack.rows("SELECT kind FROM pause")]


def test_a_broken_deploy_pauses_its_kind_and_resume_applies_everything_after_the_fix(deployed: Stack) -> None:
    told = [deliver(deployed, number) for number in range(FIRST)]
    deployed.wait_for(lambda: deployed.rows("SELECT 1 FROM dead_letter"), 120)
    began = time.monotonic()
    while not paused(deployed):
        assert time.monotonic() - began < 60, "a minute, and nothing is paused"
        told.append(deliver(deployed, len(told)))
        time.sleep(1 / DELIVERIES_A_SECOND)
    assert paused(deployed) == ["appointment"]
    # What goes on coming in while it is paused is stored, and neither tried nor buried.
    told += [deliver(deployed, len(told) + number) for number in range(20)]
    assert deployed.rows("SELECT count(*) FROM appointment") == [(0,)]
    for name in ("worker", "bulk"):
        deployed.kill(name)
    (letters,) = deployed.rows("SELECT count(*) FROM dead_letter")[0]
    assert 0 < letters < MOST_LETTERS
    start_workers(deployed)
    # The fix alone starts nothing: a person says so.
    assert deployed.rows("SELECT count(*) FROM inbox")[0][0] + letters == len(told)
    assert "being replayed" in deployed.cli("resume", "appointment", "--reason", "rolled back")
    deployed.wait_for(lambda: applied(deployed) == set(told), 120)
    assert deployed.inbox_is_empty()
    assert deployed.rows("SELECT count(*) FROM dead_letter WHERE state <> 'replayed'") == [(0,)]
    assert deployed.rows("SELECT count(*), count(DISTINCT external_id) FROM observation") == [
        (len(told), len(told))
    ]


def applied(stack: Stack) -> set[str]:
    return {name for (name,) in stack.rows("SELECT external_id FROM appointment")}
