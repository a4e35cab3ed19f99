"""Bodies: who is slow is given up in time, alone, and by one timer for all."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ingest import bodies
from ingest.bodies import Bodies
from ingest.verdicts import TooSlow

LIMIT = 100


def sender(*pauses: float) -> Callable[[], Any]:
    """Sends a letter after each pause."""
    left = list(pauses)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(left.pop(0))
        return {"type": "http.request", "body": b"x", "more_body": bool(left)}

    return receive


def test_only_the_slow_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "READ_SECONDS", 0.2)

    async def read_all() -> list[Any]:
        reader = Bodies()
        first = [asyncio.create_task(reader.read(sender(3600), {}, LIMIT))]
        await asyncio.sleep(0.1)
        later = [
            asyncio.create_task(reader.read(sender(*pauses), {}, LIMIT))
            for pauses in [(0.15,), (0.0, 3600), (0, 0)]
        ]
        return await asyncio.gather(*first, *later, return_exceptions=True)

    slow, punctual, stalled, quick = asyncio.run(read_all())
    assert (punctual, quick) == (b"x", b"xx")
    assert [type(one) for one in (slow, stalled)] == [TooSlow, TooSlow]


def test_somebody_else_s_cancellation_stays_one() -> None:
    async def cancel() -> None:
        reader = Bodies()
        task = asyncio.create_task(reader.read(sender(3600), {}, LIMIT))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())
