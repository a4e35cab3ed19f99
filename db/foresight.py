"""Foresight: what a replay would do, computed by the pure book and rolled back."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg

from db.dead_letter_filters import Filter
from db.desk import Database
from db.shelf import Shelved, load
from pipeline.book import compute, enter
from pipeline.job import read_payload
from pipeline.lead_status import Base
from pipeline.observation import Observation

VERDICTS = ("create", "change", "no change", "stale", "fails again", "parked", "other")


def foresee(database: Database, wanted: Filter, limit: int | None = None) -> list[dict[str, Any]]:
    """For each fingerprint, how many letters would do what; nothing is written.

    Each letter is judged by itself, against the books as they stand.
    """
    with database.transaction(force_rollback=True):
        database.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return foresee_now(database, wanted, limit)


def foresee_now(database: Database, wanted: Filter, limit: int | None = None) -> list[dict[str, Any]]:
    """As `foresee`, within a read-only snapshot that the caller has open."""
    found: dict[str, Counter[str]] = {}
    rows = database.execute(
        f"""SELECT d.client_id, coalesce(l.merged_into, d.lead_id), d.fingerprint, d.error_class, d.payload::text
            FROM dead_letter d LEFT JOIN lead l ON l.client_id = d.client_id AND l.id = d.lead_id
            WHERE {wanted.condition()} AND d.state = 'open'
            ORDER BY d.client_id, d.created_at, d.id LIMIT %(limit)s""",  # noqa: S608
        {**wanted.values(), "limit": limit},
    ).fetchall()
    for fingerprint, verdict in _judged(database, rows):
        found.setdefault(fingerprint, Counter())[verdict] += 1
    return [
        {"fingerprint": fingerprint, "letters": counts.total(), **{name: counts[name] for name in VERDICTS}}
        for fingerprint, counts in sorted(found.items(), key=lambda one: -one[1].total())
    ]


def _judged(database: Database, rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[str, str]]:
    for client_id, lead_id, fingerprint, error_class, text in rows:
        if error_class == "Parked":
            yield fingerprint, "parked"
            continue
        try:
            said = read_payload(text)
            if not isinstance(said, Observation):
                yield fingerprint, "other"
                continue
            yield fingerprint, _verdict(database, client_id, lead_id, said)
        except psycopg.Error:
            raise
        except Exception:  # noqa: BLE001  whatever it is, the drain would meet it too
            yield fingerprint, "fails again"


def _verdict(database: Database, client_id: UUID, lead_id: UUID, said: Observation) -> str:
    bases = _bases(database, client_id, lead_id)
    shelved = load(database, client_id, bases, {lead_id: [said]})[lead_id]
    if said.digest in shelved.book.observations.get(said.key, {}):
        return "no change"
    return _difference(database, shelved, said)


def _difference(database: Database, shelved: Shelved, said: Observation) -> str:
    now = database.execute("SELECT apptrail_now()").fetchone()
    assert now is not None  # (a SELECT without FROM has one row)
    before, book = compute(shelved.book, now[0]), enter(shelved.book, [said])
    after = compute(book, now[0])
    if said.key not in shelved.book.folded:
        return "create"
    return "stale" if before.appointments == after.appointments else "change"


def _bases(database: Database, client_id: UUID, lead_id: UUID) -> Mapping[UUID, Base]:
    row = database.execute(
        "SELECT base_status, base_status_at FROM lead WHERE client_id = %s AND id = %s", (client_id, lead_id)
    ).fetchone()
    if row is None:
        raise LookupError
    return {lead_id: Base(*row)}
