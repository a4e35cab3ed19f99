"""What is due: the leads whose jobs nobody took, and those whose time has come."""

from uuid import UUID

from db.desk import Database
from db.inbox import PRIORITY, Ring
from db.locks import WORKABLE
from pipeline.words import Lane

LONG_BACKLOG = 5_000
_LOOKED_AT = 50_000

_LANES = {priority: lane for lane, priority in PRIORITY.items()}


def overdue(database: Database, seconds: float, limit: int) -> list[Ring]:
    """The leads with jobs that have been due for some seconds, oldest first.

    A client with a long backlog is served from `bulk`, so that the others need not wait for it.
    """
    rows = database.execute(_OVERDUE, (seconds, _LOOKED_AT, limit))
    return [
        Ring(client_id, lead_id, Lane.BULK if backlog > LONG_BACKLOG else _LANES[priority])
        for client_id, lead_id, priority, backlog in rows
    ]


def long_backlogs(database: Database) -> frozenset[UUID]:
    """The clients that have more than 5,000 jobs waiting."""
    rows = database.execute(
        "SELECT client_id FROM (SELECT client_id FROM inbox LIMIT 1000000) AS i GROUP BY client_id HAVING count(*) > %s",
        (LONG_BACKLOG,),
    )
    return frozenset(row[0] for row in rows)


def to_recompute(database: Database, limit: int) -> list[Ring]:
    """The leads of whom something changes by the passing of time alone (RULES 21)."""
    rows = database.execute(
        """SELECT client_id, id FROM lead WHERE recompute_at <= apptrail_now() AND merged_into IS NULL
           ORDER BY recompute_at LIMIT %s""",
        (limit,),
    )
    return [Ring(client_id, lead_id, Lane.LIVE) for client_id, lead_id in rows]


_OVERDUE = f"""
    SELECT client_id, lead_id, min(priority), max(backlog)
    FROM (SELECT j.client_id, j.lead_id, j.priority, j.received_at,
                 count(*) OVER (PARTITION BY j.client_id) AS backlog
          FROM (SELECT * FROM inbox WHERE not_before <= now() - make_interval(secs => %s)
                ORDER BY not_before LIMIT %s) AS j
          WHERE {WORKABLE}) AS due
    GROUP BY client_id, lead_id ORDER BY min(received_at) LIMIT %s"""  # noqa: S608
