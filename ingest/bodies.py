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
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await _read(receive, limit)
    except TimeoutError:
        raise TooSlow("too_slow") from None


async def _read(receive: Receive, limit: int) -> bytes:
    chunks = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused("disconnected")
        chunks += message.get("body", b"")
        if len(chunks) > limit:
            raise TooLarge("too_large")
        if not message.get("more_body"):
            return bytes(chunks)
