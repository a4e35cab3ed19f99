"""A third provider: added to a copy of the project exactly as docs/adding-a-provider.md says, and its suite run."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]

MODULE = '''
"""Acme: an invented booking system."""

import hmac
from collections.abc import Sequence
from datetime import datetime

from db.connections import Connection
from db.identities import of_email
from ingest.adapter import Adapter, Headers, Reading
from ingest.payload import Payload, read_model
from ingest.verdicts import Ignored, NotAuthentic
from pipeline.instants import read_instant
from pipeline.observation import AppointmentKey, Observation, Schedule, StatusWord
from pipeline.words import Provider, Source, status_from


class _Booking(Payload):
    id: str | None = None
    starts: str | None = None
    state: str | None = None
    version: str | None = None
    email: str | None = None


class Acme(Adapter):
    provider = Provider.ACME
    size_limit = 64_000
    retry_status = 503

    def verify(self, connection: Connection, headers: Headers, body: bytes, now: datetime) -> None:
        given = headers.get(b"x-acme", b"")
        keys = [key.encode() for key in connection.secrets.get("signing_keys", ()) if key]
        if not any([hmac.compare_digest(hmac.digest(key, body, "sha256").hex().encode(), given) for key in keys]):
            raise NotAuthentic("bad_signature")

    def read(self, connection: Connection, body: bytes, observed_at: datetime) -> Sequence[Reading]:
        said = read_model(_Booking, body)
        if said.id is None or not said.id.isalnum() or not said.id.isascii():
            raise Ignored("no_booking")
        try:
            start = read_instant(said.starts, connection.timezone) if said.starts else None
            version = read_instant(said.version, "UTC") if said.version else None
        except ValueError:
            raise Ignored("unreadable_time") from None
        observation = Observation(
            provider=Provider.ACME, external_id=said.id, source=Source.WEBHOOK, observed_at=observed_at,
            version_at=version, schedule=Schedule(start_at=start) if start else None,
            status=StatusWord(word=status_from(said.state)) if said.state else None,
        )
        email = of_email(said.email)
        key = AppointmentKey(Provider.ACME, said.id)
        return [Reading(key=key, said=observation, identities=(email,) if email else ())]
'''
BODY = {"id": "b1", "starts": "2026-11-03T10:00:00Z", "state": "booked", "version": "2026-11-01T10:00:00Z",
        "email": "jane@example.com"}  # fmt: skip
EXPECTED = [
    {
        "key": "b1",
        "says": {
            "provider": "acme", "external_id": "b1", "source": "webhook", "version_at": "2026-11-01T10:00:00Z",
            "normalizer": 1, "schedule": {"start_at": "2026-11-03T10:00:00Z"},
            "status": {"word": "confirmed", "removed": False},
        },
        "links": [],
        "token": None,
        "identities": ["email:jane@example.com"],
    }
]  # fmt: skip
SIGNED = """

def by_acme(body: bytes, key: str, at: datetime) -> HeaderPairs:
    return {b"x-acme": hmac.new(key.encode(), body, sha256).hexdigest().encode()}


SIGNED_BY[Provider.ACME] = by_acme
"""


def insert(path: Path, before: str, text: str) -> None:
    told = path.read_text()
    assert before in told
    path.write_text(told.replace(before, text + before, 1))


def test_a_third_provider_is_one_module_the_register_and_recordings(tmp_path: Path) -> None:
    copy = tmp_path / "apptrail"
    for folder in ("boot", "db", "ingest", "pipeline", "tests"):
        shutil.copytree(PROJECT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", copy)

    (copy / "ingest/providers/acme.py").write_text(MODULE)
    register = copy / "ingest/providers/__init__.py"
    insert(register, "from ingest.providers.calendly", "from ingest.providers.acme import Acme\n")
    insert(register, "Calendly(),", "Acme(), ")
    insert(copy / "pipeline/words.py", '    CALENDLY = "calendly"\n', '    ACME = "acme"\n')
    recorded = copy / "tests/fixtures/acme"
    recorded.mkdir()
    (recorded / "booked.json").write_text(json.dumps(BODY))
    (recorded / "booked.expected.json").write_text(json.dumps(EXPECTED))
    signatures = copy / "tests/ingest/signatures.py"
    signatures.write_text(signatures.read_text() + SIGNED)

    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests/ingest/test_promises.py",
           "-k", "acme"]  # fmt: skip
    done = subprocess.run(
        run, cwd=copy, env={"PYTHONPATH": str(copy)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert "failed" not in done.stdout
