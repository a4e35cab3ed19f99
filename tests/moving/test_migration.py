"""Promises 2, 3 and 11: a CRM's columns become history without loss, as often as one likes, and read on as before."""

from typing import Any

import psycopg
import pytest

from db import backfill_runs, legacy_rows, migrating
from db.backfill_runs import FIRST, Kind
from db.ids import new_id
from db.ledger import Hands
from db.plain_rows import stretches
from db.rolling_back import roll_back
from pipeline.comparison import Cause
from tests.laws.books import books_of, versions_of
from tests.moving.crm import (
    CONSISTENT,
    KINDS,
    a_booking,
    calendly,
    migrated,
    move_in,
    nudge,
    shown,
    tell,
    verified,
)


def appointments(hands: Hands, client_id: Any, who: str) -> list[tuple[str, str]]:
    rows = hands.database.execute(
        """SELECT provider, external_id FROM appointment WHERE client_id = %s AND lead_id =
           (SELECT id FROM lead WHERE client_id = %s AND external_id = %s) ORDER BY 1, 2""",
        (client_id, client_id, f"crm-{who}"),
    )
    return [(provider, name.partition("legacy:")[2][36:] or name) for provider, name in rows]


def test_every_kind_of_row_is_migrated_without_loss_and_what_reads_otherwise_has_its_reason(
    hands: Hands,
) -> None:
    client_id = new_id()
    move_in(hands, client_id)
    run = migrated(hands, client_id)
    found, listed = verified(hands, client_id)
    assert (found.lost, found.surplus, found.by_cause[Cause.UNEXPLAINED]) == (0, 0, 0)
    assert CONSISTENT & listed.keys() == set(), "a consistent lead reads as before"
    assert {name: n for name, n in run.counts.items() if n} == {"scanned": 15, "created": 15, "skipped": 1}
    assert appointments(hands, client_id, "both") == [("calendly", "c3"), ("ghl", "g3")]
    assert appointments(hands, client_id, "twin-late") == [("calendly", "c11")]
    assert appointments(hands, client_id, "twin-early") == [("calendly", ":shared:c11")]
    assert listed["both"] == {"ghl_appointment_id": Cause.SEVERAL_APPOINTMENTS}
    assert listed["label"] == {"booked_slot": Cause.NOT_A_TIME}
    assert listed["unknown-status"] == {"appointment_status": Cause.UNKNOWN_WORD}


def test_a_second_run_creates_and_updates_nothing(hands: Hands) -> None:
    client_id = new_id()
    move_in(hands, client_id)
    migrated(hands, client_id)
    before = versions_of(hands.database, client_id)
    again = migrated(hands, client_id, size=4)
    assert (again.counts.get("created", 0), again.counts["exists"], again.counts["scanned"]) == (0, 15, 15)
    assert versions_of(hands.database, client_id) == before


def test_a_dry_run_writes_nothing_and_counts_what_the_run_does(hands: Hands) -> None:
    client_id = new_id()
    move_in(hands, client_id)
    before = versions_of(hands.database, client_id)
    rows = next(stretches(hands.database, client_id, FIRST, 100))
    counted = migrating.rehearse(hands.database, client_id, rows).counts
    assert versions_of(hands.database, client_id) == before
    done = migrated(hands, client_id).counts
    assert {name: n for name, n in counted.items() if n} == {name: n for name, n in done.items() if n}


def test_the_drain_that_meets_a_lead_and_the_bulk_run_give_the_same_books(hands: Hands) -> None:
    """Rule 22: a law, over every kind of row."""
    lazy, bulk, late = new_id(), new_id(), new_id()
    for client_id in (lazy, bulk, late):
        move_in(hands, client_id)
    migrated(hands, bulk)
    for client_id in (lazy, bulk, late):
        for who in KINDS:
            nudge(hands, client_id, who)
    migrated(hands, late)
    assert books_of(hands.database, lazy) == books_of(hands.database, bulk) == books_of(hands.database, late)


