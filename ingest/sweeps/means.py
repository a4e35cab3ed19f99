"""Means: what a process needs to ask any connection's API within its budgets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import sleep

from db.connections import Connection
from db.desk import connect
from db.keyring import Keyring
from ingest.apis.api import ProviderApi
from ingest.apis.budgets import Budget, Budgets, BudgetSpent, Purpose
from ingest.apis.http import new_client
from ingest.apis.register import Means, api_for
from ingest.sweeps.calls import MakeApi

PATIENCE_SECONDS = 3.0


@contextmanager
def apis(dsn: str, redis_url: str, keyring: Keyring) -> Iterator[MakeApi]:
    """What makes a connection's API; all of a process share its HTTP client and its budgets."""
    budgets = Budgets(redis_url)
    with new_client() as client:
        means = Means(
            client, lambda one, purpose: _Patient(budgets.of(one, purpose)), lambda: connect(dsn), keyring
        )

        def make(connection: Connection) -> ProviderApi | None:
            return api_for(connection, means, Purpose.SWEEP)

        yield make


@dataclass(frozen=True, slots=True)
class _Patient:
    """A budget that waits out a short drought, so that a page that is half read is not thrown away for it."""

    budget: Budget

    def spend(self) -> None:
        """Take one call, at once or in a moment. Raises BudgetSpent."""
        try:
            self.budget.spend()
        except BudgetSpent as spent:
            if spent.retry_after > PATIENCE_SECONDS:
                raise
            sleep(spent.retry_after)
            self.budget.spend()

    def pause(self, seconds: float) -> None:
        """Let nobody call for a while."""
        self.budget.pause(seconds)
