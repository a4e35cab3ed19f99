"""Calendly's API says what its webhooks say."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.providers.calendly import Calendly, read_invitee
from pipeline.fold import fold
from pipeline.observation import Observation
from pipeline.words import Provider, Source, Status
from tests.ingest.recordings import RECORDINGS, SEEN_AT, Recording, a_connection

# What only the envelope tells: that a no-show was taken back, and that an invitee whose status is missing left.
STATES_MORE = ("invitee_no_show.deleted",)
CONNECTION = a_connection(Provider.CALENDLY)


def by_webhook(said: dict[str, Any]) -> Observation:
    (reading,) = Calendly().read(CONNECTION, json.dumps(said).encode(), SEEN_AT)
    assert isinstance(reading.said, Observation)
    return reading.said


def by_api(said: dict[str, Any], at: datetime = SEEN_AT) -> Observation:
    invitee = {name: value for name, value in said["payload"].items() if name != "scheduled_event"}
    reading = read_invitee(CONNECTION, said["payload"]["scheduled_event"], invitee, at)
    assert isinstance(reading.said, Observation)
    return reading.said


def whole(recording: Recording) -> bool:
    said = json.loads(recording.body)
    payload = said.get("payload") if isinstance(said, dict) else None
    return (
        recording.adapter.provider is Provider.CALENDLY
        and isinstance(payload, dict)
        and isinstance(payload.get("scheduled_event"), dict)
        and isinstance(recording.expected, list)
        and "parked" not in recording.expected[0]["says"]
    )


@pytest.mark.parametrize("recording", [one for one in RECORDINGS if whole(one)], ids=str)
def test_what_a_webhook_told_is_nothing_new_when_it_is_read(recording: Recording) -> None:
    said = json.loads(recording.body)
    told, read = by_webhook(said), by_api(said, SEEN_AT + timedelta(hours=1))
    assert read.source is Source.RECONCILE_CRON
    if said.get("event") not in STATES_MORE:
        assert read.digest == told.digest
    both, alone = fold([told, read]), fold([told])
    assert (both.word, both.start_at, both.canceled_at, both.moved) == (
        alone.word, alone.start_at, alone.canceled_at, alone.moved,
    )  # fmt: skip


def test_a_no_show_that_was_taken_back_unseen_is_gone_with_the_next_read() -> None:
    bodies = (json.loads(one.body) for one in RECORDINGS if whole(one))
    said = next(body for body in bodies if body.get("event") == "invitee_no_show.created")
    marked = by_webhook(said)
    assert marked.outcome is not None
    bare = {**said, "payload": {**said["payload"], "no_show": None}}
    before, after = (by_api(bare, marked.outcome.at + timedelta(hours=hours)) for hours in (-1, 1))
    assert before.digest == after.digest
    assert fold([before, marked]).outcome is Status.NO_SHOW
    assert (
        fold([before.joined(after), marked]).outcome is fold([marked, after.joined(before)]).outcome is None
    )


def test_an_invitee_without_a_version_is_an_observation_each_time() -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    event, invitee = (
        {"start_time": "2026-11-03T10:00:00Z"},
        {"uri": "https://api.calendly.com/x/invitees/abc"},
    )
    one, other = (read_invitee(CONNECTION, event, invitee, now + timedelta(minutes=m)).said for m in (0, 1))
    assert isinstance(one, Observation)
    assert isinstance(other, Observation)
    assert one.digest != other.digest
