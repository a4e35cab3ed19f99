"""GET /api/v1/follow-ups and what is done with them: scoped, ordered, safe with kinds that nobody knows."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from db import connections, sign_in
from db.ids import new_id
from pipeline.observation import Observation
from pipeline.words import Provider, Status
from tests.builders import KEYRING, AClient, a_client
from tests.web.conftest import Web
from tests.web.story import NOW, a_meeting, deliver, told

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def agency(web: Web) -> Web:
    connect(web, web.client)
    return web


def connect(web: Web, client: AClient) -> None:
    for provider in Provider:
        connections.add(web.database, KEYRING, client.id, provider, secret_values={})
    web.database.execute("UPDATE connection SET follow_ups_from = %s", (NOW - 30 * DAY,))


def lost(name: str = "inv-1", **also: Any) -> Observation:
    return a_meeting(name, **{"status": Status.CANCELED, "canceled_at": NOW - 2 * HOUR, **also})


def over(name: str) -> Observation:
    return a_meeting(name, start_at=NOW - 5 * HOUR)


def listed(web: Web, role: str = "read", **asked: Any) -> dict[str, Any]:
    answer = web.http.get("/api/v1/follow-ups", params=asked, headers=web.token(role))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def do(web: Web, row: dict[str, Any], act: str, role: str = "operate", **body: Any) -> Any:
    return web.http.post(f"/api/v1/follow-ups/{row['id']}/{act}", json=body or None, headers=web.token(role))


def test_a_cancellation_is_urgent_and_says_what_to_say_in_the_leads_zone(agency: Web) -> None:
    lead = deliver(agency.hands, told(agency.client, lost()))
    agency.database.execute("UPDATE lead SET timezone = 'America/New_York'")
    (item,) = listed(agency)["items"]
    assert item["lead_id"] == str(lead)
    assert (item["kind"], item["title"]) == ("meeting-canceled", "Meeting cancelled")
    assert (item["urgent"], item["state"]) == (True, "open")
    assert item["cause_at"] == item["due_at"] == "2026-06-10T07:00:00Z"
    assert item["lost_start_at"] == "2026-06-12T09:00:00Z"
    assert item["timezone"] == "America/New_York"
    assert "Fri 12 Jun 2026 at 05:00 (New York time)" in item["suggestion"]
    assert "Ada" not in str(item)
    ((appointment_id,),) = agency.database.execute("SELECT id FROM appointment").fetchall()
    assert item["appointment_id"] == str(appointment_id)


def test_urgent_ones_come_first_then_the_sooner_due_and_pages_are_stable(agency: Web) -> None:
    for number in range(3):
        deliver(agency.hands, told(agency.client, over(f"over-{number}"), email=f"o{number}@example.test"))
        meeting = lost(f"lost-{number}", canceled_at=NOW - number * HOUR)
        deliver(agency.hands, told(agency.client, meeting, email=f"l{number}@example.test"))
    everything = listed(agency, limit=100)
    assert [item["urgent"] for item in everything["items"]] == [True] * 3 + [False] * 3
    due = [item["due_at"] for item in everything["items"][:3]]
    assert due == sorted(due)
    assert everything["counts"] == {
        "open": 6,
        "urgent": 3,
        "due": 6,
        "snoozed": 0,
        "by_kind": {"meeting-canceled": 3, "needs-outcome": 3},
    }
    paged, cursor = [], None
    while True:
        page = listed(agency, limit=2, **({"cursor": cursor} if cursor else {}))
        paged += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == everything["items"]


def test_filters_narrow_the_list(agency: Web) -> None:
    canceled = deliver(agency.hands, told(agency.client, lost()))
    waiting = deliver(agency.hands, told(agency.client, over("over"), email="ben@example.test"))
    assert [item["lead_id"] for item in listed(agency, kind="needs-outcome")["items"]] == [str(waiting)]
    assert [item["lead_id"] for item in listed(agency, urgent="true")["items"]] == [str(canceled)]
    assert [item["lead_id"] for item in listed(agency, lead_id=str(waiting))["items"]] == [str(waiting)]
    assert len(listed(agency, assignee="none")["items"]) == 2
    assert listed(agency, assignee=str(new_id()))["items"] == []
    assert len(listed(agency, due="true")["items"]) == 2
    assert listed(agency, due="false")["items"] == []
    assert listed(agency, state="done")["items"] == []


def test_completing_is_for_operators_and_undo_takes_it_back(agency: Web) -> None:
    deliver(agency.hands, told(agency.client, lost()))
    (row,) = listed(agency)["items"]
    assert do(agency, row, "complete", role="read").status_code == 403
    answer = do(agency, row, "complete")
    assert (answer.status_code, answer.json()["state"], answer.json()["acted_by"]) == (200, "done", "api")
    assert listed(agency)["items"] == []
    assert [item["id"] for item in listed(agency, state="done")["items"]] == [row["id"]]
    assert do(agency, row, "undo").json()["state"] == "open"


def test_a_provider_whose_clock_is_ahead_does_not_escape_the_act(agency: Web) -> None:
    deliver(agency.hands, told(agency.client, lost(canceled_at=NOW + HOUR)))
    (row,) = listed(agency)["items"]
    assert do(agency, row, "complete").json()["state"] == "done"


def test_snoozing_hides_it_until_its_time_and_refuses_the_past(agency: Web) -> None:
    deliver(agency.hands, told(agency.client, lost()))
    (row,) = listed(agency)["items"]
    answer = do(agency, row, "snooze", until=(NOW + DAY).isoformat())
    assert (answer.json()["state"], answer.json()["snoozed_until"]) == ("snoozed", "2026-06-11T09:00:00Z")
    found = listed(agency)
    assert (found["items"], found["counts"]["snoozed"]) == ([], 1)
    agency.database.execute("UPDATE follow_up SET snoozed_until = %s", (NOW - HOUR,))  # no tick has come yet
    assert listed(agency)["items"][0]["state"] == "open"
    for wrong in (NOW - HOUR, NOW + 400 * DAY):
        refused = do(agency, row, "snooze", until=wrong.isoformat())
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "until")


def test_assigning_names_an_operator_of_the_client(agency: Web) -> None:
    deliver(agency.hands, told(agency.client, lost()))
    (row,) = listed(agency)["items"]
    olga = sign_in.ensure_operator(agency.database, "Olga", "operate", agency.client.id)
    eve = sign_in.ensure_operator(agency.database, "Eve", "operate", a_client(agency.database, "Other").id)
    assert do(agency, row, "assign", assignee=str(olga)).json()["assignee"] == {
        "id": str(olga),
        "name": "Olga",
    }
    assert [item["id"] for item in listed(agency, assignee=str(olga))["items"]] == [row["id"]]
    for wrong in (str(eve), str(new_id())):
        refused = do(agency, row, "assign", assignee=wrong)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "assignee")
    body: dict[str, Any] = {"assignee": None}
    freed = agency.http.post(
        f"/api/v1/follow-ups/{row['id']}/assign", json=body, headers=agency.token("operate")
    )
    assert freed.json()["assignee"] is None


def test_somebody_elses_follow_up_is_not_found(agency: Web) -> None:
    deliver(agency.hands, told(agency.client, lost()))
    (row,) = listed(agency)["items"]
    other = agency.token("operate", client=a_client(agency.database, "Other"))
    assert agency.http.get("/api/v1/follow-ups", headers=other).json()["items"] == []
    for act in ("complete", "undo", "reopen"):
        assert agency.http.post(f"/api/v1/follow-ups/{row['id']}/{act}", headers=other).status_code == 404
    assert do(agency, {"id": "nonsense"}, "complete").status_code == 404
    assert listed(agency)["items"][0]["state"] == "open"


def test_a_kind_that_nobody_knows_yet_is_shown_as_it_is_and_cannot_be_acted_on(agency: Web) -> None:
    """Rule 27."""
    deliver(agency.hands, told(agency.client, lost()))
    agency.database.execute("UPDATE follow_up SET kind = 'meeting-transcribed', urgent = false")
    (item,) = listed(agency)["items"]
    assert (item["kind"], item["title"], item["urgent"]) == (
        "meeting-transcribed",
        "Meeting transcribed",
        False,
    )
    assert item["suggestion"]
    assert do(agency, item, "complete").status_code == 409


def test_what_closed_by_itself_says_why_and_can_be_reopened(agency: Web) -> None:
    deliver(agency.hands, told(agency.client, lost()))
    deliver(agency.hands, told(agency.client, a_meeting("inv-2", booked_at=NOW - HOUR)))
    (row,) = listed(agency, state="closed")["items"]
    assert (row["closed_reason"], row["closed_because"]) == ("booked-again", "They have booked again.")
    assert row["closed_at"] == "2026-06-10T08:00:00Z"
    assert do(agency, row, "reopen").json()["state"] == "open"


def test_bad_filters_are_refused_by_name(agency: Web) -> None:
    for name, value in (("state", "elsewhere"), ("assignee", "olga"), ("cursor", "x"), ("limit", 0)):
        answer = agency.http.get("/api/v1/follow-ups", params={name: value}, headers=agency.token())
        assert answer.status_code in {400, 422}
        assert answer.json()["errors"][0]["field"] == name


def test_an_outcome_by_hand_is_a_manual_fact_that_closes_the_question(agency: Web) -> None:
    lead = deliver(agency.hands, told(agency.client, over("over")))
    said = record(agency, lead, "showed")
    assert (said["status"], said["revisions"][-1]["source"]) == ("showed", "manual")
    assert listed(agency)["items"] == []
    (closed,) = listed(agency, state="closed")["items"]
    assert closed["closed_reason"] == "outcome"
    sources = agency.database.execute("SELECT source FROM observation ORDER BY received_at").fetchall()
    assert ("manual",) in sources


def test_an_outcome_is_for_operators_and_for_the_leads_own_appointments(agency: Web) -> None:
    lead = deliver(agency.hands, told(agency.client, over("over")))
    row = appointment_of(agency, "over")
    url = f"/api/v1/leads/{lead}/appointments/{row}/outcome"
    body = {"outcome": "showed"}
    assert agency.http.post(url, json=body, headers=agency.token("read")).status_code == 403
    other = agency.token("operate", client=a_client(agency.database, "Other"))
    assert agency.http.post(url, json=body, headers=other).status_code == 404
    wrong = f"/api/v1/leads/{lead}/appointments/{new_id()}/outcome"
    assert agency.http.post(wrong, json=body, headers=agency.token("operate")).status_code == 404
    bad = agency.http.post(url, json={"outcome": "maybe"}, headers=agency.token("operate"))
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "outcome")


def test_an_inferred_link_can_be_taken_apart_and_stays_so(agency: Web) -> None:
    """Rule 19: detaching is a stored fact about that pair."""
    canceled = lost("one", canceled_at=NOW - 5 * HOUR)
    deliver(agency.hands, told(agency.client, canceled))
    lead = deliver(agency.hands, told(agency.client, a_meeting("two", booked_at=NOW - 4 * HOUR)))
    url = f"/api/v1/leads/{lead}/appointments/{appointment_of(agency, 'two')}/unlink"
    linked = agency.http.get(f"/api/v1/leads/{lead}/appointments", headers=agency.token()).json()["items"]
    assert {item["link_kind"] for item in linked} == {"inferred"}
    assert agency.http.post(url, headers=agency.token("operate")).json()["link_kind"] is None
    deliver(agency.hands, told(agency.client, canceled))
    after = agency.http.get(f"/api/v1/leads/{lead}/appointments", headers=agency.token()).json()["items"]
    assert {item["link_kind"] for item in after} == {None}
    assert agency.http.post(url, headers=agency.token("operate")).status_code == 409


def test_a_busy_lead_is_answered_try_again(agency: Web, database: str) -> None:
    """DESIGN 6: what was done is stored by then, and is applied when the lead is free."""
    from db.desk import connect as connected

    deliver(agency.hands, told(agency.client, lost()))
    (row,) = listed(agency)["items"]
    with connected(database) as other, other.transaction():
        other.execute("SELECT 1 FROM lead FOR UPDATE")
        answer = do(agency, row, "complete")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert do(agency, row, "complete").json()["state"] == "done"


def appointment_of(web: Web, external_id: str) -> UUID:
    row = web.database.execute("SELECT id FROM appointment WHERE external_id = %s", (external_id,)).fetchone()
    assert row is not None
    found: UUID = row[0]
    return found


def record(web: Web, lead: UUID, outcome: str) -> dict[str, Any]:
    url = f"/api/v1/leads/{lead}/appointments/{appointment_of(web, 'over')}/outcome"
    answer = web.http.post(url, json={"outcome": outcome}, headers=web.token("operate"))
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said
