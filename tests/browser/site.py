"""A site: the app behind a real web server in this process, at a fixed instant, with somebody signed in."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import fakeredis
import psycopg
import redis
import uvicorn
from fastapi import FastAPI

from db import engine, sign_in
from db.ledger import Hands
from ingest.apis.budgets import Budgets
from tests.builders import KEYRING, AClient, a_client, hands
from tests.web.conftest import url_at
from tests.web.story import NOW
from web.app import create
from workers.clerk import Clerk


@dataclass
class Site:
    """An address where the app answers as of NOW, and the hands that fill its books."""

    url: str
    hands: Hands
    client: AClient

    @property
    def database(self) -> psycopg.Connection[Any]:
        """The hands' connection, in autocommit."""
        return self.hands.database

    def session(self, name: str = "Olga", role: str = "admin", client_id: UUID | None = None) -> str:
        """A session of an operator; of all clients without `client_id`."""
        sign_in.ensure_operator(self.database, name, role, client_id)
        return sign_in.redeem(self.database, sign_in.make_link(self.database, name))


@contextmanager
def standing(database: str) -> Iterator[Site]:
    """A site over a database of its own."""
    reader = engine.create(url_at(database, NOW))
    clerk = Clerk(url_at(database, NOW).replace("+psycopg", "", 1), lambda _: None)
    budgets = Budgets("redis://", pool=redis.ConnectionPool(connection_class=fakeredis.FakeRedisConnection))
    app = create(
        reader, KEYRING, "http://127.0.0.1", redis_ping=lambda: True, act=clerk, budgets_left=budgets.left
    )
    with hands(database, now=NOW) as own, serving(app) as url:
        yield Site(url, own, a_client(own.database))
    clerk.close()
    reader.dispose()


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an app on a free port; its address."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()
