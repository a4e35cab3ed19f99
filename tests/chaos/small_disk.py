"""A small disk: a tmpfs of our own for Postgres where we may mount one, else a limit on the size of its files."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from boot.embedded_postgres import PostgresServer

SIZE = "160m"
TINY_FILE = 8_192 * 40
"""Bytes: less than any relation that grows, and than a segment of the log."""


class SmallDisk:
    """A folder for a Postgres, that can be filled up and be made roomy again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o755, parents=True)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", folder],
            capture_output=True, check=False,
        )  # fmt: skip
        self.mounted = mounted.returncode == 0

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self, postgres: PostgresServer) -> None:
        """Leave no room: not another block."""
        if not self.mounted:
            self._limit(postgres, str(TINY_FILE))
            return
        with self._ballast.open("wb", buffering=0) as file:
            for size in (1_000_000, 4_096):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    continue

    def free(self, postgres: PostgresServer) -> None:
        """Give the room back."""
        if self.mounted:
            self._ballast.unlink()
        elif postgres.alive():
            self._limit(postgres, "unlimited")

    def close(self) -> None:
        """Unmount it."""
        if self.mounted:
            subprocess.run(["umount", "--lazy", self.folder], check=True)

    @staticmethod
    def _limit(postgres: PostgresServer, size: str) -> None:
        """A limit holds for each process by itself: for the master, and so for whoever it starts, too."""
        master = psutil.Process(postgres.pid)
        for process in (master, *master.children()):
            # Said by its own account: only to that does a kernel listen without a privilege.
            subprocess.run(
                ["prlimit", f"--pid={process.pid}", f"--fsize={size}:"],
                check=True, user=process.uids().real, group=process.gids().real,
                extra_groups=[] if os.getuid() == 0 else None,
            )  # fmt: skip


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """A small disk that is gone afterwards."""
    disk = SmallDisk(folder)
    try:
        yield disk
    finally:
        disk.close()
