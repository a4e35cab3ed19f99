"""Promises of every provider: they run over the register and its recordings, so that a new one adds no test."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.connections import Connection
from ingest.adapter import Adapter
from ingest.providers import ADAPTERS
from ingest.verdicts import Ignored, NotAuthentic
from pipeline.observation import Observation
from tests.ingest.recordings import KEY, RECORDINGS, SEEN_AT, Recording, a_connection, of_provider, read
from tests.ingest.signatures import SECRET_ALONE, SIGNED_BY

every_provider = pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=lambda one: one.provider)
every_recording = pytest.mark.parametrize("recording", RECORDINGS, ids=str)


def verify(
    recording: Recording,
    headers: dict[bytes, bytes],
    *,
    body: bytes | None = None,
    connection: Connection | None = None,
) -> None:
    adapter = recording.adapter
    adapter.verify(
        connection or a_connection(adapter.provider),
        headers,
        recording.body if body is None else body,
        SEEN_AT,
    )


def signed(recording: Recording, key: str = KEY, *, late: timedelta = timedelta(0)) -> dict[bytes, bytes]:
    return SIGNED_BY[recording.adapter.provider](recording.body, key, SEEN_AT - late)


@every_provider
def test_a_provider_has_recordings_and_a_way_to_sign_them(adapter: Adapter) -> None:
    assert of_provider(adapter), f"put recorded bodies into tests/fixtures/{adapter.provider}"
    assert adapter.provider in SIGNED_BY, "say in tests/ingest/signatures.py how it signs"


@every_recording
def test_it_reads_as_recorded(recording: Recording) -> None:
    assert read(recording) == recording.expected


@every_recording
def test_its_own_signature_holds(recording: Recording) -> None:
    verify(recording, signed(recording))


@every_recording
@pytest.mark.parametrize("key", ["another key", ""])
def test_another_key_and_an_empty_one_are_refused(recording: Recording, key: str) -> None:
    with pytest.raises(NotAuthentic):
        verify(recording, signed(recording, key))


@every_provider
@pytest.mark.parametrize(
    "secrets", [{}, {"signing_keys": []}, {"signing_keys": [""]}, {"signing_keys": [None]}]
)
def test_a_connection_without_a_key_refuses_everything(
    adapter: Adapter, secrets: dict[str, list[str]]
) -> None:
    """DESIGN 5: a verifier with an empty secret fails closed, for an empty key's signature too."""
    connection = a_connection(adapter.provider, secrets=secrets)
    for recording in of_provider(adapter):
        for key in (KEY, ""):
            with pytest.raises(NotAuthentic):
                verify(recording, signed(recording, key), connection=connection)


@pytest.mark.parametrize(
    "recording", [one for one in RECORDINGS if one.adapter.provider not in SECRET_ALONE], ids=str
)
def test_a_changed_byte_is_refused(recording: Recording) -> None:
    body = bytearray(recording.body)
    body[len(body) // 2] ^= 1
    for changed in (bytes(body), recording.body + b" ", recording.body[:-1], b""):
        with pytest.raises(NotAuthentic):
            verify(recording, signed(recording), body=changed)


@every_provider
@given(st.data())
def test_a_missing_or_strange_header_is_refused_and_never_raises_anything_else(
    adapter: Adapter, data: st.DataObject
) -> None:
    recording = of_provider(adapter)[0]
    (name,) = SIGNED_BY[adapter.provider](b"", KEY, SEEN_AT)
    pieces = st.sampled_from(
        [b"t=", b"v1=", b",", b"1", b"\xb2", b"\xff\xfe", b"=", b"ab", b"-5", b"9" * 30, b" "]
    )
    header = data.draw(st.binary(max_size=40) | st.lists(pieces, max_size=12).map(b"".join))
    for headers in ({}, {name: header}, {name: header * 3000}, {b"other": header}):
        with pytest.raises(NotAuthentic):
            verify(recording, headers)


@every_provider
def test_both_keys_of_a_rotation_hold(adapter: Adapter) -> None:
    connection = a_connection(adapter.provider, secrets={"signing_keys": ["new key", KEY]})
    recording = of_provider(adapter)[0]
    verify(recording, signed(recording), connection=connection)
    verify(recording, signed(recording, "new key"), connection=connection)


@every_recording
def test_what_is_read_is_the_same_whenever_it_arrives(recording: Recording) -> None:
    """Rules 6 and 9: a delivery that comes twice is one observation, wherever the provider has a version."""
    adapter = recording.adapter
    try:
        readings = [
            adapter.read(a_connection(adapter.provider), recording.body, SEEN_AT + timedelta(hours=hours))
            for hours in (0, 5)
        ]
    except Ignored:
        return
    for early, late in zip(*readings, strict=True):
        if isinstance(early.said, Observation) and isinstance(late.said, Observation):
            assert early.said.version_at is None or early.said.digest == late.said.digest
