"""A drain's nouns: who drains and with what, what came of it, and the transaction that it is."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from psycopg import Connection as Database

from db import suspects
from db.failures import Failure, Tally
from db.jobs import Job
from db.locks import Held, Ringer, due_among, leads_held
from db.suspects import Level
from pipeline.job import MergeAsked


@dataclass(frozen=True)
class Hands:
    """What one worker thread works with.

    `witness` is a second connection, in autocommit: what it notes survives the death of this process
    while `database` is in the middle of a transaction.
    """

    database: Database[Any]
    witness: Database[Any]
    ringer: Ringer
    tally: Tally = field(default_factory=Tally)


@dataclass
class Drained:
    """What a drain came to: counts of leads and jobs, and the deliveries behind the applied ones."""

    leads: int = 0
    applied: int = 0
    retried: int = 0
    buried: int = 0
    paused: int = 0
    waiting: int = 0
    merged: int = 0
    trace_ids: tuple[UUID, ...] = ()

    def __iadd__(self, other: "Drained") -> Self:
        """Add up two drains."""
        for name in vars(other):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


@dataclass
class Batch:
    """What one transaction found out, for what comes after it."""

    done: Drained = field(default_factory=Drained)
    careful: dict[UUID, Level] = field(default_factory=dict)
    merges: list[tuple[Job, MergeAsked]] = field(default_factory=list)
    failed: list[tuple[Job, Failure]] = field(default_factory=list)
    forwarded_to: set[UUID] = field(default_factory=set)
    holding: UUID | None = None


@contextmanager
def transaction(
    hands: Hands, client_id: UUID, lead_ids: Sequence[UUID], wait: float | None = None
) -> Iterator[tuple[Held, Batch]]:
    """Hold leads for one transaction; if it fails, nothing is left that says they were in hand."""
    batch = Batch()
    try:
        with leads_held(hands.database, client_id, lead_ids, hands.ringer, wait=wait) as held:
            suspects.find_vanished(hands.witness, client_id, list(held.leads))
            try:
                yield held, batch
            except BaseException:
                _let_go(hands, batch)  # while the leads are still ours: nobody is to think that we vanished
                raise
        if batch.forwarded_to:
            hands.ringer(due_among(hands.database, client_id, list(batch.forwarded_to)))
    except BaseException:
        _let_go(hands, batch)  # it was the commit that failed
        raise


def _let_go(hands: Hands, batch: Batch) -> None:
    holding, batch.holding = batch.holding, None
    if holding is not None:
        suspects.let_go(hands.witness, holding)
