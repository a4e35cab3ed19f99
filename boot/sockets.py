"""Where an embedded server puts its socket, so that any command can find it from `var` alone."""

import hashlib
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

POSTGRES_PORT = 5432
"""Only part of the socket's name, unless a TCP port was asked for."""

LONGEST_PATH = 106
"""Bytes that the kernel allows for a Unix socket's path, less one to spare."""


class SocketFolderRefusedError(RuntimeError):
    """The short folder for an embedded server's socket belongs to somebody else."""


def socket_folder(folder: Path) -> Path:
    """The folder itself, or one in the temp folder named by a hash when its path is too long.

    A pure function of the path: who starts a server and who looks for it must come to the same answer.
    """
    folder = folder.absolute()
    longest_name = folder / f".s.PGSQL.{POSTGRES_PORT}.lock"
    if len(os.fsencode(longest_name)) <= LONGEST_PATH:
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"apptrail-{os.getuid()}-{digest}"


def make_socket_folder(folder: Path, owner: int) -> Path:
    """Make the socket's folder for one owner only.

    The temp folder is open to everybody, so a folder found there is trusted only if it is ours or the
    owner's: whoever owns it could put a server of their own behind our address.
    """
    place = socket_folder(folder)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = place.lstat()
    if place.is_symlink() or found.st_uid not in {os.getuid(), owner}:
        raise SocketFolderRefusedError(SocketFolderRefusedError.__doc__)
    if found.st_uid != owner:
        os.chown(place, owner, -1)
    place.chmod(0o700)
    return place


def postgres_dsn(folder: Path, database: str = "apptrail", port: int = POSTGRES_PORT) -> str:
    """The libpq address of the embedded Postgres that lives in `folder`."""
    return f"postgresql://postgres@/{database}?host={quote(str(socket_folder(folder)), safe='/')}&port={port}"


def redis_socket(folder: Path) -> Path:
    """The socket of the embedded Redis that lives in `folder`."""
    return socket_folder(folder) / "redis.sock"


def redis_url(folder: Path) -> str:
    """The address of the embedded Redis that lives in `folder`."""
    return f"unix://{quote(str(redis_socket(folder)), safe='/')}?db=0"
