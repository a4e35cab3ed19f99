"""GET /api/v1/leads/{id}/booking-status: computed from the appointments, at any instant."""

from datetime import timedelta

import pytest

from db.importing import import_rows
from pipeline.words import Status
from tests.web.conftest import Web
from tests.web.story import NOW, a_meeting, deliver, told

DAY = timedelta(days=1)


def test_an_upcoming_meeting_has_the_shape_of_the_design(web: Web) -> None:
    lead = deliver(web.hands, told(web.client, a_meeting(booked_at=NOW - DAY)))
    body = web.http.get(f"/api/v1/leads/{lead}/booking-status", headers=web.token()).json()
    row = web.database.execute("SELECT id FROM appointment").fetchone()
    assert row is not None
    assert body == {
        "lead_id": str(lead),
        "has_appointment": True,
        "has_history": True,
        "appointment_count": 1,
        "appointment_id": str(row[0]),
        "provider": "calendly",
        "source": "webhook",
        "status": "confirmed",
        "start_at": "2026-06-12T09:00:00Z",
        "end_at": "2026-06-12T09:30:00Z",
        "booked_at": "2026-06-09T09:00:00Z",
        "booked_slot": "2026-06-12T09:00:00Z",
        "canceled_at": None,
        "next_start_at": "2026-06-12T09:00:00Z",
        "lead_status": "meeting-booked",
        "why": "upcoming",
        "as_of": "2026-06-10T09:00:00Z",
    }


@pytest.mark.parametrize(
    ("meeting", "why"),
    [
        (a_meeting(start_at=NOW - DAY), "last_held"),
        (a_meeting(status=Status.CANCELED), "last_canceled"),
        (a_meeting(status=Status.INVALID), "only_history"),
    ],
)
def test_without_an_upcoming_meeting_there_is_history_and_a_reason(
    web: Web, meeting: object, why: str
) -> None:
    lead = deliver(web.hands, told(web.client, meeting))  # type: ignore[arg-type]
    body = web.http.get(f"/api/v1/leads/{lead}/booking-status", headers=web.token()).json()
    assert (body["has_appointment"], body["why"], body["next_start_at"]) == (False, why, None)
    assert body["has_history"] is (why != "only_history")


def test_a_lead_without_meetings_has_none(web: Web) -> None:
    lead = imported(web, status="contacted")
    body = web.http.get(f"/api/v1/leads/{lead}/booking-status", headers=web.token()).json()
    assert (body["has_appointment"], body["has_history"], body["appointment_count"]) == (False, False, 0)
    assert (body["appointment_id"], body["status"], body["why"]) == (None, None, "none")
    assert body["lead_status"] == "contacted"


def test_an_expired_rollup_is_never_shown(web: Web) -> None:
    lead = deliver(
        web.hands,
        told(web.client, a_meeting("first", start_at=NOW + DAY)),
        told(web.client, a_meeting("second", start_at=NOW + 3 * DAY)),
    )
    web.database.execute(
        "UPDATE appointment SET start_at = %s, end_at = %s WHERE external_id = 'first'",
        (NOW - DAY, NOW - DAY + timedelta(hours=1)),
    )
    body = web.http.get(f"/api/v1/leads/{lead}/booking-status", headers=web.token()).json()
    assert body["start_at"] == "2026-06-13T09:00:00Z"


def test_as_of_stands_in_for_now_and_is_no_part_of_the_etag(web: Web) -> None:
    lead = deliver(web.hands, told(web.client))
    url, headers = f"/api/v1/leads/{lead}/booking-status", web.token()
    before = web.http.get(url, params={"as_of": "2026-06-11T00:00:00Z"}, headers=headers)
    after = web.http.get(url, params={"as_of": "2026-07-01T00:00:00Z"}, headers=headers)
    assert (before.json()["has_appointment"], after.json()["has_appointment"]) == (True, False)
    assert after.json()["as_of"] == "2026-07-01T00:00:00Z"
    now = web.http.get(url, headers=headers)
    assert now.headers["etag"] == before.headers["etag"] != after.headers["etag"]
    assert web.http.get(url, headers=headers | {"If-None-Match": now.headers["etag"]}).status_code == 304


def test_a_lead_that_is_not_migrated_answers_from_its_crms_columns(web: Web) -> None:
    lead = imported(
        web,
        ghl_appointment_id="G1",
        appointment_start_at="2026-06-20T10:00:00Z",
        appointment_status="Confirmed",
        appointment_provider="ghl",
    )
    body = web.http.get(f"/api/v1/leads/{lead}/booking-status", headers=web.token()).json()
    assert (body["has_appointment"], body["has_history"], body["why"]) == (True, True, "upcoming")
    assert (body["provider"], body["status"], body["appointment_id"]) == ("ghl", "confirmed", None)
    assert body["start_at"] == body["next_start_at"] == body["booked_slot"] == "2026-06-20T10:00:00Z"
    listed = web.http.get("/api/v1/leads", params={"upcoming": "true"}, headers=web.token()).json()
    assert [item["id"] for item in listed["items"]] == [str(lead)]
    assert listed["items"][0]["appointment_status"] == "confirmed"


def imported(web: Web, **columns: str) -> object:
    row = {"external_id": "crm-1", "email": "ada@example.test", **columns}
    import_rows(web.database, web.client.id, web.client.pepper, "US", iter([(1, row)]))
    found = web.database.execute("SELECT id FROM lead").fetchone()
    assert found is not None
    return found[0]
