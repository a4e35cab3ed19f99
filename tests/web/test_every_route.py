"""Every route × every role × own and another client's things: what tests/web/policy.py derives is what is answered."""

import re
from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from db import clients, sign_in
from tests.builders import AClient, a_client
from tests.stock import Stock
from tests.web.conftest import Web, a_web
from tests.web.policy import CALLERS, ROUTES, Caller, Route, expected, is_known, is_let_in
from tests.web.story import NOW
from tests.web.world import state_of, things_of
from workers.booking_desk import Offer, Slot

EVERYBODYS = {"/api/openapi.json", "/static"}
ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://elsewhere.example"},
    {"Origin": "null"},
    {},
]
CLIENT = "Harbour Agency"
"""It is in the name of everybody whom its leads are."""


class World:
    """Two clients; the things of the first are what everybody asks about."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.other = a_client(web.database, "Other")
        self.things = things_of(web, web.client)
        things_of(web, self.other)

    def headers(self, caller: Caller) -> dict[str, str]:
        """New credentials, for some routes end them."""
        database = self.web.database
        client: AClient | None = {"own": self.web.client, "elsewhere": self.other}.get(caller.of)
        if caller.by == "token":
            assert client is not None
            return {"Authorization": f"Bearer {clients.add_token(database, client.id, caller.role)}"}
        if caller.by == "session":
            operator = sign_in.ensure_operator(
                database, str(caller), caller.role, client.id if client else None
            )
            return {"Cookie": f"apptrail_session={sign_in.open_session(database, operator)}"}
        return {}

    def ask(self, route: Route, things: dict[str, str], headers: dict[str, str]) -> Any:
        http = self.web.http
        http.cookies.clear()
        self.web.database.execute(
            "DELETE FROM sign_in_failure"
        )  # nobody here is to be slowed down by another
        sent: dict[str, Any] = {"json": filled(route.json, things), "data": filled(route.form, things)}
        given = {name: one for name, one in sent.items() if one is not None}
        return http.request(route.method, filled(route.address, things), headers=headers, **given)


def filled(what: Any, things: dict[str, str]) -> Any:
    """Put things where a route names them."""
    if isinstance(what, dict):
        return {name: filled(one, things) for name, one in what.items()}
    act = "pause" if isinstance(what, str) and "/replays/" in what else "done"
    known = {"act": act, "link": "no-such-link", **things}
    return re.sub(r"{(\w+)}", lambda name: known[name[1]], what) if isinstance(what, str) else what


def names_in(route: Route) -> frozenset[str]:
    return frozenset(re.findall(r"{(\w+)}", f"{route.address} {route.json} {route.form}"))


@pytest.fixture(scope="module")
def world(stock: Stock) -> Iterator[World]:
    """One world for all routes: what is acted upon is made anew."""
    with stock.one() as database, a_web(database) as web:
        web.http.app.state.slots = a_slot  # type: ignore[attr-defined]
        yield World(web)


def a_slot(*_: Any) -> Offer:
    return Offer(UUID(int=7), "Cal1", "UTC", [Slot(NOW, "now")])


def ids_in(route: Route) -> list[str]:
    """The things in the path, each of which is one client's."""
    return [name for name in re.findall(r"{(\w+)}", route.path) if name.endswith("_id")]


def over(routes: list[Route]) -> pytest.MarkDecorator:
    """Once for each route."""
    return pytest.mark.parametrize("route", routes, ids=lambda route: f"{route.method} {route.path}")


def test_the_table_names_every_route_once(world: World) -> None:
    known = [(route.method, re.sub("{link}", "{token}", route.path)) for route in ROUTES]
    assert sorted(known) == sorted(_walk(cast("FastAPI", world.web.http.app).routes)), (
        "A route is public as soon as it is served: say in tests/web/policy.py what it needs and what it names."
    )


@over(ROUTES)
def test_who_may_is_let_in(world: World, route: Route) -> None:
    wanted = names_in(route)
    standing = things_of(world.web, world.web.client, wanted)
    for caller in CALLERS:
        if not is_let_in(route, caller):
            continue
        things = things_of(world.web, world.web.client, wanted) if route.acts else standing
        answer = world.ask(route, things, world.headers(caller))
        assert answer.status_code == expected(route, caller), f"{caller}: {answer.text[:300]}"
        if route.needs is not None:
            assert answer.headers.get("location") != "/sign-in"


