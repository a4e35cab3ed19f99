"""Statistics: a table that was analyzed while it was empty is not read from end to end once it is full."""

from collections.abc import Iterator
from typing import Any

import pytest

from db import plans, table_statistics
from db.desk import Database, connect
from db.shelf_statements import NAMED
from db.writer import _numbered

EMPTIED = """
    INSERT INTO appointment (client_id, id, lead_id, provider, external_id, status, source, first_effective_at)
    SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'calendly', 'a' || n, 'pending', 'webhook', now()
    FROM generate_series(1, 40) AS n;
    DELETE FROM appointment; ANALYZE appointment"""

FILLED = """
    INSERT INTO appointment (client_id, id, lead_id, provider, external_id, status, source, first_effective_at)
    SELECT '00000000-0000-0000-0000-000000000001', gen_random_uuid(),
           ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, 'calendly', 'a' || n, 'pending', 'webhook', now()
    FROM generate_series(1, 5000) AS n"""

NAMES = ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000007")
OF_A_LEAD = "SELECT * FROM appointment WHERE client_id = '{}' AND lead_id = '{}'".format(*NAMES)


def rows_read(database: Database, query: str = OF_A_LEAD) -> int:
    """How many rows Postgres looks at."""
    ((plan,),) = database.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}".encode()).fetchall()
    return sum(_looked_at(plan[0]["Plan"]))


def _looked_at(node: dict[str, Any]) -> list[int]:
    passed_over = (node.get(f"Rows Removed by {by}", 0) for by in ("Filter", "Join Filter"))
    own = int(node["Actual Rows"]) + sum(map(int, passed_over))
    return [own, *(count for child in node.get("Plans", []) for count in _looked_at(child))]


@pytest.fixture
def grown(database: str) -> str:
    with connect(database) as books:
        books.execute("ALTER TABLE appointment SET (autovacuum_enabled = false)")
        books.execute(EMPTIED)
        books.execute(FILLED)
    return database


def test_what_has_outgrown_its_statistics_is_analyzed_and_then_left_alone(grown: str) -> None:
    with connect(grown) as books:
        assert rows_read(books) > 1_000  # as it was met at two hundred deliveries a second
        assert table_statistics.refresh(books) == ["appointment"]
        assert rows_read(books) < 10
        assert table_statistics.refresh(books) == []


def test_a_plan_that_a_session_has_prepared_is_made_again(grown: str) -> None:
    with connect(grown) as worker, connect(grown) as clock:
        for name, value in plans.BY_INDEX.items():
            worker.execute(f"SET {name} = '{value}'".encode())
        worker.execute(f"PREPARE named (text[], text[], uuid) AS {_numbered(NAMED).decode()}".encode())
        told = f"EXECUTE named ('{{calendly}}', '{{a7}}', '{NAMES[0]}')"
        assert rows_read(worker, told) > 1_000
        table_statistics.refresh(clock)
        assert rows_read(worker, told) < 10


def test_a_queue_that_is_empty_again_is_left_alone(database: str) -> None:
    with connect(database) as books:
        books.execute("ALTER TABLE appointment SET (autovacuum_enabled = false)")
        books.execute(FILLED)
        books.execute("DELETE FROM appointment")
        assert table_statistics.refresh(books) == []


def test_a_walk_that_fills_a_table_keeps_its_statistics_in_step(database: str) -> None:
    with connect(database) as books:
        books.execute("ALTER TABLE appointment SET (autovacuum_enabled = false)")
        books.execute(EMPTIED)

        def walk() -> Iterator[int]:
            for number in range(5):
                if number == 1:
                    books.execute(FILLED)
                yield number

        assert list(table_statistics.in_step(books, walk())) == [0, 1, 2, 3, 4]
        assert rows_read(books) < 10
