"""Rebuilding: a lead's appointments and rollup computed afresh from its observations, and compared with its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from db.arrays import literal
from db.desk import Database
from db.import_statements import AWAIT_MIGRATION, SHOW_LEGACY
from db.locks import Held
from db.shelf import Change, Shelved, appointment_rows, load, observations_of, save
from db.shelf_statements import APPOINTMENT_COLUMNS, ROLLUP_COLUMNS
from pipeline.adoption import packed
from pipeline.book import Book, compute
from pipeline.comparison import COLUMNS
from pipeline.fold import fold
from pipeline.lead_status import Base
from pipeline.observation import AppointmentKey
from pipeline.rollup import ROLLUP_VERSION, Rollup
from pipeline.words import Status

INSTANT = timedelta(microseconds=1)


class Reason(StrEnum):
    """Why a lead's rows are not what its observations add up to; the first that fits."""

    OBSERVATIONS_MISSING = "observations_missing"
    FACTS_DIFFER = "facts_differ"
    APPOINTMENT_ROW_DIFFERS = "appointment_row_differs"
    OLDER_RULES = "older_rules"
    WRITTEN_PAST_THE_LEDGER = "written_past_the_ledger"


@dataclass(frozen=True)
class Examined:
    """One lead: its rows as they should be, and why they are not; `columns` names what differs in `lead`."""

    lead_id: UUID
    change: Change
    reason: Reason | None
    columns: tuple[str, ...] = ()


def examine(
    database: Database, client_id: UUID, lead_ids: Sequence[UUID], now: datetime | None = None
) -> list[Examined]:
    """Compute some leads afresh and compare; within one snapshot, or while they are locked.

    A rollup whose time has come and that nobody has recomputed yet is compared as of just before. With
    `now`, what is computed is of now, and what is returned is fit to be saved.
    """
    leads = _leads(database, client_id, lead_ids)
    bases = {lead["id"]: Base(lead["base_status"], lead["base_status_at"]) for lead in leads}
    shelves = load(database, client_id, bases, {})
    keys = [key for shelved in shelves.values() for key in {*shelved.ids, *shelved.book.folded}]
    history = observations_of(database, client_id, keys)
    rows = _appointments(database, client_id, lead_ids)
    found = []
    for lead in leads:
        shelved = shelves[lead["id"]]
        change = _afresh(lead, shelved, history, _instant(lead))
        reason, columns = _reason(client_id, lead, shelved, change, history, rows.get(lead["id"], {}))
        if now is not None:
            change = replace(change, computed=compute(change.book, now))
        found.append(Examined(lead["id"], change, reason, columns))
    return found


def rewrite(database: Database, client_id: UUID, held: Held, found: Sequence[Examined]) -> None:
    """Save what was computed afresh; leads that have not moved in yet show their CRM's columns again."""
    save(database, client_id, [one.change for one in found])
    gone = [
        row_id
        for one in found
        for key, row_id in one.change.before.ids.items()
        if key not in one.change.computed.appointments
    ]
    if gone:
        database.execute(
            "DELETE FROM appointment WHERE client_id = %s AND id = ANY (%s::uuid[])",
            (client_id, literal(gone)),
        )
    show_legacy(database, client_id, [one.lead_id for one in found if held.leads[one.lead_id].legacy])


def show_legacy(database: Database, client_id: UUID, lead_ids: Sequence[UUID]) -> None:
    """Let leads wait for their migration, and show what their CRM's columns said meanwhile."""
    if lead_ids:
        database.execute(AWAIT_MIGRATION, (client_id, literal(lead_ids)))
        database.execute(SHOW_LEGACY, (client_id, literal(lead_ids)))


def without(found: Examined, lost: set[AppointmentKey], now: datetime) -> Examined:
    """The same lead without some appointments of which no observation is left."""
    book = found.change.book
    book = replace(book, folded={key: one for key, one in book.folded.items() if key not in lost})
    return replace(found, change=replace(found.change, book=book, computed=compute(book, now)))


def _instant(lead: Mapping[str, Any]) -> datetime:
    now: datetime = lead["now"]
    due_at: datetime | None = lead["recompute_at"]
    return due_at - INSTANT if due_at is not None and due_at <= now else now


