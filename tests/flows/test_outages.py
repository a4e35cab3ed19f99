"""What is acknowledged is stored, and what cannot be stored is not acknowledged, whatever is down."""

import json
import socket
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psutil
import pytest

from pipeline.words import Provider
from tests.flows.calendly_bodies import booked
from tests.flows.stack import SIGNING_KEY, Stack, signed
from tests.ingest.ghl_story import LOCATION, appointment, workflow
from tests.ingest.signatures import by_ghl, verifier_of

GHL_KEY = "a key of the tests"

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def served(stack: Stack) -> Stack:
    stack.start_web()
    return stack


def a_booking(name: str) -> dict[str, Any]:
    start = NOW + timedelta(days=2)
    return booked(name, f"{name}@example.com", start, start + timedelta(minutes=30), NOW - timedelta(days=1))


@pytest.mark.parametrize(
    "header",
    ["", "t=1,v1=zz", "t=²,v1=00", "v1=" + "0" * 64, "\xff\xfe", "t=" + "9" * 400],
    ids=["empty", "no hex", "no digits", "no time", "no text", "endless"],
)
def test_what_is_not_authentic_is_refused(served: Stack, header: str) -> None:
    answer = served.deliver(b"{}", headers={"calendly-webhook-signature": header.encode("latin-1")})
    assert answer.status_code == 401


def test_another_key_and_a_changed_byte_are_refused(served: Stack) -> None:
    for header in (signed(b"{}", "another key"), signed(b'{"event": 1}', SIGNING_KEY)):
        assert served.deliver(b"{}", headers={"calendly-webhook-signature": header}).status_code == 401


def test_an_endpoint_that_nobody_has_is_not_found(served: Stack) -> None:
    for path in ("calendly/nobody", "unheard/of", "calendly", ""):
        assert httpx.post(f"{served.url}/webhooks/{path}", content=b"{}", trust_env=False).status_code == 404


def test_what_is_no_json_is_refused_and_what_is_not_for_us_is_ignored(served: Stack) -> None:
    assert served.deliver(b"not json").status_code == 400
    answer = served.deliver(b'{"event": "contact.created", "payload": {}}')
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "ignored": "other_event"})


