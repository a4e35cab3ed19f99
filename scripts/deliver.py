"""`apptrail deliver`: sign recorded bodies and post them to the running receiver."""

import hmac
import random
from collections import Counter
from hashlib import sha256
from pathlib import Path
from time import sleep

import httpx
import typer

from boot import clock
from db import connections
from db.connections import Connection
from pipeline.words import Provider
from scripts import console


def deliver(
    client: str = typer.Argument(help="Id or name."),
    provider: Provider = typer.Argument(help="Whose bodies these are."),
    files: list[Path] = typer.Argument(exists=True, dir_okay=False, help="Bodies, one a file."),
    duplicate: int = typer.Option(1, min=1, help="Send each so many times."),
    shuffle: bool = typer.Option(False, "--shuffle", help="Send them in any order."),
    rate: float | None = typer.Option(None, min=0.1, help="At most so many a second."),
) -> None:
    """Sign bodies as the provider does and post them to the running receiver."""
    loaded = console.settings()
    with console.database(loaded) as database, console.secrets_opened():
        found = console.find_client(database, client)
        mine = connections.of_client(database, console.keyring(loaded), found.id)
    connection = next((one for one in mine if one.provider is provider), None)
    if connection is None:
        console.fail("This client has no connection to that provider. `apptrail connection add` makes one.")
    bodies = [file.read_bytes() for file in files for _ in range(duplicate)]
    if shuffle:
        random.shuffle(bodies)
    answers = _post(f"{loaded.base_url}/webhooks/{provider}/{connection.endpoint}", connection, bodies, rate)
    for answer, count in sorted(answers.items()):
        print(f"{count} × {answer}")
    if any(not answer.startswith("200") for answer in answers):
        raise typer.Exit(1)


def _post(url: str, connection: Connection, bodies: list[bytes], rate: float | None) -> Counter[str]:
    answers: Counter[str] = Counter()
    with httpx.Client(timeout=10, trust_env=False) as http:
        for body in bodies:
            headers = {"content-type": "application/json", **signature(connection, body)}
            try:
                answer = http.post(url, content=body, headers=headers)
            except httpx.TransportError:
                console.fail(
                    "The receiver does not answer. Start it with `make run`, or set APPTRAIL_BASE_URL."
                )
            answers[f"{answer.status_code} {answer.text[:80]}"] += 1
            if rate:
                sleep(1 / rate)
    return answers


def signature(connection: Connection, body: bytes) -> dict[str, str]:
    """Sign a body as Calendly does, with the connection's newest key; nothing for an unsigned connection."""
    keys = connection.secrets.get("signing_keys", ())
    if not keys or connection.provider is not Provider.CALENDLY:
        return {}
    stamp = str(int(clock.now().timestamp()))
    digest = hmac.new(keys[0].encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
    return {"calendly-webhook-signature": f"t={stamp},v1={digest}"}
