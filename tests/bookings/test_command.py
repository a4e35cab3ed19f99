"""`apptrail book` and the API's intents, through real processes, to a provider behind a socket."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from pipeline.words import Provider
from tests.bookings.test_killed import RealClock
from tests.flows.stack import Stack, running
from tests.simulators.ghl_site import GhlSite
from tests.simulators.serving import on_socket
from tests.simulators.slots import free
from tests.simulators.truth import Account
from tests.simulators.world import World

Town = tuple[Stack, World, Account]


@pytest.fixture(scope="module")
def town(server_folder: Path) -> Iterator[Town]:
    world = World(RealClock(datetime.now(UTC)))
    account = world.account(Provider.GHL)
    with running(server_folder / "booking_command") as stack, on_socket(GhlSite(world)) as url:
        added = stack.cli(
            "connection", "add", "agency", "ghl", "--api-token", account.token, "--location-id", account.id,
            "--timezone", account.zone, "--api-base-url", url, "--json",
        )  # fmt: skip
        connection_id = json.loads(added)["id"]
        stack.cli("connection", "book-with", connection_id, world.calendar(account).id)
        file = stack.folder / "people.csv"
        file.write_text("external_id,email,first_name\none,ada@example.com,Ada\ntwo,ben@example.com,Ben\n")
        stack.cli("leads", "import", "agency", str(file))
        yield stack, world, account


def lead_of(stack: Stack, external_id: str) -> str:
    ((lead_id,),) = stack.rows(f"SELECT id::text FROM lead WHERE external_id = '{external_id}'")
    found: str = lead_id
    return found


def a_slot(world: World, account: Account) -> datetime:
    soon = datetime.now(UTC) + timedelta(days=1)
    return min(free(world, account, world.calendar(account), soon, soon + timedelta(days=5)))


def test_the_command_books_one_meeting_and_says_so(town: Town) -> None:
    stack, world, account = town
    slot = a_slot(world, account)
    told = json.loads(stack.cli("book", lead_of(stack, "one"), "--slot", slot.isoformat(), "--json"))
    assert (told["state"], told["reason"]) == ("booked", None)
    held = [one for one in world.live(account) if one.person.email == "ada@example.com"]
    assert [(one.id, one.start) for one in held] == [(told["external_id"], slot)]


def test_an_intent_of_the_api_is_carried_out_by_the_clock_and_called_off_by_it(town: Town) -> None:
    stack, world, account = town
    stack.start_web()
    stack.start_workers()
    stack.start("clock", "clock")
    lead, slot = lead_of(stack, "two"), a_slot(world, account)
    url, headers = f"{stack.url}/api/v1/leads/{lead}", {"authorization": f"Bearer {stack.token}"}
    with httpx.Client(headers=headers, trust_env=False, timeout=20) as http:
        window = {"from": slot.isoformat(), "to": (slot + timedelta(hours=1)).isoformat()}
        offered = http.get(f"{url}/slots", params=window).json()["items"]
        assert slot.isoformat().replace("+00:00", "Z") in [one["start_at"] for one in offered]
        made = http.post(f"{url}/bookings", json={"slot": slot.isoformat()}).json()
        stack.wait_for(lambda: http.get(f"{url}/bookings/{made['id']}").json()["state"] == "booked", 30)
        stack.wait_for(lambda: http.get(f"{url}/booking-status").json()["has_appointment"], 30)
        status = http.get(f"{url}/booking-status").json()
        assert (status["source"], status["lead_status"]) == ("auto_book", "meeting-booked")
        http.delete(f"{url}/bookings/{made['id']}")
        stack.wait_for(lambda: http.get(f"{url}/bookings/{made['id']}").json()["state"] == "canceled", 30)
    assert [one for one in world.live(account) if one.person.email == "ben@example.com"] == []


def test_a_booking_leaves_the_guest_in_lead_alone(town: Town) -> None:
    """DESIGN 5: who is booked for is read at the moment of the call, and is written down nowhere."""
    stack, _, _ = town
    stack.wait_for(stack.inbox_is_empty, 30)
    for log in stack.folder.glob("*.log"):
        assert "@example.com" not in log.read_text(), log.name
    for table in (
        "booking",
        "offered_slot",
        "appointment",
        "observation",
        "inbox",
        "dead_letter",
        "lookup",
        "follow_up",
    ):
        for (row,) in stack.rows(f"SELECT t::text FROM {table} t"):
            assert "@example.com" not in row, table
            assert "Ada" not in row, table
