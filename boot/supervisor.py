"""Runs the Procfile on one machine: what crashes comes back, and nothing outlives the supervisor."""

import asyncio
import shlex
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TextIO

from boot import logs
from boot.supervised import Supervised

log = logs.get_logger(__name__)

LOOK_EVERY = 0.1
"""Seconds between looks at what has ended. Waiting for it would hang while an orphan holds its pipe."""
REST = 1.0
"""Seconds to the next look after a server refused to start."""
GRACE = 15.0
"""Seconds that a process may take to finish its work when asked to stop."""


class Server(Protocol):
    """An embedded server that is brought back too."""

    name: str

    def alive(self) -> bool:
        """Whether it runs."""
        ...

    def start(self) -> bool:
        """Start it again."""
        ...


def read_procfile(procfile: Path) -> dict[str, list[str]]:
    """The process types and their commands, in the file's order."""
    lines = [line.strip() for line in procfile.read_text(encoding="utf-8").splitlines()]
    entries = [line.partition(":") for line in lines if line and not line.startswith("#")]
    return {name.strip(): shlex.split(command) for name, _, command in entries}


async def supervise(
    commands: Mapping[str, Sequence[str]],
    *,
    environment: Mapping[str, str],
    scale: Mapping[str, int] | None = None,
    servers: Sequence[Server] = (),
    output: TextIO | None = None,
) -> None:
    """Run the commands until SIGINT or SIGTERM, then stop them in reverse order.

    `scale` says how many of a type to run: 1 unless said, and 0 for none. Await it in the main thread, for
    the kernel ends what it started when that thread does. A second signal waits for nothing more.
    """
    asked, hurried = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _ask, asked, hurried)
    family = [
        Supervised(name, commands[kind], environment, output or sys.stdout)
        for kind, name in _names(commands, scale or {})
    ]
    try:
        for process in family:
            process.start()
        while not asked.is_set():
            healthy = _bring_back(servers)
            for process in family:
                process.look_after()
            await _sleep(LOOK_EVERY if healthy else REST, asked)
    finally:
        for process in reversed(family):
            await process.stop(0 if hurried.is_set() else GRACE, hurried)


def _names(commands: Mapping[str, Sequence[str]], scale: Mapping[str, int]) -> list[tuple[str, str]]:
    """The type and the name of each process: `web`, or `web.1` and `web.2` where there are several."""
    counts = {kind: scale.get(kind, 1) for kind in commands}
    return [
        (kind, kind if count == 1 else f"{kind}.{index}")
        for kind, count in counts.items()
        for index in range(1, count + 1)
    ]


def _ask(asked: asyncio.Event, hurried: asyncio.Event) -> None:
    if asked.is_set():
        hurried.set()
    asked.set()


def _bring_back(servers: Sequence[Server]) -> bool:
    """Start a server that died. This blocks for a moment, in the main thread as its death signal needs."""
    healthy = True
    for server in servers:
        if not server.alive():
            log.warning("server_died", process=server.name)
            try:
                server.start()
            except (OSError, RuntimeError):
                log.exception("server_restart_failed", process=server.name)
                healthy = False
    return healthy


async def _sleep(seconds: float, until: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(until.wait(), seconds)
    except TimeoutError:
        pass  # the usual end: nothing happened
