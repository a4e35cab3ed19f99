"""The page of follow-ups: urgent in four ways, acted on without a script, and nobody else's."""

import re
from datetime import timedelta
from typing import Any

import pytest

from db import connection_health as health
from db import connections, sign_in
from db.ids import new_id
from pipeline.words import Provider, Status
from tests.builders import KEYRING, AClient, a_client
from tests.web.conftest import Web
from tests.web.story import NOW, a_meeting, deliver, told

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def desk(web: Web) -> Web:
    connect(web, web.client)
    web.sign_in(client=web.client)
    return web


def connect(web: Web, client: AClient) -> None:
    connections.add(web.database, KEYRING, client.id, Provider.CALENDLY, secret_values={})
    web.database.execute("UPDATE connection SET follow_ups_from = %s", (NOW - 30 * DAY,))


def lose(web: Web, name: str = "inv-1", client: AClient | None = None, **also: Any) -> str:
    meeting = a_meeting(name, **{"status": Status.CANCELED, "canceled_at": NOW - 2 * HOUR, **also})
    deliver(web.hands, told(client or web.client, meeting, email=f"{name}@example.test"))
    row = web.database.execute("SELECT id FROM follow_up WHERE external_id = %s", (name,)).fetchone()
    assert row is not None
    return str(row[0])


def shown(web: Web, view: str = "open") -> str:
    answer = web.http.get("/follow-ups", params={"view": view})
    assert answer.status_code == 200
    return answer.text


def state(web: Web, follow_up: str) -> Any:
    row = web.database.execute(
        "SELECT state, snoozed_until, assignee FROM follow_up WHERE id = %s", (follow_up,)
    )
    return row.fetchone()


def test_urgent_is_a_bar_an_icon_a_word_and_a_name(desk: Web) -> None:
    follow_up = lose(desk)
    html = shown(desk)
    row = html.split('class="task urgent"')[1].split("</li>")[0]
    assert f'id="f-{follow_up}"' in row
    assert 'aria-label="Urgent: Ada Lovelace' in row
    assert re.search(r'<span class="pill red"><svg.*?</svg>Urgent</span>', row, re.DOTALL)
    assert "<title>(1) Follow-ups" in html
    assert '<span class="badge">1<span class="sr"> urgent' in html
    assert "was 12 Jun 2026, 11:00" in row
    assert "Berlin time" in row
    assert "Cancelled 2 days before start" in row
    assert "example.test" not in html


def test_one_is_done_and_undone_by_plain_forms(desk: Web) -> None:
    follow_up = lose(desk)
    answer = desk.http.post("/follow-ups/done", data={"id": follow_up, "view": "open"})
    assert answer.status_code == 303
    after = desk.http.get(answer.headers["location"]).text
    assert "1 follow-up done." in after
    assert "All clear. Nothing needs a follow-up." in after
    assert state(desk, follow_up)[0] == "done"
    assert desk.http.post("/follow-ups/undo", data={"id": follow_up}).status_code == 303
    assert state(desk, follow_up)[0] == "open"


def test_several_are_done_at_once_and_a_strange_one_stops_them_all(desk: Web) -> None:
    several = [lose(desk, f"m-{number}") for number in range(3)]
    mixed = desk.http.post("/follow-ups/done", data={"id": [*several, str(new_id())]})
    assert mixed.status_code == 404
    assert {state(desk, one)[0] for one in several} == {"open"}
    answer = desk.http.post("/follow-ups/done", data={"id": several})
    assert "3 follow-ups done." in desk.http.get(answer.headers["location"]).text
    assert {state(desk, one)[0] for one in several} == {"done"}


@pytest.mark.parametrize(
    ("asked", "until"),
    [
        ({"for": "hour"}, "2026-06-10T10:00:00+00:00"),
        ({"for": "tomorrow"}, "2026-06-11T07:00:00+00:00"),
        ({"for": "day", "day": "2026-06-20"}, "2026-06-20T07:00:00+00:00"),
    ],
    ids=["hour", "tomorrow", "day"],
)
def test_a_snooze_ends_by_the_leads_clock(desk: Web, asked: dict[str, str], until: str) -> None:
    follow_up = lose(desk)
    assert desk.http.post("/follow-ups/snooze", data={"id": follow_up, **asked}).status_code == 303
    found = state(desk, follow_up)
    assert (found[0], found[1].isoformat()) == ("snoozed", until)
    assert "Ada Lovelace" in shown(desk, "snoozed")
    assert "1 snoozed" in shown(desk)


