"""Rules 24-27 on a real Postgres: the rows of follow-ups are what the pure pipeline says, whatever the order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from db import connections, ledger, people
from db.desk import Database
from db.inbox import post
from db.ledger import Hands
from pipeline.book import Book, compute, enter
from pipeline.job import FollowUpAct, MergeAsked
from pipeline.observation import Links, Observation, Outcome, Schedule, StatusWord
from pipeline.words import Act, FollowUpKind, Provider, Source, Status
from tests import builders
from tests.laws.people import Telling, drain_all, tellings
from tests.pipeline.strategies import rearranged
from tests.statements import a_delivery, a_statement, an_email, at

law = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
NOT_COMPARED = {"client_id", "id", "lead_id", "created_at", "updated_at"}
SINCE = dict.fromkeys(Provider, at(0))


@dataclass(frozen=True)
class Agency:
    id: UUID
    hands: Hands

    def tell(self, who: str, *said: Observation) -> UUID:
        parcels = [a_delivery(self.id, one, an_email(who)) for one in said]
        lead_id = post(self.hands.database, parcels).rings[0].lead_id
        drain_all(self.hands, self.id)
        return lead_id

    def act(self, lead_id: UUID, external_id: str, act: Act, hour: float, **also: Any) -> None:
        stated = {"of": FollowUpKind.MEETING_CANCELED, "provider": Provider.CALENDLY, **also}
        said = FollowUpAct(external_id=external_id, act=act, at=at(hour), **stated)
        people.act(self.hands, self.id, lead_id, said, at(hour))

    def rows(self) -> list[dict[str, Any]]:
        return rows_of(self.hands.database, self.id)


_names = iter(range(1_000_000))


def an_agency(hands: Hands) -> Agency:
    """A client whose connections raise follow-ups from noon on."""
    client = builders.a_client(hands.database, f"Agency {next(_names)}")
    for provider in Provider:
        connections.add(hands.database, builders.KEYRING, client.id, provider, secret_values={})
    hands.database.execute(
        "UPDATE connection SET follow_ups_from = %s WHERE client_id = %s", (at(0), client.id)
    )
    return Agency(client.id, hands)


@pytest.fixture
def agency(hands: Hands) -> Agency:
    return an_agency(hands)


def rows_of(database: Database, client_id: UUID) -> list[dict[str, Any]]:
    """The rows, but for ids and times of writing, in one order."""
    with database.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute("SELECT * FROM follow_up WHERE client_id = %s", (client_id,)).fetchall()
    told = [{name: value for name, value in row.items() if name not in NOT_COMPARED} for row in found]
    return sorted(told, key=lambda row: (row["kind"], row["provider"], row["external_id"]))


def played(hands: Hands, batches: Sequence[Sequence[Telling]]) -> Agency:
    agency = an_agency(hands)
    for batch in batches:
        if batch:
            post(hands.database, [one.parcel(agency.id) for one in batch])
            drain_all(hands, agency.id)
    return agency


def lost(name: str, hour: float, **also: Any) -> Observation:
    stated = {"status": StatusWord(word=Status.CANCELED), "schedule": Schedule(start_at=at(48))}
    return a_statement(name, version_at=at(hour), **{**stated, "booked_at": at(-9), **also})


@law
@given(st.data(), st.lists(tellings(), max_size=7))
def test_any_order_repetition_and_batching_stores_the_same_follow_ups(
    hands: Hands, data: st.DataObject, told: list[Telling]
) -> None:
    straight, mixed = played(hands, [told]), played(hands, data.draw(rearranged(told)))
    assert mixed.rows() == straight.rows()


@law
@given(st.lists(tellings(person="anna"), min_size=1, max_size=7))
def test_what_is_stored_is_what_the_book_adds_up_to(hands: Hands, told: list[Telling]) -> None:
    agency = played(hands, [[one] for one in told])
    computed = compute(enter(Book(since=SINCE), [one.said for one in told]), at(6))
    stored = {
        (row["kind"], row["provider"], row["external_id"]): (row["state"], row["cause_at"], row["due_at"])
        for row in agency.rows()
    }
    assert stored == {
        tuple(key): (one.state, one.cause_at, one.due_at) for key, one in computed.follow_ups.items()
    }


@law
@given(st.lists(tellings(), min_size=1, max_size=6))
def test_replaying_everything_writes_no_follow_up(hands: Hands, told: list[Telling]) -> None:
    agency = played(hands, [told])
    before = versions(agency)
    post(hands.database, [one.parcel(agency.id) for one in told])
    drain_all(hands, agency.id)
    assert versions(agency) == before


def test_what_a_person_has_dealt_with_stays_dealt_with_under_replays(agency: Agency) -> None:
    lead = agency.tell("anna", lost("one", 1), lost("two", 2))
    agency.act(lead, "one", Act.DONE, 3, by="olga")
    agency.tell("anna", lost("one", 1), lost("one", 4), lost("two", 2))
    assert {row["external_id"]: row["state"] for row in agency.rows()} == {"one": "done", "two": "open"}
    agency.act(lead, "one", Act.UNDO, 5)
    assert {row["state"] for row in agency.rows()} == {"open"}


def test_a_snooze_is_over_when_the_tick_computes_the_lead_again(agency: Agency, database: str) -> None:
    lead = agency.tell("anna", lost("one", 1))
    agency.act(lead, "one", Act.SNOOZE, 3, until=at(7))
    (row,) = agency.rows()
    assert (row["state"], row["due_at"]) == ("snoozed", at(7))
    (recompute_at,) = agency.hands.database.execute("SELECT recompute_at FROM lead").fetchall()
    assert recompute_at == (at(7),)
    with builders.hands(database, now=at(7)) as later:
        ledger.drain(later, agency.id, [lead])
    assert agency.rows()[0]["state"] == "open"


def test_an_end_makes_an_outcome_due_without_news(agency: Agency, database: str) -> None:
    meeting = lost(
        "one", 1, status=StatusWord(word=Status.CONFIRMED), schedule=Schedule(start_at=at(8), end_at=at(9))
    )
    lead = agency.tell("anna", meeting)
    assert agency.rows() == []
    for now, due in ((8, 0), (9, 1)):  # at its start the rollup expires, at its end the question is due
        with builders.hands(database, now=at(now)) as later:
            ledger.drain(later, agency.id, [lead])
        assert len(agency.rows()) == due
    (row,) = agency.rows()
    assert (row["kind"], row["due_at"], row["urgent"]) == ("needs-outcome", at(9), False)


def test_an_outcome_by_hand_closes_the_question(agency: Agency) -> None:
    meeting = lost("one", 1, status=StatusWord(word=Status.CONFIRMED), schedule=Schedule(start_at=at(2)))
    lead = agency.tell("anna", meeting)
    assert agency.rows()[0]["state"] == "open"
    outcome = a_statement(
        "one",
        source=Source.MANUAL,
        version_at=None,
        observed_at=at(5),
        outcome=Outcome(word=Status.SHOWED, at=at(5)),
    )
    people.act(agency.hands, agency.id, lead, outcome, at(5))
    (row,) = agency.rows()
    assert (row["state"], row["closed_reason"], row["closed_at"]) == ("closed", "outcome", at(5))


def test_a_loss_that_turns_out_to_be_a_move_leaves_no_cancellation_behind(agency: Agency) -> None:
    """Pitfall C2, where even the old half's own word came without its mark."""
    agency.tell("anna", lost("old", 1))
    assert [row["kind"] for row in agency.rows()] == ["meeting-canceled"]
    new = lost(
        "new", 1, status=StatusWord(word=Status.CONFIRMED), booked_at=at(1), links=Links(replaces="old")
    )
    agency.tell("anna", new)
    assert [(row["kind"], row["external_id"]) for row in agency.rows()] == [("meeting-rescheduled", "old")]


