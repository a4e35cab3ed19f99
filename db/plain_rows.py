"""Plain rows: legacy rows of the kinds that nearly all are, dealt with by statements, hundreds at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from db.arrays import literal
from db.desk import Database
from db.ids import new_id_text
from db.plain_statements import STORED_WHOLE, STRETCH, WOULD_WRITE, WRITE
from pipeline.words import Provider


@dataclass(frozen=True, slots=True)
class Stretch:
    """The legacy rows of a client after one, up to `last`: `size` of them; `size` less the rest name no appointment.

    `fresh` are leads of which no appointment is known, by their ids; `known` the rows of all others, of
    merged leads, and of those who share an appointment.
    """

    after: UUID
    last: UUID
    size: int
    fresh: list[UUID]
    known: list[UUID]

    @property
    def nameless(self) -> int:
        """How many rows name no appointment."""
        return self.size - len(self.fresh) - len(self.known)


class Dealt(NamedTuple):
    """How many observations it came to, and which leads or rows were left to the book."""

    observations: int
    left: list[UUID]


def next_stretch(database: Database, client_id: UUID, after: UUID, size: int) -> Stretch | None:
    """A client's legacy rows by row id, from one on; None after the last."""
    last, count, fresh, known = database.execute(STRETCH, (client_id, after, size)).fetchone()  # type: ignore[misc]
    return Stretch(after, UUID(last), count, fresh, known) if count else None


def stretches(database: Database, client_id: UUID, after: UUID, size: int) -> Iterator[Stretch]:
    """All of them, so many rows at a time."""
    while (found := next_stretch(database, client_id, after, size)) is not None:
        yield found
        after = found.last


def write(database: Database, client_id: UUID, leads: Sequence[UUID], now: datetime, run_id: UUID) -> Dealt:
    """Turn the plain rows of some leads into history, as a run's; the caller holds the leads, `now` is its instant.

    Looks again, under the lock, whether a lead is fresh. Gives the leads whose rows it did not touch.
    """
    if not leads:
        return Dealt(0, [])
    # The ids of a batch are one of ours, counted on in its last eight digits.
    first = (new_id_text(), new_id_text())
    values = {"client": client_id, "leads": literal(leads), "now": now, "run": run_id}
    values |= {"observations": first[0][:-8], "appointments": first[1][:-8]}
    return _dealt(database, WRITE, values)


def would_write(database: Database, client_id: UUID, leads: Sequence[UUID]) -> Dealt:
    """What `write` would come to; nothing is locked and nothing is written."""
    return (
        _dealt(database, WOULD_WRITE, {"client": client_id, "leads": literal(leads)})
        if leads
        else Dealt(0, [])
    )


def stored_whole(database: Database, client_id: UUID, rows: Sequence[UUID]) -> Dealt:
    """Of some rows, what is stored of those of which all is; the others are given."""
    return (
        _dealt(database, STORED_WHOLE, {"client": client_id, "rows": literal(rows)}) if rows else Dealt(0, [])
    )


def _dealt(database: Database, statement: str, values: dict[str, object]) -> Dealt:
    values |= {"ghl": Provider.GHL.value, "calendly": Provider.CALENDLY.value}
    return Dealt(*database.execute(statement.encode(), values).fetchone())  # type: ignore[misc]
