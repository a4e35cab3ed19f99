"""GET /api/v1/leads/{id}/appointments: the history, page by page, as one fixed shape."""

from datetime import timedelta

import pytest

from pipeline.words import Provider, Source, Status
from tests.web.conftest import Web
from tests.web.story import NOW, a_meeting, deliver, told

KEYS = {
    "id", "provider", "source", "status", "start_at", "end_at", "timezone", "booked_at", "canceled_at",
    "cancel_reason", "created_at", "updated_at", "ghl_appointment_id", "calendly_invitee_uri",
    "calendly_scheduled_event_uri", "rescheduled_from_id", "rescheduled_to_id", "link_kind", "moved_count",
    "is_primary", "revisions",
}  # fmt: skip


def days(number: float) -> timedelta:
    return timedelta(days=number)


def test_an_appointment_has_the_keys_and_times_of_the_design(web: Web) -> None:
    lead = deliver(web.hands, told(web.client, a_meeting(booked_at=NOW - days(1))))
    answer = web.http.get(f"/api/v1/leads/{lead}/appointments", headers=web.token())
    body = answer.json()
    assert answer.status_code == 200
    assert list(body) == ["lead_id", "items", "next_cursor"]
    (item,) = body["items"]
    assert set(item) == KEYS
    assert (body["lead_id"], body["next_cursor"]) == (str(lead), None)
    assert item["start_at"] == "2026-06-12T09:00:00Z"
    assert item["end_at"] == "2026-06-12T09:30:00Z"
    assert (item["provider"], item["source"], item["status"]) == ("calendly", "webhook", "confirmed")
    assert item["is_primary"] is True
    assert item["ghl_appointment_id"] is None
    assert item["calendly_invitee_uri"].endswith("/invitees/inv-1")
    assert item["created_at"].endswith("Z")


def test_a_revision_says_what_changed_from_what_to_what(web: Web) -> None:
    lead = deliver(
        web.hands,
        told(web.client, a_meeting(at=NOW - days(2))),
        told(web.client, a_meeting(at=NOW - days(1), status=Status.CANCELED, canceled_at=NOW - days(1))),
    )
    body = web.http.get(f"/api/v1/leads/{lead}/appointments", headers=web.token()).json()
    first, second = body["items"][0]["revisions"]
    assert first["changes"]["status"] == {"from": None, "to": "confirmed"}
    assert second == {
        "at": "2026-06-09T09:00:00Z",
        "source": "webhook",
        "changes": {
            "status": {"from": "confirmed", "to": "canceled"},
            "canceled_at": {"from": None, "to": "2026-06-09T09:00:00Z"},
        },
    }


def test_the_newest_start_comes_first_and_the_startless_last(web: Web) -> None:
    lead = deliver(
        web.hands,
        *(told(web.client, a_meeting(f"inv-{n}", start_at=NOW + days(n))) for n in (-3, 5, 1)),
        told(web.client, a_meeting("inv-none", start_at=None)),
    )
    body = web.http.get(f"/api/v1/leads/{lead}/appointments", headers=web.token()).json()
    starts = [item["start_at"] and item["start_at"][:10] for item in body["items"]]
    assert starts == ["2026-06-15", "2026-06-11", "2026-06-07", None]
    assert [item["is_primary"] for item in body["items"]] == [False, True, False, False]