@over([route for route in ROUTES if route.needs is not None])
def test_who_may_not_is_kept_out_and_changes_nothing(world: World, route: Route) -> None:
    credentials = {caller: world.headers(caller) for caller in CALLERS}
    before = state_of(world.web, world.web.client)
    for caller, headers in credentials.items():
        if is_let_in(route, caller):
            continue
        answer = world.ask(route, world.things, headers)
        assert answer.status_code == expected(route, caller), f"{caller}: {answer.text[:300]}"
        assert told_of(world, answer, route) == [], str(caller)
        if not is_known(route, caller):
            assert answer.headers.get("location", "/sign-in") == "/sign-in"
    assert state_of(world.web, world.web.client) == before


def told_of(world: World, answer: Any, route: Route) -> list[str]:
    """What of the first client an answer tells, but for what was asked with."""
    asked = names_in(route)
    ids = [one for name, one in world.things.items() if name not in asked]
    text = answer.text + answer.headers.get("location", "")
    return [one for one in (*ids, CLIENT) if one in text]


@over([route for route in ROUTES if len(ids_in(route)) > 1])
def test_each_thing_alone_is_missed_where_the_others_are_ones_own(world: World, route: Route) -> None:
    """One's own lead with another client's appointment, or another lead's booking, is not found either."""
    for of_whom in (world.other, world.web.client):
        strangers = things_of(world.web, of_whom)
        for name in ids_in(route):
            mine = things_of(world.web, world.web.client, names_in(route))
            headers = world.headers(Caller("token", "admin", "own"))
            assert world.ask(route, {**mine, name: strangers[name]}, headers).status_code == 404


@over([route for route in ROUTES if ids_in(route)])
def test_what_was_never_there_is_not_found(world: World, route: Route) -> None:
    for wrong in ("00000000-0000-7000-8000-000000000007", "nothing", "%00"):
        for name in ids_in(route):
            headers = world.headers(Caller("token", "admin", "own"))
            assert world.ask(route, {**world.things, name: wrong}, headers).status_code == 404


@over([route for route in ROUTES if route.acts and not route.is_api])
def test_a_form_that_does_not_come_from_our_own_pages_is_refused(world: World, route: Route) -> None:
    session = world.headers(Caller("session", "admin", "every"))
    things = things_of(world.web, world.web.client, names_in(route))
    before = state_of(world.web, world.web.client)
    for origin in ELSEWHERE:
        http = world.web.http
        own = http.headers.pop("origin")
        try:
            answer = world.ask(route, things, {**session, **origin})
        finally:
            http.headers["origin"] = own
        assert answer.status_code == 403, origin
    assert state_of(world.web, world.web.client) == before


def test_nothing_of_ones_own_is_given_to_another_clients_operator(world: World) -> None:
    assign = next(route for route in ROUTES if route.path.endswith("/assign"))
    mine = things_of(world.web, world.web.client, names_in(assign))
    stranger = things_of(world.web, world.other, frozenset({"operator_id"}))
    headers = world.headers(Caller("token", "operate", "own"))
    answer = world.ask(assign, {**mine, "operator_id": stranger["operator_id"]}, headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "assignee")
    row = world.web.database.execute(
        "SELECT assignee FROM follow_up WHERE id = %s", (mine["follow_up_id"],)
    ).fetchone()
    assert row == (None,)


def test_several_follow_ups_are_done_together_or_not_at_all(world: World) -> None:
    act = next(route for route in ROUTES if route.path == "/follow-ups/{act}")
    mine = things_of(world.web, world.web.client, names_in(act))
    theirs = things_of(world.web, world.other, names_in(act))
    before = state_of(world.web, world.other), state_of(world.web, world.web.client)
    world.web.http.cookies.clear()
    answer = world.web.http.post(
        "/follow-ups/done",
        data={"id": [mine["follow_up_id"], theirs["follow_up_id"]]},
        headers={"Cookie": world.headers(Caller("session", "admin", "own"))["Cookie"]},
    )
    assert answer.status_code == 404
    after = state_of(world.web, world.other), state_of(world.web, world.web.client)
    assert after[0] == before[0]
    assert after[1]["follow_up"] == before[1]["follow_up"]


def _walk(routes: list[Any]) -> Iterator[tuple[str, str]]:
    """Name each route; an included router is walked."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield from ((method, route.path) for method in sorted(route.methods or ()))
        elif hasattr(route, "original_router"):
            yield from _walk(route.original_router.routes)
        else:
            assert route.path in EVERYBODYS, "a public route that nobody listed"
