"""Foresight: what a replay would do, computed by the pure book and rolled back."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from db.arrays import literal
from db.dead_letter_filters import Filter
from db.desk import Database
from db.shelf import Shelved, load
from db.unparking import CAN_BE_PLACED, ZONE, placed
from pipeline.appointment import project
from pipeline.book import compute, enter
from pipeline.job import read_payload
from pipeline.lead_status import Base
from pipeline.observation import Observation

CHUNK = 500

VERDICTS = ("create", "change", "no change", "stale", "fails again", "parked", "not tried", "other")

UNTRIED = {"Parked": "parked", "WorkerKilled": "not tried"}
"""What is not computed here: a job that killed its worker would kill us, a web process perhaps."""


class _Letter(NamedTuple):
    client_id: UUID
    lead_id: UUID
    fingerprint: str
    said: Observation


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
        f"""SELECT d.client_id, coalesce(l.merged_into, d.lead_id), d.fingerprint, d.error_class, d.payload::text,
                   CASE WHEN d.error_class = 'Parked' AND {CAN_BE_PLACED} THEN {ZONE} END
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
    readable: list[_Letter] = []
    for client_id, lead_id, fingerprint, error_class, text, zone in rows:
        if error_class in UNTRIED and zone is None:
            yield fingerprint, UNTRIED[error_class]
            continue
        try:
            said = read_payload(text) if zone is None else placed(text, zone)
        except Exception:  # noqa: BLE001  whatever it is, the drain would meet it too
            yield fingerprint, "fails again"
            continue
        if isinstance(said, Observation):
            readable.append(_Letter(client_id, lead_id, fingerprint, said))
        else:
            yield fingerprint, "other"
    for _, group in groupby(readable, key=lambda one: one.client_id):
        letters = list(group)
        for first in range(0, len(letters), CHUNK):
            yield from _verdicts(database, letters[first : first + CHUNK])


def _verdicts(database: Database, letters: Sequence[_Letter]) -> Iterator[tuple[str, str]]:
    """Load the books of some letters of one client together; if that fails, find out whose fault it is."""
    try:
        books = _books(database, letters)
    except psycopg.Error:
        raise
    except Exception:  # noqa: BLE001  a book that cannot be read fails its own letters alone
        if len(letters) == 1:
            yield letters[0].fingerprint, "fails again"
            return
        for one in letters:
            yield from _verdicts(database, [one])
        return
    now = database.execute("SELECT apptrail_now()").fetchone()
    assert now is not None  # (a SELECT without FROM has one row)
    for one in letters:
        yield one.fingerprint, _verdict(books.get(one.lead_id), one.said, now[0])


def _verdict(shelved: Shelved | None, said: Observation, now: datetime) -> str:
    if shelved is None:
        return "fails again"
    if said.digest in shelved.book.observations.get(said.key, {}):
        return "no change"
    try:
        after = compute(enter(shelved.book, [said]), now)
        if said.key not in shelved.book.folded:
            return "create"
        return "stale" if project(shelved.book.folded) == after.appointments else "change"
    except Exception:  # noqa: BLE001  whatever it is, the drain would meet it too
        return "fails again"


def _books(database: Database, letters: Sequence[_Letter]) -> Mapping[UUID, Shelved]:
    client_id = letters[0].client_id
    said: dict[UUID, list[Observation]] = {}
    for one in letters:
        said.setdefault(one.lead_id, []).append(one.said)
    rows = database.execute(
        "SELECT id, base_status, base_status_at FROM lead WHERE client_id = %s AND id = ANY (%s::uuid[])",
        (client_id, literal(list(said))),
    )
    bases = {lead_id: Base(status, at) for lead_id, status, at in rows}
    if not bases:
        return {}
    return load(database, client_id, bases, {lead_id: said[lead_id] for lead_id in bases})
