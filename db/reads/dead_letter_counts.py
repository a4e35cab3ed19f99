"""The four numbers of dead letters: how many, how old, how new, and how many people wait."""

from dataclasses import dataclass
from datetime import datetime

from db.dead_letter_filters import Filter
from db.desk import Database


@dataclass(frozen=True, slots=True)
class Standing:
    """Letters that a filter finds. `last_hour`: how many of them died within an hour. `last_at`: the latest death."""

    letters: int
    oldest_at: datetime | None
    last_hour: int
    leads: int
    last_at: datetime | None


def standing(database: Database, wanted: Filter) -> Standing:
    """Count them."""
    row = database.execute(
        f"""SELECT count(*), min(d.created_at), count(*) FILTER (WHERE d.created_at > now() - interval '1 hour'),
                   count(DISTINCT d.lead_id), max(d.created_at)
            FROM dead_letter d WHERE {wanted.condition()}""",  # noqa: S608
        wanted.values(),
    ).fetchone()
    assert row is not None  # (an aggregate without GROUP BY has one row)
    return Standing(*row)
