"""The pages of dead letters: counted, grouped, foreseen, replayed with a reason, and nobody else's."""

import re
from typing import Any
from uuid import UUID

import pytest

from db import failures, lead_checks, ledger, pauses, replay_steps, replays, sign_in
from db.dead_letter_filters import Filter
from db.failures import Failure
from db.ids import new_id
from db.jobs import due
from tests.builders import AClient, a_client
from tests.laws.test_failures import UNREADABLE, add_job
from tests.web.conftest import Web
from tests.web.story import a_meeting, deliver, told
from web import replay_pages

A_BUG = Failure("KeyError", "pipeline/book.py:enter:1", "")


@pytest.fixture
def desk(web: Web) -> Web:
    web.sign_in(client=web.client)
    return web


def die(web: Web, name: str = "ada", payload: str | None = None, client: AClient | None = None) -> UUID:
    """A job that was given up; the letter's id."""
    client = client or web.client
    lead = deliver(web.hands, told(client, a_meeting(f"first-{name}"), email=f"{name}@example.test"))
    add_job(web.hands, client.id, lead, payload or a_meeting(f"m-{name}").text())
    for job in due(web.database, client.id, [lead]):
        failures.bury(web.database, client.id, job, A_BUG, "calendly")
    row = web.database.execute("SELECT id FROM dead_letter WHERE lead_id = %s", (lead,)).fetchone()
    assert row is not None
    found: UUID = row[0]
    return found


def shown(web: Web, path: str, **asked: str) -> str:
    answer = web.http.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.text


def state(web: Web, letter: UUID) -> Any:
    row = web.database.execute("SELECT state FROM dead_letter WHERE id = %s", (letter,)).fetchone()
    assert row is not None
    return row[0]


def test_no_letters_is_good_news(desk: Web) -> None:
    html = shown(desk, "/dead-letters")
    assert "None has ever died." in html
    assert '<a href="/dead-letters" aria-current="page">' in html


def test_letters_are_counted_and_grouped_by_what_they_died_of(desk: Web) -> None:
    for name in ("ada", "ben"):
        die(desk, name)
    html = shown(desk, "/dead-letters")
    assert re.findall(r"<dt>([^<]+)</dt><dd>(\d+)</dd>", html) == [
        ("Open", "2"), ("New in the last hour", "2"), ("Leads affected", "2"),
    ]  # fmt: skip
    assert "</svg>2 letters</span>" in html
    assert '<span class="pill grey">2 leads</span>' in html
    assert "docs/operations/runbook.md#a-job-fails" in html
    assert "example.test" not in html
    assert "Ada" not in html


def test_filters_are_in_the_url_and_bad_ones_name_their_field(desk: Web) -> None:
    letter = die(desk)
    fits = {"provider": "calendly", "kind": "appointment", "newer": "1d", "state": "open"}
    assert f"/dead-letters/{letter}" in shown(desk, "/dead-letters/list", **fits)
    for misfit in ({"provider": "ghl"}, {"older": "1d"}, {"lead": str(new_id())}, {"state": "replayed"}):
        assert "No letter fits" in shown(desk, "/dead-letters/list", **misfit)
    for bad in ({"state": "lost"}, {"older": "canary"}, {"lead": "canary"}, {"kind": "\0"}):
        answer = desk.http.get("/dead-letters/list", params=bad)
        assert answer.status_code == 422
        assert "canary" not in answer.text


@pytest.mark.parametrize(
    ("payload", "words"),
    [(None, "Create an appointment"), (UNREADABLE, "Fail again")],
    ids=["create", "fails-again"],
)
def test_a_letter_says_what_a_replay_would_do(desk: Web, payload: str | None, words: str) -> None:
    letter = die(desk, payload=payload)
    html = shown(desk, f"/dead-letters/{letter}")
    assert words in html
    assert "pipeline/book.py:enter:1" in html
    assert f"apptrail dead-letters replay --letter {letter} --dry-run" in html
    assert state(desk, letter) == "open"


def test_a_replay_is_previewed_begun_with_a_reason_paused_and_carried_out(desk: Web) -> None:
    letter = die(desk)
    preview = shown(desk, "/dead-letters/replay", kind="appointment")
    assert "1 letter matches now" in preview
    assert '<input type="hidden" name="kind" value="appointment">' in preview
    assert state(desk, letter) == "open"
    without = desk.http.post("/dead-letters/replay", data={"kind": "appointment", "why": " "})
    assert without.status_code == 422
    begun = desk.http.post("/dead-letters/replay", data={"kind": "appointment", "why": "mended", "rate": "9"})
    url = begun.headers["location"]
    assert "0 of 1 posted" in shown(desk, url)
    assert desk.http.post(f"{url}/pause").status_code == 303
    assert "Go on" in shown(desk, url)
    desk.http.post(f"{url}/resume")
    replay_id = UUID(url.rpartition("/")[2])
    for _ in range(10):
        step = replay_steps.step(desk.database, replay_id, 10)
        for ring in step.rings:
            ledger.drain(desk.hands, ring.client_id, [ring.lead_id])
        if not step.again:
            break
    done = shown(desk, url)
    assert "1 of 1 posted" in done
    assert "<dt>Applied</dt><dd>1</dd>" in done
    assert "data-refresh" not in done
    assert state(desk, letter) == "replayed"
    assert desk.http.post(f"{url}/cancel").status_code == 409
    assert "mended" in shown(desk, "/dead-letters")


