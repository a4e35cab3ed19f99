"""Passwords, sessions that end, and tokens that admins make."""

import re

import pytest

from db import passwords, sign_in
from tests.builders import a_client
from tests.web.conftest import Web

GOOD = "correct horse battery"


def an_operator(web: Web, role: str = "operate") -> None:
    sign_in.ensure_operator(web.database, "Olga", role)
    passwords.set_password(web.database, "Olga", GOOD)


def enter(web: Web, password: str = GOOD, name: str = "Olga") -> int:
    return web.http.post(
        "/sign-in", data={"name": name, "password": password}, follow_redirects=False
    ).status_code


def test_a_name_and_its_password_open_the_books(web: Web) -> None:
    an_operator(web)
    assert enter(web) == 303
    assert web.http.get("/leads").status_code == 200
    stored = web.database.execute("SELECT password_hash FROM operator").fetchall()[0][0]
    assert stored.startswith("$argon2id$")


def test_a_wrong_name_and_a_wrong_password_are_told_alike(web: Web) -> None:
    an_operator(web)
    wrong = web.http.post("/sign-in", data={"name": "Olga", "password": "wrong"})
    unknown = web.http.post("/sign-in", data={"name": "Nobody", "password": "wrong"})
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.text == unknown.text


def test_a_name_without_a_password_is_not_opened_by_an_empty_one(web: Web) -> None:
    sign_in.ensure_operator(web.database, "Olga", "operate")
    for password in ("", "a password that nobody has"):
        assert enter(web, password) == 401


def test_attempts_are_counted_and_the_right_password_waits_too(web: Web) -> None:
    an_operator(web)
    for _ in range(passwords.MOST_FAILURES_OF_A_NAME):
        assert enter(web, "wrong") == 401
    assert enter(web) == 429
    web.database.execute("UPDATE sign_in_failure SET at = at - interval '16 minutes'")
    assert enter(web) == 303


def test_an_address_that_tries_many_names_is_stopped(web: Web) -> None:
    for number in range(passwords.MOST_FAILURES_OF_AN_ADDRESS):
        assert enter(web, "wrong", f"name-{number}") == 401
    assert enter(web, "wrong", "another") == 429


@pytest.mark.parametrize("password", ["", "short", "x" * 201])
def test_a_password_has_a_length(web: Web, password: str) -> None:
    sign_in.ensure_operator(web.database, "Olga", "operate")
    with pytest.raises(passwords.UnusablePassword):
        passwords.set_password(web.database, "Olga", password)


def test_a_new_password_ends_the_sessions_of_the_old_one(web: Web) -> None:
    an_operator(web)
    enter(web)
    passwords.set_password(web.database, "Olga", GOOD + "!")
    assert web.http.get("/leads", follow_redirects=False).status_code == 303


def test_a_session_that_nobody_uses_ends_and_one_in_use_does_not(web: Web) -> None:
    an_operator(web)
    enter(web)
    web.database.execute("UPDATE operator_session SET last_seen_at = now() - interval '1 hour'")
    assert web.http.get("/leads").status_code == 200
    row = web.database.execute("SELECT last_seen_at > now() - interval '50 minutes' FROM operator_session")
    assert row.fetchone() == (True,)
    web.database.execute("UPDATE operator_session SET last_seen_at = now() - interval '3 hours'")
    assert web.http.get("/leads", follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}, {"origin": "null"}]
)
def test_another_sites_form_is_refused(web: Web, headers: dict[str, str]) -> None:
    an_operator(web)
    answer = web.http.post("/sign-in", data={"name": "Olga", "password": GOOD}, headers=headers)
    assert answer.status_code == 403


def test_an_admin_makes_a_token_that_is_shown_once_and_revokes_it(web: Web) -> None:
    an_operator(web, "admin")
    enter(web)
    made = web.http.post("/tokens", data={"client": str(web.client.id), "role": "read"})
    token = re.search(r"at_[\w-]+", made.text)
    assert token is not None
    bearer = {"Authorization": f"Bearer {token[0]}"}
    assert web.http.get("/api/v1/leads", headers=bearer).status_code == 200
    assert token[0] not in web.http.get("/tokens").text
    row = web.database.execute("SELECT id FROM api_token").fetchall()[0][0]
    assert web.http.post(f"/tokens/{row}/revoke").status_code in (200, 303)
    assert web.http.get("/api/v1/leads", headers=bearer).status_code == 401


def test_an_admin_of_one_client_makes_and_revokes_none_of_anothers(web: Web) -> None:
    other = a_client(web.database, "Other")
    sign_in.ensure_operator(web.database, "Olga", "admin", web.client.id)
    passwords.set_password(web.database, "Olga", GOOD)
    enter(web)
    assert web.http.post("/tokens", data={"client": str(other.id), "role": "read"}).status_code == 422
    web.token(client=other)
    row = web.database.execute("SELECT id FROM api_token").fetchall()[0][0]
    assert str(row) not in web.http.get("/tokens").text
    assert web.http.post(f"/tokens/{row}/revoke").status_code == 404


@pytest.mark.parametrize("role", ["read", "operate"])
def test_who_is_no_admin_has_no_tokens_page(web: Web, role: str) -> None:
    an_operator(web, role)
    enter(web)
    assert web.http.get("/tokens").status_code == 403
    assert web.http.post("/tokens", data={"client": str(web.client.id), "role": "read"}).status_code == 403
