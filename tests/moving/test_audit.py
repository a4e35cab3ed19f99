"""The audit: exactly what was written past the ledger is found, with its cause, and put right."""

from uuid import UUID

import pytest

from db import auditing, backfill_runs
from db.auditing import Audited
from db.backfill_runs import FIRST, Kind
from db.ids import new_id
from db.ledger import Hands
from tests.laws.books import books_of, versions_of
from tests.moving.crm import KINDS, calendly, ghl, migrated, move_in, nudge

MANY = {f"p{n}": (calendly if n % 2 else ghl)(f"m{n}") for n in range(1050)}


def audited(hands: Hands, client_id: UUID, *, repair: bool = False) -> Audited:
    run = backfill_runs.begin(hands.database, client_id, Kind.AUDIT)
    total, place = Audited(), FIRST
    while lead_ids := auditing.next_leads(hands.database, client_id, place, 400):
        done = auditing.audit(hands.database, run, lead_ids, hands.ringer, repair=repair)
        total.counts += done.counts
        total.different += done.different
        place = lead_ids[-1]
    return total


def corrupt(hands: Hands, statement: str, *values: object) -> set[UUID]:
    """As somebody does who knows how to switch triggers off."""
    hands.database.execute("SET session_replication_role = replica")
    rows = hands.database.execute(statement.encode(), values).fetchall()
    hands.database.execute("RESET session_replication_role")
    return {row[0] for row in rows}


def test_nothing_is_found_in_books_that_the_ledger_alone_wrote(hands: Hands) -> None:
    client_id = new_id()
    move_in(hands, client_id)
    assert audited(hands, client_id).counts["different"] == 0
    nudge(hands, client_id, "event-only")
    assert audited(hands, client_id).counts["different"] == 0
    migrated(hands, client_id)
    nudge(hands, client_id, "both")
    assert audited(hands, client_id).counts["different"] == 0


def rows_of(hands: Hands, client_id: UUID) -> set[str]:
    """Every row of leads and appointments, but for the time at which it was written."""
    return {
        str(row[0])
        for table in ("lead", "appointment")
        for row in hands.database.execute(
            f"SELECT to_jsonb(t) - 'updated_at' FROM {table} t WHERE client_id = %s", (client_id,)
        )
    }


SPOILT = {
    "written_past_the_ledger": """UPDATE lead l SET appointment_status = 'no_show', booked_slot = NULL, appointment_count = 9
        FROM spoilt s WHERE s.n <= 600 AND l.id = s.id RETURNING l.id""",
    "older_rules": """UPDATE lead l SET rollup_version = 99, appointment_start_at = NULL
        FROM spoilt s WHERE s.n BETWEEN 601 AND 800 AND l.id = s.id RETURNING l.id""",
    "appointment_row_differs": """UPDATE appointment a SET start_at = start_at + interval '1 minute'
        FROM spoilt s WHERE s.n BETWEEN 801 AND 900 AND a.lead_id = s.id RETURNING a.lead_id""",
    "facts_differ": """UPDATE appointment a SET folded = folded || '{"word": "no_show"}'
        FROM spoilt s WHERE s.n BETWEEN 901 AND 1000 AND a.lead_id = s.id RETURNING a.lead_id""",
}


def test_a_thousand_rollups_that_were_corrupted_past_the_trigger_are_found_told_why_and_repaired(
    hands: Hands,
) -> None:
    """Show 4: exactly those, each with its cause, whatever was done to it."""
    client_id = new_id()
    move_in(hands, client_id, MANY)
    migrated(hands, client_id, size=400)
    before = rows_of(hands, client_id)
    hands.database.execute(
        """CREATE TEMP TABLE spoilt AS SELECT id, row_number() OVER (ORDER BY random()) AS n
           FROM lead WHERE client_id = %s""",
        (client_id,),
    )
    wrong = {lead_id: reason for reason, how in SPOILT.items() for lead_id in corrupt(hands, how)}
    assert len(wrong) == 1000
    found = audited(hands, client_id)
    assert (found.counts["checked"], found.counts["different"]) == (len(MANY), 1000)
    assert {one.lead_id: one.reason for one in found.different} == wrong
    assert {one.columns for one in found.different if one.reason == "written_past_the_ledger"} == {
        ("appointment_status", "booked_slot", "appointment_count")
    }
    assert audited(hands, client_id, repair=True).counts["repaired"] == 1000
    assert rows_of(hands, client_id) == before
    assert audited(hands, client_id).counts["different"] == 0


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE lead SET status = 'won' WHERE {who} RETURNING id", "written_past_the_ledger"),
        ("UPDATE lead SET rollup_version = 99 WHERE {who} RETURNING id", "older_rules"),
        ("UPDATE appointment SET start_at = now() WHERE {of} RETURNING lead_id", "appointment_row_differs"),
        (
            """UPDATE appointment SET folded = folded || '{{"word": "no_show"}}' WHERE {of} RETURNING lead_id""",
            "facts_differ",
        ),
    ],
    ids=["status", "version", "row", "facts"],
)
def test_each_difference_has_its_cause_and_is_repaired(hands: Hands, statement: str, reason: str) -> None:
    client_id = new_id()
    move_in(hands, client_id, {"anna": calendly("a"), "ben": ghl("b")})
    migrated(hands, client_id)
    before = books_of(hands.database, client_id)
    who = "client_id = %s AND external_id = 'crm-anna'"
    of = "client_id = %s AND external_id = 'a'"
    spoilt = corrupt(hands, statement.format(who=who, of=of), client_id)
    found = audited(hands, client_id, repair=True)
    assert [(one.lead_id, one.reason) for one in found.different] == [(spoilt.pop(), reason)]
    assert books_of(hands.database, client_id) == before


def test_facts_whose_observations_are_gone_are_told_and_kept(hands: Hands) -> None:
    client_id = new_id()
    move_in(hands, client_id, {"anna": calendly("a")})
    migrated(hands, client_id)
    hands.database.execute("DELETE FROM observation WHERE client_id = %s", (client_id,))
    found = audited(hands, client_id, repair=True)
    assert [one.reason for one in found.different] == ["observations_missing"]
    assert hands.database.execute(
        "SELECT count(*) FROM appointment WHERE client_id = %s", (client_id,)
    ).fetchone() == (1,)


def test_rebuilding_what_is_right_writes_no_row(hands: Hands) -> None:
    client_id = new_id()
    move_in(hands, client_id)
    migrated(hands, client_id)
    for who in KINDS:
        nudge(hands, client_id, who)
    before = versions_of(hands.database, client_id)
    assert audited(hands, client_id, repair=True).counts["repaired"] == 0
    assert versions_of(hands.database, client_id) == before


def test_a_rollup_whose_time_has_come_is_no_difference(hands: Hands) -> None:
    client_id = new_id()
    move_in(hands, client_id)
    migrated(hands, client_id)
    hands.database.execute("SELECT set_config('apptrail.now', '2026-04-01T00:00:00Z', false)")
    assert audited(hands, client_id).counts["different"] == 0
