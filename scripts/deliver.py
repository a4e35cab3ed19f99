"""`apptrail deliver`: sign recorded bodies and post them to the running receiver."""

import random
from collections import Counter
from pathlib import Path
from time import sleep

import httpx
import typer

from db import connections
from pipeline.words import Provider
from scripts import console
from scripts.signing import UnusableKey, signature


def deliver(
    client: str = typer.Argument(help="Id or name."),
    provider: Provider = typer.Argument(help="Whose bodies these are."),
    files: list[Path] = typer.Argument(exists=True, dir_okay=False, help="Bodies, one a file."),
    duplicate: int = typer.Option(1, min=1, help="Send each so many times."),
    shuffle: bool = typer.Option(False, "--shuffle", help="Send them in any order."),
    rate: float | None = typer.Option(None, min=0.1, help="At most so many a second."),
    private_key: Path | None = typer.Option(
        None, exists=True, dir_okay=False, help="GoHighLevel: the PEM whose public half is the --signing-key."
    ),
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
    pem = private_key.read_text() if private_key else None
    try:
        signed = [(body, signature(connection, body, pem)) for body in bodies]
    except UnusableKey:
        console.fail("--private-key: no Ed25519 key in PEM.")
    answers = _post(f"{loaded.base_url}/webhooks/{provider}/{connection.endpoint}", signed, rate)
    for answer, count in sorted(answers.items()):
        print(f"{count} × {answer}")
    if any(not answer.startswith("200") for answer in answers):
        raise typer.Exit(1)


def _post(url: str, signed: list[tuple[bytes, dict[str, str]]], rate: float | None) -> Counter[str]:
    answers: Counter[str] = Counter()
    with httpx.Client(timeout=10, trust_env=False) as http:
        for body, proof in signed:
            headers = {"content-type": "application/json", **proof}
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
