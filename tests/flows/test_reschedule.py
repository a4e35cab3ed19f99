"""Promises 5 and 7: the pair of a reschedule becomes a chain, whatever order it comes in and whoever dies."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.flows.calendly_bodies import booked, canceled
from tests.flows.stack import Stack

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
START, NEW_START = NOW + timedelta(days=3), NOW + timedelta(days=5)
BOOKED, MOVED = NOW - timedelta(days=2), NOW - timedelta(days=1)


@pytest.fixture(scope="module")
def served(stack: Stack) -> Stack:
    stack.start_web()
    return stack


def halves(person: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    email = f"{person}@example.com"
    first = booked(f"{person}A", email, START, START + timedelta(minutes=30), BOOKED)
    old = canceled(first, MOVED, replaced_by=f"{person}B")
    new = booked(
        f"{person}B", email, NEW_START, NEW_START + timedelta(minutes=30), MOVED, replaces=f"{person}A"
    )
    return first, old, new


def told(stack: Stack, person: str) -> list[dict[str, Any]]:
    """The API's answer, but for ids and the person's own mark."""
    items = stack.appointments(stack.lead_of(f"{person}@example.com"))
    place = {item["id"]: number for number, item in enumerate(items)}
    for item in items:
        for key in ("id", "rescheduled_from_id", "rescheduled_to_id"):
            item[key] = place.get(item[key])
        for key in ("created_at", "updated_at"):
            del item[key]
    return [_without(person, item) for item in items]


def _without(person: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(person, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without(person, inner) for inner in value]
    return value.replace(person, "X") if isinstance(value, str) else value


def test_both_orders_of_a_reschedule_end_in_the_same_books_though_workers_are_killed(served: Stack) -> None:
    answers = []
    for person, order in (("anna", (0, 1, 2)), ("boris", (2, 1, 0)), ("clara", (1, 2, 0))):
        bodies = halves(person)
        for half in order:
            served.start_workers()
            for _ in range(5):
                assert served.deliver(bodies[half]).status_code == 200
            served.kill("worker")
            served.kill("bulk")
        served.start_workers()
        served.wait_for(served.inbox_is_empty, 15)
        served.kill("worker")
        served.kill("bulk")
        answers.append(told(served, person))
    assert answers[0] == answers[1] == answers[2]
    new, old = answers[0]
    assert [new["status"], old["status"]] == ["confirmed", "rescheduled"]
    assert new["link_kind"] == "native"
    assert new["rescheduled_from_id"] == 1
    assert old["rescheduled_to_id"] == 0
    assert new["moved_count"] == 1
    assert new["is_primary"]


def test_the_reverse_relation_is_shown_while_the_new_half_is_unknown(served: Stack) -> None:
    served.start_workers()
    _, old, new = halves("dora")
    served.deliver(old)
    served.wait_for(served.inbox_is_empty, 10)
    lead_id = served.lead_of("dora@example.com")
    (only,) = served.appointments(lead_id)
    assert only["status"] == "rescheduled"
    assert only["canceled_at"] is None
    promised = only["rescheduled_to_id"]
    served.deliver(new)
    served.wait_for(lambda: len(served.appointments(lead_id)) == 2, 10)
    assert served.appointments(lead_id)[0]["id"] == promised


def test_a_cancellation_before_its_creation_and_a_stale_creation_after_it_stay_canceled(
    served: Stack,
) -> None:
    served.start_workers()
    first = booked("ericA", "eric@example.com", START, START + timedelta(hours=1), BOOKED)
    lost = canceled(first, MOVED)
    for body in (lost, first, first):
        assert served.deliver(body).status_code == 200
        served.wait_for(served.inbox_is_empty, 10)
    (item,) = served.appointments(served.lead_of("eric@example.com"))
    assert item["status"] == "canceled"
    assert datetime.fromisoformat(item["canceled_at"]) == MOVED


def test_when_the_primary_is_canceled_the_other_coming_appointment_shows_at_once(served: Stack) -> None:
    served.start_workers()
    first = booked("finnA", "finn@example.com", START, START + timedelta(hours=1), BOOKED)
    later = booked("finnB", "finn@example.com", NEW_START, NEW_START + timedelta(hours=1), BOOKED)
    for body in (first, later, canceled(first, MOVED)):
        served.deliver(body)
    served.wait_for(served.inbox_is_empty, 10)
    lead_id = served.lead_of("finn@example.com")
    said = served.ask(f"/api/v1/leads/{lead_id}/booking-status")
    assert datetime.fromisoformat(said["start_at"]) == NEW_START
    assert said["why"] == "upcoming"
    ((start,),) = served.rows(f"SELECT appointment_start_at FROM lead WHERE id = '{lead_id}'")
    assert start == NEW_START


def test_the_next_appointment_becomes_primary_when_the_first_has_begun_with_no_write(served: Stack) -> None:
    served.start_workers()
    for name, start in (("gustA", START), ("gustB", NEW_START)):
        served.deliver(booked(name, "gust@example.com", start, start + timedelta(hours=1), BOOKED))
    served.wait_for(served.inbox_is_empty, 10)
    lead_id = served.lead_of("gust@example.com")
    before = served.rows(f"SELECT xmin::text FROM lead WHERE id = '{lead_id}'")
    as_of = (START + timedelta(minutes=1)).isoformat()
    said = served.ask(f"/api/v1/leads/{lead_id}/booking-status", as_of=as_of)
    assert datetime.fromisoformat(said["start_at"]) == NEW_START
    assert served.rows(f"SELECT xmin::text FROM lead WHERE id = '{lead_id}'") == before


def test_a_stub_becomes_the_imported_lead_with_its_history(served: Stack) -> None:
    served.start_workers()
    served.deliver(booked("hugoA", "hugo@example.com", START, START + timedelta(hours=1), BOOKED))
    served.wait_for(served.inbox_is_empty, 10)
    stub = served.lead_of("hugo@example.com")
    file = served.folder / "people.csv"
    file.write_text("external_id,email,first_name,status\ncrm-7,Hugo@Example.com ,Hugo,contacted\n")
    served.cli("leads", "import", "agency", str(file))
    served.wait_for(served.inbox_is_empty, 10)
    assert served.lead_of("hugo@example.com") == stub
    assert len(served.appointments(stub)) == 1
    assert served.rows(f"SELECT stub, first_name, external_id FROM lead WHERE id = '{stub}'") == [
        (False, "Hugo", "crm-7")
    ]
