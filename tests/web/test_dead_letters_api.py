"""Dead letters over the API: within the token's client, by role, and never with what they say."""

from typing import Any
from uuid import UUID

import pytest

from db import lead_checks
from db.ids import new_id
from tests.builders import AClient, a_client
from tests.web.conftest import Web

CANARY = "canary@example.com"
POSTS = ["/dead-letters/{id}/discard", "/dead-letters/{id}/note", "/dead-letters/replay"]
BODIES: dict[str, dict[str, Any]] = {
    POSTS[0]: {"reason": "a test"}, POSTS[1]: {"text": "a test"}, POSTS[2]: {"reason": "a test"},
}  # fmt: skip


def a_letter(web: Web, fingerprint: str = "one", client: AClient | None = None, age: str = "0") -> str:
    letter_id = new_id()
    web.database.execute(
        """INSERT INTO dead_letter (client_id, id, lead_id, kind, provider, payload, reason, error_class, location,
                                    traceback, fingerprint, attempts, code_version, received_at, created_at)
           VALUES (%s, %s, %s, 'appointment', 'calendly', %s::jsonb, 'failed', 'KeyError', 'here', '', %s, 3, '0',
                   now() - %s::interval, now() - %s::interval)""",
        (
            (client or web.client).id,
            letter_id,
            new_id(),
            f'{{"external_id": "{CANARY}"}}',
            fingerprint,
            age,
            age,
        ),
    )
    return str(letter_id)


def get(web: Web, path: str, status: int = 200, **asked: Any) -> Any:
    answer = web.http.get(f"/api/v1{path}", headers=web.token(), params=asked)
    assert answer.status_code == status, answer.text
    assert CANARY not in answer.text
    return answer.json()


