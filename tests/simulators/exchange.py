"""One request and one answer of a simulated API, without a socket."""

import json
from dataclasses import dataclass, field
from typing import Any

JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Asked:
    """A request. Header names are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""

    @property
    def bearer(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def object(self) -> dict[str, Any]:
        said = json.loads(self.body or b"{}")
        assert isinstance(said, dict)
        return said


@dataclass(frozen=True)
class Told:
    """An answer; `hangs`: it never comes; `cuts`: the connection ends in its middle."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    cuts: bool = False


def told(status: int, said: Any, **headers: str) -> Told:
    """An answer in JSON."""
    return Told(status, json.dumps(said).encode(), {**JSON, **headers})
