"""The steps of a replay: a canary of each fingerprint first, then the rest.

A step claims letters and posts their jobs in one transaction, so that whoever crashes leaves nothing
half-done, and two operators at once post each letter once. What fails again is a letter of a new
generation, younger than the operation, and is not taken by it.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from db.dead_letter_filters import Filter
from db.desk import Database
from db.failures import ATTEMPTS_TO_BURY
from db.inbox import PRIORITY, Ring
from db.replays import POSTABLE, end, outcomes, row_of
from db.unparking import place_jobs
from pipeline.words import Lane

DRIVER_SECONDS = 10.0
"""How long after its last step an operation counts as driven by somebody."""
MOST_ON_THE_WAY = 2_000
"""Letters of one operation that wait for a worker: with more, its client's live jobs would come to wait with them."""


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


def step(database: Database, replay_id: UUID, most: int) -> Step:
    """Post at most so many letters, oldest first, or see whether the canaries live.

    An operation that somebody else is stepping at this instant is left to them.
    """
    with database.transaction():
        row = row_of(database, "SELECT * FROM replay WHERE id = %s FOR UPDATE SKIP LOCKED", replay_id)
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
    counts = outcomes(database, row["id"])
    canaries_only = row["canaries"] > 0 and counts["posted"] == _canaries_due(database, row)
    if canaries_only and counts["failed_again"]:
        end(database, row, "stopped")
        return Step([], "stopped")
    if row["posted"] < row["total"] and _remaining(database, row):
        database.execute("UPDATE replay SET phase = 'rest' WHERE id = %s", (row["id"],))
        return Step([], waits=True)
    end(database, row, "done")
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
        f"SELECT 1 FROM dead_letter d WHERE {wanted.condition()} AND {POSTABLE} AND d.created_at <= %(began)s LIMIT 1",  # noqa: S608
        {**wanted.values(), "began": row["started_at"]},
    ).fetchone()
    return found is not None


def _claim(database: Database, row: dict[str, Any], most: int, *, canary: bool) -> list[Ring]:
    """Take letters that nobody else is taking, and post their jobs as they were received."""
    wanted = Filter.read(row["filter"], row["started_at"])
    among = f"""SELECT d.client_id, d.id, row_number() OVER (PARTITION BY d.fingerprint ORDER BY d.created_at, d.id) AS place
                FROM dead_letter d
                WHERE {wanted.condition()} AND {POSTABLE} AND d.created_at <= %(began)s"""  # noqa: S608
    chosen = f"""SELECT d.client_id, d.id FROM dead_letter d JOIN ({among}) AS m USING (client_id, id)
                 WHERE m.place <= %(canaries)s AND d.state = 'open'
                 ORDER BY d.created_at, d.id LIMIT %(most)s FOR UPDATE OF d SKIP LOCKED"""  # noqa: S608
    plain = f"""SELECT d.client_id, d.id FROM dead_letter d
                WHERE {wanted.condition()} AND {POSTABLE} AND d.created_at <= %(began)s
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
