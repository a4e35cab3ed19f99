"""Many clocks, one leader: who is killed is followed by another, which does what the clock does."""

import json
import signal
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pipeline.words import Provider
from tests.flows.stack import Stack
from tests.simulators.clock import SimulatedClock
from tests.simulators.ghl_site import GhlSite
from tests.simulators.serving import on_socket
from tests.simulators.world import World
from workers.timetable import LEADER

PATIENCE_SECONDS = 60.0


def leads(stack: Stack) -> tuple[UUID, datetime] | None:
    """Who leads, and until when unless it renews."""
    rows = stack.rows(f"SELECT owner, until FROM lease WHERE name = '{LEADER}'")
    return rows[0] if rows else None


def leader(stack: Stack, before: set[UUID]) -> UUID:
    """Wait for a leader besides those that led before."""
    stack.wait_for(lambda: (now := leads(stack)) is not None and now[0] not in before, PATIENCE_SECONDS)
    found = leads(stack)
    assert found is not None
    return found[0]


def renewed(stack: Stack, times: int) -> set[UUID]:
    """Watch the lease being renewed so many times; returns by whom."""
    seen: dict[datetime, UUID] = {}

    def look() -> bool:
        if (found := leads(stack)) is not None:
            seen[found[1]] = found[0]
        return len(seen) > times

    stack.wait_for(look, PATIENCE_SECONDS)
    return set(seen.values())


def is_trying(stack: Stack, name: str) -> bool:
    return b"process_started" in stack.log_of(name).read_bytes()


def test_another_clock_leads_when_the_leader_is_killed_and_sweeps_go_on(stack: Stack) -> None:
    stack.start("first", "clock")
    first = leader(stack, set())
    stack.start("second", "clock")
    stack.wait_for(lambda: is_trying(stack, "second"), PATIENCE_SECONDS)
    assert renewed(stack, 2) == {first}, "one leads, however many there are"

    stack.kill("first")
    found = leads(stack)
    assert found is not None
    assert found[0] == first, "until its lease runs out nobody knows"
    stack.rows(f"UPDATE lease SET until = now() WHERE name = '{LEADER}' RETURNING 1")
    second = leader(stack, {first})

    world = World(SimulatedClock(datetime.now(UTC)))
    account = world.account(Provider.GHL)
    world.book(account, world.person(account), world.clock.now() + timedelta(days=1))
    with on_socket(GhlSite(world)) as url:
        where = ("--location-id", account.id, "--api-token", account.token, "--api-base-url", url)
        json.loads(stack.cli("connection", "add", "agency", "ghl", *where, "--json"))
        stack.wait_for(
            lambda: stack.rows(
                "SELECT 1 FROM sweep_run WHERE tier = 'near' AND state = 'finished' AND posted = 1"
            ),
            PATIENCE_SECONDS,
        )

    stack.start("third", "clock")
    stack.wait_for(lambda: is_trying(stack, "third"), PATIENCE_SECONDS)
    assert renewed(stack, 1) == {second}
    leaving = stack.processes.pop("second")
    leaving.send_signal(signal.SIGTERM)
    assert leaving.wait(PATIENCE_SECONDS) == 0
    leader(stack, {first, second})  # whoever is asked to end gives the lead back at once
