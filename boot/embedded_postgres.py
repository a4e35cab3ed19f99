"""A real Postgres from a Python wheel, in a folder of its own: for one machine, and for tests."""

import fcntl
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from boot import clock, processes, sockets
from boot.account import Account, account_for
from boot.postgres_cluster import DATABASE, PROGRAM, Cluster, PostgresFailedError, bindir

OPTIONS: Mapping[str, str] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "max_locks_per_transaction": "256",  # the receiver takes one for each identity of a batch
    "client_connection_check_interval": "500ms",  # frees the locks of a killed worker within half a second
    "deadlock_timeout": "1s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "unix_socket_permissions": "0700",
    # A statement, a parameter or a DETAIL would carry personal data into the log.
    "log_statement": "none",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}
READY_WITHIN = 120.0
"""Seconds: replaying 4 GB of log after a crash takes a while."""
REFUSED_FOR = 2.0
"""Seconds in which a refused start is tried again: what went before may still be letting go of a port."""


class PostgresServer:
    """One server and its folder. Start it from the main thread: it ends with the thread that started it."""

    name = "postgres"

    def __init__(
        self, folder: Path, *, port: int | None = None, options: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder.absolute()
        self.port = port
        """The TCP port on the loopback address, if it has one beside its socket."""
        self.options = {**OPTIONS, **(options or {})}
        self.bindir = bindir()
        self._cluster = Cluster(self.folder / "data")
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def socket_dir(self) -> Path:
        """The folder that libpq wants as `host`."""
        return sockets.socket_folder(self.folder)

    @property
    def pid(self) -> int:
        """The postmaster's."""
        if (pid := self._cluster.postmaster()) is None:
            raise PostgresFailedError("the embedded Postgres is not running")
        return pid

    def dsn(self, database: str = DATABASE) -> str:
        """The libpq address of a database, by the socket."""
        return sockets.postgres_dsn(self.folder, database, self._port)

    def alive(self) -> bool:
        """Whether it runs and takes connections."""
        return self._cluster.is_ready()

    def start(self) -> bool:
        """Start it with the data of before, or take the one that already runs here; tell whether it was started."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "start.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._cluster.is_ready():
                return False
            self._reap()
            account = account_for(self.bindir / PROGRAM, self.folder.parent, self.socket_dir.parent)
            account.own(self.folder)
            self.folder.chmod(0o700)
            sockets.make_socket_folder(self.folder, account.uid)
            self._cluster.make(account, sync=self.options["fsync"] != "off")
            self._launch(account)
        return True

    def stop(self) -> None:
        """Shut it down in good order, whoever is connected; after half a minute, in any order."""
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if (pid := self._cluster.postmaster()) is None:
                break
            processes.send(pid, number)
            if processes.ends_within(pid, 30.0):
                break
        self._reap()

    def kill(self) -> None:
        """End it as a power cut would: for tests of what survives."""
        pid = self.pid
        processes.send(pid, signal.SIGKILL)
        processes.ends_within(pid, 10.0)
        self._reap()

    @property
    def _port(self) -> int:
        return self.port or sockets.POSTGRES_PORT

    def _launch(self, account: Account) -> None:
        deadline = clock.monotonic() + REFUSED_FOR
        while True:
            self._cluster.clear_remains(self.socket_dir / f".s.PGSQL.{self._port}")
            with (self.folder / "postgres.log").open("ab") as log:
                self._child = account.start(self._command(), log, death_signal="INT")
            if self._becomes_ready(self._child):
                return
            if clock.monotonic() > deadline:
                raise PostgresFailedError
            sleep(0.1)

    def _command(self) -> list[str]:
        listen = "127.0.0.1" if self.port else ""
        command = [str(self.bindir / PROGRAM), "-D", str(self._cluster.data), "-k", str(self.socket_dir)]
        command += ["-h", listen, "-p", str(self._port)]
        for name, value in self.options.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _becomes_ready(self, child: subprocess.Popen[bytes]) -> bool:
        deadline = clock.monotonic() + READY_WITHIN
        while child.poll() is None:
            if self._cluster.is_ready():
                return True
            if clock.monotonic() > deadline:
                self.stop()
                return False
            sleep(0.01)
        return False

    def _reap(self) -> None:
        """Take the exit of our own child: until then it is a zombie, and its pid is in use."""
        if self._child is not None:
            self._child.wait()
            self._child = None


@contextmanager
def postgres(
    folder: Path, *, port: int | None = None, options: Mapping[str, str] | None = None
) -> Iterator[PostgresServer]:
    """A running server; one that ran before is left running."""
    server = PostgresServer(folder, port=port, options=options)
    started = server.start()
    try:
        yield server
    finally:
        if started:
            server.stop()
