"""The four numbers of dead letters: how many, how old, how new, and how many people wait."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

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


HOURS = 24


def by_hour(database: Database, wanted: Filter) -> dict[str, list[int]]:
    """How many died in each of the last 24 hours, oldest first, by fingerprint; those without any are left out."""
    rows: list[tuple[Any, ...]] = database.execute(
        f"""SELECT d.fingerprint, floor(extract(epoch FROM apptrail_now() - d.created_at) / 3600)::integer, count(*)
            FROM dead_letter d WHERE {wanted.condition()}
              AND d.created_at > apptrail_now() - interval '24 hours' AND d.created_at <= apptrail_now()
            GROUP BY 1, 2""",  # noqa: S608
        wanted.values(),
    ).fetchall()
    found: dict[str, list[int]] = {}
    for fingerprint, ago, letters in rows:
        found.setdefault(fingerprint, [0] * HOURS)[HOURS - 1 - ago] += letters
    return found