def post(web: Web, path: str, body: dict[str, Any], status: int, role: str = "operate") -> Any:
    answer = web.http.post(f"/api/v1{path}", headers=web.token(role), json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_letters_are_filtered_counted_and_paged(web: Web) -> None:
    ids = {a_letter(web), a_letter(web), a_letter(web, "two", age="2 days")}
    a_letter(web, client=a_client(web.database, "Other"))
    first = get(web, "/dead-letters", limit=2)
    second = get(web, "/dead-letters", limit=2, cursor=first["next_cursor"])
    assert {item["id"] for item in first["items"] + second["items"]} == ids
    assert (len(second["items"]), second["next_cursor"]) == (1, None)
    assert {group["fingerprint"]: group["letters"] for group in first["groups"]} == {"one": 2, "two": 1}
    for asked, count in (
        ({"fingerprint": "one"}, 2), ({"older": "1d"}, 1), ({"newer": "1d"}, 2), ({"state": "discarded"}, 0),
        ({"state": "all"}, 3), ({"kind": "merge"}, 0), ({"provider": "calendly", "reason": "failed"}, 3),
        ({"lead_id": str(new_id())}, 0),
    ):  # fmt: skip
        assert len(get(web, "/dead-letters", 200, **asked)["items"]) == count, asked


@pytest.mark.parametrize(
    ("field", "value"),
    [("older", "canary"), ("state", "canary"), ("lead_id", "canary"), ("kind", "a\0canary")],
)
def test_a_bad_filter_is_named_and_not_shown(web: Web, field: str, value: str) -> None:
    asked: dict[str, Any] = {field: value}
    told = get(web, "/dead-letters", 422, **asked)
    assert told["errors"][0]["field"] == field
    assert "canary" not in str(told)


def test_a_cursor_that_is_none_is_refused(web: Web) -> None:
    assert get(web, "/dead-letters", 400, cursor="canary")["errors"][0]["field"] == "cursor"


def test_a_letter_is_shown_with_what_a_replay_would_do(web: Web) -> None:
    letter = a_letter(web)
    post(web, f"/dead-letters/{letter}/note", {"text": "seen before"}, 201)
    shown = get(web, f"/dead-letters/{letter}")
    assert shown["replay_would"] == "fails again"
    assert [note["text"] for note in shown["notes"]] == ["seen before"]
    assert [step["what"] for step in shown["attempts_timeline"]] == ["received", "first failed", "given up"]


def test_a_discarded_letter_stays_and_is_not_discarded_twice(web: Web) -> None:
    letter = a_letter(web)
    closed = post(web, f"/dead-letters/{letter}/discard", {"reason": "a test"}, 200)
    assert (closed["state"], closed["closed_because"]) == ("discarded", "a test")
    post(web, f"/dead-letters/{letter}/discard", {"reason": "a test"}, 409)
    assert get(web, f"/dead-letters/{letter}")["state"] == "discarded"


def test_a_discard_says_how_many_connections_are_asked_and_the_letter_what_they_said(web: Web) -> None:
    assert post(web, f"/dead-letters/{a_letter(web)}/discard", {"reason": "a test"}, 200)["asked"] == 0
    connection = new_id()
    web.database.execute(
        "INSERT INTO connection (id, client_id, provider, endpoint, secrets) VALUES (%s, %s, 'ghl', %s, '')",
        (connection, web.client.id, str(connection)),
    )
    letter = a_letter(web)
    assert post(web, f"/dead-letters/{letter}/discard", {"reason": "a test"}, 200)["asked"] == 1
    lead_checks.nobody_answers(web.database, web.client.id, connection, "no_api_token")
    (check,) = get(web, f"/dead-letters/{letter}")["lead_checks"]
    assert (check["connection_id"], check["state"], check["error"]) == (str(connection), "unknown", "no_api_token")  # fmt: skip


@pytest.mark.parametrize("path", POSTS)
def test_acts_need_the_role_operate_and_a_reason(web: Web, path: str) -> None:
    url = path.format(id=a_letter(web))
    post(web, url, BODIES[path], 403, role="read")
    post(web, url, {}, 422)
    post(web, url, {**BODIES[path], "canary": 1}, 422)
    assert web.http.post(f"/api/v1{url}", json=BODIES[path]).status_code == 401


def test_somebody_elses_are_not_found_and_not_replayed(web: Web) -> None:
    other = a_client(web.database, "Other")
    letter = a_letter(web, client=other)
    for name in (letter, "canary", str(new_id())):
        get(web, f"/dead-letters/{name}", 404)
        post(web, f"/dead-letters/{name}/discard", {"reason": "a test"}, 404)
        post(web, f"/dead-letters/{name}/note", {"text": "a test"}, 404)
    assert post(web, "/dead-letters/replay", {"reason": "a test"}, 202)["total"] == 0
    theirs = web.http.post(
        "/api/v1/dead-letters/replay", headers=web.token("operate", other), json={"reason": "a test"}
    )
    assert theirs.json()["total"] == 1
    get(web, f"/replays/{theirs.json()['id']}", 404)
    post(web, f"/replays/{theirs.json()['id']}/cancel", {}, 404)


def test_a_replay_is_foreseen_begun_steered_and_ended(web: Web) -> None:
    letters = [a_letter(web), a_letter(web, "two")]
    foreseen = post(web, "/dead-letters/replay", {"reason": "a test", "dry_run": True}, 200)
    assert sum(group["fails again"] for group in foreseen["groups"]) == 2
    assert web.database.execute("SELECT count(*) FROM replay").fetchone() == (0,)
    asked = {"reason": "fixed", "rate": 50, "limit": 1, "filter": {"letter_id": letters[0]}}
    begun = post(web, "/dead-letters/replay", asked, 202)
    assert (begun["state"], begun["total"], begun["reason"]) == ("running", 1, "fixed")
    path = f"/replays/{begun['id']}"
    assert post(web, f"{path}/pause", {}, 200)["state"] == "paused"
    assert post(web, f"{path}/resume", {}, 200)["state"] == "running"
    assert post(web, f"{path}/cancel", {}, 200)["state"] == "canceled"
    post(web, f"{path}/resume", {}, 409)
    assert get(web, path)["ended_at"] is not None
    acts = web.database.execute(
        "SELECT action FROM audit_log WHERE subject = %s ORDER BY id", (UUID(begun["id"]),)
    )
    assert [row[0] for row in acts] == [
        "replay_started",
        "replay_paused",
        "replay_running",
        "replay_canceled",
    ]
