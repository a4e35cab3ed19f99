"""Migrating: the legacy rows of a client, a few hundred at a time, through the pure book (RULES 22).

What a drain does with one such lead when it meets it, this does with all: the same observations enter the
same book under the same lock. A row whose observations are there already is looked at and left alone.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import errors

from db import backfill_runs
from db.arrays import columns_of
from db.backfill_runs import Run
from db.desk import Database
from db.failures import failure_from, is_transient
from db.legacy import read_rows
from db.locks import Held, Ringer, leads_held
from db.shelf import Change, Receipt, load, save
from pipeline.adoption import aliases
from pipeline.book import compute, enter
from pipeline.lead_status import Base
from pipeline.observation import Observation

BATCH = 400
LOCK_SECONDS = 2.0
TRIES = 8

Told = tuple[UUID, UUID, Mapping[str, str | None], Sequence[str], UUID]
"""Row id, the lead that moved in, what its row said, the keys that others own, the lead as it is now."""


@dataclass
class Batch:
    """What a batch came to. `failed` are leads whose book raised, with the failure's class and place."""

    counts: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[UUID, str]] = field(default_factory=list)


class StillBusy(ConnectionError):
    """Leads stayed locked; the run can be resumed."""


def batches(database: Database, client_id: UUID, after: UUID, size: int) -> Iterator[list[Told]]:
    """A client's legacy rows by row id, from one on."""
    while rows := database.execute(_ROWS, (client_id, after, size)).fetchall():
        yield rows
        after = rows[-1][0]


def count(database: Database, client_id: UUID) -> int:
    """How many legacy rows a client has."""
    row = database.execute("SELECT count(*) FROM legacy_rollup WHERE client_id = %s", (client_id,)).fetchone()
    return row[0] if row else 0


def rehearse(database: Database, client_id: UUID, rows: Sequence[Told]) -> Batch:
    """What `migrate` would do with some rows; nothing is locked and nothing is written."""
    batch = Batch()
    told = _observations(database, client_id, rows)
    bases = dict.fromkeys(told, Base())
    for lead_id, shelved in load(database, client_id, bases, told).items():
        stored = shelved.book.observations
        _count(batch, told[lead_id], stored)
        book = enter(shelved.book, told[lead_id])
        new = {one.key for one in told[lead_id] if one.digest not in stored.get(one.key, {})}
        batch.counts["adopted"] += len(new & aliases(book.folded).keys())
    _count_rows(batch, rows, told)
    return batch


def migrate(
    database: Database, run: Run, rows: Sequence[Told], ringer: Ringer, wait: Callable[[float], None]
) -> Batch:
    """Migrate some rows and note it as the run's new place, in one transaction.

    A batch that fails is repeated lead by lead, so that the others pass. Busy leads are waited for, with
    back-off; raises StillBusy in the end. `wait` sleeps so many seconds.
    """
    before = run.place, dict(run.counts)
    for attempt in range(TRIES):
        try:
            return _migrate_together(database, run, rows, ringer)
        except errors.LockNotAvailable:
            run.place, run.counts = before
            run.counts = dict(run.counts)
            wait(random.uniform(0, 0.1 * 2**attempt))  # noqa: S311
        except Exception as error:
            run.place, run.counts = before
            if is_transient(error):
                raise
            if len(rows) == 1:
                return _give_up(database, run, rows[0], failure_from(error).fingerprint(None, "migration"))
            return _one_by_one(database, run, rows, ringer, wait)
    raise StillBusy


def _migrate_together(database: Database, run: Run, rows: Sequence[Told], ringer: Ringer) -> Batch:
    batch = Batch()
    told = _observations(database, run.client_id, rows)
    fresh = [lead_id for lead_id, said in _missing(database, run.client_id, told).items() if said]
    with leads_held(database, run.client_id, fresh, ringer, wait=LOCK_SECONDS) as held:
        # One that was merged since its row was read took its facts along.
        mine = {lead_id: told[lead_id] for lead_id, lead in held.leads.items() if lead.merged_into is None}
        changes = _changes(database, run, held, mine, batch)
        if changes:
            save(database, run.client_id, changes)
        for lead_id in told.keys() - mine.keys():
            batch.counts["exists"] += len(told[lead_id])
        _count_rows(batch, rows, told)
        run.add(batch.counts)
        run.place = rows[-1][0]
        backfill_runs.checkpoint(database, run)
    return batch


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


def _one_by_one(
    database: Database, run: Run, rows: Sequence[Told], ringer: Ringer, wait: Callable[[float], None]
) -> Batch:
    batch = Batch()
    for row in rows:
        one = migrate(database, run, [row], ringer, wait)
        batch.counts += one.counts
        batch.failed += one.failed
    return batch


def _give_up(database: Database, run: Run, row: Told, fingerprint: str) -> Batch:
    batch = Batch(Counter(scanned=1, errors=1), [(row[4], fingerprint)])
    run.add(batch.counts)
    run.place = row[0]
    with database.transaction():
        backfill_runs.checkpoint(database, run)
    return batch


def _observations(database: Database, client_id: UUID, rows: Sequence[Told]) -> dict[UUID, list[Observation]]:
    """What the rows say, by the lead that has their history now."""
    heirs = {row[1]: row[4] for row in rows}
    families = {lead_id: (heir,) for lead_id, heir in heirs.items()}
    read = read_rows(database, client_id, [row[1:4] for row in rows], families)
    told: dict[UUID, list[Observation]] = {}
    for lead_id, said in read.items():
        if said:
            told.setdefault(heirs[lead_id], []).extend(said)
    return told


def _missing(
    database: Database, client_id: UUID, told: Mapping[UUID, list[Observation]]
) -> dict[UUID, list[Observation]]:
    """Those of some observations that are not stored."""
    keys = [(one.provider, one.external_id, one.digest.hex()) for said in told.values() for one in said]
    if not keys:
        return {}
    rows = database.execute(STORED, (*columns_of(keys), client_id)).fetchall()
    stored = {tuple(row) for row in rows}
    return {
        lead_id: [one for one in said if (one.provider, one.external_id, one.digest.hex()) not in stored]
        for lead_id, said in told.items()
    }


def _count(batch: Batch, said: Sequence[Observation], stored: Mapping[Any, Mapping[bytes, Any]]) -> None:
    for one in said:
        batch.counts["exists" if one.digest in stored.get(one.key, {}) else "created"] += 1


def _count_rows(batch: Batch, rows: Sequence[Told], told: Mapping[UUID, list[Observation]]) -> None:
    batch.counts["scanned"] += len(rows)
    batch.counts["skipped"] += sum(row[4] not in told for row in rows)


_ROWS = """
    SELECT r.id, r.lead_id, r.said, r.shared, coalesce(l.merged_into, l.id)
    FROM legacy_rollup r JOIN lead l ON l.client_id = r.client_id AND l.id = r.lead_id
    WHERE r.client_id = %s AND r.id > %s ORDER BY r.id LIMIT %s"""

STORED = """
    SELECT k.provider, k.external_id, k.digest
    FROM unnest(%s::text[], %s::text[], %s::text[]) AS k (provider, external_id, digest)
    JOIN observation o ON o.client_id = %s AND o.provider = k.provider AND o.external_id = k.external_id
     AND o.digest = decode(k.digest, 'hex')"""
