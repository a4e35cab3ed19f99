"""A barrage: many hostile deliveries at the real receiver over a real Postgres, and what must never come of them."""

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import psutil

from boot import clock
from db import clients, connections
from db.desk import Database
from ingest.app import Webhooks
from ingest.providers import ADAPTERS
from pipeline.words import Provider
from tests.flows.test_canaries import marked
from tests.fuzz.mutations import Headers, as_bytes, bent, bent_headers, shapeless
from tests.ingest.receiving import KEY, KEYRING
from tests.ingest.recordings import of_provider
from tests.ingest.signatures import SECRET_ALONE, SIGNED_BY, verifier_of

TOGETHER = 32
ALLOWED = {200, 400, 401, 404, 405, 408, 413}
TRIES = 4
CANARY = re.compile(r"canary\d+", re.IGNORECASE)
WARM = 0.3
"""The part of a barrage after which memory must not grow any more."""


@dataclass(frozen=True)
class Shot:
    """One request: nothing in it need be what it should."""

    provider: Provider
    method: str
    path: str
    headers: Headers
    body: bytes


@dataclass
class Fallout:
    """What came of a barrage."""

    answers: Counter[str] = field(default_factory=Counter)
    amiss: list[str] = field(default_factory=list)
    grown: int = 0
    """Bytes by which the process grew once it was warm."""


class Barrage:
    """Shots from a seed, at endpoints of a client's own."""

    def __init__(self, database: Database, dsn: str, seed: int) -> None:
        self._dice = random.Random(seed)
        self._database = database
        client_id = clients.add(database, KEYRING, f"fuzz {seed}")
        self._endpoints = {
            provider: connections.add(
                database, KEYRING, client_id, provider, secret_values=_secrets_of(provider)
            )[1]
            for provider in map(Provider, ADAPTERS)
        }
        numbers = iter(range(100_000, 10_000_000))
        bodies = {Provider(name): _bodies(adapter) for name, adapter in ADAPTERS.items()}
        self._seeds = {
            provider: [marked(one, numbers) for one in found] for provider, found in bodies.items()
        }
        self._app = Webhooks(dsn, KEYRING, lambda _: None)

    def run(self, requests: int) -> Fallout:
        """Send so many, some of them together."""
        return asyncio.run(self._run(requests))

    def shot(self) -> Shot:
        """The next one."""
        dice = self._dice
        provider = dice.choice(list(self._endpoints))
        body = (
            shapeless(dice)
            if dice.random() < 0.12
            else as_bytes(bent(dice.choice(self._seeds[provider]), dice), dice)
        )
        signed = SIGNED_BY[provider](body, KEY, clock.now())
        headers: Headers = list(signed.items())
        if dice.random() < 0.2:
            headers = bent_headers(headers, dice)
        path = f"/webhooks/{provider}/{self._endpoints[provider]}"
        method = "POST"
        if dice.random() < 0.04:
            path = dice.choice(
                [
                    "/webhooks/",
                    path + "/",
                    path + "x",
                    f"/webhooks/{'é' * 40}/\0",
                    "/webhooks/../x",
                    path * 40,
                ]
            )
            method = dice.choice(["POST", "GET", "PUT", "DELETE", "HEAD", "TRACE", "\0"])
        return Shot(provider, method, path, headers, body)

    async def _run(self, requests: int) -> Fallout:
        fallout = Fallout()
        process = psutil.Process()
        warm = 0
        for first in range(0, requests, TOGETHER):
            shots = [self.shot() for _ in range(min(TOGETHER, requests - first))]
            await asyncio.gather(*(self._fire(shot, fallout) for shot in shots))
            if not warm and first >= requests * WARM:
                warm = process.memory_info().rss
        fallout.grown = process.memory_info().rss - warm
        await self._app.close()
        fallout.amiss += [f"a canary in {table}" for table in self._tables_with_canaries()]
        return fallout

    async def _fire(self, shot: Shot, fallout: Fallout) -> None:
        """Send it; one that is told to come again comes again, alone."""
        try:
            for _ in range(TRIES):
                status, answer = await self._asked(shot)
                if status not in (429, 503):
                    break
        except Exception as error:  # noqa: BLE001  whatever escapes is what this looks for
            fallout.amiss.append(f"{type(error).__name__} for {shot!r}"[:800])
            return
        fallout.answers[f"{status} {answer.get('ignored') or answer.get('error') or ''}".strip()] += 1
        if status not in ALLOWED or answer.get("ignored") == "unstorable":
            fallout.amiss.append(f"{status} {answer} for {shot!r}"[:800])
        if CANARY.search(json.dumps(answer)):
            fallout.amiss.append("a canary in an answer")

    async def _asked(self, shot: Shot) -> tuple[int, dict[str, Any]]:
        sent: list[MutableMapping[str, Any]] = []
        pieces = iter(_pieces(shot.body))

        async def receive() -> MutableMapping[str, Any]:
            await asyncio.sleep(0)
            body, more = next(pieces)
            return {"type": "http.request", "body": body, "more_body": more}

        async def send(message: MutableMapping[str, Any]) -> None:
            await asyncio.sleep(0)
            sent.append(message)

        scope = {"type": "http", "method": shot.method, "path": shot.path, "headers": shot.headers}
        await self._app(scope, receive, send)
        return sent[0]["status"], json.loads(sent[1]["body"])

    def _tables_with_canaries(self) -> list[str]:
        tables = self._database.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        return [
            table
            for (table,) in tables
            if table != "lead"
            and self._database.execute(
                f"SELECT 1 FROM {table} t WHERE t::text ~* 'canary[0-9]' LIMIT 1".encode()
            ).fetchone()
        ]


def _secrets_of(provider: Provider) -> dict[str, Any]:
    """What checks the proof of a shot: most of them are to get past it."""
    name = "header_secrets" if provider in SECRET_ALONE else "signing_keys"
    return {name: [verifier_of(provider, KEY)]}


def _bodies(adapter: Any) -> list[Any]:
    found = (json.loads(one.body) for one in of_provider(adapter))
    return [body for body in found if isinstance(body, dict)]


def _pieces(body: bytes) -> Iterator[tuple[bytes, bool]]:
    """As a server hands a body on: by 64 kB."""
    size = 65_536
    for first in range(0, len(body), size):
        yield body[first : first + size], True
    while True:
        yield b"", False
