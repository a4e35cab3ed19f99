"""Findings: the leads that a look found different and that nobody has repaired yet."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from db.arrays import literal
from db.desk import Database
from db.rebuilding import Examined


def note(database: Database, client_id: UUID, examined: Sequence[UUID], different: Iterable[Examined]) -> int:
    """Keep those of some leads that differ, and forget those that are right by now; returns how many are new."""
    found = {one.lead_id: one for one in different}
    right = [lead_id for lead_id in examined if lead_id not in found]
    with database.transaction():
        forget(database, client_id, right)
        rows = database.execute(
            _KEEP,
            (
                client_id, literal(found), literal(one.reason for one in found.values()),
                literal(" ".join(one.columns) for one in found.values()),
            ),
        ).fetchall() if found else []  # fmt: skip
    return sum(is_new for (is_new,) in rows)


def forget(database: Database, client_id: UUID, lead_ids: Iterable[UUID]) -> None:
    """Forget what was found of some leads."""
    database.execute(
        "DELETE FROM rollup_finding WHERE client_id = %s AND lead_id = ANY (%s::uuid[])",
        (client_id, literal(lead_ids)),
    )


def standing(database: Database, client_id: UUID, limit: int) -> list[UUID]:
    """The leads of a client that were found different, the oldest finding first."""
    rows = database.execute(
        "SELECT lead_id FROM rollup_finding WHERE client_id = %s ORDER BY found_at, lead_id LIMIT %s",
        (client_id, limit),
    )
    return [row[0] for row in rows]


_KEEP = """
    INSERT INTO rollup_finding AS f (client_id, lead_id, cause, columns)
    SELECT %s, lead_id, cause, coalesce(string_to_array(nullif(columns, ''), ' '), '{}')
    FROM (SELECT a AS lead_id, b AS cause, coalesce(c, '') AS columns
          FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS t (a, b, c)) AS t
    ON CONFLICT (client_id, lead_id) DO UPDATE SET cause = excluded.cause, columns = excluded.columns
    RETURNING xmax = 0"""
