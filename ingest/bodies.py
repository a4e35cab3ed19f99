"""Bodies: read as a stream, counted while they come, never held beyond the limit."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ingest.adapter import Headers
from ingest.verdicts import Refused, TooLarge, TooSlow

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

READ_SECONDS = 10.0


class Bodies:
    """Reads bodies; one timer serves all that are on their way, for one each costs more than reading."""

    def __init__(self) -> None:
        """Wait for nobody yet."""
        self._since: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._patience: asyncio.TimerHandle | None = None

    async def read(self, receive: Receive, headers: Headers, limit: int) -> bytes:
        """Read a body of at most `limit` bytes.

        Raises TooLarge as soon as it is over, TooSlow after 10 seconds.
        """
        declared = headers.get(b"content-length", b"")
        if declared.isdigit() and (len(declared) > 12 or int(declared) > limit):
            raise TooLarge("too_large")
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        loop = asyncio.get_running_loop()
        self._since[task] = loop.time()
        if self._patience is None:
            self._patience = loop.call_later(READ_SECONDS, self._lose_patience)
        try:
            return await _read(receive, limit)
        except asyncio.CancelledError:
            if task in self._late and task.uncancel() == 0:
                raise TooSlow("too_slow") from None
            raise
        finally:
            del self._since[task]
            self._late.discard(task)

    def _lose_patience(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for task, since in self._since.items():
            if since + READ_SECONDS <= now:
                self._late.add(task)
                task.cancel()
        still = [since for task, since in self._since.items() if task not in self._late]
        self._patience = loop.call_at(min(still) + READ_SECONDS, self._lose_patience) if still else None


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
