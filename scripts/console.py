"""What every command shares: settings, a database, and failures told in plain words."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from boot import logs
from boot.settings import Settings, SettingsError, load
from db import clients
from db.clients import Client
from db.connections import UnknownClient
from db.desk import Database, connect
from db.failures import is_transient
from db.keyring import Keyring, WrongSecretKey

JsonOption = typer.Option(False, "--json", help="Print JSON, for programs.")


def settings() -> Settings:
    """Read the settings and set logging up; ends the command if they are wrong."""
    try:
        loaded = load()
    except SettingsError as wrong:
        fail(str(wrong))
    logs.configure(loaded.log_format)
    return loaded


@contextmanager
def database(loaded: Settings) -> Iterator[Database]:
    """Open a connection for one command."""
    try:
        connection = connect(loaded.database_dsn)
    except Exception as error:
        if is_transient(error):
            fail("Postgres does not answer. Start it with `make run`, or set DATABASE_URL.")
        raise
    try:
        yield connection
    finally:
        connection.close()


def keyring(loaded: Settings) -> Keyring:
    """The keys of what is encrypted at rest."""
    return Keyring(loaded.secret_keys)


def find_client(connection: Database, id_or_name: str) -> Client:
    """Find a client by id or name; ends the command if there is none."""
    try:
        return clients.find(connection, id_or_name)
    except UnknownClient:
        fail("No client has that id or name. `apptrail client list` shows them.")


@contextmanager
def secrets_opened() -> Iterator[None]:
    """End the command in plain words if a stored secret cannot be opened."""
    try:
        yield
    except WrongSecretKey:
        fail("A stored secret was written with another APPTRAIL_SECRET_KEY. Add the old key behind a comma.")


def show(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print a listing: JSON, or one line a row."""
    if as_json:
        print(json.dumps(rows, default=str))
        return
    for row in rows:
        print("  ".join("-" if value is None else str(value) for value in row.values()))


def fail(message: str) -> NoReturn:
    """End the command with a message and exit code 1."""
    print(message, file=sys.stderr)
    raise typer.Exit(1)
