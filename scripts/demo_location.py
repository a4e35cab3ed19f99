"""The demo's GoHighLevel location: a simulated one beside the processes, so that a newcomer sees sweeps at work."""

import json
import secrets
import socket
import sys
from base64 import b64encode
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from boot.settings import PROJECT, Settings
from db import clients, connections
from db.connections import Connection
from db.desk import Database
from db.keyring import Keyring
from pipeline.words import Provider
from scripts import demo
from scripts.signing import PRIVATE_KEY

PROCESS = "location"
LOCATION = "demoLocation0001"
ZONE = "Europe/Berlin"
SIMULATOR = PROJECT / "tests" / "simulators"


def ensure(database: Database, keyring: Keyring, loaded: Settings) -> dict[str, list[str]]:
    """Connect the demo client to its location; returns the process to run, none where it cannot be.

    The simulator lies with the tests, so only a checkout has it.
    """
    client = next((one for one in clients.every(database) if one.name == demo.CLIENT), None)
    if client is None or not SIMULATOR.exists():
        return {}
    port = _free_port()
    base_url = f"http://127.0.0.1:{port}"
    connection = _held(database, keyring, client.id) or _added(database, keyring, client.id)
    connections.set_api_base_url(database, connection, base_url)
    file = loaded.var / "demo" / "location.json"
    _write(file, connection, port, loaded)
    root = f"PYTHONPATH={PROJECT}"
    return {PROCESS: ["env", root, sys.executable, "-m", "tests.simulators", str(file)]}


def _held(database: Database, keyring: Keyring, client_id: UUID) -> Connection | None:
    own = connections.of_client(database, keyring, client_id)
    return next((one for one in own if one.provider is Provider.GHL and one.location_id == LOCATION), None)


def _added(database: Database, keyring: Keyring, client_id: UUID) -> Connection:
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    made = {
        "signing_keys": [b64encode(public).decode()],
        PRIVATE_KEY: pem,
        "api_token": secrets.token_urlsafe(24),
    }
    connections.add(
        database, keyring, client_id, Provider.GHL, secret_values=made, location_id=LOCATION, timezone=ZONE
    )
    found = _held(database, keyring, client_id)
    assert found is not None
    return found


def _write(file: Path, connection: Connection, port: int, loaded: Settings) -> None:
    """What the simulator must know, for its eyes only."""
    said = {
        "port": port,
        "location": LOCATION,
        "token": connection.secrets["api_token"],
        "since": connection.created_at.isoformat(),
        "timezone": ZONE,
        "emails": [demo.email(number) for number in range(5, demo.LEADS, 3)],
        "private_key": connection.secrets[PRIVATE_KEY],
        "webhook": f"http://127.0.0.1:{loaded.port}/webhooks/ghl/{connection.endpoint}",
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps(said))


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
