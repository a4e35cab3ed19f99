"""Who may ask: tokens and sessions, each within its own client, and links that open once."""

from datetime import timedelta
from threading import Thread

import pytest

from db import clients, sign_in
from db.desk import connect
from tests.builders import a_client
from tests.web.conftest import Web
from tests.web.story import deliver, told

GETS = ["/api/v1/leads", "/api/v1/leads/{lead}/appointments", "/api/v1/leads/{lead}/booking-status"]


@pytest.mark.parametrize("path", GETS)
def test_nobody_gets_nothing(web: Web, path: str) -> None:
    url = path.format(lead=deliver(web.hands, told(web.client)))
    bare = web.http.get(url)
    assert bare.status_code == 401
    assert bare.headers["www-authenticate"] == 'Bearer realm="apptrail"'
    for value in ("Bearer canary", "Bearer ", "Bearer é", "Basic Og==", "Bearer at_" + "x" * 5000):
        wrong = web.http.get(url, headers={b"Authorization": value.encode()})
        assert wrong.status_code == 401
        assert "canary" not in wrong.text


def test_a_revoked_token_is_no_token(web: Web) -> None:
    headers = web.token()
    web.database.execute("UPDATE api_token SET revoked_at = now()")
    assert web.http.get("/api/v1/leads", headers=headers).status_code == 401


def test_somebody_elses_lead_is_not_found(web: Web) -> None:
    lead = deliver(web.hands, told(web.client))
    other = web.token(client=a_client(web.database, "Other"))
    for path in GETS[1:]:
        assert web.http.get(path.format(lead=lead), headers=other).status_code == 404
    assert web.http.get("/api/v1/leads", headers=other).json()["items"] == []
    assert web.http.get(f"/leads/{lead}", headers=other).status_code == 404


def test_a_role_that_is_none_may_nothing(web: Web) -> None:
    headers = web.token()
    web.database.execute("UPDATE api_token SET role = 'guest'")
    answer = web.http.get("/api/v1/leads", headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (403, 403)


def test_every_role_may_read(web: Web) -> None:
    for role in clients.ROLES:
        assert web.http.get("/api/v1/leads", headers=web.token(role)).status_code == 200


def test_a_link_opens_once(web: Web) -> None:
    operator = sign_in.ensure_operator(web.database, "Olga", "operate")
    link = sign_in.make_link(web.database, "Olga")
    for _ in range(3):  # a mail scanner looks at it first
        assert web.http.get(f"/sign-in/{link}").status_code == 200
    opened = web.http.post(f"/sign-in/{link}")
    assert (opened.status_code, opened.headers["location"]) == (303, "/leads")
    cookie = opened.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert web.http.get("/leads").status_code == 200
    assert web.http.post(f"/sign-in/{link}").status_code == 410
    row = web.database.execute(
        "SELECT operator_id, expires_at - created_at, octet_length(token_hash) FROM operator_session"
    ).fetchone()
    assert row == (operator, timedelta(hours=12), 32)


def test_two_who_redeem_a_link_at_once_are_one_session(web: Web, database: str) -> None:
    sign_in.ensure_operator(web.database, "Olga", "operate")
    link = sign_in.make_link(web.database, "Olga")
    outcomes: list[str] = []

    def redeem() -> None:
        with connect(database) as mine:
            try:
                outcomes.append(sign_in.redeem(mine, link) and "opened")
            except sign_in.SpentLink:
                outcomes.append("spent")

    threads = [Thread(target=redeem) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["opened", "spent", "spent", "spent"]


def test_an_expired_link_and_one_that_never_was_are_spent(web: Web) -> None:
    sign_in.ensure_operator(web.database, "Olga", "operate")
    link = sign_in.make_link(web.database, "Olga", lasts=timedelta(seconds=-1))
    for token in (link, "canary", "%00"):
        answer = web.http.post(f"/sign-in/{token}")
        assert answer.status_code == 410
        assert "canary" not in answer.text


def test_a_session_ends_when_it_expires_and_when_its_owner_leaves(web: Web) -> None:
    web.sign_in()
    web.database.execute("UPDATE operator_session SET expires_at = now()")
    assert web.http.get("/leads").headers["location"] == "/sign-in"
    web.sign_in()
    session = web.http.cookies["apptrail_session"]
    left = web.http.post("/sign-out")
    assert (left.status_code, left.headers["location"]) == (303, "/sign-in")
    web.http.cookies.set("apptrail_session", session)
    assert web.http.get("/leads").status_code == 303


def test_a_session_may_read_the_api_and_post_nothing_there(web: Web) -> None:
    web.sign_in()
    assert web.http.get("/api/v1/leads").status_code == 200
    assert web.http.post("/api/v1/leads/search", json={"email": "a@b.c"}).status_code == 401


def test_a_form_of_another_site_is_refused(web: Web) -> None:
    web.sign_in()
    for path in ("/leads/search", "/sign-out", "/sign-in/x"):
        assert web.http.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_an_operator_of_one_client_sees_that_one_and_one_of_none_sees_all(web: Web) -> None:
    other = a_client(web.database, "Other")
    mine = deliver(web.hands, told(web.client, name="Mine Person"))
    theirs = deliver(web.hands, told(other, name="Their Person"))
    web.sign_in("All")
    page = web.http.get("/leads").text
    assert "Mine Person" in page
    assert "Their Person" in page
    narrowed = web.http.get("/leads", params={"client": str(other.id)}).text
    assert "Mine Person" not in narrowed
    web.sign_in("One", web.client)
    assert "Their Person" not in web.http.get("/leads").text
    assert "Their Person" not in web.http.get("/leads", params={"client": str(other.id)}).text
    assert web.http.get(f"/leads/{theirs}").status_code == 404
    assert web.http.get(f"/leads/{mine}").status_code == 200
