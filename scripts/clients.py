"""`apptrail client`: the tenants."""

import json

import typer

from db import bookings, clients
from db.clients import NameTaken
from scripts import console

app = typer.Typer(no_args_is_help=True, help="Clients: the tenants.")


@app.command("add")
def add(
    name: str = typer.Argument(help="What people call this client."),
    region: str = typer.Option("US", help="Country (ISO 3166) of phone numbers without a country code."),
    as_json: bool = console.JsonOption,
) -> None:
    """Add a client and print its id."""
    loaded = console.settings()
    with console.database(loaded) as database:
        try:
            client_id = clients.add(database, console.keyring(loaded), name, region.upper())
        except NameTaken:
            console.fail("A client has that name already.")
    print(json.dumps({"id": str(client_id)}) if as_json else client_id)


@app.command("list")
def list_(as_json: bool = console.JsonOption) -> None:
    """List the clients."""
    loaded = console.settings()
    with console.database(loaded) as database:
        found = clients.every(database)
    rows = [
        {"id": str(one.id), "name": one.name, "region": one.region, "keep_reasons": one.keep_reasons}
        for one in found
    ]
    console.show(rows, as_json=as_json)


@app.command("set")
def set_(
    client: str = typer.Argument(help="Id or name."),
    region: str | None = typer.Option(
        None, help="Country (ISO 3166) of phone numbers without a country code."
    ),
    keep_reasons: bool | None = typer.Option(
        None,
        "--keep-reasons/--drop-reasons",
        help="Keep cancellation reasons, masked and cut to 500 characters.",
    ),
    auto_booking: bool | None = typer.Option(
        None, "--auto-booking/--no-auto-booking", help="Whether meetings may be booked for its leads."
    ),
) -> None:
    """Change a client's settings; what is not given stays."""
    loaded = console.settings()
    with console.database(loaded) as database:
        found = console.find_client(database, client)
        clients.change(database, found.id, region=region and region.upper(), keep_reasons=keep_reasons)
        if auto_booking is not None:
            bookings.switch_client(database, found.id, on=auto_booking)