def test_pages_cover_the_history_once_and_the_primary_may_be_on_another(web: Web) -> None:
    lead = deliver(
        web.hands,
        *(told(web.client, a_meeting(f"inv-{n}", start_at=NOW + days(n // 2))) for n in range(1, 8)),
        told(web.client, a_meeting("inv-none", start_at=None)),
    )
    headers, seen, cursor, primaries = web.token(), [], None, 0
    while True:
        answer = web.http.get(
            f"/api/v1/leads/{lead}/appointments",
            params={"limit": 3} | ({"cursor": cursor} if cursor else {}),
            headers=headers,
        ).json()
        seen += [item["id"] for item in answer["items"]]
        primaries += sum(item["is_primary"] for item in answer["items"])
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    everything = web.http.get(f"/api/v1/leads/{lead}/appointments", headers=headers).json()
    assert seen == [item["id"] for item in everything["items"]]
    assert len(seen) == 8
    assert primaries == 1


def test_a_placeholder_is_part_of_the_chain_and_not_listed(web: Web) -> None:
    lead = deliver(
        web.hands, told(web.client, a_meeting("old", status=Status.CANCELED, replaced_by="new", moved=True))
    )
    body = web.http.get(f"/api/v1/leads/{lead}/appointments", headers=web.token()).json()
    (item,) = body["items"]
    assert (item["status"], item["link_kind"]) == ("rescheduled", "native")
    row = web.database.execute("SELECT id FROM appointment WHERE placeholder").fetchone()
    assert row is not None
    assert item["rescheduled_to_id"] == str(row[0])


def test_both_halves_of_a_move_name_each_other(web: Web) -> None:
    lead = deliver(
        web.hands,
        told(web.client, a_meeting("old", status=Status.CANCELED, replaced_by="new", moved=True)),
        told(web.client, a_meeting("new", replaces="old", start_at=NOW + days(5))),
    )
    new, old = web.http.get(f"/api/v1/leads/{lead}/appointments", headers=web.token()).json()["items"]
    assert (old["rescheduled_to_id"], new["rescheduled_from_id"]) == (new["id"], old["id"])
    assert (old["status"], old["canceled_at"], new["moved_count"]) == ("rescheduled", None, 1)


def test_a_status_filter_may_be_repeated(web: Web) -> None:
    lead = deliver(
        web.hands,
        told(web.client, a_meeting("a")),
        told(web.client, a_meeting("b", status=Status.CANCELED)),
        told(web.client, a_meeting("c", status=Status.PENDING, provider=Provider.GHL)),
    )
    url, headers = f"/api/v1/leads/{lead}/appointments", web.token()
    one = web.http.get(url, params={"status": "canceled"}, headers=headers).json()["items"]
    two = web.http.get(url, params={"status": ["canceled", "pending"]}, headers=headers).json()["items"]
    assert [item["status"] for item in one] == ["canceled"]
    assert {item["status"] for item in two} == {"canceled", "pending"}
    assert [item["ghl_appointment_id"] for item in two if item["provider"] == "ghl"] == ["c"]


def test_as_of_moves_the_primary_and_hides_no_fact(web: Web) -> None:
    lead = deliver(
        web.hands,
        told(web.client, a_meeting("soon", start_at=NOW + days(1))),
        told(web.client, a_meeting("later", start_at=NOW + days(9))),
    )
    url, headers = f"/api/v1/leads/{lead}/appointments", web.token()
    now = web.http.get(url, headers=headers).json()["items"]
    then = web.http.get(f"{url}?as_of=2026-06-13T00:00:00+02:00", headers=headers).json()["items"]
    assert [item["is_primary"] for item in now] == [False, True]
    assert [item["is_primary"] for item in then] == [True, False]


@pytest.mark.parametrize(
    "cursor", ["x", "", "%00", "AAAA", "é", "e30", "A" * 5000, "W251bGwsIngiXQ", "-_-_-_-_", "=", "a=b="]
)
def test_a_cursor_that_is_not_ours_is_refused_by_name(web: Web, cursor: str) -> None:
    lead = deliver(web.hands, told(web.client))
    for path in (f"/api/v1/leads/{lead}/appointments", "/api/v1/leads"):
        answer = web.http.get(path, params={"cursor": cursor}, headers=web.token())
        if not cursor:
            assert answer.status_code == 200  # nothing given is no cursor
            continue
        assert answer.status_code == 400
        assert answer.json()["errors"] == [{"field": "cursor", "reason": "not_a_cursor"}]


def test_another_lists_cursor_and_a_changed_one_are_refused(web: Web) -> None:
    lead = deliver(web.hands, *(told(web.client, a_meeting(f"inv-{n}")) for n in range(2)))
    other = deliver(
        web.hands, *(told(web.client, a_meeting(f"o-{n}"), email="bo@example.test") for n in range(2))
    )
    headers = web.token()
    url = f"/api/v1/leads/{lead}/appointments"
    cursor = web.http.get(url, params={"limit": 1}, headers=headers).json()["next_cursor"]
    changed = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    assert web.http.get(url, params={"cursor": cursor}, headers=headers).status_code == 200
    assert web.http.get(url, params={"cursor": changed}, headers=headers).status_code == 400
    elsewhere = f"/api/v1/leads/{other}/appointments"
    assert web.http.get(elsewhere, params={"cursor": cursor}, headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "canary"}, "limit"),
        ({"status": "canary"}, "status"),
        ({"as_of": "canary"}, "as_of"),
        ({"as_of": "2026-06-10T09:00:00"}, "as_of"),
        ({"as_of": "9999-06-10T09:00:00Z"}, "as_of"),
    ],
)
def test_a_wrong_parameter_is_named_without_its_value(web: Web, params: dict[str, str], field: str) -> None:
    lead = deliver(web.hands, told(web.client))
    answer = web.http.get(f"/api/v1/leads/{lead}/appointments", params=params, headers=web.token())
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert "canary" not in answer.text


def test_an_answer_that_has_not_changed_is_304(web: Web) -> None:
    lead = deliver(web.hands, told(web.client))
    url, headers = f"/api/v1/leads/{lead}/appointments", web.token()
    first = web.http.get(url, headers=headers)
    again = web.http.get(url, headers=headers | {"If-None-Match": f'"x", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert first.headers["cache-control"] == "private, no-cache"
    deliver(web.hands, told(web.client, a_meeting(at=NOW, status=Status.CANCELED)))
    changed = web.http.get(url, headers=headers | {"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


def test_a_merged_lead_is_followed(web: Web) -> None:
    first = deliver(web.hands, told(web.client, a_meeting("one"), email="a@example.test"))
    winner = deliver(web.hands, told(web.client, a_meeting("two"), email="b@example.test"))
    web.database.execute("UPDATE lead SET stub = false WHERE id = %s", (winner,))
    # The two are tied by a delivery about the second's meeting that carries the first's address.
    deliver(web.hands, told(web.client, a_meeting("two", at=NOW), email="a@example.test"))
    row = web.database.execute("SELECT merged_into FROM lead WHERE id = %s", (first,)).fetchone()
    assert row == (winner,)
    body = web.http.get(f"/api/v1/leads/{first}/appointments", headers=web.token()).json()
    assert body["lead_id"] == str(winner)
    assert len(body["items"]) == 2


def test_the_source_is_the_strongest_that_told(web: Web) -> None:
    lead = deliver(
        web.hands,
        told(web.client, a_meeting(source=Source.BACKFILL)),
        told(web.client, a_meeting(source=Source.RECONCILE_CRON)),
    )
    (item,) = web.http.get(f"/api/v1/leads/{lead}/appointments", headers=web.token()).json()["items"]
    assert item["source"] == "reconcile_cron"


@pytest.mark.parametrize(
    "lead_id",
    ["9a8b0c1d-0000-4000-8000-000000000000", "1", "x" * 5000, "%00", "..%2f..%2fetc", "é", "{00000000-0000-0000-0000-000000000000}",
     "urn:uuid:00000000-0000-0000-0000-000000000000", "٠٠٠٠٠٠٠٠-0000-0000-0000-000000000000"],
)  # fmt: skip
def test_an_id_that_names_no_lead_is_404_whatever_it_looks_like(web: Web, lead_id: str) -> None:
    for path in ("appointments", "booking-status"):
        answer = web.http.get(f"/api/v1/leads/{lead_id}/{path}", headers=web.token())
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_cursor_after_a_long_id_is_taken_back(web: Web) -> None:
    names = [f"{letter}{'é' * 400}" for letter in "ab"]
    lead = deliver(web.hands, *(told(web.client, a_meeting(name)) for name in names))
    url, headers = f"/api/v1/leads/{lead}/appointments", web.token()
    cursor = web.http.get(url, params={"limit": 1}, headers=headers).json()["next_cursor"]
    answer = web.http.get(url, params={"limit": 1, "cursor": cursor}, headers=headers)
    assert (answer.status_code, len(answer.json()["items"])) == (200, 1)