def _afresh(
    lead: Mapping[str, Any],
    shelved: Shelved,
    history: Mapping[AppointmentKey, Mapping[bytes, Any]],
    instant: datetime,
) -> Change:
    """Facts whose observations are gone are kept as they stand: they are all that is left."""
    folded = {
        key: fold(history[key].values()) if key in history else one
        for key, one in shelved.book.folded.items()
    }
    folded |= {key: fold(history[key].values()) for key in shelved.ids if key in history}
    book = Book(shelved.book.base, folded)
    unseen = Shelved(Book(), shelved.ids, shelved.elsewhere)
    return Change(lead["id"], unseen, book, compute(book, instant), {})


def _reason(
    client_id: UUID,
    lead: Mapping[str, Any],
    shelved: Shelved,
    change: Change,
    history: Mapping[AppointmentKey, Any],
    rows: Mapping[UUID, tuple[Any, ...]],
) -> tuple[Reason | None, tuple[str, ...]]:
    columns = _columns(lead, change)
    if any(key not in history for key in shelved.book.folded):
        return Reason.OBSERVATIONS_MISSING, columns
    if packed(shelved.book.folded) != packed(change.book.folded):
        return Reason.FACTS_DIFFER, columns
    if {row[1]: row[:-1] for row in appointment_rows(client_id, change)} != rows:
        return Reason.APPOINTMENT_ROW_DIFFERS, columns
    if not columns:
        return None, ()
    known = lead["rollup_version"] in (0, ROLLUP_VERSION)
    return Reason.WRITTEN_PAST_THE_LEDGER if known else Reason.OLDER_RULES, columns


def _columns(lead: Mapping[str, Any], change: Change) -> tuple[str, ...]:
    """Which columns of `lead` are not what they should be."""
    computed = change.computed
    expected: dict[str, Any] = {name: getattr(computed.rollup, name) for name in ROLLUP_COLUMNS}
    if lead["rollup_version"] == 0 and not change.book.folded:
        expected |= {name: getattr(Rollup(), name) for name in ROLLUP_COLUMNS}
        expected |= {"rollup_version": 0, **_told(lead)}
    elif lead["rollup_version"] == 0 and lead["said"] is not None:
        # It moves in with the next drain; until then it shows what it showed when its CRM was imported.
        expected = {}
    expected["status"] = computed.status
    return tuple(name for name, value in expected.items() if lead[name] != value)


def _told(lead: Mapping[str, Any]) -> dict[str, Any]:
    """What a lead shows that has not moved in yet: its CRM's own columns."""
    said = lead["said"]
    if said is None:
        return {}
    shown = {name: said.get(name) for name in COLUMNS}
    shown |= {
        name: datetime.fromisoformat(text) for name, text in shown.items() if text and name.endswith("_at")
    }
    return {**shown, "appointment_status": shown["appointment_status"] or Status.PENDING}


def _leads(database: Database, client_id: UUID, lead_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    with database.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_LEADS, (client_id, literal(lead_ids))).fetchall()


def _appointments(
    database: Database, client_id: UUID, lead_ids: Sequence[UUID]
) -> dict[UUID, dict[UUID, tuple[Any, ...]]]:
    found: dict[UUID, dict[UUID, tuple[Any, ...]]] = {}
    for row in database.execute(_ROWS, (client_id, literal(lead_ids))):
        found.setdefault(row[2], {})[row[1]] = row
    return found


_LEADS = f"""
    SELECT l.id, l.status, l.base_status, l.base_status_at, l.recompute_at, {", ".join(f"l.{one}" for one in ROLLUP_COLUMNS)},
           r.said, apptrail_now() AS now
    FROM lead l LEFT JOIN legacy_rollup r ON r.client_id = l.client_id AND r.lead_id = l.id
    WHERE l.client_id = %s AND l.id = ANY (%s::uuid[])"""  # noqa: S608

_ROWS = f"""
    SELECT {", ".join(APPOINTMENT_COLUMNS[:-1])} FROM appointment
    WHERE client_id = %s AND lead_id = ANY (%s::uuid[])"""  # noqa: S608
