"""GoHighLevel's own: two families on one endpoint, each held to its own proof."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from db.connections import Connection
from db.inbox import Parked
from db.keyring import Keyring
from ingest.app import Webhooks
from ingest.providers.calendly import Calendly
from ingest.providers.ghl import GHL, read_event
from ingest.providers.ghl.signatures import LEGACY_ENDED
from ingest.verdicts import Ignored, NotAuthentic
from pipeline.fold import fold
from pipeline.observation import Observation
from pipeline.words import Provider, Source, Status
from tests.ingest.recordings import FIXTURES, KEY, SEEN_AT, a_connection
from tests.ingest.signatures import by_ghl

NATIVE = json.loads((FIXTURES / "ghl" / "built.update.moved.json").read_text())
WORKFLOW = json.loads((FIXTURES / "ghl" / "built.workflow.capture.json").read_text())


def connected(**named: Any) -> Connection:
    return a_connection(Provider.GHL, **named)


def verify(said: Any, headers: dict[bytes, bytes], connection: Connection, now: datetime = SEEN_AT) -> None:
    GHL().verify(connection, headers, json.dumps(said).encode(), now)


def observed(said: Any, at: datetime = SEEN_AT, connection: Connection | None = None) -> Observation:
    (reading,) = GHL().read(connection or connected(), json.dumps(said).encode(), at)
    assert isinstance(reading.said, Observation)
    return reading.said


OPEN = {"unsigned": True}
SECRET = {"secrets": {"header_secrets": ["old", "new"]}}


@pytest.mark.parametrize(
    "named", [OPEN, SECRET, {**OPEN, **SECRET}, {}], ids=["open", "secret", "both", "key"]
)
@pytest.mark.parametrize("fixture", ["built.update.moved", "built.wrapped", "built.snake_case", "AppointmentCreate-3",
                                     "ContactCreate-1", "InboundMessage-1"])  # fmt: skip
def test_whatever_is_native_needs_its_signature_on_every_connection(
    named: dict[str, Any], fixture: str
) -> None:
    said = json.loads((FIXTURES / "ghl" / f"{fixture}.json").read_text())
    for headers in (
        {},
        {b"x-apptrail-secret": b"new"},
        {b"x-ghl-signature": b"N/A"},
        {b"x-wh-signature": b"N/A"},
    ):
        with pytest.raises(NotAuthentic):
            verify(said, headers, connected(**named))


@pytest.mark.parametrize(
    ("named", "headers", "taken"),
    [
        ({}, {}, False),
        (OPEN, {}, True),
        (SECRET, {}, False),
        (SECRET, {b"x-apptrail-secret": b"old"}, True),
        (SECRET, {b"x-apptrail-secret": b"new"}, True),
        (SECRET, {b"authorization": b"Bearer new"}, True),
        (SECRET, {b"x-apptrail-secret": b"other"}, False),
        ({**OPEN, **SECRET}, {}, False),
        ({"secrets": {"header_secrets": [""]}}, {b"x-apptrail-secret": b""}, False),
    ],
)
@pytest.mark.parametrize("provider", [Provider.GHL, Provider.CALENDLY])
def test_what_nobody_signs_relies_on_a_secret_or_on_an_endpoint_that_was_opened_on_purpose(
    provider: Provider, named: dict[str, Any], headers: dict[bytes, bytes], taken: bool
) -> None:
    adapter = GHL() if provider is Provider.GHL else Calendly()
    connection = a_connection(provider, **{"secrets": {}, **named})
    body = json.dumps(WORKFLOW).encode()
    if taken:
        adapter.verify(connection, headers, body, SEEN_AT)
    else:
        with pytest.raises(NotAuthentic):
            adapter.verify(connection, headers, body, SEEN_AT)


def test_the_older_signature_ended_with_its_date() -> None:
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    connection = connected(secrets={"signing_keys": [KEY], "legacy_keys": [public]})
    signature = base64.b64encode(pair.sign(json.dumps(NATIVE).encode(), PKCS1v15(), SHA256()))
    verify(NATIVE, {b"x-wh-signature": signature}, connection, LEGACY_ENDED - timedelta(days=1))
    with pytest.raises(NotAuthentic):
        verify(NATIVE, {b"x-wh-signature": signature}, connection, LEGACY_ENDED)


def test_highlevels_own_key_is_built_in() -> None:
    body = json.dumps(NATIVE).encode()
    with pytest.raises(NotAuthentic, match="bad_signature"):
        GHL().verify(connected(secrets={}), by_ghl(body, KEY, SEEN_AT), body, SEEN_AT)


def test_another_app_is_not_ours() -> None:
    with pytest.raises(Ignored, match="other_app"):
        observed(NATIVE, connection=connected(settings={"app_id": "another"}))
    assert observed(NATIVE, connection=connected(settings={"app_id": "app1"})).version_at


def test_a_time_without_a_zone_is_read_in_the_connections_own() -> None:
    said = json.loads((FIXTURES / "ghl" / "workflow.appointment-2.json").read_text())
    schedule = observed(said, connection=connected(timezone="America/Chicago")).schedule
    assert schedule is not None
    assert schedule.start_at == datetime(2026, 1, 20, 21, tzinfo=UTC)


def test_a_webhook_and_the_api_say_the_same() -> None:
    by_api = read_event(connected(), NATIVE["appointment"], SEEN_AT + timedelta(hours=1)).said
    assert isinstance(by_api, Observation)
    assert by_api.digest == observed(NATIVE).digest
    assert by_api.source is Source.RECONCILE_CRON


def sample(name: str) -> Any:
    return json.loads((FIXTURES / "ghl" / f"rest.{name}.json").read_text())


def test_the_apis_own_examples_are_read() -> None:
    listed = read_event(connected(), sample("calendar_event-1")["event"], SEEN_AT).said
    assert isinstance(listed, Observation)
    assert listed.schedule is not None
    assert (listed.external_id, listed.schedule.start_at) == (
        "ocQHyuzHvysMo5N5VsXc",
        datetime(2023, 9, 25, 10, 30, tzinfo=UTC),
    )
    for name in ("create_appointment_response-1", "create_appointment_response-3"):
        made = read_event(connected(), sample(name), SEEN_AT).said
        assert isinstance(made, Observation)
        assert (made.version_at, made.status and made.status.word) == (None, Status.CONFIRMED)


def test_a_contacts_appointments_have_the_locations_wall_times() -> None:
    """G3: "2021-07-16 11:00:00", of which nobody says where; without a zone it is parked, never UTC."""
    (event,) = sample("contact_appointments-1")["events"]
    read = read_event(connected(timezone="America/New_York"), event, SEEN_AT).said
    assert isinstance(read, Observation)
    assert read.schedule is not None
    assert read.schedule.start_at == datetime(2021, 7, 16, 15, tzinfo=UTC)
    assert read.version_at == datetime(2021, 7, 16, 15, 30, tzinfo=UTC)
    parked = read_event(connected(), event, SEEN_AT).said
    assert (isinstance(parked, Parked) and parked.reason) == "no_zone"


def test_a_wall_time_that_would_be_a_version_of_the_future_is_no_version() -> None:
    """Its zone is a guess of ours: a wrong one would outrank whatever is told in the hours to come."""
    event = {**NATIVE["appointment"], "dateUpdated": "2026-11-01 11:00:00"}
    east, west = (
        read_event(connected(timezone=zone), event, SEEN_AT).said
        for zone in ("Asia/Tokyo", "America/Chicago")
    )
    assert isinstance(east, Observation)
    assert isinstance(west, Observation)
    assert (east.version_at, west.version_at) == (datetime(2026, 11, 1, 2, tzinfo=UTC), None)


NATIVE_BODIES = [
    json.loads(path.read_text())
    for name in ("AppointmentCreate-1", "AppointmentUpdate-1", "built.update.*")
    for path in sorted((FIXTURES / "ghl").glob(f"{name}.json"))
    if not path.name.endswith(".expected.json")
]


@given(st.sampled_from(NATIVE_BODIES), st.integers(-14, 14), st.integers(0, 10_000))
def test_the_api_says_the_same_in_another_spelling_at_another_time(
    said: dict[str, Any], offset: int, seconds: int
) -> None:
    """DESIGN 5: one version is one observation, whoever tells of it. G8: an offset is only a spelling."""
    zone = timezone(timedelta(hours=offset))
    event = dict(said["appointment"])
    for name in ("startTime", "endTime", "dateAdded", "dateUpdated"):
        if name in event:
            event[name] = datetime.fromisoformat(event[name]).astimezone(zone).isoformat()
    by_webhook = observed({**said, "type": "AppointmentUpdate"})
    by_api = read_event(connected(), event, SEEN_AT + timedelta(seconds=seconds)).said
    assert isinstance(by_api, Observation)
    if by_webhook.version_at is not None:
        assert by_api.digest == by_webhook.digest
    assert by_api.but(source=Source.WEBHOOK, observed_at=SEEN_AT) == by_webhook


def test_a_workflow_never_rolls_back_what_is_newer_and_native() -> None:
    native = observed(NATIVE)
    workflow = json.loads(json.dumps(WORKFLOW))
    workflow["calendar"] |= {"appointmentId": native.external_id, "appoinmentStatus": "cancelled"}
    late = observed(workflow, SEEN_AT + timedelta(days=9))
    for order in ([native, late], [late, native]):
        assert fold(order).word is Status.CONFIRMED
        assert native.schedule is not None
        assert fold(order).start_at == native.schedule.start_at


def event(status: str, day: int, **named: Any) -> dict[str, Any]:
    said = json.loads(json.dumps(NATIVE))
    said["appointment"] |= {"appointmentStatus": status, "dateUpdated": f"2026-10-{day}T08:00:00.000Z"}
    return {**said, **named}


def test_a_cancelled_appointment_may_come_back() -> None:
    told = [observed(event("cancelled", 22)), observed(event("confirmed", 23))]
    assert fold(told).word is fold(told[::-1]).word is Status.CONFIRMED


def test_a_deletion_absorbs_until_a_get_finds_the_appointment_again() -> None:
    deleted = observed(event("confirmed", 22, type="AppointmentDelete"), SEEN_AT)
    later = observed(event("confirmed", 25), SEEN_AT + timedelta(days=3))
    for order in ([deleted, later], [later, deleted]):
        gone = fold(order)
        assert (gone.word, gone.removed, gone.canceled_at) == (Status.CANCELED, True, deleted.version_at)
    assert later.status is not None
    for hours, removed in ((-1, True), (1, False)):
        found = later.status.but(restored_at=SEEN_AT + timedelta(hours=hours))
        seen = later.but(status=found)
        assert fold([deleted, later, seen]).removed is removed
        assert fold([seen, later, deleted]).removed is removed


def test_while_postgres_is_away_ghl_is_told_the_one_thing_upon_which_it_sends_again() -> None:
    """G1: after any other answer the event is lost for good."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(NATIVE).encode(), "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    async def ask() -> None:
        app = Webhooks(
            "postgresql://nobody@127.0.0.1:1/nowhere", Keyring(["a secret key"]), lambda rings: None
        )
        scope = {"type": "http", "method": "POST", "path": "/webhooks/ghl/an-endpoint", "headers": []}
        await app(scope, receive, send)
        await app.close()

    asyncio.run(ask())
    assert sent[0]["status"] == 429
    assert b"retry-after" in dict(sent[0]["headers"])
