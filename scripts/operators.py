"""`apptrail operator`: people who sign in, their roles, links and passwords."""

import json
import sys

import typer

from db import clients, passwords, sign_in
from scripts import console

app = typer.Typer(no_args_is_help=True, help="Operators: people who sign in.")


@app.command("add")
def add(
    name: str = typer.Argument(help="What they sign in as."),
    role: str = typer.Option(..., help="read, operate or admin."),
    client: str | None = typer.Option(None, help="Id or name of the one client they see; all without it."),
) -> None:
    """Add an operator, or change the role and client of the one of that name."""
    loaded = console.settings()
    with console.database(loaded) as database:
        client_id = console.find_client(database, client).id if client else None
        try:
            sign_in.ensure_operator(database, name, role, client_id)
        except sign_in.UnknownRole:
            console.fail(f"--role: {', '.join(clients.ROLES)}.")
    print(f"{name} may {role}.")


@app.command("password")
def password(name: str = typer.Argument(help="Whose.")) -> None:
    """Read a password from standard input, at least 12 characters, and end the operator's sessions."""
    typed = (
        typer.prompt("Password", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    )
    loaded = console.settings()
    with console.database(loaded) as database:
        try:
            passwords.set_password(database, name, typed)
        except passwords.UnusablePassword:
            console.fail("The password must have 12 to 200 characters.")
        except sign_in.UnknownOperator:
            console.fail("No operator has that name. `apptrail operator add` makes one.")


@app.command("link")
def link(name: str = typer.Argument(help="Whose."), as_json: bool = console.JsonOption) -> None:
    """Print a link that signs an operator in, once, within an hour."""
    loaded = console.settings()
    with console.database(loaded) as database:
        try:
            token = sign_in.make_link(database, name)
        except sign_in.UnknownOperator:
            console.fail("No operator has that name. `apptrail operator add` makes one.")
    url = f"{loaded.base_url}/sign-in/{token}"
    print(json.dumps({"url": url}) if as_json else url)
