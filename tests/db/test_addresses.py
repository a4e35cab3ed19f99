"""An address that switches prepared statements off: for poolers that hand sessions around."""

import asyncio

import pytest

from db import addresses
from db.desk import Database, connect, connect_soon
from db.writer import Writer
from tests import builders

PREPARED = "SELECT count(*) FROM pg_prepared_statements"


def unprepared(dsn: str) -> str:
    return f"{dsn}&prepare=off" if "?" in dsn else f"{dsn}?prepare=off"


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("postgresql://u@db/x", ("postgresql://u@db/x", True)),
        ("postgresql://u@db/x?prepare=off", ("postgresql://u@db/x", False)),
        ("postgresql://u@db/x?prepare=on&sslmode=require", ("postgresql://u@db/x?sslmode=require", True)),
        ("postgresql:///x?host=/run/p%20g&prepare=off", ("postgresql:///x?host=/run/p%20g", False)),
        ("postgresql://prepare:p@db/prepare", ("postgresql://prepare:p@db/prepare", True)),
    ],
    ids=["plain", "off", "on", "socket", "by-name"],
)
def test_the_rest_of_an_address_is_libpqs_as_it_stands(said: str, read: tuple[str, bool]) -> None:
    assert addresses.read(said) == read


def test_what_is_neither_on_nor_off_is_refused() -> None:
    with pytest.raises(addresses.UnclearAddress):
        addresses.read("postgresql://u@db/x?prepare=maybe")


@pytest.mark.parametrize("off", [False, True], ids=["on", "off"])
def test_a_session_keeps_no_statement_where_preparing_is_off(database: str, off: bool) -> None:
    with connect(unprepared(database) if off else database) as own:
        for number in range(5):
            own.execute("SELECT %s::integer", (number,))
        assert (_prepared(own) == 0) is off


@pytest.mark.parametrize("off", [False, True], ids=["on", "off"])
def test_a_writer_posts_alike_and_keeps_no_statement_where_preparing_is_off(database: str, off: bool) -> None:
    with connect(database) as books:
        client = builders.a_client(books)

        async def story() -> int:
            lent = await connect_soon(unprepared(database) if off else database)
            writer = Writer(lent)
            try:
                for name in ("inv-1", "inv-2", "inv-3"):
                    parcel = builders.a_parcel(
                        client.id, builders.an_observation(name), builders.an_email("anna")
                    )
                    await writer.post([parcel])
                lent.pgconn.exit_pipeline_mode()
                row = await (await lent.execute(PREPARED)).fetchone()
            finally:
                await writer.close()
            assert row is not None
            return int(row[0])

        assert (asyncio.run(story()) == 0) is off
        assert books.execute("SELECT count(*), count(DISTINCT lead_id) FROM inbox").fetchone() == (3, 1)


def _prepared(own: Database) -> int:
    row = own.execute(PREPARED).fetchone()
    assert row is not None
    return int(row[0])
