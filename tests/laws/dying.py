"""A worker process that kills itself at a job: while it reads it, or while it merges what it asks for.

`python -m tests.laws.dying WHERE DSN CLIENT LEAD…` drains the leads once; WHERE is reading or merging.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

from db import applying, ledger, merging
from tests.builders import hands
from tests.statements import at

KILLER = "killer"


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _while_reading() -> None:
    read = applying.read_payload  # type: ignore[attr-defined]

    def read_or_die(text: str) -> Any:
        if KILLER in text:
            _die()
        return read(text)

    setattr(applying, "read_payload", read_or_die)  # noqa: B010


def _while_merging() -> None:
    def die(*_: Any) -> None:
        _die()

    setattr(merging, "_move", die)  # noqa: B010


PLACES: dict[str, Callable[[], None]] = {
    "reading": _while_reading,
    "merging": _while_merging,
}


def main(where: str, dsn: str, client_id: str, *lead_ids: str) -> None:
    """Drain once, as any worker would."""
    PLACES[where]()
    with hands(dsn, now=at(6)) as mine:
        ledger.drain(mine, UUID(client_id), [UUID(one) for one in lead_ids])


if __name__ == "__main__":
    main(*sys.argv[1:])
