"""Sessions: new at every sign-in, over when they should be, and of no use to scripts or to other sites."""

import re
from datetime import timedelta
from http.cookies import Morsel, SimpleCookie
from typing import Any

import pytest

from db import sign_in
from tests.web.conftest import Web
from tests.web.story import deliver, told
from tests.web.test_passwords import GOOD, an_operator
from web.auth import SESSION_COOKIE

PLANTED = "a session that somebody else knows"


def by_password(web: Web) -> Any:
    if web.database.execute("SELECT 1 FROM operator").fetchone() is None:
        an_operator(web)  # a new password would end the sessions of the old one
    return web.http.post("/sign-in", data={"name": "Olga", "password": GOOD})


def by_link(web: Web) -> Any:
    sign_in.ensure_operator(web.database, "Olga", "operate")
    return web.http.post(f"/sign-in/{sign_in.make_link(web.database, 'Olga')}")


ways = pytest.mark.parametrize("enter", [by_password, by_link])


def cookie_of(answer: Any) -> Morsel[str]:
    return SimpleCookie(answer.headers["set-cookie"])[SESSION_COOKIE]


def signed_in_with(web: Web, session: str) -> bool:
    web.http.cookies.clear()
    answer = web.http.get("/leads", headers={"Cookie": f"{SESSION_COOKIE}={session}"})
    return bool(answer.status_code == 200)


@ways
def test_no_script_sees_a_session_and_no_other_site_sends_it(web: Web, enter: Any) -> None:
    cookie = cookie_of(enter(web))
    assert cookie["httponly"] is True
    assert cookie["samesite"].lower() == "lax"
    assert cookie["path"] == "/"
    assert cookie["domain"] == ""
    assert int(cookie["max-age"]) == sign_in.SESSION_LASTS.total_seconds()
    assert cookie["secure"] == ""  # the address of this app is http


def test_over_https_a_session_goes_over_nothing_else(web: Web) -> None:
    web.http.app.state.base_url = "https://apptrail.example"  # type: ignore[attr-defined]
    assert cookie_of(by_link(web))["secure"] is True


@ways
def test_every_sign_in_is_a_new_session_and_ends_the_one_before(web: Web, enter: Any) -> None:
    first = cookie_of(enter(web)).value
    second = cookie_of(enter(web)).value
    assert first != second
    assert signed_in_with(web, second)
    assert not signed_in_with(web, first)


@ways
def test_a_session_that_was_planted_is_not_taken_on(web: Web, enter: Any) -> None:
    web.http.cookies.set(SESSION_COOKIE, PLANTED)
    session = cookie_of(enter(web)).value
    assert session != PLANTED
    assert not signed_in_with(web, PLANTED)


def test_a_session_is_as_hard_to_guess_as_a_key_and_is_not_kept_itself(web: Web) -> None:
    session = cookie_of(by_link(web)).value
    assert len(session) >= 43  # 32 bytes
    stored = web.database.execute("SELECT token_hash FROM operator_session").fetchall()
    assert session.encode() not in bytes(stored[0][0])


def test_a_session_ends_after_twelve_hours_however_busy_it_is(web: Web) -> None:
    session = cookie_of(by_link(web)).value
    web.database.execute(
        "UPDATE operator_session SET expires_at = now() - interval '1 second', last_seen_at = now()"
    )
    assert not signed_in_with(web, session)
    assert timedelta(hours=12) == sign_in.SESSION_LASTS


def test_using_a_session_does_not_make_it_last_longer(web: Web) -> None:
    session = cookie_of(by_link(web)).value
    before = web.database.execute("SELECT expires_at FROM operator_session").fetchone()
    web.database.execute("UPDATE operator_session SET last_seen_at = now() - interval '1 hour'")
    assert signed_in_with(web, session)
    assert web.database.execute("SELECT expires_at FROM operator_session").fetchone() == before


def test_a_session_that_is_idle_for_two_hours_is_over(web: Web) -> None:
    session = cookie_of(by_link(web)).value
    web.database.execute("UPDATE operator_session SET last_seen_at = now() - interval '119 minutes'")
    assert signed_in_with(web, session)
    web.database.execute("UPDATE operator_session SET last_seen_at = now() - interval '121 minutes'")
    assert not signed_in_with(web, session)


def test_signing_out_ends_the_session_in_the_books_and_in_the_browser(web: Web) -> None:
    session = cookie_of(by_link(web)).value
    left = web.http.post("/sign-out")
    assert int(cookie_of(left)["max-age"]) == 0
    assert web.database.execute("SELECT count(*) FROM operator_session").fetchone() == (0,)
    assert not signed_in_with(web, session)


def test_a_role_that_is_taken_away_is_gone_at_once(web: Web) -> None:
    by_link(web)
    assert web.http.get("/leads").status_code == 200
    web.database.execute("UPDATE operator SET role = 'guest'")
    for path in ("/leads", "/follow-ups", "/dead-letters", "/sync", "/tokens", "/api/v1/leads"):
        assert web.http.get(path).status_code == 403, path
    assert web.http.post("/leads/search", data={"who": "a@example.test"}).status_code == 403


def test_pages_run_no_script_and_no_style_but_our_own_files(web: Web) -> None:
    lead = deliver(web.hands, told(web.client))
    web.sign_in()
    for path in (
        "/leads",
        f"/leads/{lead}",
        "/follow-ups",
        "/dead-letters",
        "/sync",
        "/sign-in",
        "/api/docs",
        "/no",
    ):
        answer = web.http.get(path)
        policy = dict(
            part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == "'self'"
        assert (policy["object-src"], policy["base-uri"], policy["frame-ancestors"]) == ("'none'",) * 3
        assert policy["form-action"] == "'self'"
        assert not re.search(r"unsafe|nonce|\*|data:|https?:", answer.headers["content-security-policy"])
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src)|javascript:", answer.text)


def test_a_token_is_not_kept_by_the_browser_and_its_making_and_end_are_written_down(web: Web) -> None:
    an_operator(web, "admin")
    web.http.post("/sign-in", data={"name": "Olga", "password": GOOD})
    made = web.http.post("/tokens", data={"client": str(web.client.id), "role": "operate"})
    assert made.headers["cache-control"] == "no-store"
    found = re.search(r"at_[\w-]+", made.text)
    assert found is not None
    token_id = web.database.execute("SELECT id FROM api_token").fetchall()[0][0]
    web.http.post(f"/tokens/{token_id}/revoke")
    trail = web.database.execute(
        "SELECT client_id, action, subject, detail FROM audit_log ORDER BY id"
    ).fetchall()
    assert trail == [
        (web.client.id, "token_made", None, {"role": "operate"}),
        (web.client.id, "token_revoked", token_id, {}),
    ]
    whole = web.database.execute("SELECT string_agg(t::text, '') FROM api_token t").fetchone()
    assert whole is not None
    assert found[0] not in whole[0]
