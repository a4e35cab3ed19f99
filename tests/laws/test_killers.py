"""A job that kills its worker is found and buried, wherever in a drain it strikes; its neighbours are applied (DESIGN 6)."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from uuid import UUID

import pytest

from db import dead_letters, foresight
from db.dead_letter_filters import Filter
from db.ids import new_id
from db.inbox import post, post_to_lead
from db.ledger import Hands
from pipeline.job import MergeAsked
from pipeline.words import Source
from tests.laws.dying import KILLER
from tests.laws.test_failures import a_lead, add_job, column
from tests.statements import NOON, a_delivery, a_statement, an_email

MOST_DEATHS = 8


def deaths(database: str, hands: Hands, where: str, client_id: UUID, leads: Sequence[UUID]) -> int:
    """Drain in a process of its own until nothing is left to do; returns how many were killed at it."""
    for number in range(MOST_DEATHS):
        asked = [sys.executable, "-m", "tests.laws.dying", where, database, str(client_id), *map(str, leads)]
        done = subprocess.run(asked, timeout=60, check=False)
        if done.returncode == 0 and column(hands, "SELECT count(*) FROM inbox WHERE client_id = %s", client_id) == [0]:  # fmt: skip
            return number
        assert done.returncode in (0, -signal.SIGKILL)
    raise AssertionError("it was never given up")


@pytest.mark.parametrize(("where", "killed"), [("reading", 5), ("merging", 3)])
def test_a_job_that_kills_its_worker_is_buried_after_three_deaths_and_its_neighbours_are_applied(
    hands: Hands, database: str, where: str, killed: int
) -> None:
    """A batch, then its lead alone, and three times by itself; a merge is by itself from the start."""
    client_id = new_id()
    leads = [a_lead(hands, client_id, name) for name in ("anna", "ben", "cleo")]
    for name in ("anna", "ben"):
        post(hands.database, [a_delivery(client_id, a_statement(f"{name}-2"), an_email(name))])
    if where == "merging":
        asked = MergeAsked(source=Source.MANUAL, into=leads[2])
        post_to_lead(hands.database, client_id, leads[0], asked, at=NOON, trace_id=new_id())
    else:
        add_job(hands, client_id, leads[0], a_statement(KILLER).text())
    assert deaths(database, hands, where, client_id, leads) == killed
    letters = dead_letters.letters(hands.database, Filter(client_id=client_id), 9)
    assert [(one["reason"], one["lead_id"]) for one in letters] == [("killed_its_worker", leads[0])]
    counts = "SELECT appointment_count FROM lead WHERE client_id = %s AND id = ANY (%s) ORDER BY id"
    assert column(hands, counts, client_id, leads[:2]) == [2, 2]
    assert column(hands, "SELECT count(*) FROM holding WHERE client_id = %s", client_id) == [0]


def test_a_dry_run_does_not_try_what_killed_its_worker(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks at a letter, in a web process perhaps, is not to die of it."""
    client_id = new_id()
    lead_id = a_lead(hands, client_id, "anna")
    add_job(hands, client_id, lead_id, a_statement(KILLER).text(), deaths=3)
    hands.database.execute("INSERT INTO suspect VALUES (%s, %s, 'job_by_job')", (client_id, lead_id))
    from db import ledger

    ledger.drain(hands, client_id, [lead_id])

    def touched(_: object) -> None:
        raise SystemExit("the payload was read")

    monkeypatch.setattr(foresight, "read_payload", touched)
    (group,) = foresight.foresee(hands.database, Filter(client_id=client_id))
    assert group["not tried"] == 1