@pytest.mark.parametrize("first", ["webhook", "migration"])
def test_an_event_without_its_invitee_is_adopted_by_the_invitee_and_never_a_second_row(
    hands: Hands, first: str
) -> None:
    client_id = new_id()
    kinds = {"anna": {**calendly("x"), "calendly_invitee_uri": ""}}
    move_in(hands, client_id, kinds)
    said = a_booking("real", "e-x")
    if first == "migration":
        migrated(hands, client_id)
        assert appointments(hands, client_id, "anna") == [("calendly", ":event:e-x")]
    tell(hands, client_id, "anna", said)
    migrated(hands, client_id)
    assert appointments(hands, client_id, "anna") == [("calendly", "real")]
    assert verified(hands, client_id)[0].holds


def test_a_second_candidate_gives_an_adopted_appointment_its_own_row_again(hands: Hands) -> None:
    client_id = new_id()
    move_in(hands, client_id, {"anna": {**calendly("x"), "calendly_invitee_uri": ""}})
    migrated(hands, client_id)
    tell(hands, client_id, "anna", a_booking("one", "e-x"))
    tell(hands, client_id, "anna", a_booking("two", "e-x", hour=2))
    assert appointments(hands, client_id, "anna") == [
        ("calendly", ":event:e-x"),
        ("calendly", "one"),
        ("calendly", "two"),
    ]


def test_the_old_application_reads_the_same_before_during_and_after(hands: Hands, database: str) -> None:
    """Promise 11, by plain SQL and as a role that may do nothing else."""
    client_id = new_id()
    move_in(hands, client_id)
    role = f"reader_{client_id.hex}"
    hands.database.execute(f"CREATE ROLE {role}")
    hands.database.execute(f'GRANT SELECT ON "Lead" TO {role}')
    with psycopg.connect(database, autocommit=True) as old:
        old.execute(f"SET ROLE {role}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            old.execute("SELECT email FROM lead")
        reader = Hands(old, old, hands.ringer)
        before = shown(reader, client_id)
        run = backfill_runs.begin(hands.database, client_id, Kind.MIGRATION)
        for rows in stretches(hands.database, client_id, FIRST, 1):
            migrating.migrate(hands.database, run, rows, hands.ringer, lambda _: None)
            now = shown(reader, client_id)
            assert {who: now[who] for who in CONSISTENT} == {who: before[who] for who in CONSISTENT}
        assert run.counts["created"] == 15
    hands.database.execute(f"DROP OWNED BY {role}")
    hands.database.execute(f"DROP ROLE {role}")


def test_the_migration_changes_no_leads_status(hands: Hands) -> None:
    client_id = new_id()
    move_in(hands, client_id)
    migrated(hands, client_id)
    assert hands.database.execute(
        "SELECT DISTINCT status FROM lead WHERE client_id = %s", (client_id,)
    ).fetchall() == [("new",)]


def test_a_run_is_rolled_back_to_what_the_crm_said_and_can_be_repeated(hands: Hands) -> None:
    client_id = new_id()
    move_in(hands, client_id)
    before, books = shown(hands, client_id), books_of(hands.database, client_id)
    run = migrated(hands, client_id)
    after = books_of(hands.database, client_id)
    for rows in legacy_rows.batches(hands.database, client_id, FIRST, 4):
        roll_back(hands.database, client_id, run.id, rows, hands.ringer)
    assert shown(hands, client_id) == before
    assert books_of(hands.database, client_id) == books
    migrated(hands, client_id)
    assert books_of(hands.database, client_id) == after


def test_a_rollback_keeps_what_a_webhook_said_meanwhile(hands: Hands) -> None:
    untouched, client_id = new_id(), new_id()
    for one in (untouched, client_id):
        move_in(hands, one)
    run = migrated(hands, client_id)
    for one in (client_id, untouched):
        nudge(hands, one, "ghl")
    for rows in legacy_rows.batches(hands.database, client_id, FIRST, 4):
        roll_back(hands.database, client_id, run.id, rows, hands.ringer)
    assert ("calendly", "new-ghl") in appointments(hands, client_id, "ghl")
    migrated(hands, client_id)
    migrated(hands, untouched)
    assert books_of(hands.database, client_id) == books_of(hands.database, untouched)
