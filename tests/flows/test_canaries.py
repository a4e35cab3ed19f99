"""Promise 12: a person's data is in `lead` and nowhere else, however it came and whatever failed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import redis

from pipeline.words import Provider
from tests.flows.stack import Stack
from tests.ingest.recordings import SEEN_AT
from tests.ingest.signatures import by_ghl, verifier_of

FIXTURES = Path(__file__).parent.parent / "fixtures"
CANARY = re.compile(r"canary\d+", re.IGNORECASE)

# Fields that hold what a person typed or is: everything but names of things, words, times and numbers.
PERSONAL = frozenset(
    "email name first_name last_name text_reminder_number cancel_url reschedule_url join_url answer question reason "
    "canceled_by user_name user_email meeting_notes_plain meeting_notes_html location additional_info password "
    "utm_campaign utm_source utm_medium utm_term utm_content salesforce_uuid external_id terms "
    # and as GoHighLevel calls them
    "title address notes phone firstName lastName full_name contactName address1 city companyName website body message "
    "created_by full_address fullAddress tags value attachments".split()
)
GHL_KEY = "a key of the tests"


@pytest.fixture(scope="module")
def served(stack: Stack) -> Stack:
    stack.start_web()
    stack.start_workers()
    return stack


def marked(value: Any, numbers: Iterator[int], name: str = "") -> Any:
    """Put a canary into every personal field, of the form that the field has."""
    if isinstance(value, dict):
        return {key: marked(inner, numbers, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [marked(inner, numbers, name) for inner in value]
    if name not in PERSONAL or isinstance(value, (bool, int, float)):
        return value
    canary = f"canary{next(numbers)}"
    if "email" in name:
        return f"{canary}@example.com"
    if name.endswith("_url"):
        return f"https://example.com/{canary}?who={canary}"
    return f"{canary} tel +49 30 {next(numbers)}"


def bodies(provider: str) -> list[dict[str, Any]]:
    """Every recorded body of a provider, marked."""
    found = []
    numbers = iter(range(100_000, 999_999))
    for file in sorted((FIXTURES / provider).glob("*.json")):
        if file.name.endswith(".expected.json"):
            continue
        body = json.loads(file.read_text())
        if isinstance(body, dict):
            found.append(marked(body, numbers))
    return found


def broken(body: dict[str, Any]) -> list[bytes]:
    """The same body so that it is parked, ignored, refused, or kept for a newer worker."""
    payload = body.get("payload") or {}
    unread = {**body, "payload": {**payload, "uri": "https://example.com/canary1 canary2@example.com"}}
    odd = {**body, "payload": {**payload, "email": {"canary3": "canary4"}, "tracking": "canary5"}}
    event = {"start_time": "Thursday, canary6 March", "end_time": "2026-03-06 13:00"}
    parked = {**body, "payload": {**payload, "scheduled_event": event, "timezone": "canary7"}}
    return [json.dumps(one).encode() for one in (unread, odd, parked)] + [
        json.dumps(body).encode()[:-9] + b"canary8"
    ]


def ghl_broken(body: dict[str, Any]) -> list[bytes]:
    """The same for GoHighLevel's bodies: parked, misconfigured, of no use, cut off."""
    inner = "calendar" if "calendar" in body else "appointment"
    told = body.get(inner) or {}
    parked = {**body, inner: {**told, "startTime": "Thursday, canary6 March", "endTime": "2026-03-06 13:00"}}
    unrendered = {**body, inner: {**told, "id": "{{canary7}}", "appointmentId": "{{canary7}}"}}
    odd = {**body, "email": {"canary3": "canary4"}, "customData": "canary5", inner: [told, "canary1"]}
    return [json.dumps(one).encode() for one in (parked, unrendered, odd)] + [
        json.dumps(body).encode()[:-9] + b"canary8"
    ]


def deliver_ghl(served: Stack) -> list[str]:
    """Hand all of GoHighLevel's in, signed if they are native; returns the answers."""
    public = verifier_of(Provider.GHL, GHL_KEY)
    added = served.cli(
        "connection", "add", "agency", "ghl", "--signing-key", str(public), "--unsigned", "--timezone", "UTC", "--json"
    )  # fmt: skip
    url = f"{served.url}/webhooks/ghl/{json.loads(added)['endpoint']}"
    answers = []
    for body in bodies("ghl"):
        for raw in (json.dumps(body).encode(), *ghl_broken(body)):
            proof = {name.decode(): value.decode() for name, value in by_ghl(raw, GHL_KEY, SEEN_AT).items()}
            for headers in (proof, {}):
                answer = httpx.post(url, content=raw, headers=headers, timeout=5, trust_env=False)
                assert answer.status_code in ((200, 400) if headers else (200, 400, 401)), answer.text
                answers.append(answer.text)
    return answers


def test_marked_personal_data_is_found_in_lead_and_nowhere_else(served: Stack) -> None:
    answers = deliver_ghl(served)
    for body in bodies("calendly"):
        for raw in (json.dumps(body).encode(), *broken(body)):
            answer = served.deliver(raw)
            assert answer.status_code in (200, 400), answer.text
            answers.append(answer.text)
    poison(served)
    served.wait_for(served.inbox_is_empty, 30)
    assert served.rows("SELECT count(*) FROM dead_letter WHERE reason LIKE 'parked:%'") != [(0,)]
    assert served.rows("SELECT count(*) FROM dead_letter WHERE reason = 'failed'") == [(3,)]
    in_lead = "\n".join(str(row) for row in served.rows("SELECT email, full_name, phone FROM lead"))
    assert CANARY.search(in_lead), "the canaries must get as far as lead, or this test tells nothing"
    for place, text in places(served, answers):
        assert not CANARY.search(text), (place, CANARY.findall(text)[:3])


def poison(served: Stack) -> None:
    """Jobs that fail with personal data in them, as a fault of ours might make them."""
    with psycopg.connect(served.postgres.dsn()) as connection:
        for number in range(3):
            connection.execute(
                """INSERT INTO inbox (client_id, id, lead_id, kind, payload, received_at)
                   SELECT client_id, gen_random_uuid(), id, 'appointment', %s, now() FROM lead LIMIT 1""",
                (json.dumps({"v": 1, "kind": "appointment", "provider": "calendly", "n": number}),),
            )


def places(served: Stack, answers: list[str]) -> Iterator[tuple[str, str]]:
    """Everything that is not `lead`."""
    tables = served.rows(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    for (table,) in tables:
        if table != "lead":
            yield table, "\n".join(row[0] or "" for row in served.rows(f'SELECT t::text FROM "{table}" AS t'))
    with redis.Redis.from_url(served.redis.url) as client:
        for key in client.scan_iter("*"):
            yield f"redis {key!r}", repr(key) + repr(client.dump(key))
    for log in [*served.folder.glob("*.log"), *served.folder.glob("*/*.log")]:
        yield log.name, log.read_text(errors="replace")
    yield "metrics", httpx.get(f"{served.url}/metrics", trust_env=False).text
    yield "answers to providers", "\n".join(answers)
    lead_id = served.rows("SELECT id FROM lead LIMIT 1")[0][0]
    for path in (f"/leads/{lead_id}", "/leads", f"/api/v1/leads/{lead_id}/appointments", "/api/v1/leads"):
        answer = httpx.get(f"{served.url}{path}", trust_env=False)
        assert answer.status_code in (303, 401)
        yield path, answer.text
    for path in (
        f"/api/v1/leads/{lead_id}/appointments",
        f"/api/v1/leads/{lead_id}/booking-status",
        "/api/v1/leads",
    ):
        yield path, json.dumps(served.ask(path))
