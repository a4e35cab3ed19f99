"""Imports, merges and the guard: how people move in and become one, with their history (RULES 2-4, 22)."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from db import ledger, people
from db.ids import new_id
from db.importing import Imported, import_rows
from db.inbox import Ring, post, post_to_lead
from db.ledger import Hands
from pipeline.job import LeadStatusSaid, MergeAsked
from pipeline.observation import Observation, Schedule, StatusWord
from pipeline.words import Source, Status
from tests.laws.books import books_of, versions_of
from tests.laws.people import drain_all
from tests.statements import NOON, PEPPER, a_delivery, a_statement, an_email, at

LEGACY = {
    "email": "anna@example.com",
    "appointment_provider": "calendly",
    "calendly_invitee_uri": "https://api.calendly.com/scheduled_events/e/invitees/old",
    "appointment_status": "showed",
    "appointment_start_at": "2026-01-05T10:00:00Z",
    "appointment_booked_at": "2026-01-01T10:00:00Z",
    "updated_at": "2026-02-01T00:00:00Z",
}


def booked(name: str, *, hour: float = 0) -> Observation:
    return a_statement(
        name,
        version_at=at(hour),
        status=StatusWord(word=Status.CONFIRMED),
        schedule=Schedule(start_at=at(24)),
        booked_at=at(hour),
    )


def imported(hands: Hands, client_id: UUID, *rows: dict[str, str]) -> Imported:
    done = import_rows(hands.database, client_id, PEPPER, "US", iter(list(enumerate(rows, 1))))
    drain_all(hands, client_id)
    return done


def tell(hands: Hands, client_id: UUID, who: str, said: Observation) -> UUID:
    lead_id = post(hands.database, [a_delivery(client_id, said, an_email(who))]).rings[0].lead_id
    drain_all(hands, client_id)
    return lead_id


def lead(hands: Hands, client_id: UUID) -> dict[str, Any]:
    """The only lead's books."""
    (only,) = books_of(hands.database, client_id).values()
    return only


def statuses(hands: Hands, client_id: UUID) -> dict[str, str]:
    rows = hands.database.execute(
        "SELECT external_id, status FROM appointment WHERE client_id = %s", (client_id,)
    )
    return dict(rows.fetchall())


def test_an_import_makes_the_stub_the_lead_with_its_history_kept(hands: Hands) -> None:
    """Rule 2."""
    client_id = new_id()
    tell(hands, client_id, "anna", booked("one"))
    imported(hands, client_id, {"external_id": "crm-1", "email": " Anna@Example.com "})
    mine = lead(hands, client_id)
    assert (mine["stub"], mine["appointment_count"]) == (False, 1)


def test_importing_again_changes_nothing(hands: Hands) -> None:
    client_id = new_id()
    row = {**LEGACY, "external_id": "crm-1", "status": "replied"}
    imported(hands, client_id, row)
    tell(hands, client_id, "anna", booked("one"))
    before = versions_of(hands.database, client_id)
    again = imported(hands, client_id, row)
    assert (again.created, again.bad) == (0, [])
    assert versions_of(hands.database, client_id) == before


def test_a_legacy_rollup_becomes_observations_when_a_drain_meets_the_lead(hands: Hands) -> None:
    """Rule 22."""
    client_id = new_id()
    imported(hands, client_id, LEGACY)
    shown = lead(hands, client_id)
    assert (shown["rollup_version"], shown["appointment_status"], shown["appointments"]) == (0, "showed", {})
    tell(hands, client_id, "anna", booked("new"))
    assert statuses(hands, client_id) == {"old": "showed", "new": "confirmed"}
    assert lead(hands, client_id)["appointments"]["calendly", "old"]["source"] == "migration"


def test_a_legacy_rollup_counts_whether_it_or_a_webhook_came_first(hands: Hands) -> None:
    """Rules 2 and 22: a CRM that moves in after the first webhook brings its history too."""
    first, second = new_id(), new_id()
    imported(hands, first, LEGACY)
    tell(hands, first, "anna", booked("new"))
    tell(hands, second, "anna", booked("new"))
    imported(hands, second, LEGACY)
    tell(hands, second, "anna", booked("new"))
    assert books_of(hands.database, second) == books_of(hands.database, first)


@pytest.mark.parametrize("provider", ["Calendly", "CALENDLY", " calendly ", "HubSpot"])
def test_a_legacy_provider_in_another_spelling_costs_no_job(hands: Hands, provider: str) -> None:
    """A CRM's own columns are anybody's text: they never bury what a provider said."""
    client_id = new_id()
    imported(hands, client_id, {**LEGACY, "calendly_invitee_uri": "", "appointment_provider": provider})
    tell(hands, client_id, "anna", booked("new"))
    assert statuses(hands, client_id).get("new") == "confirmed"


