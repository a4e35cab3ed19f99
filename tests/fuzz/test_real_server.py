"""Show 5 over real HTTP: requests that are none, senders that never end, and a log that keeps its mouth shut."""

import json
import random
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from ingest.providers import ADAPTERS
from tests.flows.stack import Stack, running, signed
from tests.flows.test_canaries import marked
from tests.flows.test_outages import a_booking
from tests.fuzz.mutations import as_bytes, bent, shapeless
from tests.ingest.recordings import of_provider

SEED = 20
REQUESTS = 300
SLOW = 200
MOST_GROWTH = 60_000_000
UPGRADE = (
    b"upgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-key: eA==\r\nsec-websocket-version: 13\r\n\r\n"
)
CANARY = re.compile(r"canary\d+", re.IGNORECASE)


@pytest.fixture(scope="module")
def served(server_folder: Path) -> Iterator[Stack]:
    with running(server_folder / "fuzz") as stack:
        stack.start_web()
        stack.start_workers()
        yield stack


def is_well(stack: Stack, name: str) -> bool:
    return stack.deliver(a_booking(name)).status_code == 200


def raw(stack: Stack, request: bytes) -> bytes:
    """Send bytes, end, and take what comes back."""
    with socket.create_connection(("127.0.0.1", stack.port), timeout=15) as sender:
        try:
            sender.sendall(request)
            sender.shutdown(socket.SHUT_WR)
            return sender.recv(4_096)
        except (ConnectionResetError, BrokenPipeError):
            return b""  # it hung up on us


@pytest.mark.parametrize(
    "request_line",
    [
        b"",
        b"\r\n" * 500,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
        b"GET",
        b"POST {path} HTTP/9.9\r\n\r\n",
        b"PO\x00ST {path} HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST {path}\x00\xff HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST {path}?" + b"a=%ff&" * 9_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST http://elsewhere{path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}",
        b"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n{}",
        b"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}",
        b"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999999999999999999\r\n\r\n{}",
        b"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 400\r\n\r\n{}",
        b"POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZZ\r\n",
        b"POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
        b"POST {path} HTTP/1.1\r\n" + b"x: " + b"y" * 200_000 + b"\r\n\r\n",
        b"POST {path} HTTP/1.1\r\n" + b"".join(b"x%d: y\r\n" % n for n in range(5_000)) + b"\r\n",
        b"POST {path} HTTP/1.1\r\nhost: x\r\n" + UPGRADE,
        b"GET {path} HTTP/1.1\r\nhost: x\r\n" + UPGRADE,
        b"POST {path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n",
    ],
    ids=lambda one: repr(one[:40]),
)
def test_what_is_no_request_harms_nobody(served: Stack, request_line: bytes) -> None:
    path = f"/webhooks/calendly/{served.endpoint}".encode()
    answer = raw(served, request_line.replace(b"{path}", path))
    assert not re.match(rb"HTTP/1\.[01] 5", answer), answer[:200]
    assert is_well(served, "after-none")


def test_a_barrage_over_http_leaves_the_server_as_it_was_and_no_canary_in_its_log(served: Stack) -> None:
    dice = random.Random(SEED)
    numbers = iter(range(100_000, 10_000_000))
    found = [json.loads(one.body) for one in of_provider(ADAPTERS["calendly"])]
    seeds = [marked(body, numbers) for body in found if isinstance(body, dict)]
    process = psutil.Process(served.processes["web"].pid)
    url = f"{served.url}/webhooks/calendly/{served.endpoint}"
    with httpx.Client(trust_env=False, timeout=15) as sender:
        for number in range(REQUESTS):
            body = shapeless(dice) if number % 8 == 0 else as_bytes(bent(dice.choice(seeds), dice), dice)
            if number == REQUESTS // 3:
                before = process.memory_info().rss
            headers = {"calendly-webhook-signature": signed(body)} if number % 5 else {}
            answer = sender.post(url, content=body, headers=headers)
            assert answer.status_code in (200, 400, 401, 413), (answer.status_code, body[:300])
            assert "unstorable" not in answer.text, body
            assert not CANARY.search(answer.text)
    assert process.memory_info().rss - before < MOST_GROWTH
    served.wait_for(served.inbox_is_empty, 30)
    for log in served.folder.glob("*.log"):
        text = log.read_text(errors="replace")
        assert not CANARY.search(text), (log.name, CANARY.findall(text)[:3])
        assert '"level":"error"' not in text, log.name


def test_senders_that_never_finish_their_headers_or_bodies_hold_nobody_up(served: Stack) -> None:
    head = f"POST /webhooks/calendly/{served.endpoint} HTTP/1.1\r\nhost: x\r\n"
    slow = [socket.create_connection(("127.0.0.1", served.port), timeout=10) for _ in range(SLOW)]
    try:
        for number, sender in enumerate(slow):
            sender.sendall((head if number % 2 else f"{head}content-length: 90000\r\n\r\n{{").encode())
        for number in range(20):
            for sender in slow[number::20]:
                sender.sendall(b"a" if slow.index(sender) % 2 == 0 else b"x-a: b\r\n")
            assert is_well(served, f"beside-{number}")
        # One that has begun a body is told that it was too slow.
        slow[0].settimeout(20)
        assert slow[0].recv(64).startswith(b"HTTP/1.1 408")
        assert is_well(served, "after-slow")
    finally:
        for sender in slow:
            sender.close()
