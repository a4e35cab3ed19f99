"""A proxy that severs: it stands between processes and a server's socket, and cuts or holds all connections."""

import asyncio
import socket
import struct
from threading import Thread
from typing import Any

RESET = struct.pack("ii", 1, 0)
CHUNK = 65_536


class Proxy:
    """One TCP port of the loopback address before a Unix socket; its loop runs in a thread of its own."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self._thread = Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._server: asyncio.Server = self._call(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512)
        )
        self.port: int = self._server.sockets[0].getsockname()[1]

    def sever(self) -> int:
        """Reset every connection, as a router that forgot them does; returns how many there were."""
        return int(self._call(self._sever()))

    def hold(self) -> None:
        """Forward nothing from now on; connections stay open."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def let_flow(self) -> None:
        """Forward again."""
        self._loop.call_soon_threadsafe(self._flows.set)

    def close(self) -> None:
        """Stop listening and drop what is open."""
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _sever(self) -> int:
        cut = list(self._open)
        for writer in cut:
            _reset(writer)
        return len(cut) // 2

    async def _close(self) -> None:
        self._server.close()
        await self._sever()
        await asyncio.sleep(0.05)
        mine = asyncio.current_task()
        left = [task for task in asyncio.all_tasks() if task is not mine]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_unix_connection(self._target)
        except OSError:
            _reset(writer)
            return
        self._open |= {writer, back}
        try:
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        finally:
            self._open -= {writer, back}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(CHUNK):
                await self._flows.wait()
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass  # severed, or one end has died: the other end is told by the close
        finally:
            writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.family == socket.AF_INET:
        try:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        except OSError:
            pass  # it has been closed meanwhile
    writer.transport.abort()
