"""Books: all that a client's database says, but for ids and times of receipt, so that two can be compared."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from db.desk import Database
from db.shelf_statements import ROLLUP_COLUMNS

Books = dict[frozenset[str], dict[str, Any]]

LEAD_COLUMNS = (*ROLLUP_COLUMNS, "stub", "status", "base_status", "recompute_at")
NOT_COMPARED = {"client_id", "id", "lead_id", "trace_id", "received_at", "created_at", "updated_at"}


def books_of(database: Database, client_id: UUID, names: Mapping[str, str] | None = None) -> Books:
    """Each lead that is still there, by the identities that name it: `names` gives digests a plain name."""
    identities = _identities(database, client_id, names or {})
    keys = {row["id"]: _plain(row["external_id"]) for row in _rows(database, "appointment", client_id)}
    books: Books = {}
    for lead in _rows(database, "lead", client_id):
        if lead["merged_into"] is None:
            books[identities[lead["id"]]] = {
                **{column: lead[column] for column in LEAD_COLUMNS},
                "appointments": {},
            }
    leads = {row["id"]: identities[row["id"]] for row in _rows(database, "lead", client_id)}
    owners: dict[
        tuple[str, str], dict[str, Any]
    ] = {}  # by whole keys: without its lead's id, a legacy key is several leads'
    for row in _rows(database, "appointment", client_id):
        mine = books[leads[row["lead_id"]]]["appointments"]
        shown = mine[row["provider"], _plain(row["external_id"])] = _appointment(row, keys)
        aliases = [alias["external_id"] for alias in (row["folded"] or {}).get("adopted", ())]
        owners |= {(row["provider"], name): shown for name in (row["external_id"], *aliases)}
    for row in _rows(database, "observation", client_id):
        owner = owners.get((row["provider"], row["external_id"]))
        assert owner is not None, "an observation of an appointment that no lead has"
        told = {name: value for name, value in row.items() if name not in NOT_COMPARED}
        told["body"] = {name: value for name, value in row["body"].items() if name != "observed_at"}
        digest = told.pop("digest")  # of a legacy key it tells the lead's id, which is nobody's fact
        told = _plain(told)
        owner["observations"][digest if told["external_id"] == row["external_id"] else str(told)] = told
    return books


def versions_of(database: Database, client_id: UUID) -> dict[str, set[Any]]:
    """Which version of which row there is: equal before and after, if nothing was written."""
    return {
        table: set(
            database.execute(
                f"SELECT id, xmin::text FROM {table} WHERE client_id = %s", (client_id,)
            ).fetchall()
        )
        for table in ("lead", "appointment", "observation", "lead_identity", "dead_letter", "legacy_rollup")
    }


def left_over(database: Database, client_id: UUID) -> dict[str, int]:
    """How many jobs and dead letters there are."""
    return {
        table: database.execute(
            f"SELECT count(*) FROM {table} WHERE client_id = %s", (client_id,)
        ).fetchall()[0][0]
        for table in ("inbox", "dead_letter")
    }


def _appointment(row: dict[str, Any], keys: Mapping[UUID, str]) -> dict[str, Any]:
    shown = _plain({name: value for name, value in row.items() if name not in NOT_COMPARED})
    for link in ("rescheduled_from_id", "rescheduled_to_id"):
        shown[link] = shown[link] and keys.get(shown[link], "a row that is not there")
    return {**shown, "observations": {}}


def _plain(value: Any) -> Any:
    """Leave a lead's own id out of the keys that we made for it."""
    if isinstance(value, str):
        return re.sub(r"^legacy:[0-9a-f-]{36}:", "legacy:", value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _identities(database: Database, client_id: UUID, names: Mapping[str, str]) -> dict[UUID, frozenset[str]]:
    found: dict[UUID, set[str]] = defaultdict(set)
    for row in _rows(database, "lead_identity", client_id):
        digest = bytes(row["digest"]).hex()
        found[row["lead_id"]].add(names.get(digest, f"{row['kind']}:{digest}"))
    for row in _rows(database, "lead", client_id):
        if row["merged_into"] is None and row["id"] not in found:
            found[row["id"]] = {"nobody"}
    return defaultdict(frozenset, {lead_id: frozenset(one) for lead_id, one in found.items()})


def _rows(database: Database, table: str, client_id: UUID) -> list[dict[str, Any]]:
    with database.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(f"SELECT * FROM {table} WHERE client_id = %s", (client_id,)).fetchall()
