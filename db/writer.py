"""A writer: an event loop's connection that does nothing but post, two rounds to a batch.

psycopg's own cursors and pipeline make ten sends and seven waits of one batch; this sends prepared
statements by libpq's pipeline itself, and reads a round's answers together.
"""

import contextlib
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import generators
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

from db.desk import AsyncDatabase, connect_soon
from db.parcels import Parcel, Posted
from db.posting import Command, Rows, posting

_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE)


class Writer:
    """Not shared by two batches at a time. Between two posts the connection is in no transaction."""

    def __init__(self, database: AsyncDatabase) -> None:
        """Take a connection over for good; it must be in autocommit mode. See `open`."""
        self._database = database
        self._names: dict[str, bytes] = {}
        self._sent: list[Command | str | None] = []
        """What Postgres is still to answer: commands, queries to prepare, and None for the end."""
        database.pgconn.enter_pipeline_mode()

    @classmethod
    async def open(cls, dsn: str) -> "Writer":
        """Connect; raises psycopg.OperationalError within two seconds if nobody answers."""
        return cls(await connect_soon(dsn))

    async def post(self, parcels: Sequence[Parcel]) -> Posted:
        """Store as `db.inbox.post` does: when this returns all is committed, if it raises nothing is.

        libpq promises that what is sent up to a synchronization point is one transaction.
        """
        steps = posting(parcels)
        rows: list[Rows] | None = None
        try:
            while True:
                commands = steps.send(rows)  # type: ignore[arg-type]
                # All is encoded before any is sent: what cannot be is no half of a batch.
                for command, values in [(one, [text.encode() for text in one.values]) for one in commands]:
                    self._send(command, values)
                rows = await self._answers() if any(command.asks for command in commands) else []
        except StopIteration as done:
            posted: Posted = done.value
        except Exception:
            with contextlib.suppress(psycopg.Error):
                await self._end()
            raise
        await self._end()
        return posted

    def _send(self, command: Command, values: list[bytes]) -> None:
        database = self._database.pgconn
        if self._database.prepare_threshold is None:  # a pooler may give the next batch another session
            database.send_query_params(_numbered(command.query), values, result_format=Format.BINARY)
            self._sent.append(command)
            return
        if command.query not in self._names:
            name = self._names[command.query] = b"posting_%d" % len(self._names)
            database.send_prepare(name, _numbered(command.query))
            self._sent.append(command.query)
        database.send_query_prepared(self._names[command.query], values, result_format=Format.BINARY)
        self._sent.append(command)

    async def _end(self) -> None:
        """Commit, or after a failure make the connection ready for the next batch."""
        self._database.pgconn.pipeline_sync()
        self._sent.append(None)
        await self._answers()

    async def _answers(self) -> list[Rows]:
        """The rows of the commands that ask for some. Raises the first failure once all have answered."""
        if self._sent[-1] is not None:
            self._database.pgconn.send_flush_request()
        sent, self._sent = self._sent, []
        results = await self._database.wait(_fetch(self._database, len(sent)))
        for one, result in zip(sent, results, strict=True):
            if isinstance(one, str) and result.status != ExecStatus.COMMAND_OK:
                del self._names[one]
        for result in results:
            if result.status in _FAILED:
                raise psycopg.errors.error_from_result(result)
        return [
            self._rows(result)
            for one, result in zip(sent, results, strict=True)
            if isinstance(one, Command) and one.asks
        ]

    def _rows(self, result: PGresult) -> Rows:
        reader = Transformer.from_context(self._database)
        reader.set_pgresult(result)
        return reader.load_rows(0, result.ntuples, tuple)

    @property
    def is_lost(self) -> bool:
        """Whether the connection is of no use any more."""
        return self._database.closed

    async def close(self) -> None:
        """Close the connection; what is under way is not committed."""
        await self._database.close()


def _fetch(database: AsyncDatabase, count: int) -> PQGen[list[PGresult]]:
    """Send what is buffered and read so many answers."""
    yield from generators.send(database.pgconn)
    results: list[Any] = []
    for _ in range(count):
        results += yield from generators.fetch_many(database.pgconn)
    return results


def _numbered(query: str) -> bytes:
    """Write psycopg's placeholders as Postgres's own."""
    first, *rest = query.split("%s")
    return (first + "".join(f"${number}{text}" for number, text in enumerate(rest, 1))).encode()
