"""Calendly's own: what its signature header may look like, and what a delivery may not carry further."""

import json
from datetime import timedelta
from typing import Any

import pytest

from ingest.providers.calendly import Calendly
from ingest.verdicts import NotAuthentic
from pipeline.observation import Observation
from tests.ingest.recordings import KEY, SEEN_AT, a_connection
from tests.ingest.signatures import by_calendly

BODY = b'{"event": "invitee.created"}'
NAME = b"calendly-webhook-signature"
CONNECTION = a_connection(Calendly.provider)


def verify(header: bytes) -> None:
    Calendly().verify(CONNECTION, {NAME: header}, BODY, SEEN_AT)


def a_header(*, late: timedelta = timedelta(0), key: str = KEY) -> bytes:
    return by_calendly(BODY, key, SEEN_AT - late)[NAME]


@pytest.mark.parametrize(
    "late", [timedelta(hours=23), timedelta(hours=26), timedelta(0), -timedelta(minutes=5)]
)
def test_a_signature_as_old_as_a_retry_may_be_is_accepted(late: timedelta) -> None:
    """C13: retries go on for 24 hours, and whether they are signed anew is not known."""
    verify(a_header(late=late))


@pytest.mark.parametrize("late", [timedelta(hours=27), -timedelta(minutes=6), timedelta(days=20_000)])
def test_a_signature_that_is_too_old_or_from_the_future_is_refused(late: timedelta) -> None:
    with pytest.raises(NotAuthentic, match="stale"):
        verify(a_header(late=late))


def test_upper_case_hex_and_several_signatures_hold_if_one_does() -> None:
    stamp, _, value = a_header().partition(b",v1=")
    verify(stamp + b",v1=" + value.upper())
    verify(stamp + b",v1=" + b"00" * 32 + b",v1=" + value)
    verify(stamp + b" , v1=" + value + b",v0=ab,v2=")


@pytest.mark.parametrize(
    "change",
    [
        lambda stamp, value: b"v1=" + value,  # no t
        lambda stamp, value: stamp,  # no v1
        lambda stamp, value: b"t=,v1=" + value,
        lambda stamp, value: b"t=\xb2,v1=" + value,
        lambda stamp, value: b"t=99999999999999999999,v1=" + value,
        lambda stamp, value: stamp + b"0,v1=" + value,  # another t than was signed
        lambda stamp, value: stamp + b",v1=" + value[:-2],
        lambda stamp, value: stamp + b",v1=" + value + b"\xff",
        lambda stamp, value: stamp + b",v1=" + b"zz" * 32,
        lambda stamp, value: stamp + b",v2=" + value,
        lambda stamp, value: b"x" * 5_000 + b"," + stamp + b",v1=" + value,
    ],
)
def test_every_other_header_is_refused(change: Any) -> None:
    stamp, _, value = a_header().partition(b",v1=")
    with pytest.raises(NotAuthentic):
        verify(change(stamp, value))


def read(payload: dict[str, Any], **named: Any) -> Any:
    body = {
        "event": "invitee.canceled",
        "payload": {"uri": "https://h/scheduled_events/E/invitees/I", **payload},
    }
    (reading,) = Calendly().read(a_connection(Calendly.provider, **named), json.dumps(body).encode(), SEEN_AT)
    return reading


def test_a_cancellation_reason_is_not_kept_by_default_and_masked_where_it_is() -> None:
    cancellation = {"reason": "call me at +1 202 555 0100 or dana@example.com, see https://example.com/x"}
    silent = read({"cancellation": cancellation}).said
    kept = read({"cancellation": cancellation}, keep_reasons=True).said
    assert isinstance(silent, Observation)
    assert isinstance(kept, Observation)
    assert silent.status is not None
    assert silent.status.cancel_reason is None
    assert kept.status is not None
    assert kept.status.cancel_reason == "call me at [number] or [address] see [address]"


def test_nothing_personal_is_in_what_is_stored_of_a_delivery() -> None:
    secret = "canary-7c1"
    said = read(
        {
            "email": f"{secret}@example.com",
            "name": secret,
            "first_name": secret,
            "text_reminder_number": "+12025550100",
            "questions_and_answers": [{"question": "Phone", "answer": secret}],
            "cancel_url": f"https://calendly.com/cancellations/{secret}",
            "cancellation": {"reason": secret, "canceled_by": secret},
            "scheduled_event": {"name": secret, "location": {"type": "custom", "location": secret}},
        }
    ).said
    assert secret not in said.text()


def test_what_postgres_cannot_hold_goes_from_a_name_and_a_name_stays_in_bounds() -> None:
    contact = read({"name": " D\0a\ud800na ", "email": "d@example.com", "first_name": "x" * 9_000}).contact
    assert contact.full_name in ("Dana", None)  # a lone surrogate makes the whole field unreadable
    assert read({"name": "\0Da\0na "}).contact.full_name == "Dana"
    assert len(contact.first_name or "") == 320


def test_a_reading_does_not_tell_names_when_it_is_printed() -> None:
    assert "dana" not in repr(read({"email": "dana@example.com", "name": "dana"}))