def test_an_appointment_that_a_legacy_row_names_belongs_to_that_lead(hands: Hands) -> None:
    """Rule 1: the appointment's key is stronger than the address of an assistant who moves it."""
    client_id = new_id()
    imported(hands, client_id, LEGACY)
    tell(hands, client_id, "assistant", booked("old"))
    tell(hands, client_id, "anna", booked("new"))
    owners = hands.database.execute(
        "SELECT count(DISTINCT lead_id), bool_and(folded IS NOT NULL) FROM appointment WHERE client_id = %s",
        (client_id,),
    ).fetchall()
    assert owners == [(1, True)]
    assert lead(hands, client_id)["appointment_count"] == 2


@pytest.mark.parametrize("word", ["new", "replied"])
def test_an_imported_word_stands_whether_it_or_a_webhook_came_first(hands: Hands, word: str) -> None:
    """Rule 23: the base has its own time, which is the import's; order does not matter."""
    first, second = new_id(), new_id()
    row = {"email": "anna@example.com", "status": word}
    imported(hands, first, row)
    tell(hands, first, "anna", booked("one"))
    tell(hands, second, "anna", booked("one"))
    imported(hands, second, row)
    assert lead(hands, second)["status"] == lead(hands, first)["status"] == word


def test_a_stub_is_merged_on_evidence_and_its_jobs_follow(hands: Hands) -> None:
    """Rules 3 and 4."""
    client_id = new_id()
    imported(hands, client_id, {"external_id": "crm-1", "email": "anna@example.com"})
    stub = tell(hands, client_id, "private", booked("one"))
    post(
        hands.database, [a_delivery(client_id, booked("one", hour=1), an_email("private"), an_email("anna"))]
    )
    drain_all(hands, client_id)
    assert lead(hands, client_id)["appointment_count"] == 1
    word = LeadStatusSaid(source=Source.MANUAL, word="won", at=at(5))
    post_to_lead(hands.database, client_id, stub, word, at=NOON, trace_id=new_id())
    drain_all(hands, client_id)
    assert lead(hands, client_id)["status"] == "won"


def test_the_winner_is_rung_for_jobs_that_were_forwarded_to_it(hands: Hands) -> None:
    """DESIGN 6: a forwarded job is rung for; nobody waits for the sweeper."""
    client_id = new_id()
    loser, winner = (tell(hands, client_id, who, booked(who)) for who in ("anna", "ben"))
    people.act(hands, client_id, loser, MergeAsked(source=Source.MANUAL, into=winner), NOON)
    rung: list[Ring] = []
    mine = Hands(hands.database, hands.witness, rung.extend)
    word = LeadStatusSaid(source=Source.MANUAL, word="won", at=at(5))
    post_to_lead(hands.database, client_id, loser, word, at=NOON, trace_id=new_id())
    ledger.drain(mine, client_id, [loser])
    assert winner in {ring.lead_id for ring in rung}


def test_what_a_person_says_of_a_merged_lead_is_applied_within_the_request(hands: Hands) -> None:
    """DESIGN 6: people's acts are drained within the same request, through a merge too."""
    client_id = new_id()
    loser, winner = (tell(hands, client_id, who, booked(who)) for who in ("anna", "ben"))
    people.act(hands, client_id, loser, MergeAsked(source=Source.MANUAL, into=winner), NOON)
    people.act(hands, client_id, loser, LeadStatusSaid(source=Source.MANUAL, word="won", at=at(5)), NOON)
    assert lead(hands, client_id)["status"] == "won"


def test_two_real_leads_that_evidence_ties_are_listed_and_stay_two(hands: Hands) -> None:
    """Rule 3."""
    client_id = new_id()
    imported(hands, client_id, {"email": "anna@example.com"}, {"email": "ben@example.com"})
    post(hands.database, [a_delivery(client_id, booked("one"), an_email("anna"), an_email("ben"))])
    drain_all(hands, client_id)
    conflicts = hands.database.execute(
        "SELECT count(*) FROM lead_conflict WHERE client_id = %s", (client_id,)
    ).fetchall()
    assert conflicts == [(1,)]
    assert sorted(one["appointment_count"] for one in books_of(hands.database, client_id).values()) == [0, 1]


