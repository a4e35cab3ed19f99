"""Migrating: the legacy rows of a client, a thousand at a time, become what a drain would make of them (RULES 22).

Plain rows are dealt with by statements (db/plain_rows.py), all others go through the pure book: the same
observations under the same lock. A row whose observations are there already is looked at and left alone.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import errors

from db import backfill_runs, plain_rows
from db.backfill_runs import Run
from db.desk import Database
from db.failures import failure_from, is_transient
from db.legacy_rows import Told, missing_of, observations_of, rows_between, rows_of, rows_of_leads
from db.locks import Held, Ringer, leads_held
from db.plain_rows import Stretch
from db.plans import by_index
from db.shelf import Change, Receipt, load, save
from db.turns import Abandoned, StepBack, Turn
from pipeline.adoption import aliases
from pipeline.book import compute, enter
from pipeline.lead_status import Base
from pipeline.observation import Observation

BATCH = 1_000
LOCK_SECONDS = 2.0
TRIES = 8


@dataclass
class Batch:
    """What a batch came to. `failed` are leads whose book raised, with the failure's class and place.

    `in_bulk` are the leads that statements dealt with alone.
    """

    counts: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[UUID, str]] = field(default_factory=list)
    in_bulk: int = 0


class StillBusy(ConnectionError):
    """Leads stayed locked; the run can be resumed."""


def rehearse(database: Database, client_id: UUID, stretch: Stretch) -> Batch:
    """What `migrate` would do with some rows; nothing is locked and nothing is written."""
    batch = Batch(Counter(scanned=stretch.size, skipped=stretch.nameless))
    with database.transaction():
        by_index(database)
        would = plain_rows.would_write(database, client_id, stretch.fresh)
        stored = plain_rows.stored_whole(database, client_id, stretch.known)
    batch.counts.update(created=would.observations, exists=stored.observations)
    batch.in_bulk = len(stretch.fresh) - len(would.left)
    rows = rows_of(database, client_id, stored.left) + rows_of_leads(database, client_id, would.left)
    told = observations_of(database, client_id, rows)
    bases = dict.fromkeys(told, Base())
    for lead_id, shelved in load(database, client_id, bases, told).items():
        stored_of = shelved.book.observations
        _count(batch, told[lead_id], stored_of)
        book = enter(shelved.book, told[lead_id])
        new = {one.key for one in told[lead_id] if one.digest not in stored_of.get(one.key, {})}
        batch.counts["adopted"] += len(new & aliases(book.folded).keys())
    _count_skipped(batch, rows, told)
    return batch


def migrate(
    database: Database,
    run: Run,
    stretch: Stretch,
    ringer: Ringer,
    wait: Callable[[float], None],
    turn: Turn | None = None,
) -> Batch:
    """Migrate some rows and note the last as the run's new place, in one transaction that commits in its turn.

    A batch that fails is repeated lead by lead, so that the others pass. Busy leads are waited for, with
    back-off; raises StillBusy in the end. `wait` sleeps so many seconds.
    """
    ours = _Ours(database, run, ringer, wait, turn or Turn())
    try:
        return ours.patiently(lambda: _migrate_together(ours, stretch))
    except Exception as error:
        if is_transient(error) or isinstance(error, Abandoned):
            raise
    ours.turn.hold_up()
    whole = Batch()
    for row in rows_between(database, run.client_id, stretch.after, stretch.last):
        one = _migrate_alone(ours, row)
        whole.counts += one.counts
        whole.failed += one.failed
    return whole


@dataclass(frozen=True)
class _Ours:
    """What a batch works with."""

    database: Database
    run: Run
    ringer: Ringer
    wait: Callable[[float], None]
    turn: Turn

    def patiently(self, act: Callable[[], Batch]) -> Batch:
        """Do something again while leads are busy."""
        for attempt in range(TRIES):
            try:
                return act()
            except errors.LockNotAvailable:
                self.turn.hold_up()
                self.wait(random.uniform(0, 0.1 * 2**attempt))  # noqa: S311
            except StepBack:
                self.turn.come()
        raise StillBusy


def _migrate_together(ours: _Ours, stretch: Stretch) -> Batch:
    batch = Batch(Counter(scanned=stretch.size, skipped=stretch.nameless))
    with ours.database.transaction():
        by_index(ours.database)
        stored = plain_rows.stored_whole(ours.database, ours.run.client_id, stretch.known)
    batch.counts["exists"] += stored.observations
    rows = rows_of(ours.database, ours.run.client_id, stored.left)
    return _migrate_rows(ours, rows, batch, stretch.last, stretch.fresh)


def _migrate_alone(ours: _Ours, row: Told) -> Batch:
    """Migrate one row through the book; one that fails even so is counted and named."""
    try:
        return ours.patiently(lambda: _migrate_rows(ours, [row], Batch(Counter(scanned=1)), row[0]))
    except Exception as error:
        if is_transient(error):
            raise
        return _give_up(ours, row, failure_from(error).fingerprint(None, "migration"))


def _migrate_rows(
    ours: _Ours, rows: Sequence[Told], batch: Batch, last: UUID, fresh: Sequence[UUID] = ()
) -> Batch:
    """Migrate some rows through the book and some fresh leads' by statements, in one transaction."""
    database, client_id = ours.database, ours.run.client_id
    told = observations_of(database, client_id, rows)
    _count_skipped(batch, rows, told)
    missing = [lead_id for lead_id, said in missing_of(database, client_id, told).items() if said]
    with leads_held(database, client_id, [*fresh, *missing], ours.ringer, wait=LOCK_SECONDS) as held:
        # One that was merged since its row was read took its facts along.
        mine = {
            one: told.pop(one) for one in missing if one in held.leads and not held.leads[one].merged_into
        }
        _count_existing(batch, told)
        unmerged = [one for one in fresh if one in held.leads and not held.leads[one].merged_into]
        written = plain_rows.write(database, client_id, unmerged, held.now, ours.run.id)
        batch.counts["created"] += written.observations
        batch.in_bulk = len(unmerged) - len(written.left)
        left = [*written.left, *set(fresh).difference(unmerged)]
        for lead_id, said in _left(database, client_id, held, left, batch).items():
            mine.setdefault(lead_id, []).extend(said)
        changes = _changes(database, ours.run, held, mine, batch)
        if changes:
            save(database, client_id, changes)
        ahead = _note(ours, batch, last)
    ours.run.place, ours.run.counts = ahead.place, ahead.counts
    return batch