@pytest.mark.parametrize("day", ["", "yesterday", "2026-06-09", "2029-01-01", "9999-12-31"])
def test_a_snooze_to_no_day_ahead_is_refused(desk: Web, day: str) -> None:
    follow_up = lose(desk)
    answer = desk.http.post("/follow-ups/snooze", data={"id": follow_up, "for": "day", "day": day})
    assert answer.status_code == 422
    assert state(desk, follow_up)[0] == "open"


def test_whoever_takes_one_is_its_owner(desk: Web) -> None:
    follow_up = lose(desk)
    assert "Nobody’s yet" in shown(desk)
    desk.http.post("/follow-ups/assign", data={"id": follow_up})
    assert "<span>Yours</span>" in shown(desk)
    assert state(desk, follow_up)[2] is not None


def test_what_closed_by_itself_says_why_and_can_be_opened(desk: Web) -> None:
    follow_up = lose(desk)
    deliver(
        desk.hands,
        told(
            desk.client, a_meeting("again", booked_at=NOW - HOUR, at=NOW - HOUR), email="inv-1@example.test"
        ),
    )
    closed = shown(desk, "closed")
    assert state(desk, follow_up)[0] == "closed"
    assert re.search(r"They have booked again\.|The meeting was moved", closed)
    assert "Open again" in closed


def test_a_kind_of_a_newer_release_is_shown_with_its_code_and_not_acted_on(desk: Web) -> None:
    follow_up = lose(desk)
    desk.database.execute("UPDATE follow_up SET kind = 'meeting-teleported', urgent = false")
    html = shown(desk)
    assert "Meeting teleported" in html
    assert "<code>meeting-teleported</code>" in html
    assert 'action="/follow-ups/done"><input type="hidden" name="id"' not in html
    assert desk.http.post("/follow-ups/done", data={"id": follow_up}).status_code == 409


def test_another_clients_follow_up_is_not_there(desk: Web) -> None:
    other = a_client(desk.database, "Other Agency")
    connect(desk, other)
    theirs = lose(desk, "theirs", other)
    assert "All clear" in shown(desk)
    for act in ("done", "snooze", "assign", "undo", "reopen"):
        assert desk.http.post(f"/follow-ups/{act}", data={"id": theirs, "for": "hour"}).status_code == 404
    assert state(desk, theirs)[0] == "open"


def test_who_may_only_read_sees_no_button_and_is_refused(desk: Web) -> None:
    follow_up = lose(desk)
    sign_in.ensure_operator(desk.database, "Rita", "read", desk.client.id)
    desk.http.post(f"/sign-in/{sign_in.make_link(desk.database, 'Rita')}")
    html = shown(desk)
    assert "Ada Lovelace" in html
    assert 'action="/follow-ups/' not in html
    assert desk.http.post("/follow-ups/done", data={"id": follow_up}).status_code == 403
    assert state(desk, follow_up)[0] == "open"


def test_another_sites_form_is_refused_and_so_is_nobody(desk: Web) -> None:
    follow_up = lose(desk)
    forged = desk.http.post(
        "/follow-ups/done", data={"id": follow_up}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert forged.status_code == 403
    assert desk.http.post("/follow-ups/done", data={}).status_code == 422
    assert desk.http.post("/follow-ups/vanish", data={"id": follow_up}).status_code == 404
    desk.http.cookies.clear()
    assert desk.http.post("/follow-ups/done", data={"id": follow_up}).headers["location"] == "/sign-in"
    assert state(desk, follow_up)[0] == "open"


def test_an_empty_list_warns_where_a_provider_has_gone_silent(desk: Web) -> None:
    (connection,) = connections.of_client(desk.database, KEYRING, desk.client.id)
    for hour in range(1, 60):
        health.heard(desk.database, [(desk.client.id, connection.id, 5, NOW - timedelta(hours=20 + hour))])
    html = shown(desk)
    assert "All clear" in html
    assert "We have not heard from Calendly since 21 h ago" in html