def test_a_stub_that_became_real_meanwhile_is_no_longer_merged_by_evidence(hands: Hands) -> None:
    """Rule 3: evidence is weighed when the merge is carried out, not when it was asked for."""
    client_id = new_id()
    imported(hands, client_id, {"email": "anna@example.com"}, {"email": "ben@example.com"})
    anna, ben = (tell(hands, client_id, who, booked(who)) for who in ("anna", "ben"))
    asked = MergeAsked(source=Source.WEBHOOK, into=anna, by_evidence=True)
    post_to_lead(hands.database, client_id, ben, asked, at=NOON, trace_id=new_id())
    drain_all(hands, client_id)
    assert [one["appointment_count"] for one in books_of(hands.database, client_id).values()] == [1, 1]
    conflicts = hands.database.execute(
        "SELECT lead_a, lead_b FROM lead_conflict WHERE client_id = %s", (client_id,)
    )
    assert conflicts.fetchall() == [tuple(sorted((anna, ben)))]


def test_two_people_whose_legacy_rows_name_one_appointment_stay_two(hands: Hands) -> None:
    """Rule 3: a CRM has doubles. Both keep what their row said, neither takes the other's name, a person decides."""
    client_id = new_id()
    rows = [{**LEGACY, "external_id": f"crm-{who}", "email": f"{who}@example.com"} for who in ("anna", "ben")]
    imported(hands, client_id, *rows)
    leads = [
        post(hands.database, [a_delivery(client_id, booked(f"{who}-new"), an_email(who))]).rings[0].lead_id
        for who in ("anna", "ben")
    ]
    done = ledger.drain(hands, client_id, leads)
    assert (done.applied, done.retried, done.buried) == (2, 0, 0)
    drain_all(hands, client_id)
    counts = [one["appointment_count"] for one in books_of(hands.database, client_id).values()]
    assert sorted(counts) == [2, 2]
    contacts = hands.database.execute(
        "SELECT external_id, email FROM lead WHERE client_id = %s", (client_id,)
    )
    assert set(contacts.fetchall()) == {("crm-anna", "anna@example.com"), ("crm-ben", "ben@example.com")}


def test_two_people_of_a_crm_who_share_a_telephone_stay_two(hands: Hands) -> None:
    """Rule 3: the CRM's own id says who is who; what it shares with another of its leads is a conflict."""
    client_id = new_id()
    anna = {"external_id": "crm-1", "email": "anna@example.com", "phone": "+12025550123"}
    imported(hands, client_id, anna, {**anna, "external_id": "crm-2", "email": "ben@example.com"})
    contacts = hands.database.execute(
        "SELECT external_id, email FROM lead WHERE client_id = %s", (client_id,)
    )
    assert set(contacts.fetchall()) == {("crm-1", "anna@example.com"), ("crm-2", "ben@example.com")}
    conflicts = hands.database.execute(
        "SELECT count(*) FROM lead_conflict WHERE client_id = %s", (client_id,)
    )
    assert conflicts.fetchall() == [(1,)]


def test_a_half_that_nobody_names_any_more_is_not_kept(hands: Hands) -> None:
    """Compute, then save: rows that no fact asks for depend on the order in which the facts came."""
    from pipeline.observation import Links

    old = a_statement("A", version_at=at(0), links=Links(replaced_by="B"))
    newer = a_statement("A", version_at=at(1), links=Links(replaced_by="C"))
    first, second = new_id(), new_id()
    for said in (old, newer):
        tell(hands, first, "anna", said)
    for said in (newer, old):
        tell(hands, second, "anna", said)
    assert books_of(hands.database, first) == books_of(hands.database, second)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE lead SET status = 'won'",
        "UPDATE lead SET appointment_count = 7",
        "UPDATE lead SET rollup_valid_until = now()",
        "UPDATE lead SET recompute_at = now() + interval '1 day'",
        "INSERT INTO lead (client_id, id, appointment_status) VALUES (gen_random_uuid(), gen_random_uuid(), 'showed')",
        "INSERT INTO lead (client_id, id, next_appointment_start_at) VALUES (gen_random_uuid(), gen_random_uuid(), now())",
        "INSERT INTO lead (client_id, id, status) VALUES (gen_random_uuid(), gen_random_uuid(), 'won')",
    ],
)
def test_nothing_but_the_ledger_writes_the_rollup_columns(hands: Hands, statement: str) -> None:
    """DESIGN 7: for the table's owner too."""
    client_id = new_id()
    tell(hands, client_id, "anna", booked("one"))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        hands.database.execute(statement.encode())


def test_a_contact_may_be_written_without_the_ledger(hands: Hands) -> None:
    client_id = new_id()
    tell(hands, client_id, "anna", booked("one"))
    hands.database.execute("UPDATE lead SET first_name = 'Anna' WHERE client_id = %s", (client_id,))
