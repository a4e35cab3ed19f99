"""Replays: durable operations that post dead letters again (db/replay_steps.py: step by step), and how far each is."""

import json
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from db import audit
from db.audit import NOBODY
from db.dead_letter_filters import Filter
from db.desk import Database
from db.ids import new_id
from db.unparking import CAN_BE_PLACED

STATES = ("running", "paused", "canceled", "stopped", "done")
_ENDS = ("canceled", "stopped", "done")


class UnknownReplay(LookupError):
    """No operation has that id, or it is another client's."""


class NotPossible(ValueError):
    """The operation is in a state that allows no such act; the message is the state."""


def start(
    database: Database,
    wanted: Filter,
    *,
    actor: str,
    reason: str,
    rate: float = 5.0,
    most: int | None = None,
    canaries: int = 1,
) -> UUID:
    """Begin an operation over every open letter that the filter finds now; nothing is posted yet."""
    replay_id, client_id = new_id(), wanted.client_id or NOBODY
    with database.transaction():
        database.execute(
            f"""INSERT INTO replay (client_id, id, filter, reason, actor, rate, most, canaries, phase, total)
                SELECT %(client)s, %(id)s, %(filter)s::jsonb, %(why)s, %(actor)s, %(rate)s::real, %(most)s::integer, %(canaries)s::integer,
                       CASE WHEN %(canaries)s::integer > 0 THEN 'canary' ELSE 'rest' END,
                       least(count(*), coalesce(%(most)s::integer, count(*)))
                FROM dead_letter d WHERE {wanted.condition()} AND {POSTABLE}""",  # noqa: S608
            {**wanted.values(), "client": client_id, "id": replay_id, "filter": json.dumps(wanted.stored()),
             "why": reason, "actor": actor, "rate": rate, "most": most, "canaries": canaries},
        )  # fmt: skip
        audit.note(
            database, client_id, actor, "replay_started", replay_id,
            {"reason": reason, "filter": wanted.stored(), "rate": rate, "most": most, "canaries": canaries},
        )  # fmt: skip
    return replay_id


def set_state(
    database: Database, replay_id: UUID, state: str, actor: str, client_id: UUID | None = None
) -> None:
    """Pause, resume (`running`) or cancel; raises UnknownReplay or NotPossible. Jobs that are posted stay so."""
    with database.transaction():
        row = row_of(database, "SELECT * FROM replay WHERE id = %s FOR UPDATE", replay_id)
        if row is None or client_id not in (None, row["client_id"]):
            raise UnknownReplay
        if row["state"] in _ENDS:
            raise NotPossible(row["state"])
        if state in _ENDS:
            end(database, row, state)
        else:
            database.execute("UPDATE replay SET state = %s WHERE id = %s", (state, replay_id))
        audit.note(database, row["client_id"], actor, f"replay_{state}", replay_id)


def progress(database: Database, replay_id: UUID, client_id: UUID | None = None) -> dict[str, Any]:
    """How far an operation is; `eta_seconds` is how long the rest takes at its rate. Raises UnknownReplay."""
    row = row_of(database, "SELECT * FROM replay WHERE id = %s", replay_id)
    if row is None or client_id not in (None, row["client_id"]):
        raise UnknownReplay
    left = max(0, row["total"] - row["posted"])
    eta = round(left / row["rate"], 1) if row["state"] in ("running", "paused") else 0.0
    return {**row, **outcomes(database, replay_id), "eta_seconds": eta}


def listed(database: Database, client_id: UUID | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """The latest operations, newest first."""
    rows = database.execute(
        "SELECT id FROM replay WHERE %s::uuid IS NULL OR client_id = %s ORDER BY id DESC LIMIT %s",
        (client_id, client_id, limit),
    ).fetchall()
    return [progress(database, row[0]) for row in rows]


def abandoned(database: Database) -> list[tuple[UUID, float]]:
    """Running operations that nobody drives, with their rates: started by the API, or their driver died."""
    return database.execute(
        "SELECT id, rate FROM replay WHERE state = 'running' AND coalesce(driven_until, '-infinity') < now() ORDER BY id"
    ).fetchall()


def outcomes(database: Database, replay_id: UUID) -> dict[str, int]:
    """How many letters were posted, and what became of them."""
    found = database.execute(
        """SELECT count(*), count(*) FILTER (WHERE state = 'replaying'), count(*) FILTER (WHERE outcome = 'applied'),
                  count(*) FILTER (WHERE outcome = 'failed_again')
           FROM dead_letter WHERE replay_id = %s""",
        (replay_id,),
    ).fetchone()
    return dict(zip(("posted", "on_the_way", "applied", "failed_again"), found or (0, 0, 0, 0), strict=True))


def end(database: Database, row: dict[str, Any], state: str) -> None:
    """Note that an operation is over, and how."""
    database.execute("UPDATE replay SET state = %s, ended_at = now() WHERE id = %s", (state, row["id"]))


def row_of(database: Database, query: Any, replay_id: UUID) -> dict[str, Any] | None:
    """The operation that a query over its id finds."""
    with database.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, (replay_id,)).fetchone()


# What was parked has no payload that a drain could read, until its connection has a time zone.
POSTABLE = f"d.state = 'open' AND d.lead_id IS NOT NULL AND (d.error_class <> 'Parked' OR {CAN_BE_PLACED})"
