"""Table statistics: kept in step with tables that grow faster than autovacuum looks.

A table that was analyzed while it was empty counts as empty, however large it has become: every index that begins with the
client costs the same then, and a statement may read a client's whole index for each lead. Postgres itself
looks once a minute.
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from db.desk import Database

HOT = ("lead", "lead_identity", "inbox", "observation", "appointment", "follow_up")
"""The tables that the hot paths read."""
SMALL_PAGES = 8
GROWTH = 4
FEW_ROWS = 100

Piece = TypeVar("Piece")


def refresh(database: Database) -> list[str]:
    """Analyze what has outgrown its statistics, and name it; plans made before are made again.

    The connection is in autocommit mode. A table that somebody else is analyzing is left to them.
    """
    outgrown = [name for (name,) in database.execute(_OUTGROWN, (list(HOT), SMALL_PAGES, GROWTH))]
    grown = [name for name in outgrown if _has_rows(database, name)]
    for name in grown:
        database.execute(f"ANALYZE (SKIP_LOCKED) {name}".encode())
    return grown


def in_step(database: Database, walk: Iterable[Piece]) -> Iterator[Piece]:
    """Hand on the pieces of a walk that fills tables; refresh after the first, second, fourth, eighth … of them."""
    for number, piece in enumerate(walk):
        if number & (number - 1) == 0:
            refresh(database)
        yield piece


def _has_rows(database: Database, name: str) -> bool:
    """Whether it has more than a few: a queue that was emptied keeps its pages for a while."""
    query = f"SELECT count(*) FROM (SELECT FROM {name} LIMIT {FEW_ROWS}) AS first"  # noqa: S608  one of HOT
    found = database.execute(query.encode()).fetchone()
    return found is not None and found[0] == FEW_ROWS


_OUTGROWN = """
    SELECT c.relname FROM pg_class c
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%s)
      AND pg_has_role(c.relowner, 'MEMBER')  -- or it could not be analyzed
      AND pg_relation_size(c.oid) / current_setting('block_size')::bigint
          > greatest(%s, CASE WHEN c.reltuples > 0 THEN %s * c.relpages ELSE 0 END)
    ORDER BY 1"""
