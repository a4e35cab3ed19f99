"""Turns: batches of one walk in flight at a time, each on a connection of its own, commit one after the other.

So a checkpoint never says more than what is done. A batch that holds leads which the one before it needs
steps back, and is done again in its turn.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition
from typing import TypeVar

from db.desk import Database

AT_ONCE = 2
"""How many batches are in flight: while one is written, the next is read, locked and written too."""

PATIENCE_SECONDS = 5.0
"""A transaction waits no longer than this for those before it; it is well below the time-out of an idle one."""

Some = TypeVar("Some")
Result = TypeVar("Result")


class StepBack(Exception):
    """A batch before this one may need what it holds: roll back, and do it again in turn."""


class Abandoned(Exception):
    """A batch before this one failed for good."""


class _Order:
    """Which batch commits next; whether it is held up."""

    def __init__(self) -> None:
        self.changed = Condition()
        self.next = 0
        self.held_up = False
        self.over = False


class Turn:
    """One batch's place in the order."""

    def __init__(self, order: _Order | None = None, number: int = 0) -> None:
        """The only batch there is, unless an order is given."""
        self._order, self._number = order or _Order(), number

    def take(self) -> None:
        """Return when all before this one have committed; for a transaction that holds leads meanwhile. Raises StepBack."""
        order = self._order
        with order.changed:
            order.changed.wait_for(lambda: self._has_come() or order.held_up, PATIENCE_SECONDS)
            if not self._has_come():
                raise StepBack

    def come(self) -> None:
        """Return when all before this one have committed; for one that holds nothing."""
        with self._order.changed:
            self._order.changed.wait_for(self._has_come)

    def hold_up(self) -> None:
        """Say that this batch does not get on: those after it step back. One after others waits for them instead."""
        self.come()
        with self._order.changed:
            self._order.held_up = True
            self._order.changed.notify_all()

    def end(self, *, failed: bool) -> None:
        """Let the next one come; after a failure, none."""
        if not failed:
            self.come()
        with self._order.changed:
            self._order.over = self._order.over or failed
            self._order.held_up = False
            self._order.next += not failed
            self._order.changed.notify_all()

    def _has_come(self) -> bool:
        if self._order.over:
            raise Abandoned
        return self._order.next == self._number


def in_turn(
    databases: Sequence[Database],
    found: Iterator[Some],
    act: Callable[[Database, Some, Turn], Result],
) -> Iterator[tuple[Some, Result]]:
    """Do something with each of some batches, as many at a time as there are connections; results in order.

    What the first that fails raises is raised; those after it are rolled back.
    """
    order = _Order()
    free, flying = deque(databases), deque[tuple[Database, Some, Future[Result]]]()

    def fly(database: Database, some: Some, turn: Turn) -> Result:
        failed = True
        try:
            result = act(database, some, turn)
            failed = False
            return result
        finally:
            turn.end(failed=failed)

    def land() -> tuple[Some, Result]:
        database, some, future = flying.popleft()
        result = future.result()
        free.append(database)
        return some, result

    with ThreadPoolExecutor(len(databases)) as pool:
        try:
            for number, some in enumerate(found):
                if not free:
                    yield land()
                database = free.popleft()
                flying.append((database, some, pool.submit(fly, database, some, Turn(order, number))))
            while flying:
                yield land()
        finally:
            with order.changed:
                order.over = order.over or bool(flying)
                order.changed.notify_all()
