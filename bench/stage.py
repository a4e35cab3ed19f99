"""The stage: embedded servers as an installation has them, databases to measure in, processes to measure."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psutil
import psycopg
import redis

from bench import load
from bench.networks import Kind
from boot.embedded_postgres import PostgresServer, postgres
from boot.embedded_redis import RedisServer, redis_server
from boot.settings import PROJECT
from db import migrate
from db.desk import Database, connect
from db.keyring import Keyring

SECRET_KEY = "bench-secret-key-of-sufficient-length"


@dataclass
class Stage:
    """Two servers and a folder; fsync and synchronous_commit are on, as OPTIONS of boot have them."""

    folder: Path
    postgres: PostgresServer
    redis: RedisServer
    scale: float
    rounds: int
    web_pid: int = 0
    """Of the web process that `site` runs just now."""
    hosts: Kind = Kind.ALIASES
    """What hosts are made of where a line needs some."""
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def keyring(self) -> Keyring:
        return Keyring([SECRET_KEY])

    @property
    def generator(self) -> Path:
        return load.compiled(self.folder)

    def scaled(self, number: int) -> int:
        return max(200, int(number * self.scale) // 100 * 100)

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The name of a database of one's own, migrated or a copy of another."""
        with self.database_on(self.postgres, template) as name:
            yield name

    @contextmanager
    def database_on(self, postgres: PostgresServer, template: str = "template0") -> Iterator[str]:
        """The same on another server."""
        name = f"bench_{next(self._numbers)}"
        with connect(postgres.dsn("postgres")) as server:
            server.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        if template == "template0":
            migrate.upgrade(postgres.dsn(name).replace("postgresql://", "postgresql+psycopg://", 1))
        try:
            yield name
        finally:
            with connect(postgres.dsn("postgres")) as server:
                server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def connect(self, name: str) -> Database:
        return connect(self.postgres.dsn(name))

    def settle(self) -> None:
        """Let no measurement pay for what came before it."""
        with connect(self.postgres.dsn("postgres")) as server:
            server.execute("CHECKPOINT")
        os.sync()

    def postgres_cpu(self) -> float:
        """Processor seconds of all its processes so far, those that have ended included."""
        postmaster = psutil.Process(self.postgres.pid)
        used = sum(postmaster.cpu_times()[:4])
        for child in postmaster.children():
            with suppress(psutil.NoSuchProcess):
                used += sum(child.cpu_times()[:2])
        return used

    def redis_flush(self) -> None:
        """Forget what is in all of its databases."""
        client = redis.Redis.from_url(self.redis.url)
        client.flushall()
        client.close()

    def environment(self, name: str, port: int) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self.postgres.dsn(name),
            "REDIS_URL": self.redis.url,
            "APPTRAIL_SECRET_KEY": SECRET_KEY,
            "APPTRAIL_VAR": str(self.folder),
            "APPTRAIL_BASE_URL": f"http://127.0.0.1:{port}",
            "PORT": str(port),
            "LOG_FORMAT": "json",
        }

    @contextmanager
    def process(
        self, arguments: Sequence[str], name: str, port: int = 8000, extra: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[str]]:
        """A process of ours, with its log in a file: logging is part of the service.

        `extra`: what it finds in its environment instead.
        """
        with (self.folder / "processes.log").open("a") as log:
            child = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=PROJECT,
                env={**self.environment(name, port), **(extra or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            try:
                yield child
            finally:
                child.terminate()
                try:
                    child.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()

    @contextmanager
    def site(self, name: str) -> Iterator[int]:
        """The web process with the bare route beside it; gives its port."""
        with self.site_process(name) as (port, _):
            yield port

    @contextmanager
    def site_process(self, name: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
        """The same, with the process itself."""
        port = free_port()
        with self.process(["-m", "bench.server"], name, port) as child:
            self.web_pid = child.pid
            deadline = time.monotonic() + 120
            while child.poll() is None and time.monotonic() < deadline:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            else:
                raise RuntimeError(f"the web process did not start:\n{self.last_words()}")
            yield port, child

    def told(self, event: str) -> int:
        """How often the processes' log has an event by now."""
        place = self.folder / "processes.log"
        return place.read_text().count(f'"{event}"') if place.exists() else 0

    def wait_until_told(self, event: str, times: int, seconds: float = 180.0) -> None:
        """Wait until the log has an event so many times."""
        deadline = time.monotonic() + seconds
        while self.told(event) < times:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no {event} within {seconds:.0f} s:\n{self.last_words()}")
            time.sleep(0.05)

    def web_cpu_seconds(self) -> float:
        """What the web process has used of a core so far, its own time and the kernel's for it."""
        used = Path(f"/proc/{self.web_pid}/stat").read_text().rpartition(")")[2].split()
        return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")

    def last_words(self) -> str:
        lines = (self.folder / "processes.log").read_text().splitlines()[-20:]
        return "\n".join(line[-300:] for line in lines)


@contextmanager
def stage(scale: float, rounds: int, options: Mapping[str, str] | None = None) -> Iterator[Stage]:
    """Set everything up in a temp folder, and leave nothing behind; `options`: further ones of Postgres."""
    folder = Path(tempfile.mkdtemp(prefix="apptrail-bench-"))
    folder.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        pg = stack.enter_context(postgres(folder / "postgres", options=options))
        doorbells = stack.enter_context(redis_server(folder / "redis"))
        yield Stage(folder, pg, doorbells, scale, rounds)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def settings_of(dsn: str) -> dict[str, str]:
    """What a server is set to, as it says itself."""
    with psycopg.connect(dsn) as database:
        names = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
        return {name: database.execute(f"SHOW {name}").fetchone()[0] for name in names}
