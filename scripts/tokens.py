"""`apptrail token`: what a client's own programs ask with."""

import json

import typer

from db import clients
from scripts import console

app = typer.Typer(no_args_is_help=True, help="API tokens.")


@app.command("add")
def add(
    client: str = typer.Argument(help="Id or name."),
    role: str = typer.Option(..., help="read, operate or admin."),
    as_json: bool = console.JsonOption,
) -> None:
    """Make a token for one client and print it, once."""
    if role not in clients.ROLES:
        console.fail("--role: read, operate or admin.")
    loaded = console.settings()
    with console.database(loaded) as database:
        token = clients.add_token(database, console.find_client(database, client).id, role)
    print(json.dumps({"token": token}) if as_json else token)
