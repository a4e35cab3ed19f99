"""Stories: what really happened to a few people, the bodies that tell of it, and how it must end.

A story's truth is written by hand from what happened, never computed by the code under test.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.flows.calendly_bodies import API, booked, canceled, text_of

Body = dict[str, Any]

HALF_HOUR = timedelta(minutes=30)
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class End:
    """How an appointment ends: `said` is how many distinct things its provider said of it."""

    status: str
    start_at: datetime
    said: int
    replaces: str | None = None


@dataclass(frozen=True)
class Story:
    """One person's: the addresses that they used, the bodies in the order of events, the truth."""

    provider: str
    emails: tuple[str, ...]
    bodies: tuple[Body, ...]
    ends: dict[str, End]


Teller = Callable[[str, random.Random], Story]


def one_meeting(name: str, dice: random.Random) -> Story:
    """Somebody books and that is all."""
    start = _start(dice)
    return Story("calendly", (_mail(name),), (_book(f"{name}-a", _mail(name), start),), {f"{name}-a": End("confirmed", start, 1)})  # fmt: skip


def called_off(name: str, dice: random.Random) -> Story:
    """Somebody books and cancels; and has booked another one before."""
    first, second = _start(dice), _start(dice)
    kept, lost = _book(f"{name}-a", _mail(name), first), _book(f"{name}-b", _mail(name), second)
    ends = {f"{name}-a": End("confirmed", first, 1), f"{name}-b": End("canceled", second, 2)}
    return Story("calendly", (_mail(name),), (kept, lost, canceled(lost, _ago(10))), ends)


def moved_again_and_again(name: str, dice: random.Random) -> Story:
    """Somebody moves a meeting two to four times, and cancels the last, or does not."""
    moves = dice.randint(2, 4)
    keys = [f"{name}-{number}" for number in range(moves + 1)]
    starts = [_start(dice) for _ in keys]
    bodies: list[Body] = []
    ends: dict[str, End] = {}
    for number, (key, start) in enumerate(zip(keys, starts, strict=True)):
        before = keys[number - 1] if number else None
        booking = _book(key, _mail(name), start, hours_ago=40 - 2 * number, replaces=before)
        bodies.append(booking)
        if number < moves:
            bodies.append(canceled(booking, _ago(39 - 2 * number), replaced_by=keys[number + 1]))
            ends[key] = End("rescheduled", start, 2, before)
        else:
            ends[key] = End("confirmed", start, 1, before)
    if dice.random() < 0.5:
        bodies.append(canceled(bodies[-1], _ago(2)))
        ends[keys[-1]] = End("canceled", starts[-1], 2, keys[-2])
    return Story("calendly", (_mail(name),), tuple(bodies), ends)


def missed(name: str, dice: random.Random) -> Story:
    """Somebody does not come; half of them are excused later."""
    start = NOW - timedelta(hours=dice.randint(30, 60))
    booking = _book(f"{name}-a", _mail(name), start, hours_ago=100)
    at = _ago(20)
    mark = {"uri": f"{API}/invitee_no_shows/{name}", "created_at": text_of(at)}
    no_show = {
        **booking, "event": "invitee_no_show.created", "created_at": text_of(at),
        "payload": {**booking["payload"], "no_show": mark},
    }  # fmt: skip
    bodies, status = [booking, no_show], "no_show"
    if dice.random() < 0.5:
        bodies.append({**booking, "event": "invitee_no_show.deleted", "created_at": text_of(_ago(10))})
        status = "confirmed"
    return Story("calendly", (_mail(name),), tuple(bodies), {f"{name}-a": End(status, start, len(bodies))})


def two_addresses(name: str, dice: random.Random) -> Story:
    """One person books with one address and moves the meeting with another, in capitals."""
    first, second, third = _start(dice), _start(dice), _start(dice)
    home, work = _mail(name), f"{name}@work.example"
    old = _book(f"{name}-a", home, first, hours_ago=40)
    new = _book(f"{name}-b", work, second, hours_ago=30, replaces=f"{name}-a")
    later = _book(f"{name}-c", home.upper(), third, hours_ago=20)
    bodies = (old, canceled(old, _ago(30), replaced_by=f"{name}-b"), new, later)
    ends = {
        f"{name}-a": End("rescheduled", first, 2),
        f"{name}-b": End("confirmed", second, 1, f"{name}-a"),
        f"{name}-c": End("confirmed", third, 1),
    }
    return Story("calendly", (home, work), bodies, ends)


TELLERS: list[Teller] = [one_meeting, called_off, moved_again_and_again, missed, two_addresses]
"""Who can tell a story. Another provider's tellers join here."""


def _mail(name: str) -> str:
    return f"{name}@example.com"


def _ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def _start(dice: random.Random) -> datetime:
    """Far enough ahead that no start passes while the chaos lasts."""
    return NOW + timedelta(days=2, minutes=15 * dice.randint(0, 2000))


def _book(
    key: str, email: str, start: datetime, *, hours_ago: float = 50, replaces: str | None = None
) -> Body:
    return booked(key, email, start, start + HALF_HOUR, _ago(hours_ago), replaces=replaces)