def _note(ours: _Ours, batch: Batch, last: UUID) -> Run:
    """Note a batch as the run's last, once those before it are."""
    ours.turn.take()
    ahead = Run(ours.run.client_id, ours.run.id, last, dict(ours.run.counts))
    ahead.add(batch.counts)
    backfill_runs.checkpoint(ours.database, ahead)
    return ahead


def _left(
    database: Database, client_id: UUID, held: Held, leads: Sequence[UUID], batch: Batch
) -> dict[UUID, list[Observation]]:
    """What the rows of held leads say that are odd after all, or no longer fresh."""
    rows = rows_of_leads(database, client_id, leads)
    told = observations_of(database, client_id, rows)
    _count_skipped(batch, rows, told)
    mine = {one: told.pop(one) for one in list(told) if one in held.leads and not held.leads[one].merged_into}
    _count_existing(batch, told)
    return mine


def _changes(
    database: Database, run: Run, held: Held, told: Mapping[UUID, list[Observation]], batch: Batch
) -> list[Change]:
    bases = {lead_id: held.leads[lead_id].base for lead_id in told}
    changes = []
    for lead_id, shelved in load(database, run.client_id, bases, told).items():
        _count(batch, told[lead_id], shelved.book.observations)
        receipts = {one.digest: Receipt(held.now, run.id, one, one.text()) for one in told[lead_id]}
        book = enter(shelved.book, told[lead_id])
        changes.append(Change(lead_id, shelved, book, compute(book, held.now), receipts))
    return changes


def _give_up(ours: _Ours, row: Told, fingerprint: str) -> Batch:
    batch = Batch(Counter(scanned=1, errors=1), [(row[4], fingerprint)])
    with ours.database.transaction():
        ahead = _note(ours, batch, row[0])
    ours.run.place, ours.run.counts = ahead.place, ahead.counts
    return batch


def _count(batch: Batch, said: Sequence[Observation], stored: Mapping[Any, Mapping[bytes, Any]]) -> None:
    for one in said:
        batch.counts["exists" if one.digest in stored.get(one.key, {}) else "created"] += 1


def _count_existing(batch: Batch, told: Mapping[UUID, Iterable[Observation]]) -> None:
    batch.counts["exists"] += sum(1 for said in told.values() for _ in said)


def _count_skipped(batch: Batch, rows: Sequence[Told], told: Mapping[UUID, list[Observation]]) -> None:
    batch.counts["skipped"] += sum(row[4] not in told for row in rows)
