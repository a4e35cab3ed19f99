"""One process under the supervisor: its start, its return after a crash, its end."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import TextIO

from boot import clock, logs
from boot.account import dying_with_us
from boot.line_pipe import LinePipe

log = logs.get_logger(__name__)

FIRST_WAIT = 0.2
LONGEST_WAIT = 5.0
"""Seconds before a crashed process is started again, at the most; doubled with each crash until then.

It may be its lane's only worker, and a job that kills it five times is what all the others wait for.
"""
STEADY = 10.0
"""Seconds after which a process has proved itself, and a crash counts as its first."""
LOOK_EVERY = 0.02
"""Seconds between looks at a process that was asked to stop."""


class Supervised:
    """A process in a session of its own, so that its whole group can be ended."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], output: TextIO
    ) -> None:
        self.name = name
        self._command = list(command)
        self._environment = dict(environment)
        self._output = output
        self._child: subprocess.Popen[bytes] | None = None
        self._lines: LinePipe | None = None
        self._crashes = 0
        self._began = 0.0
        self._due = 0.0

    def start(self) -> None:
        """Start it with a death signal: it ends with us, even if we are killed."""
        self._began = clock.monotonic()
        try:
            self._child = subprocess.Popen(
                [*dying_with_us("TERM"), *self._command],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError:
            log.exception("process_not_started", process=self.name)
            self._put_off()
            return
        assert self._child.stdout is not None
        self._lines = LinePipe(self.name, self._child.stdout, self._output)
        log.info("process_started", process=self.name, pid=self._child.pid)

    def look_after(self) -> None:
        """Notice that it ended, end what is left of its group, and start it again when its wait is over."""
        if self._child is not None and _has_ended(self._child.pid):
            log.warning("process_exited", process=self.name, exit_code=self._clear_away(self._child))
            self._put_off()
        if self._child is None and clock.monotonic() >= self._due:
            self.start()

    async def stop(self, grace: float, hurried: asyncio.Event) -> None:
        """Ask it to stop, wait as long as `grace` seconds or until hurried, then end its whole group."""
        if self._child is None:
            return
        _signal_group(self._child.pid, signal.SIGTERM)
        deadline = clock.monotonic() + grace
        while not _has_ended(self._child.pid):
            if hurried.is_set() or clock.monotonic() > deadline:
                break
            await asyncio.sleep(LOOK_EVERY)
        log.info("process_stopped", process=self.name, exit_code=self._clear_away(self._child))

    def _put_off(self) -> None:
        self._crashes = 1 if clock.monotonic() - self._began > STEADY else self._crashes + 1
        self._due = clock.monotonic() + min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (self._crashes - 1))

    def _clear_away(self, child: subprocess.Popen[bytes]) -> int:
        """End what is left of the group, for children of a killed master would go on as orphans."""
        _signal_group(child.pid, signal.SIGKILL)
        exit_code = child.wait()
        if self._lines is not None:
            self._lines.close()
        self._child = self._lines = None
        return exit_code


def _has_ended(pid: int) -> bool:
    """Whether our child has ended, leaving it a zombie: so its group's number stays its own meanwhile."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        pass  # the last of the group has gone