@pytest.mark.parametrize("first", ["kept", "gone"])
def test_a_merge_moves_follow_ups_and_what_was_done_with_them(agency: Agency, first: str) -> None:
    """Rule 4."""
    people_of = {who: agency.tell(who, lost(f"{who}-one", 1)) for who in ("kept", "gone")}
    agency.act(people_of[first], f"{first}-one", Act.DONE, 3)
    merge = MergeAsked(source=Source.MANUAL, into=people_of["kept"])
    people.act(agency.hands, agency.id, people_of["gone"], merge, at(4))
    states = {row["external_id"]: row["state"] for row in agency.rows()}
    other = "gone" if first == "kept" else "kept"
    assert states == {f"{first}-one": "done", f"{other}-one": "open"}
    owners = agency.hands.database.execute("SELECT DISTINCT lead_id FROM follow_up").fetchall()
    assert owners == [(people_of["kept"],)]


def test_a_kind_of_a_newer_release_is_left_alone(agency: Agency) -> None:
    agency.tell("anna", lost("one", 1))
    agency.hands.database.execute("UPDATE follow_up SET kind = 'meeting-transcribed'")
    agency.tell("anna", lost("two", 2))
    assert [row["kind"] for row in agency.rows()] == [
        "meeting-canceled",
        "meeting-canceled",
        "meeting-transcribed",
    ]


def test_without_a_connection_there_are_no_follow_ups(hands: Hands) -> None:
    client = builders.a_client(hands.database, "Nobody's")
    Agency(client.id, hands).tell("anna", lost("one", 1))
    assert rows_of(hands.database, client.id) == []


def versions(agency: Agency) -> set[Any]:
    query = "SELECT id, xmin::text FROM follow_up WHERE client_id = %s"
    return set(agency.hands.database.execute(query, (agency.id,)).fetchall())
