"""What tests of the web may ask for: the app over a real database, and somebody who may ask."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from starlette.testclient import TestClient

from db import clients, engine, sign_in
from db.ledger import Hands
from tests.builders import KEYRING, AClient, a_client, hands
from tests.web.story import NOW
from web.app import create
from workers.clerk import Clerk


@dataclass
class Web:
    """The app at an instant, the hands that fill its books, and a client of it."""

    http: TestClient
    hands: Hands
    client: AClient

    @property
    def database(self) -> psycopg.Connection[Any]:
        """The hands' connection, in autocommit."""
        return self.hands.database

    def token(self, role: str = "read", client: AClient | None = None) -> dict[str, str]:
        """Headers that carry a new token."""
        token = clients.add_token(self.database, (client or self.client).id, role)
        return {"Authorization": f"Bearer {token}"}

    def sign_in(self, name: str = "Olga", client: AClient | None = None) -> None:
        """Sign an operator in, of one client or of all."""
        sign_in.ensure_operator(self.database, name, "operate", client.id if client else None)
        link = sign_in.make_link(self.database, name)
        assert self.http.post(f"/sign-in/{link}").status_code == 303


def url_at(database: str, now: datetime | None) -> str:
    """A database's address for the engine, at an instant."""
    url = database.replace("postgresql://", "postgresql+psycopg://", 1)
    if now is None:
        return url
    option = quote(f"-c apptrail.now={now.isoformat()}")
    return f"{url}{'&' if '?' in url else '?'}options={option}"


@contextmanager
def a_web(database: str) -> Iterator[Web]:
    """The app at NOW, over a database, without a token or a session; its browser names its own origin."""
    reader = engine.create(url_at(database, NOW))
    clerk = Clerk(url_at(database, NOW).replace("+psycopg", "", 1), lambda _: None)
    app = create(reader, KEYRING, "http://testserver", redis_ping=lambda: True, act=clerk)
    browser = TestClient(app, follow_redirects=False, headers={"Origin": "http://testserver"})
    with hands(database, now=NOW) as own, browser as http:
        yield Web(http, own, a_client(own.database))
    clerk.close()
    reader.dispose()


@pytest.fixture
def web(database: str) -> Iterator[Web]:
    """The app at NOW, without a token or a session."""
    with a_web(database) as made:
        yield made
