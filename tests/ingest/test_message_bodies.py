"""What relays do to message bodies: wrapped once they read the same, unrendered they are parked, for every channel."""

import json
from pathlib import Path
from typing import Any

import pytest

from db.connections import Connection
from db.ids import new_id
from db.inbox import Parked
from ingest.adapter import Reading
from ingest.providers import ADAPTERS
from ingest.verdicts import Ignored
from pipeline.message import MessageSaid
from pipeline.words import Provider
from tests.ingest.recordings import SEEN_AT

FIXTURES = Path(__file__).parent.parent / "fixtures"
CHANNELS = (Provider.SMS, Provider.LINKEDIN, Provider.SMARTLEAD, Provider.INSTANTLY)
TEMPLATE = "{{message.body}}"
WORDS = {
    Provider.SMS: {"message": TEMPLATE, "phone": "+14155550123"},
    Provider.LINKEDIN: {
        "event": "message_received",
        "message": TEMPLATE,
        "sender": {"attendee_provider_id": "x"},
    },
    Provider.SMARTLEAD: {
        "event_type": "EMAIL_REPLY",
        "sl_lead_email": "a@example.com",
        "reply_body": TEMPLATE,
    },
    Provider.INSTANTLY: {
        "event_type": "reply_received",
        "lead_email": "a@example.com",
        "reply_text": TEMPLATE,
    },
}


def read(provider: Provider, said: Any) -> Reading | str:
    connection = Connection(new_id(), new_id(), provider, "endpoint", b"pepper")
    try:
        (reading,) = ADAPTERS[provider].read(connection, json.dumps(said).encode(), SEEN_AT)
    except Ignored as ignored:
        return ignored.reason
    return reading


def recorded() -> list[tuple[Provider, str]]:
    return [
        (provider, file.name)
        for provider in CHANNELS
        for file in sorted((FIXTURES / provider).glob("*.json"))
        if ".expected." not in file.name and isinstance(json.loads(file.read_text()), dict)
    ]


@pytest.mark.parametrize(("provider", "name"), recorded(), ids=[f"{one}-{name}" for one, name in recorded()])
def test_a_body_that_a_relay_wrapped_reads_as_it_does_without(provider: Provider, name: str) -> None:
    said = json.loads((FIXTURES / provider / name).read_text())
    if isinstance(said.get("body"), dict):
        said = said["body"]
    bare = read(provider, said)
    assert read(provider, {"body": said}) == bare
    assert read(provider, [{"body": said}]) == bare
    assert read(provider, [said]) == bare


@pytest.mark.parametrize("provider", CHANNELS)
def test_a_template_that_nobody_filled_in_is_parked_and_matched_to_nobody(provider: Provider) -> None:
    reading = read(provider, WORDS[provider])
    assert isinstance(reading, Reading)
    assert isinstance(reading.said, Parked)
    assert (reading.said.reason, reading.said.said, reading.identities) == ("misconfigured", {}, ())


def test_our_own_message_that_comes_back_is_ignored() -> None:
    said = {
        "event": "message_received",
        "account_info": {"user_id": "us"},
        "message": "hi",
        "message_id": "1",
    }
    own: list[dict[str, Any]] = [
        {**said, "sender": {"attendee_provider_id": "us"}},
        {**said, "sender": {"attendee_provider_id": "them"}, "is_sender": True},
        {**said, "sender": {"attendee_provider_id": "them", "is_self": 1}},
    ]
    assert [read(Provider.LINKEDIN, one) for one in own] == ["outbound"] * 3
    theirs = read(Provider.LINKEDIN, {**said, "sender": {"attendee_provider_id": "them"}})
    assert isinstance(theirs, Reading)
    assert isinstance(theirs.said, MessageSaid)
    texted = {"direction": "outbound", "phone": "+14155550123", "message": "hi"}
    assert read(Provider.SMS, texted) == "outbound"
