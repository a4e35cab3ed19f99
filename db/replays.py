"""Replays: durable operations that post dead letters again, a canary of each fingerprint first.

A step claims letters and posts their jobs in one transaction, so that whoever crashes leaves nothing
half-done, and two operators at once post each letter once. What fails again is a letter of a new
generation, younger than the operation, and is not taken by it.
"""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from db import audit
from db.audit import NOBODY
from db.dead_letter_filters import Filter
from db.desk import Database
from db.failures import ATTEMPTS_TO_BURY
from db.ids import new_id
from db.inbox import PRIORITY, Ring
from db.unparking import CAN_BE_PLACED, place_jobs
from pipeline.words import Lane

DRIVER_SECONDS = 10.0
"""How long after its last step an operation counts as driven by somebody."""
MOST_ON_THE_WAY = 2_000
"""Letters of one operation that wait for a worker: with more, its client's live jobs would come to wait with them."""

STATES = ("running", "paused", "canceled", "stopped", "done")
_ENDS = ("canceled", "stopped", "done")


class UnknownReplay(LookupError):
    """No operation has that id, or it is another client's."""


class NotPossible(ValueError):
    """The operation is in a state that allows no such act; the message is the state."""


@dataclass(frozen=True)
class Step:
    """What one step came to: the letters that it posted, and the operation's state after it.

    `waits`: it is about posted letters now, so that nothing was to be posted.
    """

    rings: list[Ring]
    state: str = "running"
    waits: bool = False

    @property
    def again(self) -> bool:
        """Whether there may be something to do later."""
        return self.state in ("running", "paused")


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
                FROM dead_letter d WHERE {wanted.condition()} AND {_POSTABLE}""",  # noqa: S608
            {**wanted.values(), "client": client_id, "id": replay_id, "filter": json.dumps(wanted.stored()),
             "why": reason, "actor": actor, "rate": rate, "most": most, "canaries": canaries},
        )  # fmt: skip
        audit.note(
            database, client_id, actor, "replay_started", replay_id,
            {"reason": reason, "filter": wanted.stored(), "rate": rate, "most": most, "canaries": canaries},
        )  # fmt: skip
    return replay_id


def step(database: Database, replay_id: UUID, most: int) -> Step:
    """Post at most so many letters, oldest first, or see whether the canaries live.

    An operation that somebody else is stepping at this instant is left to them.
    """
    with database.transaction():
        row = _one(database, "SELECT * FROM replay WHERE id = %s FOR UPDATE SKIP LOCKED", replay_id)
        if row is None:
            return Step([], waits=True)
        if row["state"] != "running":
            return Step([], row["state"], waits=True)
        database.execute(
            "UPDATE replay SET driven_until = now() + make_interval(secs => %s) WHERE id = %s",
            (DRIVER_SECONDS, replay_id),
        )
        if row["phase"] == "waiting":
            return _after_canaries(database, row)
        return _post(database, row, most)


def _post(database: Database, row: dict[str, Any], most: int) -> Step:
    canary = row["phase"] == "canary"
    left = row["total"] - row["posted"]
    if not canary and left:
        most = min(most, left, MOST_ON_THE_WAY - _on_the_way(database, row["id"]))
        if most <= 0:
            return Step([])
    rings = _claim(database, row, left if canary else most, canary=canary)
    database.execute(
        "UPDATE replay SET posted = posted + %s, phase = %s WHERE id = %s",
        (len(rings), "waiting" if canary or not rings or len(rings) == left else "rest", row["id"]),
    )
    return Step(rings)


def _after_canaries(database: Database, row: dict[str, Any]) -> Step:
    """Once no posted letter is on its way: stop if all were canaries and one died, go on, or be done."""
    if _on_the_way(database, row["id"]):
        return Step([], waits=True)
    counts = _outcomes(database, row["id"])
    canaries_only = row["canaries"] > 0 and counts["posted"] == _canaries_due(database, row)
    if canaries_only and counts["failed_again"]:
        _end(database, row, "stopped")
        return Step([], "stopped")
    if row["posted"] < row["total"] and _remaining(database, row):
        database.execute("UPDATE replay SET phase = 'rest' WHERE id = %s", (row["id"],))
        return Step([], waits=True)
    _end(database, row, "done")
    return Step([], "done")


def _on_the_way(database: Database, replay_id: UUID) -> int:
    """How many posted letters are not applied and have not failed yet; counted no further than matters."""
    found = database.execute(
        """SELECT count(*) FROM (SELECT FROM dead_letter WHERE replay_id = %s AND state = 'replaying' LIMIT %s) AS d""",
        (replay_id, MOST_ON_THE_WAY),
    ).fetchone()
    return int(found[0]) if found else 0


def _canaries_due(database: Database, row: dict[str, Any]) -> int:
    found = database.execute(
        """SELECT coalesce(sum(least(letters, %s)), 0)
           FROM (SELECT count(*) AS letters FROM dead_letter WHERE replay_id = %s GROUP BY fingerprint) AS g""",
        (row["canaries"], row["id"]),
    ).fetchone()
    return int(found[0]) if found else 0


def _remaining(database: Database, row: dict[str, Any]) -> bool:
    wanted = Filter.read(row["filter"], row["started_at"])
    found = database.execute(
        f"SELECT 1 FROM dead_letter d WHERE {wanted.condition()} AND {_POSTABLE} AND d.created_at <= %(began)s LIMIT 1",  # noqa: S608
        {**wanted.values(), "began": row["started_at"]},
    ).fetchone()
    return found is not None


def _claim(database: Database, row: dict[str, Any], most: int, *, canary: bool) -> list[Ring]:
    """Take letters that nobody else is taking, and post their jobs as they were received."""
    wanted = Filter.read(row["filter"], row["started_at"])
    among = f"""SELECT d.client_id, d.id, row_number() OVER (PARTITION BY d.fingerprint ORDER BY d.created_at, d.id) AS place
                FROM dead_letter d
                WHERE {wanted.condition()} AND {_POSTABLE} AND d.created_at <= %(began)s"""  # noqa: S608
    chosen = f"""SELECT d.client_id, d.id FROM dead_letter d JOIN ({among}) AS m USING (client_id, id)
                 WHERE m.place <= %(canaries)s AND d.state = 'open'
                 ORDER BY d.created_at, d.id LIMIT %(most)s FOR UPDATE OF d SKIP LOCKED"""  # noqa: S608
    plain = f"""SELECT d.client_id, d.id FROM dead_letter d
                WHERE {wanted.condition()} AND {_POSTABLE} AND d.created_at <= %(began)s
                ORDER BY d.created_at, d.id LIMIT %(most)s FOR UPDATE SKIP LOCKED"""  # noqa: S608
    posted = database.execute(
        f"""WITH chosen AS ({chosen if canary else plain}),
            claimed AS (UPDATE dead_letter d SET state = 'replaying', replay_id = %(replay)s, closed_by = %(actor)s,
                               closed_because = %(why)s
                        FROM chosen c WHERE d.client_id = c.client_id AND d.id = c.id RETURNING d.*)
            INSERT INTO inbox (client_id, id, lead_id, kind, payload, received_at, priority, trace_id, attempts,
                               replay_of, first_failed_at)
            SELECT client_id, gen_random_uuid(), lead_id, kind, payload, received_at, %(priority)s, trace_id,
                   %(attempts)s, id, first_failed_at FROM claimed
            RETURNING client_id, lead_id, id, payload ? 'unzoned'""",  # noqa: S608
        {**wanted.values(), "began": row["started_at"], "most": most, "canaries": row["canaries"],
         "replay": row["id"], "actor": row["actor"], "why": row["reason"], "priority": PRIORITY[Lane.BULK],
         "attempts": ATTEMPTS_TO_BURY - 1},
    ).fetchall()  # fmt: skip
    for client in {client_id for client_id, _, _, is_parked in posted if is_parked}:
        place_jobs(
            database,
            client,
            [job for client_id, _, job, is_parked in posted if is_parked and client_id == client],
        )
    return [Ring(client_id, lead_id, Lane.BULK) for client_id, lead_id, _, _ in posted]


def set_state(
    database: Database, replay_id: UUID, state: str, actor: str, client_id: UUID | None = None
) -> None:
    """Pause, resume (`running`) or cancel; raises UnknownReplay or NotPossible. Jobs that are posted stay so."""
    with database.transaction():
        row = _one(database, "SELECT * FROM replay WHERE id = %s FOR UPDATE", replay_id)
        if row is None or client_id not in (None, row["client_id"]):
            raise UnknownReplay
        if row["state"] in _ENDS:
            raise NotPossible(row["state"])
        if state in _ENDS:
            _end(database, row, state)
        else:
            database.execute("UPDATE replay SET state = %s WHERE id = %s", (state, replay_id))
        audit.note(database, row["client_id"], actor, f"replay_{state}", replay_id)


def progress(database: Database, replay_id: UUID, client_id: UUID | None = None) -> dict[str, Any]:
    """How far an operation is; `eta_seconds` is how long the rest takes at its rate. Raises UnknownReplay."""
    row = _one(database, "SELECT * FROM replay WHERE id = %s", replay_id)
    if row is None or client_id not in (None, row["client_id"]):
        raise UnknownReplay
    left = max(0, row["total"] - row["posted"])
    eta = round(left / row["rate"], 1) if row["state"] in ("running", "paused") else 0.0
    return {**row, **_outcomes(database, replay_id), "eta_seconds": eta}


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


def _outcomes(database: Database, replay_id: UUID) -> dict[str, int]:
    found = database.execute(
        """SELECT count(*), count(*) FILTER (WHERE state = 'replaying'), count(*) FILTER (WHERE outcome = 'applied'),
                  count(*) FILTER (WHERE outcome = 'failed_again')
           FROM dead_letter WHERE replay_id = %s""",
        (replay_id,),
    ).fetchone()
    return dict(zip(("posted", "on_the_way", "applied", "failed_again"), found or (0, 0, 0, 0), strict=True))


def _end(database: Database, row: dict[str, Any], state: str) -> None:
    database.execute("UPDATE replay SET state = %s, ended_at = now() WHERE id = %s", (state, row["id"]))


def _one(database: Database, query: Any, replay_id: UUID) -> dict[str, Any] | None:
    with database.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, (replay_id,)).fetchone()


# What was parked has no payload that a drain could read, until its connection has a time zone.
_POSTABLE = f"d.state = 'open' AND d.lead_id IS NOT NULL AND (d.error_class <> 'Parked' OR {CAN_BE_PLACED})"
