"""Instantly's own list of deliveries: a reply that no webhook brought is found by a sweep, and applied once."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import stamina

from db import connections, inbox
from db.connections import Connection
from db.desk import Database, connect
from db.ids import new_id
from db.ledger import Hands as DrainHands
from ingest.apis.budgets import BudgetSpent
from ingest.apis.caller import Caller
from ingest.apis.http import new_client
from ingest.apis.instantly_api import InstantlyApi
from ingest.apis.tokens import FixedToken
from ingest.parcels import parcel_of
from ingest.providers import ADAPTERS
from ingest.sweeps.engine import Hands, Swept, sweep
from ingest.sweeps.schedule import serve
from pipeline.sweeping import Tier, spans_of
from pipeline.words import Provider
from tests.builders import KEYRING, AClient, a_client, at
from tests.laws.people import drain_all
from tests.simulators.instantly_site import InstantlySite
from tests.simulators.serving import InProcess
from tests.simulators.unbounded import Unbounded
from tests.sweeps.conftest import move_clock

NOW = at(48)


@dataclass
class Workspace:
    """A client with one connection to a simulated workspace."""

    database: Database
    witness: Database
    client: AClient
    connection: Connection
    site: InstantlySite
    spent: bool = False

    def api(self) -> InstantlyApi:
        budget = Spent() if self.spent else Unbounded()
        caller = Caller(
            self.site.base_url, new_client(InProcess(self.site)), FixedToken(self.site.token), budget, {}
        )
        return InstantlyApi(self.connection, caller, lambda: NOW)

    def sweep(self, tier: Tier = Tier.NEAR) -> Swept:
        hands = Hands(self.database, lambda _: None)
        swept = sweep(hands, self.connection, self.api(), tier, spans_of(tier, NOW))
        self.drain()
        return swept

    def webhook(self, payload: dict[str, Any]) -> None:
        for reading in ADAPTERS[Provider.INSTANTLY].read(self.connection, json.dumps(payload).encode(), NOW):
            inbox.post(self.database, [parcel_of(self.connection, reading, NOW, new_id())])
        self.drain()

    def drain(self) -> None:
        drain_all(DrainHands(self.database, self.witness, lambda _: None), self.client.id)

    def leads(self) -> list[tuple[Any, ...]]:
        return self.database.execute(
            """SELECT l.email, l.replied_at, l.suppressed_at, l.sentiment, count(m.id) FROM lead l
               LEFT JOIN message m ON m.client_id = l.client_id AND m.lead_id = l.id
               WHERE l.client_id = %s GROUP BY l.client_id, l.id ORDER BY l.email""",
            (self.client.id,),
        ).fetchall()


class Spent(Unbounded):
    def spend(self) -> None:
        raise BudgetSpent("burst", 60.0)


@pytest.fixture
def workspace(database: str) -> Iterator[Workspace]:
    with (
        stamina.set_testing(True, attempts=3, cap=True),
        connect(database) as own,
        connect(database) as witness,
    ):
        client, site = a_client(own), InstantlySite()
        secrets = {"api_token": site.token, "header_secrets": ["a header secret"]}
        connections.add(own, KEYRING, client.id, Provider.INSTANTLY, secret_values=secrets)
        (connection,) = connections.of_client(own, KEYRING, client.id)
        for one in (own, witness):
            move_clock(one, NOW)
        yield Workspace(own, witness, client, connection, site)


def a_reply(who: str, text: str, said_at: datetime, **named: Any) -> dict[str, Any]:
    return {
        "timestamp": said_at.isoformat().replace("+00:00", "Z"), "event_type": "reply_received", "workspace": "w",
        "campaign_id": "c", "lead_email": f"{who}@example.com", "email_id": f"{who}-{said_at.isoformat()}",
        "reply_text": text, **named,
    }  # fmt: skip


def test_a_missed_reply_is_found_and_a_second_look_costs_no_job(workspace: Workspace) -> None:
    workspace.site.sends(a_reply("anna", "Please stop emailing me", at(40)), at(40), success=False)
    first = workspace.sweep()
    assert (first.state, first.posted) == ("finished", 1)
    assert workspace.leads() == [("anna@example.com", at(40), at(40), "negative", 1)]
    again = workspace.sweep()
    assert (again.state, again.posted, again.unchanged) == ("finished", 0, 1)
    assert workspace.leads() == [("anna@example.com", at(40), at(40), "negative", 1)]


@pytest.mark.parametrize("order", ["sweep-first", "webhook-first"])
def test_a_webhook_that_comes_later_or_twice_is_the_same_message(workspace: Workspace, order: str) -> None:
    reply = a_reply("anna", "Call me", at(40))
    workspace.site.sends(reply, at(40), success=False)
    workspace.site.sends(reply, at(40) + timedelta(seconds=10), success=True)  # its retry has an entry too
    if order == "webhook-first":
        workspace.webhook(reply)
    workspace.sweep()
    workspace.webhook(reply)
    workspace.webhook(reply)
    workspace.sweep()
    assert workspace.leads() == [("anna@example.com", at(40), None, "positive", 1)]


def test_the_list_is_walked_page_by_page_and_the_watermark_moves(workspace: Workspace) -> None:
    workspace.site.most = 3
    for number in range(8):
        workspace.site.sends(a_reply(f"p{number}", "Tell me more", at(number + 30)), at(number + 30))
    workspace.site.sends(
        a_reply("old", "Tell me more", at(-1)), at(-1)
    )  # before the window, on its first day
    swept = workspace.sweep()
    assert (swept.posted, len(workspace.leads())) == (8, 8)
    assert len(workspace.site.asked) == 3
    row = workspace.database.execute("SELECT watermarks FROM connection").fetchone()
    assert row is not None
    assert row[0]["near"]["at"] == NOW.isoformat()


def test_what_no_webhook_of_ours_would_have_read_is_passed_over(workspace: Workspace) -> None:
    workspace.site.sends({"event_type": "email_sent", "lead_email": "anna@example.com"}, at(40))
    workspace.site.sends("no JSON", at(41))
    workspace.site.sends(None, at(42))
    workspace.site.sends(json.dumps(a_reply("ben", "Call me", at(43))), at(43))  # as its text
    workspace.site.sends(a_reply("eve", "{{reply_text}}", at(44)), at(44))
    swept = workspace.sweep()
    assert swept.state == "finished"
    assert [row[0] for row in workspace.leads()] == ["ben@example.com"]
    assert workspace.sweep().posted == 0


def test_the_clock_sweeps_it_and_what_lies_ahead_costs_no_call(workspace: Workspace) -> None:
    workspace.site.sends(a_reply("anna", "Call me", at(40)), at(40))
    done = serve(Hands(workspace.database, lambda _: None), workspace.connection, workspace.api())
    assert [(one.tier, one.state) for one in done] == [(tier, "finished") for tier in ("near", "mid", "far")]
    assert all(query["from"] <= NOW.date().isoformat() for query in workspace.site.asked)
    assert len(workspace.site.asked) <= 16  # one for each 31 days that lie behind us, not for those ahead


@pytest.mark.parametrize("trouble", ["budget", "token", "shape"])
def test_trouble_is_on_the_connections_health_and_nothing_is_lost(workspace: Workspace, trouble: str) -> None:
    workspace.site.sends(a_reply("anna", "Call me", at(40)), at(40))
    token, workspace.spent = workspace.site.token, trouble == "budget"
    if trouble == "token":
        api = workspace.api()
        workspace.site.token = "another"
        hands = Hands(workspace.database, lambda _: None)
        swept = sweep(hands, workspace.connection, api, Tier.NEAR, spans_of(Tier.NEAR, NOW))
    elif trouble == "shape":
        workspace.site.faults.next("wrapped")
        swept = workspace.sweep()
    else:
        swept = workspace.sweep()
    assert (swept.state, swept.posted) == ("waiting", 0)
    workspace.site.token, workspace.spent = token, False
    workspace.site.faults = type(workspace.site.faults)()
    workspace.database.execute("UPDATE connection_health SET paused_until = NULL, breaker = 'closed'")
    assert workspace.sweep().state == "finished"
    assert len(workspace.leads()) == 1