def test_many_letters_want_their_number_typed(desk: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_pages, "TYPED_ABOVE", 1)
    for name in ("ada", "ben"):
        die(desk, name)
    assert "Type 2 to confirm" in shown(desk, "/dead-letters/replay")
    assert desk.http.post("/dead-letters/replay", data={"why": "mended", "count": "1"}).status_code == 422
    assert desk.http.post("/dead-letters/replay", data={"why": "mended", "count": "2"}).status_code == 303


def test_a_note_is_kept_and_a_discard_wants_a_reason(desk: Web) -> None:
    letter = die(desk)
    url = f"/dead-letters/{letter}"
    assert desk.http.post(f"{url}/note", data={"text": "seen <before>"}).status_code == 303
    assert "seen &lt;before&gt;" in shown(desk, url)
    assert desk.http.post(f"{url}/discard", data={"reason": ""}).status_code == 422
    assert state(desk, letter) == "open"
    assert desk.http.post(f"{url}/discard", data={"reason": "a test of theirs"}).status_code == 303
    assert state(desk, letter) == "discarded"
    assert desk.http.post(f"{url}/discard", data={"reason": "again"}).status_code == 409
    assert "a test of theirs" in shown(desk, url)
    assert "What the providers said" not in shown(desk, url), "there is nobody to ask"


def test_what_the_providers_said_of_a_discarded_letters_lead_is_shown(desk: Web) -> None:
    letter, connection = die(desk), new_id()
    desk.database.execute(
        "INSERT INTO connection (id, client_id, provider, endpoint, secrets) VALUES (%s, %s, 'ghl', %s, '')",
        (connection, desk.client.id, str(connection)),
    )
    assert desk.http.post(f"/dead-letters/{letter}/discard", data={"reason": "a test"}).status_code == 303
    assert "will be asked" in shown(desk, f"/dead-letters/{letter}")
    (check,) = lead_checks.due(desk.database, desk.client.id, connection, 9)
    lead_checks.close(desk.database, check, "answered", listed=2, posted=1)
    assert "showed 2 meetings, 1 of them news" in shown(desk, f"/dead-letters/{letter}")


def test_a_pause_is_a_banner(desk: Web) -> None:
    pauses.pause(desk.database, "ann", "the provider is down", kind="appointment")
    assert "Appointment is paused since" in shown(desk, "/dead-letters")


def test_another_clients_letters_and_replays_are_not_there(desk: Web) -> None:
    theirs = die(desk, "theirs", client=a_client(desk.database, "Other Agency"))
    row = desk.database.execute("SELECT client_id FROM dead_letter WHERE id = %s", (theirs,)).fetchone()
    assert row is not None
    replay = replays.start(desk.database, Filter(client_id=row[0]), actor="ann", reason="canary")
    assert "None has ever died." in shown(desk, "/dead-letters")
    assert "canary" not in shown(desk, "/dead-letters")
    assert "No letter fits" in shown(desk, "/dead-letters/list", state="all")
    assert "No open letter matches" in shown(desk, "/dead-letters/replay", letter=str(theirs))
    for path in (
        f"/dead-letters/{theirs}",
        f"/replays/{replay}",
        "/dead-letters/nothing",
        f"/replays/{new_id()}",
    ):
        assert desk.http.get(path).status_code == 404
    for path in (
        f"/dead-letters/{theirs}/note",
        f"/dead-letters/{theirs}/discard",
        f"/replays/{replay}/cancel",
    ):
        assert desk.http.post(path, data={"text": "x", "reason": "x"}).status_code == 404
    assert state(desk, theirs) == "open"


def test_who_may_only_read_sees_no_button_and_is_refused(desk: Web) -> None:
    letter = die(desk)
    begun = desk.http.post("/dead-letters/replay", data={"why": "mended", "rate": "1"}).headers["location"]
    sign_in.ensure_operator(desk.database, "Rita", "read", desk.client.id)
    desk.http.post(f"/sign-in/{sign_in.make_link(desk.database, 'Rita')}")
    for path in ("/dead-letters", "/dead-letters/list", f"/dead-letters/{letter}", begun):
        html = shown(desk, path)
        assert not re.search(r'method="post" action="/(?:dead|repl)', html)
        assert "/dead-letters/replay?" not in html
    assert desk.http.get("/dead-letters/replay").status_code == 403
    for path in (
        "/dead-letters/replay",
        f"/dead-letters/{letter}/discard",
        f"/dead-letters/{letter}/note",
        f"{begun}/cancel",
    ):
        assert desk.http.post(path, data={"why": "x", "text": "x", "reason": "x"}).status_code == 403
    assert state(desk, letter) == "open"


def test_another_sites_form_is_refused(desk: Web) -> None:
    letter = die(desk)
    forged = {"Sec-Fetch-Site": "cross-site"}
    for path in ("/dead-letters/replay", f"/dead-letters/{letter}/discard", f"/dead-letters/{letter}/note"):
        assert desk.http.post(path, data={"why": "x", "reason": "x"}, headers=forged).status_code == 403
    assert state(desk, letter) == "open"
