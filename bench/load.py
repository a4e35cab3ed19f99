"""The load generator: compiled when it is needed, and driven from here."""

import json
import struct
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("load.c")
CONNECTIONS = 64


@dataclass(frozen=True)
class Load:
    """What one run of the generator saw."""

    requests: int
    seconds: float
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_seconds: float
    reconnected: int
    statuses: dict[str, int]

    def only(self, status: int) -> "Load":
        """Insist that every answer was this one: a refusal is quick, and no figure."""
        if self.statuses != {str(status): self.requests}:
            raise RuntimeError(f"expected only {status}, got {self.statuses}")
        return self


def compiled(folder: Path) -> Path:
    """The generator, compiled into a folder."""
    program = folder / "load"
    if not program.exists():
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", str(program), str(SOURCE)], check=True)
    return program


def write_requests(place: Path, requests: Iterable[bytes]) -> Path:
    """Write requests as the generator reads them."""
    with place.open("wb") as out:
        for one in requests:
            out.write(struct.pack("<I", len(one)))
            out.write(one)
    return place


def run(
    program: Path,
    port: int,
    requests: Path,
    *,
    connections: int = CONNECTIONS,
    count: int = 0,
    rate: float = 0,
) -> Load:
    """Send requests; `count` 0: each once."""
    command = [str(program), "127.0.0.1", str(port), str(requests), str(connections), str(count), str(rate)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Load(**json.loads(done.stdout))


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """One whole POST."""
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", "content-type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"content-length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body
