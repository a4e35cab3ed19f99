"""`apptrail connection`: the links of clients to providers."""

import json
from typing import Any
from uuid import UUID

import typer

from db import connections
from db.connections import UnknownEndpoint
from db.proofs import verified
from pipeline.instants import zone_named
from pipeline.words import Provider
from scripts import console, resubscribe

app = typer.Typer(no_args_is_help=True, help="Connections: a client's links to providers.")
app.command("resubscribe")(resubscribe.resubscribe)


@app.command("add")
def add(
    client: str = typer.Argument(help="Id or name."),
    provider: Provider = typer.Argument(help="Whose webhooks it takes."),
    signing_key: list[str] = typer.Option(
        [], help="Key that deliveries are signed with (ghl: a public key, PEM or base64); twice to rotate."
    ),
    api_token: str | None = typer.Option(None, help="Token of the provider's API."),
    oauth_client_id: str | None = typer.Option(
        None, help="GoHighLevel app's client id, with --refresh-token."
    ),
    oauth_client_secret: str | None = typer.Option(None, help="GoHighLevel app's client secret."),
    refresh_token: str | None = typer.Option(None, help="GoHighLevel OAuth refresh token of the location."),
    location_id: str | None = typer.Option(None, help="The provider's own name of the account."),
    app_id: str | None = typer.Option(
        None, help="ghl: the only Marketplace app whose webhooks are ours; HighLevel's key proves no app."
    ),
    timezone: str | None = typer.Option(None, help="IANA zone of wall times that name none."),
    share: str | None = typer.Option(None, help="Endpoint of another connection to stand behind too."),
    unsigned: bool = typer.Option(False, "--unsigned", help="Rely on the secret endpoint alone."),
    header_secret: list[str] = typer.Option(
        [], help="Secret that x-apptrail-secret, or a bearer token, must carry; twice to rotate."
    ),
    api_base_url: str | None = typer.Option(None, help="Where the provider's API is, if elsewhere."),
    policy: str = typer.Option("create", help="`create` stubs with contact data, or `anonymous` ones."),
    as_json: bool = console.JsonOption,
) -> None:
    """Add a connection and print the endpoint for its webhook address."""
    if timezone is not None and zone_named(timezone) is None:
        console.fail("--timezone: no such IANA zone.")
    if policy not in ("create", "anonymous"):
        console.fail("--policy: `create` or `anonymous`.")
    loaded = console.settings()
    oauth = {
        "oauth_client_id": oauth_client_id,
        "oauth_client_secret": oauth_client_secret,
        "refresh_token": refresh_token,
    }
    if any(oauth.values()) and not all(oauth.values()):
        console.fail("--refresh-token, --oauth-client-id and --oauth-client-secret: all three or none.")
    secrets = {"signing_keys": signing_key, "header_secrets": header_secret, "api_token": api_token, **oauth}
    with console.database(loaded) as database, console.secrets_opened():
        found = console.find_client(database, client)
        try:
            connection_id, endpoint = connections.add(
                database, console.keyring(loaded), found.id, provider,
                secret_values={name: value for name, value in secrets.items() if value},
                unsigned=unsigned, location_id=location_id, timezone=timezone, share=share,
                api_base_url=api_base_url, policy=policy, settings={"app_id": app_id} if app_id else None,
            )  # fmt: skip
        except UnknownEndpoint:
            console.fail("--share: no connection of that provider has this endpoint.")
    url = f"{loaded.base_url}/webhooks/{provider}/{endpoint}"
    print(json.dumps({"id": str(connection_id), "endpoint": endpoint, "url": url}) if as_json else url)


@app.command("list")
def list_(
    client: str | None = typer.Argument(None, help="Id or name; all without it."),
    as_json: bool = console.JsonOption,
) -> None:
    """List connections; secrets are never shown."""
    loaded = console.settings()
    with console.database(loaded) as database, console.secrets_opened():
        client_id = console.find_client(database, client).id if client else None
        found = connections.of_client(database, console.keyring(loaded), client_id)
    rows = [
        {
            "id": str(one.id),
            "client_id": str(one.client_id),
            "provider": str(one.provider),
            "endpoint": one.endpoint,
            "verified": verified(one).replace("_", " "),
            "state": one.state,
            "timezone": one.timezone,
        }
        for one in found
    ]
    console.show(rows, as_json=as_json)


@app.command("book-with")
def book_with(
    connection: UUID = typer.Argument(help="Id of the connection."),
    calendar: str = typer.Argument(help="A Calendly event type's URI, or a GoHighLevel calendar's id."),
    minutes: int = typer.Option(30, min=1, max=1440, help="How long a meeting lasts."),
    location_kind: str | None = typer.Option(
        None, help="Calendly: the kind of place that the event type asks for."
    ),
    settle_seconds: float = typer.Option(
        60.0, min=0, max=3600, help="How long the provider may take to carry out what it was asked."
    ),
) -> None:
    """Say what a connection's meetings are booked with."""
    chosen: dict[str, Any] = {"calendar": calendar, "minutes": minutes, "settle_seconds": settle_seconds}
    if location_kind:
        chosen["location"] = {"kind": location_kind}
    with console.database(console.settings()) as database:
        if not connections.change_settings(database, connection, "booking", chosen):
            console.fail("No connection has that id. `apptrail connection list` shows them.")


@app.command("set-timezone")
def set_timezone(
    connection: UUID = typer.Argument(help="Id of the connection."),
    zone: str = typer.Argument(help="IANA zone of wall times that name none, as in Europe/Berlin."),
) -> None:
    """Say in which zone a connection's wall times are meant; its parked letters can be replayed then."""
    if zone_named(zone) is None:
        console.fail("ZONE: no such IANA zone.")
    with console.database(console.settings()) as database:
        if not connections.set_timezone(database, connection, zone):
            console.fail("No connection has that id. `apptrail connection list` shows them.")
    print("set; now `apptrail dead-letters replay --died-of parked:no_zone --reason WHY`")
