"""Failures of jobs: counted, put off, buried; never a neighbour's loss (DESIGN 6)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from db import failures, ledger, suspects
from db.ids import new_id
from db.inbox import post, post_to_lead
from db.jobs import Job
from db.ledger import Drained, Hands
from pipeline.job import LeadStatusSaid, MergeAsked
from pipeline.observation import Schedule
from pipeline.words import Source
from tests.laws.books import left_over
from tests.laws.people import drain_all, due_leads
from tests.statements import NOON, a_delivery, a_statement, an_email, at

UNREADABLE = """{"v": 1, "kind": "appointment", "colour": "red@example.com"}"""


def a_lead(hands: Hands, client_id: UUID, name: str) -> UUID:
    """A stub with one meeting in the books."""
    said = a_statement(name, schedule=Schedule(start_at=at(24)))
    lead_id = post(hands.database, [a_delivery(client_id, said, an_email(name))]).rings[0].lead_id
    ledger.drain(hands, client_id, [lead_id])
    return lead_id


def add_job(
    hands: Hands,
    client_id: UUID,
    lead_id: UUID,
    payload: str = UNREADABLE,
    *,
    attempts: int = 0,
    deaths: int = 0,
) -> UUID:
    job_id = new_id()
    hands.database.execute(
        """INSERT INTO inbox (client_id, id, lead_id, kind, payload, received_at, attempts, deaths)
           VALUES (%s, %s, %s, 'appointment', %s, %s, %s, %s)""",
        (client_id, job_id, lead_id, payload, NOON, attempts, deaths),
    )
    return job_id


def make_due(hands: Hands, client_id: UUID) -> None:
    hands.database.execute("UPDATE inbox SET not_before = now() WHERE client_id = %s", (client_id,))


def column(hands: Hands, query: str, *parameters: object) -> list[Any]:
    return [row[0] for row in hands.database.execute(query.encode(), parameters)]


def count_of(hands: Hands, client_id: UUID, lead_ids: Sequence[UUID]) -> list[int]:
    return column(
        hands,
        "SELECT appointment_count FROM lead WHERE client_id = %s AND id = ANY (%s) ORDER BY id",
        client_id,
        list(lead_ids),
    )


def test_a_job_that_fails_takes_nothing_from_its_neighbours(hands: Hands) -> None:
    client_id = new_id()
    leads = [a_lead(hands, client_id, name) for name in ("anna", "ben", "cleo")]
    for name in ("anna", "ben", "cleo"):
        said = a_statement(f"{name}-2", schedule=Schedule(start_at=at(48)))
        post(hands.database, [a_delivery(client_id, said, an_email(name))])
    add_job(hands, client_id, leads[1])
    done = ledger.drain(hands, client_id, leads)
    assert (done.applied, done.retried, done.buried) == (3, 1, 0)
    assert count_of(hands, client_id, leads) == [2, 2, 2]


def test_a_book_that_fails_takes_nothing_from_its_neighbours(hands: Hands) -> None:
    """Nor does a lead whose stored facts cannot be read any more."""
    client_id = new_id()
    leads = [a_lead(hands, client_id, name) for name in ("anna", "ben")]
    hands.database.execute("UPDATE appointment SET folded = '{}' WHERE lead_id = %s", (leads[0],))
    for name in ("anna", "ben"):
        said = a_statement(f"{name}-2", schedule=Schedule(start_at=at(48)))
        post(hands.database, [a_delivery(client_id, said, an_email(name))])
    ledger.drain(hands, client_id, leads)
    assert count_of(hands, client_id, leads[1:]) == [2]
    assert left_over(hands.database, client_id)["inbox"] == 1


def test_a_merge_that_fails_is_counted_like_any_job_and_stops_nobody(hands: Hands) -> None:
    """A merge is a job too: it goes back with an attempt, or buries itself, and the drain goes on."""
    client_id = new_id()
    leads = [a_lead(hands, client_id, name) for name in ("anna", "ben")]
    hands.database.execute("UPDATE appointment SET folded = '{}' WHERE lead_id = %s", (leads[0],))
    merge = MergeAsked(source=Source.MANUAL, into=leads[1])
    post_to_lead(hands.database, client_id, leads[0], merge, at=NOON, trace_id=new_id())
    ledger.drain(hands, client_id, leads)
    assert column(hands, "SELECT attempts FROM inbox WHERE client_id = %s", client_id) == [1]


def test_a_payload_of_a_newer_release_waits_without_an_attempt(hands: Hands) -> None:
    client_id = new_id()
    lead_id = a_lead(hands, client_id, "anna")
    add_job(hands, client_id, lead_id, """{"v": 99, "kind": "appointment", "hologram": true}""")
    assert ledger.drain(hands, client_id, [lead_id]).waiting == 1
    waits = (
        "SELECT (attempts, not_before > now() + interval '20 seconds')::text FROM inbox WHERE client_id = %s"
    )
    assert column(hands, waits, client_id) == ["(0,t)"]


def test_the_third_failure_buries_a_job_in_a_letter_that_holds_no_value(hands: Hands) -> None:
    client_id = new_id()
    lead_id = a_lead(hands, client_id, "anna")
    add_job(hands, client_id, lead_id)
    verdicts = []
    for _ in range(3):
        make_due(hands, client_id)
        verdicts.append(ledger.drain(hands, client_id, [lead_id]))
    assert [(one.retried, one.buried) for one in verdicts] == [(1, 0), (1, 0), (0, 1)]
    letters = hands.database.execute(
        """SELECT attempts, reason, error_class, concat_ws(' ', error_class, location, traceback, fingerprint)
           FROM dead_letter WHERE client_id = %s""",
        (client_id,),
    ).fetchall()
    assert [letter[:3] for letter in letters] == [(3, "failed", "UnreadablePayload")]
    assert "red" not in letters[0][3]


def many_failing(hands: Hands, client_id: UUID, *, attempts: int) -> list[UUID]:
    leads = [new_id() for _ in range(60)]
    for lead_id in leads:
        hands.database.execute(
            "INSERT INTO lead (client_id, id, stub) VALUES (%s, %s, true)", (client_id, lead_id)
        )
        add_job(hands, client_id, lead_id, attempts=attempts)
    return leads


def test_sixty_jobs_failing_in_one_way_pause_their_kind(hands: Hands) -> None:
    """Breaker: more than half of at least 50 jobs of a minute, though nothing else was tried beside them."""
    client_id = new_id()
    ledger.drain(hands, client_id, many_failing(hands, client_id, attempts=0))
    assert column(hands, "SELECT kind FROM pause") == ["appointment"]
    make_due(hands, client_id)
    assert ledger.drain(hands, client_id, due_leads(hands.database, client_id)) == Drained()


def test_once_the_breaker_has_tripped_nothing_of_that_kind_is_buried(hands: Hands) -> None:
    """Burying needs three attempts *and* a breaker that has not tripped, within one batch too."""
    client_id = new_id()
    leads = many_failing(hands, client_id, attempts=2)
    hands.database.execute("INSERT INTO pause (kind, reason) VALUES ('appointment', 'breaker')")
    rows = column(hands, "SELECT id FROM inbox WHERE client_id = %s", client_id)
    for job_id, lead_id in zip(rows, leads, strict=True):
        one = Job(job_id, lead_id, "appointment", UNREADABLE, NOON, 2, 0, None)
        failures.record(
            hands.database, client_id, one, failures.Failure("Same", "same", ""), None, failures.Tally()
        )
    assert left_over(hands.database, client_id) == {"inbox": 60, "dead_letter": 0}


def hold(hands: Hands, client_id: UUID, lead_ids: Sequence[UUID], job_id: UUID | None = None) -> None:
    """What a worker leaves behind that was killed while it had these leads in hand."""
    suspects.hold(hands.witness, client_id, lead_ids, job_id)


def levels(hands: Hands, client_id: UUID) -> set[str]:
    return set(column(hands, "SELECT level FROM suspect WHERE client_id = %s", client_id))


def test_the_leads_of_a_killed_batch_are_drained_alone_and_then_cleared(hands: Hands) -> None:
    client_id = new_id()
    leads = [a_lead(hands, client_id, name) for name in ("anna", "ben")]
    for name in ("anna", "ben"):
        post(hands.database, [a_delivery(client_id, a_statement(f"{name}-2"), an_email(name))])
    hold(hands, client_id, leads)
    assert ledger.drain(hands, client_id, leads).applied == 2
    assert levels(hands, client_id) == set()
    assert column(hands, "SELECT count(*) FROM holding") == [0]


@pytest.mark.parametrize(("held", "level"), [(2, "alone"), (1, "job_by_job")])
def test_a_vanished_holder_raises_the_care_that_its_leads_get(hands: Hands, held: int, level: str) -> None:
    client_id = new_id()
    leads = [a_lead(hands, client_id, name) for name in ("anna", "ben")]
    hold(hands, client_id, leads[:held])
    suspects.find_vanished(hands.witness, client_id, leads)
    assert levels(hands, client_id) == {level}


def test_only_a_job_that_was_alone_when_its_worker_died_is_charged_and_the_third_death_buries_it(
    hands: Hands,
) -> None:
    client_id = new_id()
    lead_id = a_lead(hands, client_id, "anna")
    post(hands.database, [a_delivery(client_id, a_statement("innocent"), an_email("anna"))])
    killer = add_job(hands, client_id, lead_id, a_statement("killer").text())
    for _ in range(3):
        hold(hands, client_id, [lead_id], killer)
        suspects.find_vanished(hands.witness, client_id, [lead_id])
    done = ledger.drain(hands, client_id, [lead_id])
    assert (done.applied, done.buried) == (1, 1)
    assert column(hands, "SELECT reason FROM dead_letter WHERE job_id = %s", killer) == ["killed_its_worker"]


def test_a_lead_that_is_busy_stays_a_suspect(hands: Hands, database: str) -> None:
    """Care is taken back when a lead was drained without harm, and not when somebody else had it."""
    client_id = new_id()
    lead_id = a_lead(hands, client_id, "anna")
    suspects.suspect(hands.witness, client_id, [lead_id], suspects.Level.JOB_BY_JOB)
    add_job(hands, client_id, lead_id, a_statement("other").text())
    from tests import builders

    with builders.hands(database, now=at(6)) as other, other.database.transaction():
        other.database.execute("SELECT 1 FROM lead WHERE id = %s FOR NO KEY UPDATE", (lead_id,))
        ledger._drain_with_care(hands, client_id, lead_id, suspects.Level.JOB_BY_JOB)
    assert levels(hands, client_id) == {"job_by_job"}


def test_a_word_about_a_lead_is_a_job_like_any_other(hands: Hands) -> None:
    client_id = new_id()
    lead_id = a_lead(hands, client_id, "anna")
    word = LeadStatusSaid(source=Source.MANUAL, word="won", at=at(5))
    post_to_lead(hands.database, client_id, lead_id, word, at=NOON, trace_id=new_id())
    drain_all(hands, client_id)
    assert column(hands, "SELECT base_status FROM lead WHERE id = %s", lead_id) == ["won"]
