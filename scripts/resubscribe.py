"""`apptrail connection resubscribe`: make a provider's webhook subscription anew."""

from uuid import UUID

import typer

from db import connection_health, connections
from db.connections import Connection
from db.desk import Database
from ingest.apis.api import ApiFailed, Subscription
from ingest.sweeps.calls import Calls, NotNow
from ingest.sweeps.means import apis
from scripts import console


def resubscribe(
    connection: UUID = typer.Argument(help="The connection's id."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show what would be made anew; change nothing."),
) -> None:
    """Delete a disabled webhook subscription and make it anew; Calendly has no other way to enable one.

    What was booked meanwhile is brought by the sweeps. Running it again after a failure carries on.
    """
    loaded = console.settings()
    keyring = console.keyring(loaded)
    with (
        console.database(loaded) as database,
        console.secrets_opened(),
        apis(loaded.database_dsn, loaded.redis_url, keyring) as make_api,
    ):
        found = next((one for one in connections.of_client(database, keyring) if one.id == connection), None)
        if found is None:
            console.fail("No connection has that id. `apptrail connection list` shows them.")
        api = make_api(found)
        if api is None:
            console.fail("This connection has no API token.")
        calls = Calls(database, found)
        try:
            wanted = _wanted(database, found, list(calls.ask(api.subscriptions)))
            for subscription in wanted:
                if not dry_run:
                    calls.ask(lambda one=subscription: api.recreate(one))  # type: ignore[misc]
        except NotNow as not_now:
            console.fail(f"This connection is left alone now: {not_now.reason}.")
        except ApiFailed as failed:
            console.fail(f"The provider did not do it: {failed.error}.")
    if not wanted:
        print("nothing to make anew: every subscription is active")
    for subscription in wanted:
        print(f"{'would make anew' if dry_run else 'made anew'}: {subscription.scope} subscription")


def _wanted(database: Database, connection: Connection, found: list[Subscription]) -> list[Subscription]:
    """Those that are disabled; and one that was seen before and is there no more, if a try ended half-way."""
    disabled = [one for one in found if not one.active]
    seen = connection_health.last_subscription(database, connection.client_id, connection.id)
    if found or not seen or not seen.get("uri") or not seen.get("callback_url"):
        return disabled
    return [
        Subscription(
            uri=seen["uri"],
            active=False,
            retry_started_at=None,
            callback_url=seen["callback_url"],
            events=tuple(seen.get("events") or ()),
            scope=seen.get("scope") or "organization",
        )
    ]
