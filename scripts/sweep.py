"""`apptrail sweep`: read the providers' APIs now, to the end, for cron and for people."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from time import sleep
from typing import Any

import typer

from boot import clock
from db import connections, sweeps
from db.connections import Connection
from db.desk import Database
from db.keyring import Keyring
from ingest.apis.api import ProviderApi
from ingest.sweeps.dry import look
from ingest.sweeps.engine import Hands, Swept, sweep
from ingest.sweeps.means import apis
from ingest.sweeps.schedule import ask_open_questions, due_tiers
from pipeline.sweeping import Span, Tier, spans_of, whole
from pipeline.words import Provider
from scripts import console
from workers.doorbell import Doorbell
from workers.ringer import Ringer

WAIT_SECONDS = 2.0


def sweep_(
    client: str | None = typer.Option(None, "--client", help="Id or name; every client without it."),
    provider: Provider | None = typer.Option(None, help="Only this provider's connections."),
    start: datetime | None = typer.Option(
        None, "--from", formats=["%Y-%m-%d"], help="All meetings that start from this day on (UTC)."
    ),
    end: datetime | None = typer.Option(
        None, "--to", formats=["%Y-%m-%d"], help="All meetings that start before this day (UTC)."
    ),
    patience: float = typer.Option(
        120.0, min=0, help="Seconds to wait for a connection whose budget is spent or whose provider fails."
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show what would be posted; write nothing."),
    as_json: bool = console.JsonOption,
) -> None:
    """Sweep the providers' APIs to the end: the coming 60 days and the last two, and what else is due.

    With --from or --to it reads exactly that stretch. Exit code 1: a connection could not be read to the end.
    """
    loaded = console.settings()
    keyring = console.keyring(loaded)
    bell = Doorbell.connect(loaded.redis_url)
    ringer = Ringer(bell)
    rows: list[dict[str, Any]] = []
    try:
        with (
            console.database(loaded) as database,
            console.secrets_opened(),
            apis(loaded.database_dsn, loaded.redis_url, keyring) as make_api,
        ):
            chosen = console.find_client(database, client).id if client else None
            for connection in _asked(database, keyring, chosen, provider):
                api = make_api(connection)
                if api is None:
                    rows.append(_row(connection, state="no_api_token"))
                    continue
                planned = _planned(database, connection, start, end)
                if dry_run:
                    rows += [
                        _row(connection, **look(database, connection, api, tier, spans))
                        for tier, spans in planned
                    ]
                else:
                    hands = Hands(database, ringer)
                    rows += [
                        _row(connection, **vars(one))
                        for one in _swept(hands, connection, api, planned, patience)
                    ]
    finally:
        ringer.close()
        bell.close()
    console.show(rows, as_json=as_json)
    if any(row["state"] not in ("finished", "no_api_token") for row in rows):
        raise typer.Exit(1)


def _asked(
    database: Database, keyring: Keyring, client_id: Any, provider: Provider | None
) -> Iterator[Connection]:
    for connection in connections.of_client(database, keyring, client_id):
        if connection.state == "active" and provider in (None, connection.provider):
            yield connection


def _planned(
    database: Database, connection: Connection, start: datetime | None, end: datetime | None
) -> list[tuple[Tier, list[Span]]]:
    now = sweeps.now(database)
    if start is not None or end is not None:
        return [(Tier.WHOLE, whole(_utc(start), _utc(end), now))]
    due = dict(due_tiers(database, connection))
    return [
        (Tier.NEAR, spans_of(Tier.NEAR, now)),
        *((tier, due[tier]) for tier in due if tier is not Tier.NEAR),
    ]


def _utc(day: datetime | date | None) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)


def _swept(
    hands: Hands,
    connection: Connection,
    api: ProviderApi,
    planned: list[tuple[Tier, list[Span]]],
    patience: float,
) -> Iterator[Swept]:
    for tier, spans in planned:
        yield _to_the_end(hands, connection, api, tier, spans, patience)
    ask_open_questions(hands, connection, api)


def _to_the_end(
    hands: Hands, connection: Connection, api: ProviderApi, tier: Tier, spans: list[Span], patience: float
) -> Swept:
    """Walk a run until it ends, or nothing was read for as long as patience lasts; the clock takes it up then."""
    total = Swept(tier)
    until = clock.monotonic() + patience
    while True:
        swept = sweep(hands, connection, api, tier, spans)
        total.take(swept)
        if swept.pages:
            until = clock.monotonic() + patience
        if swept.state in ("finished", "stopped") or clock.monotonic() >= until:
            return total
        sleep(WAIT_SECONDS)


def _row(connection: Connection, **told: Any) -> dict[str, Any]:
    return {
        "client_id": str(connection.client_id),
        "connection_id": str(connection.id),
        "provider": str(connection.provider),
        **{name: json.loads(json.dumps(value, default=str)) for name, value in told.items()},
    }
