"""Bodies: read as a stream, counted while they come, never held beyond the limit."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ingest.adapter import Headers
from ingest.verdicts import Refused, TooLarge, TooSlow

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

READ_SECONDS = 10.0


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """Read a body of at most `limit` bytes. Raises TooLarge as soon as it is over, TooSlow after 10 seconds."""
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and (len(declared) > 12 or int(declared) > limit):
        raise TooLarge("too_large")
    message = await _next(receive, READ_SECONDS)
    if not message.get("more_body"):
        return bytes(_within(message.get("body", b""), limit))
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await _rest(receive, message, limit)
    except TimeoutError:
        raise TooSlow("too_slow") from None


async def _rest(receive: Receive, message: MutableMapping[str, Any], limit: int) -> bytes:
    chunks = bytearray(message.get("body", b""))
    while message.get("more_body"):
        _within(chunks, limit)
        message = await _next(receive, READ_SECONDS)
        chunks += message.get("body", b"")
    return bytes(_within(chunks, limit))


async def _next(receive: Receive, seconds: float) -> MutableMapping[str, Any]:
    try:
        message = await asyncio.wait_for(receive(), seconds)
    except TimeoutError:
        raise TooSlow("too_slow") from None
    if message["type"] == "http.disconnect":
        raise Refused("disconnected")
    return message


def _within(body: bytes | bytearray, limit: int) -> bytes | bytearray:
    if len(body) > limit:
        raise TooLarge("too_large")
    return body
