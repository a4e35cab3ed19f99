"""Whether a process lives, and how to wait until it does not."""

import os
import signal
from pathlib import Path
from time import sleep

from boot import clock

PROC = Path("/proc")


def is_alive(pid: int, program: str | None = None) -> bool:
    """Whether the process runs: a zombie has ended. With `program`, whether it still is that program.

    A pid from a file may have been given to another process since; its program tells.
    """
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        # The name in brackets may hold spaces and brackets of its own; the state is the word after it.
        state = stat.rpartition(")")[2].split()[0]
        return state not in {"Z", "X"} and (program is None or _program(pid) == program)
    except OSError:  # it ended, perhaps between two looks
        return False


def working_in(folder: Path, program: str) -> list[int]:
    """The living processes of a program whose working folder this is."""
    entries = [entry for entry in PROC.iterdir() if entry.name.isdecimal() and _works_in(entry, folder)]
    return [pid for entry in entries if is_alive(pid := int(entry.name), program)]


def send(pid: int, number: signal.Signals) -> None:
    """Signal a process; that it has ended already is what most signals wish for."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def ends_within(pid: int, seconds: float) -> bool:
    """Wait for a process that need not be our child."""
    deadline = clock.monotonic() + seconds
    while is_alive(pid):
        if clock.monotonic() > deadline:
            return False
        sleep(0.01)
    return True


def _program(pid: int) -> str:
    # A program that was replaced on disk, as by an upgrade of its package, is shown as deleted.
    return (PROC / str(pid) / "exe").readlink().name.removesuffix(" (deleted)")


def _works_in(entry: Path, folder: Path) -> bool:
    try:
        return (entry / "cwd").readlink() == folder
    except OSError:  # it ended, or belongs to another user and is no concern of ours
        return False
