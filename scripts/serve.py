"""The web process's one application: webhooks to ingest, everything else to the pages and the API."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import web.app
from boot import garbage
from boot.logs import get_logger
from boot.settings import Settings
from db import engine
from db.desk import Desk
from db.due import long_backlogs
from db.failures import is_transient
from db.keyring import Keyring
from ingest.apis.budgets import Budgets
from ingest.app import PREFIX, Webhooks
from ingest.bookings.availability import Availability
from ingest.bookings.means import desk
from workers.clerk import Clerk
from workers.doorbell import Doorbell
from workers.ringer import Ringer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BACKLOG_SECONDS = 5.0

log = get_logger(__name__)


class Site:
    """Starts what both faces need when the server starts, and ends it with the server."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is opened before the server starts."""
        self._settings = settings
        self._crowded: frozenset[UUID] = frozenset()
        keyring = Keyring(settings.secret_keys)
        self._doorbell = Doorbell.connect(settings.redis_url)
        self._ringer = Ringer(self._doorbell, crowded=lambda: self._crowded)
        self._webhooks = Webhooks(settings.database_dsn, keyring, self._ringer)
        self._stack = ExitStack()
        self._clerk = Clerk(settings.database_dsn, self._ringer)
        booking = self._stack.enter_context(
            desk(settings.database_dsn, settings.redis_url, keyring, self._ringer)
        )
        budgets = Budgets(settings.redis_url)
        self._stack.callback(budgets.close)
        self._pages = web.app.create(
            engine.create(settings.sqlalchemy_url),
            keyring,
            settings.base_url,
            self._doorbell.is_reachable,
            settings.counters_folder,
            self._clerk,
            Availability(booking),
            budgets.left,
        )
        self._watch: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a request where it belongs."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._webhooks(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._pages(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        garbage.settle()
        self._watch = asyncio.create_task(self._watch_backlogs())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._watch.cancel()
        await self._webhooks.close()
        self._stack.close()
        self._clerk.close()
        self._ringer.close()
        self._doorbell.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _watch_backlogs(self) -> None:
        """Know which clients' rings go to `bulk`, so that the others need not wait for them."""
        desk = Desk(self._settings.database_dsn)

        def look() -> frozenset[UUID]:
            with desk.connection() as database:
                return long_backlogs(database)

        while True:
            try:
                self._crowded = await asyncio.to_thread(look)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("backlog_look_up_failed", exc_info=error)
            await asyncio.sleep(BACKLOG_SECONDS)
