"""The demo's location tells the same story when it is started again, and lies in a running process as in memory."""

from datetime import timedelta

from pipeline.words import Provider
from tests.apis.conftest import NOON
from tests.simulators.clock import SimulatedClock
from tests.simulators.story import BEFORE, Story
from tests.simulators.truth import Account
from tests.simulators.world import World

EMAILS = [f"lead{number}@example.com" for number in range(20)]


def told(*hours: float) -> Account:
    """A location whose story is looked at after so many hours, each time."""
    world = World(SimulatedClock(NOON - BEFORE), 1)
    account = world.account(Provider.GHL, name="loc", token="t")
    story = Story(world, account, NOON, EMAILS, 1)
    for one in hours:
        story.move_to(NOON + timedelta(hours=one))
    return account


def state(account: Account) -> dict[str, tuple[object, ...]]:
    return {
        one.id: (one.start, one.status, one.updated_at, one.person.email) for one in account.meetings.values()
    }


def test_a_story_that_is_begun_again_is_the_same() -> None:
    assert state(told(*[number / 7 for number in range(40)])) == state(told(39 / 7))


def test_all_sorts_of_things_happen_in_it() -> None:
    account = told(6)
    words = {one.status for one in account.meetings.values()}
    assert words == {"confirmed", "cancelled", "noshow", "showed"}
    assert any(one.moves for one in account.meetings.values())
