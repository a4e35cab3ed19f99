"""What people wrote is in no table, log, queue, letter or answer: every channel's bodies, marked, through processes."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg

from pipeline.words import Provider
from tests.flows.stack import Stack
from tests.flows.test_canaries import CANARY, FIXTURES, places

SECRETS = ("the first secret", "the second secret")
CHANNELS = (Provider.SMS, Provider.LINKEDIN, Provider.SMARTLEAD, Provider.INSTANTLY)

# Texts by which a body is routed, identified or dated: all other texts are somebody's, and get a mark.
OURS = frozenset(
    "event event_type type direction messageType message_type contentType status timestamp event_timestamp time "
    "dateAdded date_added category new_name old_name account_type is_sender success time_replied category_updated_at "
    "time_unsubscribed webhook_name source provider".split()
)
MADE_UP = (
    b'{"reply_text": "canary1", "lead_email": "canary2@example.com"',
    b'{"event_type": "EMAIL_REPLY", "sl_lead_email": {"canary3": 1}, "reply_message": "canary4"}',
    b'{"event_type": "reply_received", "lead_email": "canary5@example.com", "reply_text": "{{canary6}}"}',
    b'{"event": "message_received", "message": "canary7", "sender": "canary8"}',
    b'{"body": {"type": "InboundMessage", "phone": "canary9", "message": "canary10 \\ud800"}}',
    b"phone=%2B14155550123&message=canary11+stop&type=InboundMessage",
    b"canary12",
)


def marked(value: Any, numbers: Iterator[int], name: str = "") -> Any:
    """Put a canary into every text that is somebody's; an address stays one."""
    if isinstance(value, dict):
        return {key: marked(inner, numbers, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [marked(inner, numbers, name) for inner in value]
    if not isinstance(value, str) or name in OURS or name.casefold().endswith("id"):
        return value
    canary = f"canary{next(numbers)}"
    return f"{canary}@example.com" if "@" in value else f"{value}\n{canary}"


def bodies(provider: Provider) -> list[bytes]:
    numbers = iter(range(100_000, 999_999))
    files = [one for one in sorted((FIXTURES / provider).glob("*.json")) if ".expected." not in one.name]
    read = [json.loads(one.read_text()) for one in files]
    whole = [json.dumps(marked(one, numbers)).encode() for one in read if isinstance(one, dict)]
    return [*whole, *(one[:-7] + b"canary13" for one in whole), *MADE_UP]


def test_no_word_of_a_message_is_anywhere_but_in_a_lead(stack: Stack) -> None:
    stack.start("web", "web")
    stack.start_workers()
    stack.wait_for(stack.is_alive, 120)
    answers = []
    for provider in CHANNELS:
        secrets = [text for secret in SECRETS for text in ("--header-secret", secret)]
        added = json.loads(stack.cli("connection", "add", "agency", provider, *secrets, "--json"))
        url = f"{stack.url}/webhooks/{provider}/{added['endpoint']}"
        for place, raw in enumerate(bodies(provider)):
            for secret, wanted in ((SECRETS[place % 2], (200, 400)), ("canary14", (401,))):
                answer = httpx.post(
                    url, content=raw, headers={"x-apptrail-secret": secret}, timeout=10, trust_env=False
                )
                assert answer.status_code in wanted, answer.text
                answers.append(answer.text)
    fail_with_words(stack)
    stack.wait_for(stack.inbox_is_empty, 200)
    assert stack.rows("SELECT count(DISTINCT provider) FROM message") == [(len(CHANNELS),)]
    assert stack.rows("SELECT count(*) FROM dead_letter WHERE kind = 'message'") == [(3,)]
    in_lead = "\n".join(str(row) for row in stack.rows("SELECT email, full_name, first_name FROM lead"))
    assert CANARY.search(in_lead), "the canaries must get as far as lead, or this test tells nothing"
    for place_name, text in places(stack, answers):
        assert not CANARY.search(text), (place_name, CANARY.findall(text)[:3])


def fail_with_words(stack: Stack) -> None:
    """Jobs that fail with words in them, as a fault of ours might make them: the letters hold none."""
    with psycopg.connect(stack.postgres.dsn()) as connection:
        for number in range(3):
            said = {"v": 1, "kind": "message", "provider": "sms", "n": number}
            connection.execute(
                """INSERT INTO inbox (client_id, id, lead_id, kind, payload, received_at)
                   SELECT client_id, gen_random_uuid(), id, 'message', %s, now() FROM lead LIMIT 1""",
                (json.dumps(said),),
            )
