"""Junk: whatever bytes a stranger with the key sends, a provider refuses or ignores them, and never crashes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.adapter import Adapter
from ingest.providers import ADAPTERS
from ingest.verdicts import Ignored, Refused
from pipeline.job import read_payload
from pipeline.observation import Observation
from tests.ingest.recordings import SEEN_AT, a_connection, of_provider

every_provider = pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=lambda one: one.provider)

odd_texts = st.sampled_from(
    ["", " ", "\0", "\ud800", "2²", "9" * 400, "x" * 5000, "../../etc/passwd", "/", "a@b", "2026-13-45T99:99",
     "2026-05-11T13:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "2026-03-29T02:30:00", "٢٠٢٦-٠١-٠١T٠٠:٠٠",
     "America", "Europe/Berlin\0", "lead:nobody", "https://h/scheduled_events/E/invitees/\u202e", "deleted", "+1" * 40]
)  # fmt: skip
odd_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.just(10**400)
    | odd_texts
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def attempt(adapter: Adapter, body: bytes) -> None:
    """Read it; what is understood can be stored and read again."""
    try:
        readings = adapter.read(a_connection(adapter.provider, keep_reasons=True), body, SEEN_AT)
    except (Refused, Ignored):
        return
    for reading in readings:
        if isinstance(reading.said, Observation):
            text = reading.said.text()
            assert "\\u0000" not in text
            assert read_payload(text) == reading.said
        for identity in reading.identities:
            identity.value.encode()
        for name in (reading.contact.email, reading.contact.full_name, reading.contact.phone):
            assert name is None or "\0" not in name.encode().decode()


def places_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, the whole included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for step, one in inner for place in places_of(one, (*path, step)))]


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], by)
    return copy


@every_provider
@given(st.data())
def test_a_recording_with_odd_values_in_it_is_read_or_refused(adapter: Adapter, data: st.DataObject) -> None:
    said = json.loads(data.draw(st.sampled_from(of_provider(adapter))).body)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places_of(said)))
        said = replaced(said, path, data.draw(odd_values))
    attempt(adapter, json.dumps(said).encode())


@every_provider
@given(st.binary(max_size=200))
def test_random_bytes_are_refused(adapter: Adapter, body: bytes) -> None:
    attempt(adapter, body)


@every_provider
@given(st.data())
def test_a_recording_with_damaged_bytes_is_read_or_refused(adapter: Adapter, data: st.DataObject) -> None:
    body = bytearray(data.draw(st.sampled_from(of_provider(adapter))).body)
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    attempt(adapter, bytes(body[: data.draw(st.integers(1, len(body)))]))


@every_provider
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"1",
        b'"text"',
        b"[" * 100_000,
        b'{"payload":' * 50_000,
        b'{"payload":' * 400 + b"1" + b"}" * 400,
        b'{"payload": {"uri": ' + b"9" * 5_000 + b"}}",
        b'{"payload": {"uri": 1e999}}',
        b'{"event": NaN}',
        b'{"\\ud800": 1}',
        b'{"event": "\\ud800", "payload": {"uri": "https://h/i/\\udfff"}}',
        b'{"payload": {"uri": "https://h/i/a\\u0000b"}}',
        b"\xef\xbb\xbf{}",
        b'{"event": "invitee.created", "event": 7}',
        "{}".encode("utf-16"),
    ],
    ids=lambda body: repr(body[:24]),
)
def test_the_known_ways_to_break_a_parser_break_nothing(adapter: Adapter, body: bytes) -> None:
    attempt(adapter, body)
