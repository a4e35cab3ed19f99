"""The job that every peer does: the statements of bench/bare.sql, one transaction each, prepared.

It locks the lead, upserts its appointment, reads its appointments and updates its rollup columns. That is less
than a drain does: no history is kept, and nothing is folded, chained or followed up.
"""

import os
import re
from pathlib import Path

import psycopg

BARE = Path(__file__).parent.parent / "bare.sql"
DSN = os.environ["DATABASE_URL"]
REDIS_SOCKET = os.environ["BENCH_REDIS_SOCKET"]
OPTIONS = os.environ["BENCH_PG_OPTIONS"]
"""The plans are fixed as the ledger's are, and as those of pgbench."""
CLIENT = os.environ["BENCH_CLIENT"]
WORKERS = int(os.environ.get("BENCH_WORKERS", "2"))
STYLE = os.environ.get("BENCH_STYLE", "")


def _statements() -> list[str]:
    lines = [line for line in BARE.read_text().splitlines() if not line.startswith(("--", "\\"))]
    parts = [part.strip() for part in "\n".join(lines).split(";")]
    named = [re.sub(r"(?<!:):(client|n)\b", r"%(\1)s", part.replace("%", "%%")) for part in parts]
    return [part for part in named if part not in {"", "BEGIN", "COMMIT"}]


STATEMENTS = _statements()


def connect() -> psycopg.Connection:
    return psycopg.connect(DSN, autocommit=True, prepare_threshold=0, options=OPTIONS)


def book(connection: psycopg.Connection, number: int) -> None:
    """Do one job for one lead."""
    values = {"client": CLIENT, "n": str(number)}
    with connection.transaction():
        for statement in STATEMENTS:
            connection.execute(statement, values)


async def book_async(connection: psycopg.AsyncConnection, number: int) -> None:
    """Do the same on an event loop."""
    values = {"client": CLIENT, "n": str(number)}
    async with connection.transaction():
        for statement in STATEMENTS:
            await connection.execute(statement, values)
