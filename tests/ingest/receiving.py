"""Receiving: the real ASGI application over a real Postgres, called without a server in between."""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Any
from uuid import UUID

from boot import clock
from db import clients, connections, desk
from db.inbox import Ring
from db.keyring import Keyring
from ingest.app import Webhooks
from pipeline.words import Provider

KEYRING = Keyring(["a secret key for tests"])
KEY = "the connection's signing key"


@dataclass(frozen=True)
class Address:
    """A client with one connection."""

    client_id: UUID
    pepper: bytes
    endpoint: str


def an_address(
    database: desk.Database, name: str, *, provider: Provider = Provider.CALENDLY, **named: Any
) -> Address:
    client_id = clients.add(database, KEYRING, name)
    named.setdefault("secret_values", {"signing_keys": [KEY]})
    _, endpoint = connections.add(database, KEYRING, client_id, provider, **named)
    return Address(client_id, clients.pepper_of(database, KEYRING, client_id), endpoint)


class Receiving(AbstractContextManager["Receiving"]):
    """Runs the application in a loop of its own; `rings` are those that it gave."""

    def __init__(self, dsn: str) -> None:
        self.rings: list[Ring] = []
        self._loop = asyncio.new_event_loop()
        self._app = Webhooks(dsn, KEYRING, self.rings.extend)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(self._app.close())
        self._loop.close()

    def settle(self) -> None:
        """Let what no answer waits for be done."""

        async def done() -> None:
            await asyncio.gather(*self._app._batcher._tasks)

        self.run(done())

    def run(self, work: Awaitable[Any]) -> Any:
        return self._loop.run_until_complete(work)

    def deliver(self, endpoint: str, *bodies: dict[str, Any], key: str = KEY) -> list[tuple[int, Any]]:
        """Sign bodies and deliver them at the same moment; returns (status, answer) of each."""

        async def together() -> list[tuple[int, Any]]:
            return await asyncio.gather(*(self._post(endpoint, body, key) for body in bodies))

        answers: list[tuple[int, Any]] = self.run(together())
        return answers

    def hand_in(
        self, provider: Provider, endpoint: str, body: bytes, headers: dict[bytes, bytes]
    ) -> tuple[int, Any, dict[bytes, bytes]]:
        """Deliver a body as it is; returns status, answer and headers."""
        scope = {
            "type": "http",
            "method": "POST",
            "path": f"/webhooks/{provider}/{endpoint}",
            "headers": list(headers.items()),
        }
        answered: tuple[int, Any, dict[bytes, bytes]] = self.run(_answered(self._app, scope, body))
        return answered

    async def _post(self, endpoint: str, said: dict[str, Any], key: str) -> tuple[int, Any]:
        body = json.dumps(said).encode()
        stamp = str(int(clock.now().timestamp()))
        mac = hmac.new(key.encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
        scope = {
            "type": "http",
            "method": "POST",
            "path": f"/webhooks/calendly/{endpoint}",
            "headers": [(b"calendly-webhook-signature", f"t={stamp},v1={mac}".encode())],
        }
        return await _asked(self._app, scope, body)


async def _asked(app: Callable[..., Awaitable[None]], scope: dict[str, Any], body: bytes) -> tuple[int, Any]:
    status, answer, _ = await _answered(app, scope, body)
    return status, answer


async def _answered(
    app: Callable[..., Awaitable[None]], scope: dict[str, Any], body: bytes
) -> tuple[int, Any, dict[bytes, bytes]]:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"]), dict(sent[0]["headers"])
