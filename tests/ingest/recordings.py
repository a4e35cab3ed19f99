"""Recordings: the bodies that each provider has sent, and beside each what it must be read as."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from db.connections import Connection
from db.inbox import Parked
from ingest.adapter import Adapter, Reading
from ingest.providers import ADAPTERS
from ingest.verdicts import Ignored
from pipeline.words import Provider
from tests.ingest.signatures import SECRET_ALONE, verifier_of

FIXTURES = Path(__file__).parents[1] / "fixtures"
SEEN_AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
KEY = "the connection's signing key"
EXPECTED = ".expected.json"
NOT_TOLD = ("observed_at", "v", "kind")


@dataclass(frozen=True)
class Recording:
    """One recorded body."""

    adapter: Adapter
    path: Path

    @property
    def body(self) -> bytes:
        return self.path.read_bytes()

    @property
    def expected_path(self) -> Path:
        return self.path.with_name(self.path.name.removesuffix(".json") + EXPECTED)

    @property
    def expected(self) -> Any:
        return (
            json.loads(self.expected_path.read_text()) if self.expected_path.exists() else "not written yet"
        )

    def __str__(self) -> str:
        return f"{self.adapter.provider}/{self.path.stem}"


def of_provider(adapter: Adapter) -> list[Recording]:
    paths = sorted((FIXTURES / adapter.provider).glob("*.json"))
    return [Recording(adapter, path) for path in paths if not path.name.endswith(EXPECTED)]


RECORDINGS = [recording for adapter in ADAPTERS.values() for recording in of_provider(adapter)]


def a_connection(provider: Provider, **named: Any) -> Connection:
    """A connection with one key, in a client of the United States."""
    stated: dict[str, Any] = {"secrets": {"signing_keys": [KEY]}, **named}
    keys = stated["secrets"].get("signing_keys")
    if keys:
        name = "header_secrets" if provider in SECRET_ALONE else "signing_keys"
        others = {name: value for name, value in stated["secrets"].items() if name != "signing_keys"}
        stated["secrets"] = {**others, name: [verifier_of(provider, key) for key in keys]}
    return Connection(
        id=UUID(int=1),
        client_id=UUID(int=2),
        provider=provider,
        endpoint="endpoint",
        pepper=b"pepper",
        **stated,
    )


def read(recording: Recording, connection: Connection | None = None) -> Any:
    """What a body is read as, in the form that stands in the expected file."""
    adapter = recording.adapter
    try:
        readings = adapter.read(connection or a_connection(adapter.provider), recording.body, SEEN_AT)
    except Ignored as ignored:
        return {"ignored": ignored.reason}
    return [_told(one) for one in readings]


def _told(reading: Reading) -> dict[str, Any]:
    if isinstance(reading.said, Parked):
        said: dict[str, Any] = {"parked": reading.said.reason, "said": reading.said.said}
    elif reading.said is None:
        said = {}
    else:
        said = {
            name: value for name, value in json.loads(reading.said.text()).items() if name not in NOT_TOLD
        }
    return {
        "key": reading.key and reading.key.external_id,
        "says": said,
        "links": [link.external_id for link in reading.links],
        "token": reading.token and str(reading.token),
        "identities": [f"{one.kind}:{one.value}" for one in reading.identities],
    }
