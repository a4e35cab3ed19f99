"""Another Postgres, read where a CRM lives: a read-only cursor on its side, a mapping of its columns to ours."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from db.import_row import COLUMNS, Row

FETCH = 2_000
CONNECT_SECONDS = 10


class Unmapped(ValueError):
    """A mapping names no table, or a column that an import does not know."""


class NotThere(ConnectionError):
    """The other database does not answer, or has no such table or column."""


@dataclass(frozen=True)
class TableMapping:
    """Which table to read, and for each column of an import the one that holds it there.

    `client` is the column that tells that application's own clients apart, if it has one.
    """

    table: str
    columns: Mapping[str, str]
    client: str | None = None

    @classmethod
    def read(cls, said: Any) -> "TableMapping":
        """Read a mapping as a file has it; raises Unmapped."""
        columns = said.get("columns") if isinstance(said, dict) else None
        if not isinstance(columns, dict) or not isinstance(said.get("table"), str):
            raise Unmapped('needs {"table": "…", "columns": {"email": "…"}}')
        unknown = sorted(set(columns) - set(COLUMNS))
        if unknown or not all(isinstance(one, str) for one in columns.values()):
            raise Unmapped(f"knows no column {', '.join(unknown) or 'of this form'}")
        return cls(said["table"], columns, said.get("client"))


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


# Prisma keeps the names of its models and fields; `id` is what the CRM itself calls the lead.
PRISMA = TableMapping(
    "Lead", {"external_id": "id", **{one: _camel(one) for one in COLUMNS if one not in ("external_id", "linkedin_profile")}}, "clientId"
)  # fmt: skip


@contextmanager
def rows_of(
    url: str, mapping: TableMapping, client: str | None = None
) -> Iterator[Iterator[tuple[int, Row]]]:
    """Stream the leads of another database, numbered; nothing is written there. Raises NotThere.

    `client` narrows them to one of that application's own clients. Columns that its table lacks are left out,
    unless it has none of them.
    """
    with ExitStack() as stack:
        with _said_plainly():
            there = stack.enter_context(
                psycopg.connect(url, connect_timeout=CONNECT_SECONDS, application_name="apptrail import")
            )
            there.read_only = True
            there.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            present = _present(there, mapping)
            cursor = stack.enter_context(there.cursor("apptrail_import", row_factory=dict_row))
            cursor.itersize = FETCH
            cursor.execute(*_query(mapping, present, client))
        yield _numbered(cursor)


def _numbered(cursor: psycopg.ServerCursor[dict[str, Any]]) -> Iterator[tuple[int, Row]]:
    with _said_plainly():
        for number, row in enumerate(cursor, start=1):
            yield number, {name: _text(value) for name, value in row.items()}


@contextmanager
def _said_plainly() -> Iterator[None]:
    """What the driver says of a failure has the address in it, which may hold a password."""
    try:
        yield
    except psycopg.Error as error:
        raise NotThere(type(error).__name__) from None


def _present(there: psycopg.Connection[Any], mapping: TableMapping) -> dict[str, str]:
    rows = there.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
        (sql.Identifier(*mapping.table.split(".")).as_string(there),),
    )
    names = {row[0] for row in rows}
    found = {ours: theirs for ours, theirs in mapping.columns.items() if theirs in names}
    if not found:
        raise NotThere("it has no such table, or none of the columns")
    return found


def _query(
    mapping: TableMapping, columns: Mapping[str, str], client: str | None
) -> tuple[sql.Composed, tuple[str, ...]]:
    wanted = [
        sql.SQL("{} AS {}").format(sql.Identifier(theirs), sql.Identifier(ours))
        for ours, theirs in columns.items()
    ]
    query = sql.SQL("SELECT {} FROM {}").format(
        sql.SQL(", ").join(wanted), sql.Identifier(*mapping.table.split("."))
    )
    if client is None or mapping.client is None:
        return query, ()
    narrowed = sql.SQL(" WHERE {}::text = %s").format(sql.Identifier(mapping.client))
    return query + narrowed, (client,)


def _text(value: Any) -> str | None:
    """As a file has it. Prisma's `timestamp(3)` has no zone and means UTC."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return None if value is None else str(value)
