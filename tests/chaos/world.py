"""A world to be broken: servers behind proxies, and the product under its own supervisor (`apptrail up`)."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

import httpx
import psutil
import psycopg

from boot import sockets
from boot.embedded_postgres import PostgresServer
from boot.embedded_redis import RedisServer
from tests.chaos.hook.sitecustomize import BUG
from tests.chaos.severing import Proxy
from tests.flows.stack import APPTRAIL, Stack, signed

HOOK = Path(__file__).parent / "hook"
ROOT = Path(__file__).parents[2]

COMMANDS = {
    "web": ["apptrail", "web"],
    "worker": ["apptrail", "worker", "--lane", "live"],
    "bulk": ["apptrail", "worker", "--lane", "bulk"],
    "clock": ["apptrail", "clock"],
}


class NotAnswering(Exception):
    """The product did not answer as it does in health; the caller comes again."""


@dataclass
class World:
    """What the driver, the adversary and the oracle act on. `servers` guards who starts and stops them."""

    stack: Stack
    postgres_proxy: Proxy
    redis_proxy: Proxy
    http: httpx.Client
    supervisor: subprocess.Popen[bytes] | None = None
    servers: RLock = field(default_factory=RLock)

    @property
    def client_id(self) -> str:
        return self.stack.client_id

    @property
    def bug(self) -> Path:
        """While it exists, jobs of curable stories fail."""
        return self.stack.folder / "bug"

    @property
    def environment(self) -> dict[str, str]:
        """What every process of this world is given: the proxied servers, and the faults."""
        return {
            **self.stack.environment,
            "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{self.postgres_proxy.port}/apptrail",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_proxy.port}/0",
            "PYTHONPATH": os.pathsep.join([str(HOOK), str(ROOT)]),
            BUG: str(self.bug),
        }

    def start(self) -> None:
        """Run `apptrail up` on the proxied servers, with two live workers and the killing fault in reach."""
        with (self.stack.folder / "up.log").open("ab") as log:
            self.supervisor = subprocess.Popen(
                [APPTRAIL, "up", "--scale", "worker=2"],
                env=self.environment,
                stdout=log, stderr=log,
            )  # fmt: skip
        self.stack.wait_for(self.stack.is_alive, 60)

    def processes(self, kind: str) -> list[psutil.Process]:
        """The living processes of a type, under the supervisor."""
        assert self.supervisor is not None
        found = []
        for process in psutil.Process(self.supervisor.pid).children():
            try:
                command = process.cmdline()
                if process.status() != psutil.STATUS_ZOMBIE and _is(command, COMMANDS[kind]):
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
        return found

    def deliver(self, raw: bytes) -> httpx.Response:
        """Post signed bytes once. Raises NotAnswering when no answer comes."""
        url = f"{self.stack.url}/webhooks/calendly/{self.stack.endpoint}"
        try:
            return self.http.post(url, content=raw, headers={"calendly-webhook-signature": signed(raw)})
        except httpx.TransportError as error:
            raise NotAnswering from error

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Ask the API once. Raises NotAnswering for anything but 200 (and for refusals, AssertionError)."""
        headers = {"authorization": f"Bearer {self.stack.token}"}
        try:
            answer = self.http.request(method, f"{self.stack.url}{path}", headers=headers, **options)
        except httpx.TransportError as error:
            raise NotAnswering from error
        if answer.status_code == 503:
            raise NotAnswering
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def tell(self, path: str, body: Any) -> httpx.Response:
        """Post to the API once. Raises NotAnswering; a refusal of what has ended meanwhile is an answer."""
        headers = {"authorization": f"Bearer {self.stack.token}"}
        try:
            answer = self.http.post(f"{self.stack.url}{path}", headers=headers, json=body)
        except httpx.TransportError as error:
            raise NotAnswering from error
        if answer.status_code == 503:
            raise NotAnswering
        assert answer.status_code in (200, 202, 409), (path, answer.status_code, answer.text)
        return answer

    def leads_of(self, email: str) -> list[str]:
        """The ids of the leads that the API finds by an address."""
        found = self.ask("POST", "/api/v1/leads/search", json={"email": email})["items"]
        return [item["id"] for item in found]

    def appointments(self, lead_id: str) -> list[dict[str, Any]]:
        """A lead's history as the API tells it."""
        items: list[dict[str, Any]] = []
        cursor: dict[str, Any] = {}
        while True:
            page = self.ask("GET", f"/api/v1/leads/{lead_id}/appointments", params={"limit": 100, **cursor})
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            cursor = {"cursor": page["next_cursor"]}

    def execute(self, query: str, values: Any = ()) -> list[tuple[Any, ...]]:
        """Ask Postgres itself, past the proxy."""
        with psycopg.connect(self.stack.postgres.dsn(), autocommit=True, connect_timeout=2) as database:
            cursor = database.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def stop(self) -> None:
        """End the product as Ctrl-C does, and what does not end, by force."""
        if self.supervisor is None:
            return
        family = psutil.Process(self.supervisor.pid).children(recursive=True)
        for process in family:
            if process.is_running():
                process.resume()
        self.supervisor.terminate()
        try:
            self.supervisor.wait(30)
        except subprocess.TimeoutExpired:
            self.supervisor.kill()
            self.supervisor.wait()
        for process in psutil.wait_procs(family, timeout=5)[1]:
            process.kill()


def _is(command: list[str], wanted: list[str]) -> bool:
    """Whether a command line is that of a Procfile's entry, whatever interpreter runs it."""
    for place, word in enumerate(command):
        if Path(word).name == wanted[0]:
            return command[place + 1 :] == wanted[1:]
    return False


def eventually(do: Callable[[], Any], seconds: float, what: str) -> Any:
    """Do something until it is answered; what is down comes back, or this fails."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return do()
        except (NotAnswering, psycopg.OperationalError) as error:
            assert time.monotonic() < deadline, f"{what}: not in {seconds:.0f} s"
            last = error
        time.sleep(0.05)
        del last


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """A running product in a folder of its own, with a client and a Calendly connection."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    postgres, redis = PostgresServer(folder / "postgres"), RedisServer(folder / "redis")
    postgres.start()
    redis.start()
    postgres_proxy = Proxy(str(postgres.socket_dir / f".s.PGSQL.{sockets.POSTGRES_PORT}"))
    redis_proxy = Proxy(str(sockets.redis_socket(redis.folder)))
    stack = Stack(folder, postgres, redis)
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=0)
    with httpx.Client(trust_env=False, timeout=4, limits=limits) as http:
        made = World(stack, postgres_proxy, redis_proxy, http)
        try:
            stack.settle_in()
            made.start()
            yield made
        finally:
            made.stop()
            postgres_proxy.close()
            redis_proxy.close()
            redis.stop()
            postgres.stop()
