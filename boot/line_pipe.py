"""What a process prints, passed on by whole lines behind its name, so that lines of several never mix."""

import asyncio
import os
from typing import IO, TextIO

LONGEST_LINE = 64 * 1024
"""Bytes after which a line is passed on unfinished rather than kept."""


class LinePipe:
    """Reads a pipe from within the running event loop."""

    def __init__(self, name: str, pipe: IO[bytes], output: TextIO) -> None:
        self._name = name
        self._pipe = pipe
        self._output = output
        self._partial = b""
        os.set_blocking(pipe.fileno(), False)
        asyncio.get_running_loop().add_reader(pipe.fileno(), self._read)

    def close(self) -> None:
        """Pass on what is still there, and let go of the pipe even if an orphan holds its other end."""
        while not self._pipe.closed and self._read():
            pass  # one read takes one line's length at most
        self._finish()

    def _read(self) -> bool:
        """Pass on what one read gives; false when there is nothing now, or nothing any more."""
        try:
            chunk = os.read(self._pipe.fileno(), LONGEST_LINE)
        except BlockingIOError:
            return False
        if not chunk:
            self._finish()
            return False
        whole, newline, self._partial = (self._partial + chunk).rpartition(b"\n")
        if len(self._partial) > LONGEST_LINE:
            whole, newline, self._partial = whole + newline + self._partial, b"\n", b""
        self._write(whole + newline)
        return True

    def _finish(self) -> None:
        self._write(self._partial)
        self._partial = b""
        if not self._pipe.closed:
            asyncio.get_running_loop().remove_reader(self._pipe.fileno())
            self._pipe.close()

    def _write(self, data: bytes) -> None:
        for line in data.decode(errors="replace").splitlines():
            self._output.write(f"{self._name:<8} | {line}\n")
        self._output.flush()
