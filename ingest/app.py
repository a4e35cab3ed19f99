"""The ASGI application of the webhook addresses: /webhooks/{provider}/{endpoint}."""

import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import orjson

from db.inbox import Ring
from db.keyring import Keyring
from ingest.batcher import Batcher
from ingest.bodies import Receive
from ingest.endpoints import Endpoints
from ingest.providers import ADAPTERS
from ingest.receiver import ACCEPTED, Answer, Receiver

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX = "/webhooks/"
_PATH = re.compile(r"/webhooks/([a-z_]{1,32})/([A-Za-z0-9_-]{1,128})/?", re.ASCII)


class Webhooks:
    """Which connection is this for? Translates HTTP to the receiver and back, and no more."""

    def __init__(self, dsn: str, keyring: Keyring, on_stored: Callable[[Sequence[Ring]], None]) -> None:
        """Take the database, its keys, and whom to tell of leads that have jobs now."""
        self._endpoints = Endpoints(dsn, keyring)
        self._batcher = Batcher(dsn, on_stored)
        self._receiver = Receiver(ADAPTERS, self._endpoints, self._batcher)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = await self._answer(scope, receive)
        start, body = _ACCEPTED if answer is ACCEPTED else _messages(answer)
        await send(start)
        await send(body)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path = _PATH.fullmatch(scope["path"])
        if path is None:
            return Answer(404, {"ok": False, "error": "unknown_endpoint"})
        provider, endpoint = path.groups()
        if scope["method"] == "POST":
            return await self._receiver.deliver(provider, endpoint, dict(scope["headers"]), receive)
        if scope["method"] in ("GET", "HEAD"):
            return await self._receiver.describe(provider, endpoint)
        return Answer(405, {"ok": False, "error": "method_not_allowed"}, ((b"allow", b"GET, HEAD, POST"),))

    async def close(self) -> None:
        """Finish what is under way."""
        await self._batcher.close()
        self._endpoints.close()


def _messages(answer: Answer) -> tuple[dict[str, Any], dict[str, Any]]:
    body = orjson.dumps(answer.body)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *answer.headers,
    ]
    return (
        {"type": "http.response.start", "status": answer.status, "headers": headers},
        {"type": "http.response.body", "body": body},
    )


_ACCEPTED = _messages(ACCEPTED)
