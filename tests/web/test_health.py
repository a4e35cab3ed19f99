"""Health: what lives, what is ready, and what the numbers are."""

import re
from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from boot import logs
from db import backfill_runs, engine, inbox
from db.backfill_runs import Kind
from tests.builders import KEYRING
from tests.free_port import free_port
from tests.web.conftest import Web, url_at
from tests.web.story import deliver, told
from web.app import create

NOBODY = "postgresql+psycopg://nobody@127.0.0.1:{port}/none"


@pytest.fixture
def lonely() -> Iterator[TestClient]:
    """The app with nobody behind it."""
    logs.configure("json")
    reader = engine.create(NOBODY.format(port=free_port()))
    with TestClient(create(reader, KEYRING, "http://testserver"), follow_redirects=False) as http:
        yield http
    reader.dispose()


def test_without_a_database_it_lives_and_is_not_ready(lonely: TestClient) -> None:
    assert lonely.get("/healthz").json() == {"ok": True}
    answer = lonely.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "postgres": "down", "schema": "unknown", "redis": "not asked"}
    assert "apptrail_database_up 0.0" in lonely.get("/metrics").text


def test_without_a_database_the_api_and_pages_say_when_to_come_back(lonely: TestClient) -> None:
    for path in ("/api/v1/leads", "/leads"):
        answer = lonely.get(path, headers={"Authorization": "Bearer x"})
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert "nobody" not in answer.text


def test_it_is_ready_with_postgres_at_this_releases_schema(web: Web) -> None:
    answer = web.http.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "postgres": "ok", "schema": "current", "redis": "ok"}
    web.database.execute("UPDATE alembic_version SET version_num = 'another'")
    assert web.http.get("/readyz").json()["schema"] == "not current"
    web.database.execute("DROP TABLE alembic_version")
    assert web.http.get("/readyz").status_code == 503


def test_redis_being_down_is_told_of_and_no_more(web: Web, database: str) -> None:
    def down() -> bool:
        return False

    ping: Callable[[], bool] = down
    reader = engine.create(url_at(database, None))
    with TestClient(create(reader, KEYRING, "http://testserver", redis_ping=ping)) as http:
        answer = http.get("/readyz")
    reader.dispose()
    assert (answer.status_code, answer.json()["redis"]) == (200, "down")


def test_the_numbers_are_those_of_the_inbox(web: Web) -> None:
    inbox.post(web.database, [told(web.client)])
    web.database.execute("UPDATE inbox SET not_before = now() - interval '90 seconds'")
    web.database.execute("INSERT INTO pause (kind, reason) VALUES ('appointment', 'test')")
    text = web.http.get("/metrics").text
    assert "apptrail_inbox_jobs 1.0" in text
    assert "apptrail_dead_letters_open 0.0" in text
    assert 'apptrail_paused{client="*",kind="appointment"} 1.0' in text
    age = next(line for line in text.splitlines() if line.startswith("apptrail_inbox_oldest_due_seconds "))
    assert 90 <= float(age.split()[1]) < 150


def test_a_failure_nobody_foresaw_is_answered_and_logged_without_values(
    web: Web, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lead = deliver(web.hands, told(web.client))
    headers = web.token()

    def broken(*_: object) -> None:
        raise RuntimeError("canary@example.test")

    monkeypatch.setattr("web.api.appointments.of_lead", broken)
    logs.configure("json")
    answer = web.http.get(f"/api/v1/leads/{lead}/appointments", headers=headers)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    logged = capsys.readouterr().err
    assert "request_failed" in logged
    assert "canary" not in answer.text + logged
    # What people can report is what the log can be searched for.
    assert answer.json()["trace_id"] in logged
    monkeypatch.setattr("web.lead_pages.appointments.of_lead", broken)
    shown = web.http.get(f"/leads/{lead}", headers=headers)
    assert shown.status_code == 500
    trace_id = re.search(r"<code>([0-9a-f-]{36})</code>", shown.text)
    assert trace_id is not None
    assert trace_id[1] in capsys.readouterr().err
    assert f'<a href="/leads/{lead}">Try again</a>' in shown.text


def test_what_the_watch_over_the_books_found_is_a_number(web: Web) -> None:
    lead = deliver(web.hands, told(web.client))
    web.database.execute(
        "INSERT INTO rollup_finding (client_id, lead_id, cause) VALUES (%s, %s, 'facts_differ')",
        (web.client.id, lead),
    )
    run = backfill_runs.begin(web.database, web.client.id, Kind.WATCH)
    run.add({"checked": 40, "sampled": 2})
    backfill_runs.checkpoint(web.database, run)
    numbers = web.http.get("/metrics").text
    assert 'apptrail_rollups_different{cause="facts_differ"} 1.0' in numbers
    assert "apptrail_rollups_checked 42.0" in numbers
    assert "apptrail_rollups_overdue 0.0" in numbers
