"""A relay: one TCP address before another, as a cable between two hosts that can be pulled and put back.

It stands in for a cable where we may not make one. Pulled, it carries nothing, neither bytes nor the end of a
connection, and answers nobody who wants to connect: first without a word, as a dead host does, since that is what
time-outs have to find out. What it cannot do is to keep the two kernels from acknowledging what waits in the relay, so
no keep-alive ever fails; in their place it resets each end, after as many seconds as that end's keep-alives would take.
"""

import asyncio
import socket
import struct
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any, TypeVar

Address = tuple[str, int]
T = TypeVar("T")

CLIENT_NOTICES = 10.0
"""Seconds after which one of our processes has a dead connection to Postgres: tcp_user_timeout of db/desk.py."""
SERVER_NOTICES = 6.0
"""The same for Postgres in the middle of a transaction: tcp_user_timeout of db/plans.py."""
CONNECT_SECONDS = 2.0
BACKLOG = 512
CHUNK = 65_536
_RESET = struct.pack("ii", 1, 0)


class Relay:
    """Listens at once; its loop runs in a thread of its own. `address` is where it listens.

    `source`: the address from which the server sees its connections come. `client_notices` and `server_notices`:
    for how many seconds a pulled relay says nothing to that end before it resets its connections.
    """

    def __init__(
        self,
        listen: Address,
        target: Address,
        *,
        source: str = "127.0.0.1",
        client_notices: float = CLIENT_NOTICES,
        server_notices: float = SERVER_NOTICES,
    ) -> None:
        self._target, self._source = target, source
        self._clients: set[asyncio.StreamWriter] = set()
        self._servers: set[asyncio.StreamWriter] = set()
        self._ends = [(client_notices, self._clients), (server_notices, self._servers)]
        self._listening = socket.create_server(listen, backlog=BACKLOG)
        self._listening.setblocking(False)
        self.address: Address = self._listening.getsockname()
        self._stopper: socket.socket | None = None
        self._resets: list[asyncio.TimerHandle] = []
        self._carried: set[asyncio.Task[None]] = set()
        self._plugged = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._thread.start()
        self._call(self._plug())

    def unplug(self) -> None:
        """Carry nothing from now on, and accept nothing; open connections are reset once each end has waited."""
        self._call(self._unplug())

    def plug(self) -> None:
        """Carry again: what waits in connections that were not reset yet arrives, as it would be sent anew."""
        self._call(self._plug())

    def close(self) -> None:
        """Stop listening and reset what is open."""
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _plug(self) -> None:
        if self._plugged.is_set():
            return
        self._forget_resets()
        self._listening.listen(BACKLOG)
        self._plugged.set()
        self._loop.add_reader(self._listening, self._accept)

    async def _unplug(self) -> None:
        if not self._plugged.is_set():
            return
        self._plugged.clear()
        self._loop.remove_reader(self._listening)
        self._stop_the_queue()
        self._resets = [self._loop.call_later(seconds, _reset_all, ends) for seconds, ends in self._ends]

    def _stop_the_queue(self) -> None:
        """Let nobody connect: the kernel drops who asks, without a word, while as many as it lets wait are waiting."""
        self._listening.listen(0)
        if self._stopper:
            self._stopper.close()
        self._stopper = socket.socket()
        self._stopper.setblocking(False)
        self._stopper.connect_ex(self.address)

    def _forget_resets(self) -> None:
        for reset in self._resets:
            reset.cancel()
        self._resets = []

    async def _close(self) -> None:
        self._forget_resets()
        self._loop.remove_reader(self._listening)
        self._listening.close()
        if self._stopper:
            self._stopper.close()
        await asyncio.sleep(0)  # what was accepted has begun to be carried, and ends in good order
        carried = list(self._carried)
        for each in carried:
            each.cancel()
        await asyncio.gather(*carried, return_exceptions=True)
        await asyncio.sleep(0)  # and is let go of

    def _accept(self) -> None:
        try:
            client, address = self._listening.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        if self._stopper and address == self._stopper.getsockname():
            client.close()
            self._stopper.close()
            self._stopper = None
            return
        client.setblocking(False)
        carried = self._loop.create_task(self._carry(client))
        self._carried.add(carried)
        carried.add_done_callback(self._carried.discard)

    async def _carry(self, accepted: socket.socket) -> None:
        try:
            await self._carry_between(*await asyncio.open_connection(sock=accepted))
        except* OSError:
            pass  # an end was reset or is not to be had; the other was reset for it

    async def _carry_between(self, from_client: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        with _open(self._clients, client):
            async with asyncio.timeout(CONNECT_SECONDS):
                from_server, server = await asyncio.open_connection(
                    *self._target, local_addr=(self._source, 0)
                )
            with _open(self._servers, server):
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pump(from_client, server))
                    both.create_task(self._pump(from_server, client))
                server.close()
            client.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(CHUNK):
                await self._plugged.wait()
                writer.write(chunk)
                await writer.drain()
            await self._plugged.wait()
            writer.write_eof()
        except OSError:
            await self._plugged.wait()
            raise


@contextmanager
def _open(ends: set[asyncio.StreamWriter], end: asyncio.StreamWriter) -> Iterator[None]:
    """Have an end among those that can be reset; whatever goes wrong meanwhile resets it at once."""
    ends.add(end)
    try:
        yield
    finally:
        ends.discard(end)
        if not end.is_closing():
            _reset(end)


def _reset_all(ends: set[asyncio.StreamWriter]) -> None:
    for end in list(ends):
        _reset(end)


def _reset(end: asyncio.StreamWriter) -> None:
    raw: Any = end.get_extra_info("socket")
    with suppress(OSError):  # it has been closed meanwhile
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    end.transport.abort()