def test_a_body_of_a_gigabyte_is_refused_without_being_held(served: Stack) -> None:
    """Sent in chunks, so that no length gives it away."""
    process = psutil.Process(served.processes["web"].pid)
    before = process.memory_info().rss
    head = (
        f"POST /webhooks/calendly/{served.endpoint} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as sender:
        sender.sendall(head.encode())
        try:
            for _ in range(1024):
                sender.sendall(chunk)
        except (ConnectionResetError, BrokenPipeError):
            pass  # the server has answered and hung up
        try:
            answer = sender.recv(64)
        except ConnectionResetError:
            answer = b""
    assert answer.startswith((b"HTTP/1.1 413", b""))
    assert process.memory_info().rss - before < 50_000_000
    assert served.deliver(b"x" * 300_000).status_code == 413


def test_a_slow_sender_holds_nobody_up(served: Stack) -> None:
    head = f"POST /webhooks/calendly/{served.endpoint} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{{"
    slow = [socket.create_connection(("127.0.0.1", served.port), timeout=10) for _ in range(50)]
    for sender in slow:
        sender.sendall(head.encode())
    started = time.monotonic()
    assert served.deliver(a_booking("quick")).status_code == 200
    assert time.monotonic() - started < 2
    for sender in slow:
        sender.close()


def test_without_postgres_it_says_try_again_within_two_seconds_and_recovers_by_itself(served: Stack) -> None:
    assert served.deliver(a_booking("before")).status_code == 200
    served.postgres.kill()
    for number in range(3):
        started = time.monotonic()
        answer = served.deliver(a_booking(f"during{number}"))
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert time.monotonic() - started < 2
    served.postgres.start()
    served.wait_for(lambda: served.deliver(a_booking("after")).status_code == 200, 10)
    names = [name for (name,) in served.rows("SELECT payload->>'external_id' FROM inbox")]
    assert {"before", "after"} <= set(names)


def test_without_postgres_highlevel_is_told_429_and_what_it_sends_again_is_kept(served: Stack) -> None:
    """G1: HighLevel sends again after a 429 alone; of anything else it loses the event for good."""
    how = ("--signing-key", str(verifier_of(Provider.GHL, GHL_KEY)), "--unsigned", "--location-id", LOCATION)
    added = served.cli("connection", "add", "agency", "ghl", *how, "--json")
    url = f"{served.url}/webhooks/ghl/{json.loads(added)['endpoint']}"
    native = json.dumps(appointment()).encode()
    proof = {name.decode(): value.decode() for name, value in by_ghl(native, GHL_KEY, NOW).items()}
    told: tuple[tuple[bytes, dict[str, str]], ...] = ((native, proof), (json.dumps(workflow()).encode(), {}))
    served.postgres.kill()
    for body, headers in told:
        started = time.monotonic()
        answer = httpx.post(url, content=body, headers=headers, timeout=5, trust_env=False)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert time.monotonic() - started < 2
    served.postgres.start()
    for body, headers in told:
        served.wait_for(
            lambda body=body, headers=headers: (  # type: ignore[misc]
                httpx.post(url, content=body, headers=headers, timeout=5, trust_env=False).status_code == 200
            ),
            10,
        )
    assert served.rows("SELECT count(*) FROM inbox WHERE payload->>'external_id' = 'appointment-1'") == [(2,)]


def test_a_postgres_that_hangs_is_answered_for_within_two_seconds(served: Stack) -> None:
    """Its backends are stopped: connections stay, answers do not come."""
    assert served.deliver(a_booking("lively")).status_code == 200
    family = [
        psutil.Process(served.postgres.pid),
        *psutil.Process(served.postgres.pid).children(recursive=True),
    ]
    for process in family:
        process.suspend()
    try:
        started = time.monotonic()
        assert served.deliver(a_booking("hanging")).status_code == 503
        assert time.monotonic() - started < 2
    finally:
        for process in family:
            process.resume()
    served.wait_for(lambda: served.deliver(a_booking("hanging")).status_code == 200, 15)


def test_without_redis_deliveries_are_accepted_and_applied_soon_after_its_return(served: Stack) -> None:
    served.start_workers()
    served.wait_for(served.inbox_is_empty, 20)
    served.redis.kill()
    for number in range(20):
        assert served.deliver(a_booking(f"silent{number}")).status_code == 200
    served.redis.start()
    took = served.wait_for(served.inbox_is_empty, 10)
    assert served.rows("SELECT count(*) FROM appointment WHERE external_id LIKE 'silent%'") == [(20,)], took


def test_a_polling_worker_needs_no_redis(served: Stack) -> None:
    for name in ("worker", "bulk"):
        served.kill(name)
    served.redis.kill()
    try:
        served.start("poller", "worker", "--poll")
        assert served.deliver(a_booking("polled")).status_code == 200
        served.wait_for(served.inbox_is_empty, 10)
    finally:
        served.redis.start()
        served.kill("poller")


def test_leads_that_a_killed_worker_held_go_on_within_ten_seconds(served: Stack) -> None:
    """It is stopped with its leads locked and then killed, so that nothing was let go of."""
    served.start_workers()
    served.start("other", "worker", "--lane", "live")
    served.wait_for(lambda: "process_started" in served.log_of("other").read_text(), 20)
    served.deliver(a_booking("held0"))
    served.wait_for(served.inbox_is_empty, 10)
    worker = psutil.Process(served.processes["worker"].pid)
    for number in range(200):
        served.deliver(a_booking(f"held{number}"))
        if number == 100:
            worker.suspend()
    served.kill("worker")
    served.wait_for(served.inbox_is_empty, 10)
    assert served.rows("SELECT count(*) FROM appointment WHERE external_id LIKE 'held%'") == [(200,)]
