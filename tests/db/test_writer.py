"""A writer after a failure: nothing of the batch is stored, and the same connection takes the next."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import psycopg
import pytest

from db.desk import Database, connect
from db.failures import is_about_the_data, is_transient
from db.parcels import Parcel
from db.writer import Writer
from pipeline.addressing import Contact
from tests import builders

Story = Callable[[Writer], Coroutine[Any, Any, None]]


@pytest.fixture
def books(database: str) -> Iterator[Database]:
    with connect(database) as own:
        yield own


@pytest.fixture
def parcels(books: Database) -> tuple[Parcel, Parcel]:
    """One that can be stored and, for another person, one that Postgres refuses."""
    client = builders.a_client(books)
    good = builders.a_parcel(client.id, builders.an_observation("inv-1"), builders.an_email("anna"))
    bad = builders.a_parcel(client.id, builders.an_observation("inv-2"), builders.an_email("bert"))
    bad.contact = Contact(full_name="Be\0rt")
    return good, bad


def play(database: str, story: Story) -> None:
    async def whole() -> None:
        writer = await Writer.open(database)
        try:
            await story(writer)
        finally:
            await writer.close()

    asyncio.run(whole())


def jobs(books: Database) -> int:
    return int(books.execute("SELECT count(*) FROM inbox").fetchall()[0][0])


def test_a_batch_that_postgres_refuses_is_not_stored_in_part(
    database: str, books: Database, parcels: tuple[Parcel, Parcel]
) -> None:
    async def story(writer: Writer) -> None:
        with pytest.raises(psycopg.Error) as refused:
            await writer.post(parcels)
        assert is_about_the_data(refused.value)
        assert jobs(books) == 0
        await writer.post(parcels[:1])

    play(database, story)
    assert jobs(books) == 1


def test_what_cannot_be_encoded_is_not_stored_in_part(
    database: str, books: Database, parcels: tuple[Parcel, Parcel]
) -> None:
    parcels[1].contact = Contact(full_name="Be\ud800rt")

    async def story(writer: Writer) -> None:
        with pytest.raises(UnicodeError):
            await writer.post(parcels)
        await writer.post(parcels[:1])

    play(database, story)
    assert jobs(books) == 1


def test_a_statement_that_could_not_be_prepared_is_prepared_again(
    database: str, books: Database, parcels: tuple[Parcel, Parcel]
) -> None:
    async def story(writer: Writer) -> None:
        books.execute("ALTER TABLE inbox RENAME TO inbox_for_a_moment")
        with pytest.raises(psycopg.errors.UndefinedTable):
            await writer.post(parcels[:1])
        books.execute("ALTER TABLE inbox_for_a_moment RENAME TO inbox")
        await writer.post(parcels[:1])

    play(database, story)
    assert jobs(books) == 1


def test_a_writer_whose_server_went_away_says_so(
    database: str, books: Database, parcels: tuple[Parcel, Parcel]
) -> None:
    async def story(writer: Writer) -> None:
        await writer.post(parcels[:1])
        books.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with pytest.raises(psycopg.Error) as lost:
            await writer.post(parcels[:1])
        assert is_transient(lost.value)
        assert writer.is_lost

    play(database, story)
    assert jobs(books) == 1
