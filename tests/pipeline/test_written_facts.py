"""Facts as they are written: what stands in inboxes and books today must be read tomorrow, and named alike."""

from datetime import UTC, datetime

import pytest

from pipeline.job import NewerPayload, UnreadablePayload, read_payload
from pipeline.observation import Links, Observation, StatusWord
from pipeline.words import Provider, Source, Status

SAID = Observation(
    provider=Provider.CALENDLY,
    external_id="x",
    source=Source.WEBHOOK,
    observed_at=datetime(2026, 1, 1, tzinfo=UTC),
    status=StatusWord(word=Status.CANCELED, cancel_reason="r"),
    links=Links(moved=True),
)


def test_what_has_a_default_is_written_and_what_is_unknown_is_not() -> None:
    assert SAID.text() == (
        '{"kind":"appointment","v":1,"provider":"calendly","external_id":"x","source":"webhook",'
        '"observed_at":"2026-01-01T00:00:00Z","normalizer":1,'
        '"status":{"word":"canceled","removed":false,"cancel_reason":"r"},'
        '"links":{"moved":true,"detached":[]}}'
    )
    assert read_payload(SAID.text()) == SAID


def test_a_digest_stays_what_it_was_when_it_was_stored() -> None:
    assert SAID.digest.hex() == "0fb54da42e260550885e32c33c700b32"
    assert SAID.but(external_id="y").digest != SAID.digest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "payload: "),
        ("[]", "payload: type"),
        ('{"kind": "secret"}', "kind: invalid"),
        ('{"kind": "appointment", "provider": "secret"}', "provider: invalid"),
        ('{"kind": "appointment", "provider": "ghl", "secret": 1}', "payload: unknown field"),
        ('{"kind": "appointment", "provider": "ghl", "external_id": "x"}', "source: missing"),
        ('{"kind": "appointment", "provider": "ghl", "links": {"detached": [3]}}', "links.detached[0]: type"),
        ('{"kind": "lead_status", "source": "manual", "word": "", "at": "2026-01-01T00:00:00Z"}', "word: invalid"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_by_its_place_and_never_quoted(text: str, says: str) -> None:
    with pytest.raises(UnreadablePayload) as refused:
        read_payload(text)
    assert str(refused.value).startswith(says)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_a_newer_release_s_payload_waits_whatever_else_it_holds() -> None:
    with pytest.raises(NewerPayload):
        read_payload('{"kind": "merge", "v": 2, "unheard": {"of": 1}}')
