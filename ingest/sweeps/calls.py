"""Calls: every call of a connection's API is counted, and none is made while the breaker says no."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from boot.logs import get_logger
from db import connection_health as health
from db.connections import Connection
from db.desk import Database
from ingest.apis.api import ApiFailed, ProviderApi
from ingest.apis.budgets import BudgetSpent

Answer = TypeVar("Answer")
MakeApi = Callable[[Connection], ProviderApi | None]
"""Makes a connection's API; None where it has no token to ask with."""

log = get_logger(__name__)


class NotNow(Exception):
    """This connection is left alone for now; the reason is on its health."""

    def __init__(self, reason: str) -> None:
        """Take the normalized word."""
        super().__init__(reason)
        self.reason = reason


class Calls:
    """One connection's calls, guarded. Not shared between threads."""

    def __init__(self, database: Database, connection: Connection) -> None:
        """Ask nothing yet."""
        self._database = database
        self._connection = connection

    def ask(self, call: Callable[[], Answer]) -> Answer:
        """Make one call; raises NotNow if it is not to be made, or ApiFailed if it came to nothing."""
        self._ask_leave()
        with self._counted():
            answer = call()
        self._succeeded()
        return answer

    def each(self, pages: Iterator[Answer]) -> Iterator[Answer]:
        """Walk a listing: leave is asked before each page, and its fate counted."""
        while True:
            self._ask_leave()
            with self._counted():
                page = next(pages, None)
            if page is None:
                return
            self._succeeded()
            yield page

    def _ask_leave(self) -> None:
        given = health.permit(self._database, self._connection.client_id, self._connection.id)
        if not given.allowed:
            raise NotNow(given.reason or "not_now")

    def _succeeded(self) -> None:
        health.succeeded(self._database, self._connection.client_id, self._connection.id)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        try:
            yield
        except BudgetSpent as spent:
            self._pause(f"budget_{spent.reason}", spent.retry_after)
            raise NotNow(f"budget_{spent.reason}") from None
        except ApiFailed as failure:
            self._failed(failure)
            raise

    def _failed(self, failure: ApiFailed) -> None:
        whose = (self._connection.client_id, self._connection.id)
        is_open = health.failed(self._database, *whose, failure.error)
        if failure.retry_after is not None:
            self._pause(failure.error, failure.retry_after)
        log.warning(
            "provider_call_failed",
            client_id=whose[0],
            connection_id=whose[1],
            provider=self._connection.provider,
            error=failure.error,
            state="open" if is_open else "closed",
        )

    def _pause(self, reason: str, seconds: float) -> None:
        health.pause(self._database, self._connection.client_id, self._connection.id, reason, seconds)
