"""A stack: real servers and real processes of one installation, for tests from signed bytes to a page."""

import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import psycopg

from boot.embedded_postgres import PostgresServer
from boot.embedded_redis import RedisServer
from db import migrate
from tests.free_port import free_port

APPTRAIL = Path(sys.executable).parent / "apptrail"
SIGNING_KEY = "a signing key of the tests"


@dataclass
class Stack:
    """One installation. Its processes are started by name and killed like any."""

    folder: Path
    postgres: PostgresServer
    redis: RedisServer
    port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    client_id: str = ""
    endpoint: str = ""
    token: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self.postgres.dsn(),
            "REDIS_URL": self.redis.url,
            "APPTRAIL_SECRET_KEY": "a secret key of the tests",
            "APPTRAIL_BASE_URL": self.url,
            "PORT": str(self.port),
            "LOG_FORMAT": "json",
            "APPTRAIL_VAR": str(self.folder / "var"),
            "PROMETHEUS_MULTIPROC_DIR": str(self.folder / "counters"),
        }

    def cli(self, *arguments: str) -> str:
        """Run a command and return what it prints; a failure fails the test."""
        done = subprocess.run(
            [APPTRAIL, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def settle_in(self) -> None:
        """Add a client with a Calendly connection and a token."""
        (self.folder / "counters").mkdir(exist_ok=True)
        migrate.upgrade(self.postgres.dsn().replace("postgresql://", "postgresql+psycopg://", 1))
        self.client_id = json.loads(self.cli("client", "add", "agency", "--json"))["id"]
        added = self.cli("connection", "add", "agency", "calendly", "--signing-key", SIGNING_KEY, "--json")
        self.endpoint = json.loads(added)["endpoint"]
        self.token = json.loads(self.cli("token", "add", "agency", "--role", "admin", "--json"))["token"]

    def start(self, name: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a process unless it runs; what it logs goes to a file. `environment` is its own."""
        if name in self.processes:
            return self.processes[name]
        with self.log_of(name).open("ab") as log:
            process = subprocess.Popen(
                [APPTRAIL, *arguments], env={**self.environment, **environment}, stdout=log, stderr=log
            )
        self.processes[name] = process
        return process

    def start_web(self) -> None:
        self.start("web", "web")
        self.wait_for(self.is_alive, 60)

    def start_workers(self) -> None:
        self.start("worker", "worker", "--lane", "live")
        self.start("bulk", "worker", "--lane", "bulk", "--threads", "1")

    def kill(self, name: str) -> None:
        """End a process as the kernel does when memory runs out."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def log_of(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def is_alive(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=1, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def deliver(self, body: dict[str, Any] | bytes, **options: Any) -> httpx.Response:
        """Sign a body as Calendly does and post it."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = options.pop("headers", None) or {"calendly-webhook-signature": signed(raw)}
        url = f"{self.url}/webhooks/calendly/{self.endpoint}"
        return httpx.post(
            url, content=raw, headers=headers, timeout=options.pop("timeout", 5), trust_env=False
        )

    def ask(self, path: str, **parameters: Any) -> Any:
        """Ask the API."""
        answer = httpx.get(
            f"{self.url}{path}", params=parameters, headers={"authorization": f"Bearer {self.token}"},
            timeout=5, trust_env=False,
        )  # fmt: skip
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def lead_of(self, email: str) -> str:
        """Find a lead by the address in a body."""
        answer = httpx.post(
            f"{self.url}/api/v1/leads/search", json={"email": email},
            headers={"authorization": f"Bearer {self.token}"}, timeout=5, trust_env=False,
        )  # fmt: skip
        items = answer.json()["items"]
        assert len(items) == 1, answer.text
        found: str = items[0]["id"]
        return found

    def appointments(self, lead_id: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.ask(f"/api/v1/leads/{lead_id}/appointments", limit=100)["items"]
        return items

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.postgres.dsn()) as connection:
            return connection.execute(query).fetchall()

    def inbox_is_empty(self) -> bool:
        return self.rows("SELECT count(*) FROM inbox") == [(0,)]

    def wait_for(self, holds: Callable[[], Any], seconds: float) -> float:
        """Wait until something holds and return how long it took; fails when it takes too long."""
        started = time.monotonic()
        while not holds():
            assert time.monotonic() - started < seconds, "it did not come to hold in time"
            time.sleep(0.02)
        return time.monotonic() - started

    def close(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
        for process in self.processes.values():
            process.wait()


@contextmanager
def running(folder: Path) -> Iterator[Stack]:
    """A stack on servers of its own, with the durability of production."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    postgres, redis = PostgresServer(folder / "postgres"), RedisServer(folder / "redis")
    stack = Stack(folder, postgres, redis)
    try:
        postgres.start()
        redis.start()
        stack.settle_in()
        yield stack
    finally:
        stack.close()
        redis.stop()
        postgres.stop()


def signed(body: bytes, key: str = SIGNING_KEY, at: float | None = None) -> str:
    """The signature header that Calendly would send."""
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(key.encode(), stamp.encode() + b"." + body, sha256).hexdigest()
    return f"t={stamp},v1={digest}"
