"""The backfill: legacy rows a second through the migration, against one INSERT … SELECT of the same rows.

The reference writes what the run wrote, the very observations, appointments and columns of leads, from tables
that hold them ready: one statement for each table, in one transaction, into the same tables with the same
indexes and triggers, in a database where nothing of it is yet. It reads no row of a CRM, computes nothing,
looks nothing up, locks nobody and keeps no place, and may plan as it likes. So the ratio says what all of that
costs: reading a row, folding it, finding that nobody has spoken of the lead, holding it against live traffic, and
a checkpoint for each batch.
"""

import json
import time

from bench.crm import make_leads
from bench.drain import hear
from bench.figures import Figure
from bench.stage import Stage
from db.desk import Database
from db.shelf_statements import ROLLUP_COLUMNS

LEADS = 1_000_000
WITH_ROLLUP = 0.3


def measure(stage: Stage) -> list[Figure]:
    """Dry run, run, a second run and the verify pass, in a process of its own."""
    count = stage.scaled(LEADS)
    rolled = int(count * WITH_ROLLUP)
    rates: list[float] = []
    bare: list[float] = []
    notes: list[str] = []
    with stage.database() as template:
        with stage.connect(template) as database:
            make_leads(database, count, rolled)
        for _ in range(stage.rounds):
            with stage.database(template) as name:
                stage.settle()
                with stage.process(["-m", "bench.backfill_worker"], name) as worker:
                    said = json.loads(hear(stage, worker))
                rates.append(rolled / said["seconds"])
                notes = [_note(rolled, said)]
                with stage.database(template) as other, stage.connect(other) as empty:
                    with stage.connect(name) as full:
                        _lay_ready(full, empty)
                    bare.append(rolled / _in_one(empty, stage))
    return [
        Figure(
            line="backfill",
            what=f"Backfill: {count:,} leads, {rolled:,} with rollups, one process",
            unit="/s",
            measured=rates,
            against="one INSERT … SELECT of the same rows",
            reference=bare,
            floor="≥ 0.4",
            notes=notes,
        )
    ]


def _note(rolled: int, said: dict[str, float]) -> str:
    dry, again, verify = (rolled / said[f"{name}_seconds"] for name in ("dry", "again", "verify"))
    return (
        f"Dry run: {dry:,.0f} leads a second. By statements alone: {said['in_bulk']:,} leads of {rolled:,}; "
        f"{said['skipped']:,} name no appointment. A second run over the same leads: {said['created_again']} created, "
        f"{said['written_again']} rows of any table written, {again:,.0f} leads a second. Verify pass: {verify:,.0f} "
        f"leads a second, {said['lost']} lost, {said['unexplained']} unexplained, {said['equal']:,} leads read as before. "
        f"Memory of the process: {said['megabytes_before']:,.0f} MB before, {said['megabytes']:,.0f} MB at the most."
    )


_LEAD = ("client_id", "id", "recompute_at", *ROLLUP_COLUMNS)


def _lay_ready(full: Database, empty: Database) -> None:
    """Bring what a run wrote over, into tables beside the real ones."""
    for table, columns, condition in (
        ("observation", "*", ""),
        ("appointment", "*", ""),
        ("lead", ", ".join(_LEAD), " WHERE rollup_version > 0"),
    ):
        empty.execute(f"CREATE TABLE made_{table} AS SELECT {columns} FROM {table} LIMIT 0".encode())
        with (
            full.cursor().copy(f"COPY (SELECT {columns} FROM {table}{condition}) TO STDOUT (FORMAT binary)".encode()) as out,
            empty.cursor().copy(f"COPY made_{table} FROM STDIN (FORMAT binary)".encode()) as into,
        ):  # fmt: skip
            for piece in out:
                into.write(piece)
        empty.execute(f"VACUUM (FREEZE, ANALYZE) made_{table}".encode())


def _in_one(database: Database, stage: Stage) -> float:
    """Seconds for all of it at once."""
    columns = ", ".join(f"{column} = m.{column}" for column in _LEAD[2:])
    stage.settle()
    began = time.monotonic()
    with database.transaction():
        database.execute("SET LOCAL apptrail.writer = 'ledger'")
        database.execute("INSERT INTO observation SELECT * FROM made_observation")
        database.execute("INSERT INTO appointment SELECT * FROM made_appointment")
        database.execute(
            f"UPDATE lead l SET {columns}, updated_at = now() FROM made_lead m WHERE l.client_id = m.client_id AND l.id = m.id".encode()
        )
    return time.monotonic() - began
