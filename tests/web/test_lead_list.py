"""GET /api/v1/leads and POST /api/v1/leads/search: found without personal data in any address or answer."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from db.importing import import_rows
from db.reads import lead_list
from pipeline.words import Provider, Source, Status
from tests.builders import a_client
from tests.web.conftest import Web
from tests.web.story import NOW, a_meeting, deliver, told
from web import lead_counts

DAY = timedelta(days=1)
ITEM = {
    "id", "status", "stub", "appointment_status", "appointment_start_at", "next_start_at",
    "appointment_count", "appointment_provider", "created_at",
}  # fmt: skip


@pytest.fixture
def some(web: Web) -> dict[str, str]:
    """Leads by a word for each."""
    known = {
        "upcoming": told(web.client, a_meeting("u"), email="u@example.test", name="Canary Person"),
        "held": told(web.client, a_meeting("h", start_at=NOW - DAY), email="h@example.test"),
        "ghl": told(web.client, a_meeting("g", provider=Provider.GHL), email="g@example.test"),
        "lost": told(web.client, a_meeting("l", status=Status.CANCELED), email="l@example.test"),
    }
    return {word: str(deliver(web.hands, parcel)) for word, parcel in known.items()}


def listed(web: Web, **params: str) -> list[str]:
    answer = web.http.get("/api/v1/leads", params=params, headers=web.token())
    assert answer.status_code == 200
    return [item["id"] for item in answer.json()["items"]]


def test_the_newest_lead_comes_first_in_a_shape_without_personal_data(web: Web, some: dict[str, str]) -> None:
    answer = web.http.get("/api/v1/leads", headers=web.token())
    items = answer.json()["items"]
    assert [item["id"] for item in items] == [some["lost"], some["ghl"], some["held"], some["upcoming"]]
    assert set(items[0]) == ITEM
    assert items[3]["next_start_at"] == "2026-06-12T09:00:00Z"
    assert "Canary" not in answer.text
    assert "example.test" not in answer.text


def test_filters_narrow_the_list(web: Web, some: dict[str, str]) -> None:
    assert listed(web, status="qualified") == [some["lost"]]
    assert listed(web, provider="ghl") == [some["ghl"]]
    assert listed(web, source="backfill") == []
    assert len(listed(web, source="webhook")) == 4
    assert listed(web, upcoming="true") == [some["ghl"], some["upcoming"]]
    assert listed(web, upcoming="false") == [some["lost"], some["held"]]
    assert listed(web, stub="false") == []
    assert len(listed(web, stub="true")) == 4
    assert listed(web, status="nobody has this") == []


def test_a_nul_in_a_filter_is_refused_and_breaks_nothing(web: Web) -> None:
    answer = web.http.get("/api/v1/leads", params={"status": "a\0b"}, headers=web.token())
    assert answer.status_code == 422


def test_pages_of_leads_cover_all_once(web: Web, some: dict[str, str]) -> None:
    headers = web.token()
    first = web.http.get("/api/v1/leads", params={"limit": 3}, headers=headers).json()
    second = web.http.get(
        "/api/v1/leads", params={"limit": 3, "cursor": first["next_cursor"]}, headers=headers
    ).json()
    assert {item["id"] for item in first["items"] + second["items"]} == set(some.values())
    assert (len(second["items"]), second["next_cursor"]) == (1, None)


def test_the_list_is_computed_through_an_expired_rollup(web: Web, some: dict[str, str]) -> None:
    with web.database.transaction():
        web.database.execute("SELECT set_config('apptrail.writer', 'ledger', true)")
        web.database.execute(
            """UPDATE lead SET rollup_valid_until = %s, next_appointment_start_at = %s, appointment_start_at = %s
               WHERE id = %s""",
            (NOW - DAY, NOW - DAY, NOW - DAY, some["upcoming"]),
        )
    answer = web.http.get("/api/v1/leads", params={"upcoming": "true"}, headers=web.token()).json()
    item = next(item for item in answer["items"] if item["id"] == some["upcoming"])
    assert item["next_start_at"] == item["appointment_start_at"] == "2026-06-12T09:00:00Z"


def test_a_search_finds_by_email_phone_and_external_id(web: Web) -> None:
    row = {"external_id": "crm-7", "email": "Ada@Example.test", "phone": "(202) 555-0143"}
    import_rows(web.database, web.client.id, web.client.pepper, "US", iter([(1, row)]))
    headers = web.token()
    for asked in ({"email": " ADA@example.test"}, {"phone": "+1 202 555 0143"}, {"external_id": " crm-7 "}):
        answer = web.http.post("/api/v1/leads/search", json=asked, headers=headers)
        assert answer.status_code == 200
        (item,) = answer.json()["items"]
        assert set(item) == ITEM
    nobody = web.http.post("/api/v1/leads/search", json={"email": "no@example.test"}, headers=headers)
    assert nobody.json() == {"items": []}


def test_a_search_does_not_reach_another_client(web: Web) -> None:
    other = a_client(web.database, "Other")
    deliver(web.hands, told(web.client))
    found = web.http.post(
        "/api/v1/leads/search", json={"email": "ada@example.test"}, headers=web.token(client=other)
    )
    assert found.json() == {"items": []}


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"null",
        b"canary",
        b'{"email": 7}',
        b'{"email": "canary"}',
        b'{"phone": "canary"}',
        b'{"external_id": "  "}',
        b'{"email": null}',
        b'{"email": "canary@x.y", "phone": "+12025550143"}',
        b'{"canary@example.test": 1}',
        b'{"email": "canary\\ud800@x"}',
        b'{"email": "' + b"canary" * 100 + b'@x"}',
        b"\xff\xfe",
    ],
)
def test_a_search_that_cannot_be_is_refused_without_its_values(web: Web, body: bytes) -> None:
    answer = web.http.post(
        "/api/v1/leads/search", content=body, headers=web.token() | {"Content-Type": "application/json"}
    )
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert "canary" not in answer.text


def test_the_page_narrows_by_source_and_counts_what_fits(web: Web, some: dict[str, str]) -> None:
    deliver(web.hands, told(web.client, a_meeting("b", source=Source.BACKFILL), email="b@example.test"))
    web.sign_in()
    for asked, count in (
        ({}, "5 leads"), ({"source": "backfill"}, "1 lead"), ({"source": "webhook", "provider": "ghl"}, "1 lead"),
        ({"upcoming": "yes"}, "3 leads"), ({"status": "nobody"}, "0 leads"), ({"source": "webhook"}, "4 leads"),
    ):  # fmt: skip
        page = web.http.get("/leads", params=asked).text
        assert f'role="status">{count}</p>' in page, asked
        number = int(count.split()[0])
        assert page.count('<th scope="row">') == number
        assert web.http.get("/leads/count", params=asked).text == count
    assert web.http.get("/leads", params={"source": "canary"}).status_code == 422
    assert web.http.get("/leads/count", params={"status": "a\0b"}).status_code == 422


def test_more_leads_than_are_counted_are_called_many(
    web: Web, some: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lead_counts, "MOST", 2)
    web.sign_in()
    assert web.http.get("/leads/count").text == "more than 2 leads"
    monkeypatch.setattr(lead_counts, "PATIENCE_SECONDS", 0.001)
    monkeypatch.setattr(lead_list, "_COUNT", text("SELECT 1 FROM pg_sleep(1)"))
    assert web.http.get("/leads/count").text == "many leads"
    assert web.http.get("/leads").status_code == 200
