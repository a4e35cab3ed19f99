"""The page of sync health: states in words, commands that can be copied, and nobody else's connections."""

from datetime import timedelta

from db import connection_health as health
from db import lookups
from ingest.sweeps.engine import Hands, sweep
from pipeline.doubts import Doubt
from pipeline.observation import AppointmentKey
from pipeline.sweeping import Tier, spans_of
from pipeline.words import Provider
from tests.builders import a_client
from tests.sweeps.fake_api import FakeApi
from tests.web.conftest import Web
from tests.web.story import NOW
from tests.web.test_sync_health import connected
from workers.budget_desk import BudgetLeft


def shown(web: Web) -> str:
    answer = web.http.get("/sync")
    assert answer.status_code == 200
    return answer.text


def test_without_connections_it_says_how_to_add_one(web: Web) -> None:
    assert web.http.get("/sync").headers["location"] == "/sign-in"
    web.sign_in(client=web.client)
    html = shown(web)
    assert "No connection yet." in html
    assert '<a href="/sync" aria-current="page">' in html


def test_a_swept_connection_tells_its_tiers_and_its_commands(web: Web) -> None:
    connection = connected(web)
    api = FakeApi(NOW)
    api.book("m-1", "p1", NOW + timedelta(hours=1))
    sweep(Hands(web.database, lambda _: None), connection, api, Tier.NEAR, spans_of(Tier.NEAR, NOW))
    health.heard(web.database, [(web.client.id, connection.id, 4, NOW - timedelta(minutes=3))])
    web.sign_in(client=web.client)
    html = shown(web)
    for words in (
        "Healthy",
        "3 min ago",
        '<th scope="row">Near</th><td>Finished</td>',
        "Closed: calls go through",
    ):
        assert words in html
    assert f"apptrail sweep --client {web.client.id} --provider ghl --dry-run" in html
    assert "resubscribe" not in html
    assert "a token" not in html


def test_a_broken_one_comes_first_and_says_why(web: Web) -> None:
    connected(web)
    broken = connected(web, Provider.CALENDLY)
    for _ in range(5):
        health.failed(web.database, web.client.id, broken.id, "wrapped_answer")
    health.pause(web.database, web.client.id, broken.id, "budget_day", 3600)
    state = {"uri": "u", "state": "disabled", "retry_started_at": "2026-06-09T10:00:00+00:00"}
    health.watched(web.database, web.client.id, broken.id, state)
    web.sign_in(client=web.client)
    html = shown(web)
    assert html.index("Circuit broken") < html.index("Healthy")
    for words in (
        "Wrapped answer",
        "wrapped answer 5×",
        "Open: no calls",
        "Paused (budget day); goes on",
        "Disabled",
    ):
        assert words in html
    assert f"apptrail connection resubscribe {broken.id}" in html


def test_an_unsigned_one_is_called_so_and_its_questions_are_listed(web: Web) -> None:
    connected(web, secrets={}, unsigned=True)
    doubt = Doubt(AppointmentKey(Provider.GHL, "m-1"), "contradiction", NOW)
    lookups.ask(web.database, web.client.id, [doubt])
    web.sign_in(client=web.client)
    html = shown(web)
    assert "</svg>Unsigned</span>" in html
    assert "Two facts contradict each other" in html
    assert "apptrail sweep" not in html


def test_another_clients_connection_is_not_shown(web: Web) -> None:
    theirs = connected(web)
    web.sign_in(client=a_client(web.database, "Other Agency"))
    html = shown(web)
    assert str(theirs.id) not in html
    assert "No connection yet." in html


def test_it_tells_what_is_left_of_the_budget_in_words(web: Web) -> None:
    connected(web, Provider.CALENDLY)
    web.sign_in(client=web.client)
    assert "Not known: Redis does not answer, so nothing is called" in shown(web)
    web.http.app.state.budgets_left = lambda asked: {  # type: ignore[attr-defined]
        one.id: [BudgetLeft("burst", 60, 500, 420, 370)] for one in asked
    }
    assert "420 of 500 calls left this minute (370 for sweeps)" in shown(web)
