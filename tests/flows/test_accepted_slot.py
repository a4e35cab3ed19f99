"""Offered three slots, "the second one works" by text message: one meeting, through real processes and a socket."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.words import Provider
from tests.bookings.test_killed import RealClock
from tests.flows.stack import Stack, running
from tests.ingest.signatures import by_ghl, verifier_of
from tests.simulators.ghl_site import GhlSite
from tests.simulators.serving import on_socket
from tests.simulators.slots import free
from tests.simulators.truth import Account, Person
from tests.simulators.world import World

KEY = "HighLevel's key, in the tests"
WORDS = "Hi! the second one works CANARY-in-the-words"
PLAIN = "the second one works"


class Town:
    """A client whose lead is a contact at a provider behind a socket."""

    def __init__(self, stack: Stack, world: World, account: Account, endpoint: str, person: Person) -> None:
        self.stack = stack
        self.world = world
        self.account = account
        self.endpoint = endpoint
        self.person = person
        self.lead = stack.lead_of(person.email)

    def message(self, name: str, text: str) -> dict[str, Any]:
        return {
            "type": "InboundMessage", "locationId": self.account.id, "contactId": self.person.id, "body": text,
            "conversationId": "conversation-1", "messageId": name, "messageType": "SMS", "direction": "inbound",
            "dateAdded": datetime.now(UTC).isoformat(), "status": "delivered",
        }  # fmt: skip

    def text(self, said: dict[str, Any], *, times: int = 1) -> list[int]:
        """Deliver a message as HighLevel does: signed, the same bytes each time."""
        raw = json.dumps(said).encode()
        headers = {
            name.decode(): value.decode() for name, value in by_ghl(raw, KEY, datetime.now(UTC)).items()
        }
        url = f"{self.stack.url}/webhooks/ghl/{self.endpoint}"
        return [
            httpx.post(url, content=raw, headers=headers, timeout=5, trust_env=False).status_code
            for _ in range(times)
        ]

    def ask(self, path: str) -> Any:
        return self.stack.ask(f"/api/v1/leads/{self.lead}/{path}")

    def held(self) -> list[datetime]:
        return [one.start for one in self.world.live(self.account) if one.person.email == self.person.email]


@pytest.fixture(scope="module")
def town(server_folder: Path) -> Iterator[Town]:
    world = World(RealClock(datetime.now(UTC)))
    account = world.account(Provider.GHL)
    with running(server_folder / "accepted_slot") as stack, on_socket(GhlSite(world)) as url:
        added = json.loads(stack.cli(
            "connection", "add", "agency", "ghl", "--api-token", account.token, "--location-id", account.id,
            "--timezone", account.zone, "--api-base-url", url, "--signing-key", verifier_of(Provider.GHL, KEY) or "",
            "--json",
        ))  # fmt: skip
        stack.cli("connection", "book-with", added["id"], world.calendar(account).id)
        person = world.person(account)
        file = stack.folder / "people.csv"
        file.write_text(
            f"external_id,email,first_name,ghl_contact_id\none,{person.email},{person.first},{person.id}\n"
        )
        stack.cli("leads", "import", "agency", str(file))
        stack.start("web", "web")
        stack.wait_for(stack.is_alive, 120)
        stack.start_workers()
        stack.start("clock", "clock")
        yield Town(stack, world, account, added["endpoint"], person)


def offered(town: Town) -> list[datetime]:
    """Ask for the free slots of a window that holds three."""
    soon = datetime.now(UTC) + timedelta(days=1)
    first = sorted(
        free(town.world, town.account, town.world.calendar(town.account), soon, soon + timedelta(days=6))
    )
    answer = httpx.get(
        f"{town.stack.url}/api/v1/leads/{town.lead}/slots", timeout=20, trust_env=False,
        params={"from": first[0].isoformat(), "to": (first[2] + timedelta(minutes=1)).isoformat()},
        headers={"authorization": f"Bearer {town.stack.token}"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    items = [datetime.fromisoformat(one["start_at"]) for one in answer.json()["items"]]
    assert items == first[:3]
    return items


def test_the_second_one_works_delivered_five_times_is_one_meeting(town: Town) -> None:
    slots, stack = offered(town), town.stack
    accepted = town.message("message-1", PLAIN)
    assert town.text(accepted, times=5) == [200] * 5
    stack.wait_for(lambda: town.ask("booking-status")["has_appointment"], 240)
    assert town.text(accepted) == [200]
    stack.wait_for(stack.inbox_is_empty, 120)
    assert town.held() == [slots[1]]
    (booking,) = town.ask("bookings")["items"]
    assert (booking["state"], datetime.fromisoformat(booking["slot"])) == ("booked", slots[1])
    (appointment,) = town.ask("appointments")["items"]
    assert (appointment["status"], appointment["source"]) == ("confirmed", "auto_book")
    assert appointment["canceled_at"] is None
    assert datetime.fromisoformat(appointment["start_at"]) == slots[1]
    # Nothing red: no follow-up, no dead letter; and whoever writes by a sequence pauses.
    assert stack.ask("/api/v1/follow-ups")["items"] == []
    assert stack.rows("SELECT count(*) FROM dead_letter") == [(0,)]
    conversation = town.ask("conversation")
    assert (conversation["outreach"], len(conversation["messages"])) == ("replied", 1)
    assert [one["kind"] for one in conversation["messages"][0]["signals"]] == ["slot_accepted"]


def test_a_stop_suppresses_until_the_command_lifts_it(town: Town) -> None:
    assert town.text(town.message("message-2", "STOP"), times=2) == [200, 200]
    town.stack.wait_for(lambda: town.ask("conversation")["suppressed"], 120)
    assert town.stack.cli("leads", "lift-suppression", town.lead, "--by", "Olga") == "lifted\n"
    assert town.ask("conversation")["outreach"] == "replied"
    assert town.stack.rows("SELECT actor, action FROM audit_log WHERE action LIKE 'supp%'") == [
        ("Olga", "suppression_lifted")
    ]


def test_no_word_of_a_message_is_anywhere(town: Town) -> None:
    """What was read is gone: not in a table, not in Redis, not in what processes logged."""
    assert town.text(town.message("message-3", WORDS)) == [200]
    stack = town.stack
    stack.wait_for(lambda: len(town.ask("conversation")["messages"]) == 3, 120)
    for mark in ("CANARY", PLAIN, "second one"):
        for log in stack.folder.glob("*.log"):
            assert mark not in log.read_text(), log.name
        for (table,) in stack.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            found = stack.rows(f"SELECT count(*) FROM \"{table}\" t WHERE t::text LIKE '%{mark}%'")
            assert found == [(0,)], table
