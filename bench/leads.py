"""Leads by number, and one job for each: rows as an import and the receiver leave them, made in bulk."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from bench.bodies import body_of, email_of
from db.arrays import columns_of
from db.connections import Connection
from db.desk import Database
from db.ids import new_id
from db.inbox import INSERT_JOBS, job_row
from ingest.providers.calendly import Calendly
from pipeline.observation import Observation
from pipeline.words import Lane, Provider

CLIENT = UUID("00000000-0000-7000-8000-0000000000c1")
CHUNK = 100


def lead_id_of(number: int) -> UUID:
    """bench/bare.sql makes the same id from the same number."""
    return UUID(f"00000000-0000-7000-8000-{number:012x}")


def make_leads(database: Database, count: int) -> None:
    database.execute(
        "INSERT INTO client (id, name, pepper) VALUES (%s, 'bench', '')", (CLIENT,)
    )  # nothing here opens the pepper
    database.execute(
        "INSERT INTO connection (id, client_id, provider, endpoint, secrets) VALUES (%s, %s, 'calendly', 'bench', '')",
        (new_id(), CLIENT),
    )  # from now on there are follow-ups
    database.execute("SET apptrail.writer = 'ledger'")  # `status` is a rollup column
    database.execute(
        """INSERT INTO lead (client_id, id, external_id, email, phone, first_name, last_name, base_status, status,
                             base_status_at)
           SELECT %s, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'crm-' || n,
                  'lead' || lpad(n::text, 7, '0') || '@example.com', '+1202' || lpad(n::text, 7, '0'), 'Chiara',
                  'Costa', 'contacted', 'contacted', now() - interval '30 days'
           FROM generate_series(1, %s) AS n""",
        (CLIENT, count),
    )
    database.execute("RESET apptrail.writer")


def observations(numbers: Sequence[int], seed: str = "") -> Iterator[tuple[int, Observation]]:
    """What the adapter makes of one delivery for each of some leads."""
    adapter = Calendly()
    connection = Connection(new_id(), CLIENT, Provider.CALENDLY, "bench", b"")
    for number in numbers:
        [reading] = adapter.read(connection, body_of(number, email_of(number), seed), datetime.now(UTC))
        if not isinstance(reading.said, Observation):
            raise TypeError
        yield number, reading.said


def post_jobs(database: Database, numbers: Sequence[int]) -> None:
    """One job a lead, by the statement that `db.inbox.post` uses once a lead is found."""
    rows = []
    for number, said in observations(numbers):
        rows.append(job_row(CLIENT, lead_id_of(number), said, said.observed_at, Lane.LIVE, new_id()))
        if len(rows) == 1_000:
            database.execute(INSERT_JOBS, columns_of(rows))
            rows = []
    if rows:
        database.execute(INSERT_JOBS, columns_of(rows))


def in_any_order(count: int) -> list[int]:
    """Every lead once. News comes for people as it pleases, so neighbours in a chunk are none on disk."""
    numbers = list(range(1, count + 1))
    random.Random(20).shuffle(numbers)
    return numbers


def tidy(database: psycopg.Connection[tuple[object, ...]]) -> None:
    """What autovacuum would have done by the time that so many leads are there."""
    database.execute("VACUUM (FREEZE, ANALYZE) lead, inbox")
