"""The simulated senders retry as their providers do, and what they sign is what our receiver verifies."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from ingest.adapter import Adapter
from ingest.providers.calendly import Calendly
from ingest.providers.ghl import GHL
from ingest.verdicts import NotAuthentic
from pipeline.observation import Observation
from tests.apis.conftest import NOON, Stage, a_connection, name_of
from tests.simulators.senders import Sender, Weather, calendly_retries, ghl_retries, no_retries
from tests.simulators.webhooks import CalendlyWebhooks, GhlKey, GhlWebhooks, GhlWorkflows

URL = "https://apptrail.example/webhooks/x/the-endpoint"


class Receiver:
    """Answers with what it is told to, and keeps what came."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.came: list[tuple[Mapping[str, str], bytes]] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        self.came.append((headers, body))
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


def calendly_sender(stage: Stage, receiver: Receiver, weather: Weather | None = None) -> Sender:
    events = ["invitee.created", "invitee.canceled", "invitee_no_show.created", "invitee_no_show.deleted"]
    body = {
        "url": URL,
        "events": events,
        "organization": "o",
        "scope": "organization",
        "signing_key": "a-signing-key",
    }
    stage.caller.post("/webhook_subscriptions", body)
    sender = Sender(stage.world, receiver, calendly_retries, weather)
    CalendlyWebhooks(stage.site, sender)
    return sender


def ghl_sender(stage: Stage, receiver: Receiver, key: GhlKey) -> Sender:
    sender = Sender(stage.world, receiver, ghl_retries)
    GhlWebhooks(sender, key, {stage.account.id: URL})
    return sender


def a_booking(stage: Stage) -> Any:
    return stage.world.book(stage.account, stage.world.person(stage.account), NOON + timedelta(days=3))


def read(adapter: Adapter, stage: Stage, came: tuple[Mapping[str, str], bytes], **known: Any) -> str:
    headers, body = came
    connection = a_connection(stage.account, **known)
    raw = {name.encode(): value.encode() for name, value in headers.items()}
    now = stage.world.clock.now()
    adapter.verify(connection, raw, body, now)
    with pytest.raises(NotAuthentic):
        adapter.verify(connection, raw, body + b" ", now)
    (reading,) = adapter.read(connection, body, now)
    assert isinstance(reading.said, Observation)
    return name_of(reading)


def test_what_calendly_signs_our_receiver_takes(calendly: Stage) -> None:
    receiver = Receiver(200)
    calendly_sender(calendly, receiver)
    meeting = a_booking(calendly)
    calendly.passes(1)
    assert read(Calendly(), calendly, receiver.came[0]) == meeting.id


def test_what_ghl_signs_our_receiver_takes(ghl: Stage) -> None:
    receiver, key = Receiver(200), GhlKey()
    ghl_sender(ghl, receiver, key)
    meeting = a_booking(ghl)
    ghl.passes(1)
    secrets = {"signing_keys": [key.public]}
    assert read(GHL(), ghl, receiver.came[0], secrets=secrets) == meeting.id


def test_a_reschedule_at_calendly_sends_two_messages_that_name_each_other(calendly: Stage) -> None:
    receiver = Receiver(200)
    calendly_sender(calendly, receiver)
    old = a_booking(calendly)
    calendly.passes(1)
    new = calendly.world.reschedule(calendly.account, old, NOON + timedelta(days=5))
    calendly.passes(1)
    said = {one["event"]: one["payload"] for one in (json.loads(body) for _, body in receiver.came[1:])}
    assert said["invitee.canceled"]["new_invitee"].endswith(new.id)
    assert said["invitee.canceled"]["rescheduled"] is True
    assert said["invitee.created"]["old_invitee"].endswith(old.id)


def test_calendly_retries_for_a_day_and_then_disables_its_subscription(calendly: Stage) -> None:
    receiver = Receiver(503)
    sender = calendly_sender(calendly, receiver)
    a_booking(calendly)
    calendly.passes(3)
    (hook,) = calendly.site.hooks.values()
    assert (hook.state, hook.retry_started_at is not None) == ("active", True)
    calendly.passes(22)
    assert (hook.state, len(sender.given_up), len(receiver.came) > 8) == ("disabled", 1, True)
    before = len(receiver.came)
    a_booking(calendly)
    calendly.passes(48)
    assert len(receiver.came) == before


def test_a_retry_that_is_taken_ends_calendlys_alarm(calendly: Stage) -> None:
    sender = calendly_sender(calendly, Receiver(503, 503, 200))
    a_booking(calendly)
    calendly.passes(2)
    (hook,) = calendly.site.hooks.values()
    assert (hook.retry_started_at, [one.attempts for one in sender.delivered]) == (None, [3])


@pytest.mark.parametrize(("status", "tries"), [(429, 7), (500, 1), (503, 1), (0, 1), (200, 1)])
def test_ghl_sends_again_only_after_a_429(ghl: Stage, status: int, tries: int) -> None:
    receiver = Receiver(status)
    ghl_sender(ghl, receiver, GhlKey())
    a_booking(ghl)
    ghl.passes(3)
    assert len(receiver.came) == tries


def test_a_workflow_sends_once_unsigned_with_wall_times(ghl: Stage) -> None:
    receiver = Receiver(500)
    GhlWorkflows(Sender(ghl.world, receiver, no_retries), {ghl.account.id: URL}, ("x-secret", "s"))
    a_booking(ghl)
    ghl.passes(3)
    ((headers, body),) = receiver.came
    said = json.loads(body)["calendar"]
    assert (said["startTime"], said["selectedTimezone"]) == ("2026-06-04T14:00:00", "Europe/Berlin")
    assert headers == {"content-type": "application/json", "x-secret": "s"}


def test_weather_drops_doubles_and_delays_by_its_shares_and_the_same_each_time(calendly: Stage) -> None:
    receiver = Receiver(200)
    sender = calendly_sender(calendly, receiver, Weather(dropped=0.2, duplicated=0.2, reordered=0.3))
    meetings = [a_booking(calendly) for _ in range(300)]
    calendly.passes(2)
    came = [json.loads(body)["payload"]["uri"].rpartition("/")[2] for _, body in receiver.came]
    assert 30 <= len(sender.dropped) <= 90
    assert 30 <= len(came) - len(set(came)) <= 75
    assert len(set(came)) + len(sender.dropped) == len(meetings)
    assert came != sorted(came)
