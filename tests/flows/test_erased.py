"""A person is erased from a running installation: tables, Redis and every process's log hold nothing of them."""

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import redis

from tests.flows.calendly_bodies import booked
from tests.flows.stack import APPTRAIL, Stack

EMAIL, OTHER = "petra.canary91@example.com", "ben@example.com"
PERSON = {
    "external_id": "crm-canary91", "email": EMAIL, "phone": "+12025550191", "first_name": "Petra",
    "last_name": "Canaryson", "ghl_contact_id": "contactcanary91", "linkedin_profile": "in/canary91", "status": "replied",
    "appointment_provider": "ghl", "ghl_appointment_id": "g91", "appointment_status": "Petra Canaryson came",
    "booked_slot": "ask Canaryson", "appointment_start_at": "2026-01-05T10:00:00Z",
}  # fmt: skip
TRACES = re.compile(r"canary|2025550191|\bPetra\b", re.IGNORECASE)
NOON = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def served(stack: Stack) -> Stack:
    stack.start("web", "web")
    stack.wait_for(stack.is_alive, 120)
    stack.start_workers()
    return stack


def command(served: Stack, *arguments: str) -> str:
    """Run a command, and keep what it logs beside the processes' logs."""
    done = subprocess.run(
        [APPTRAIL, *arguments],
        env=served.environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with served.log_of("commands").open("a") as log:
        log.write(done.stderr)
    return done.stdout


def live(served: Stack) -> str:
    """What a person's data goes through: imports, webhooks good and bad, searches, pages. Returns the lead."""
    file = served.folder / "leads.jsonl"
    rows: list[dict[str, Any]] = [PERSON, {"external_id": "crm-2", "email": OTHER, "status": "won"}]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    command(served, "leads", "import", "agency", str(file), "--json")
    command(served, "migrate-appointments", "--apply", "--client", "agency", "--json")
    start = NOON + timedelta(days=2)
    for who, name in ((EMAIL, "P1"), (EMAIL, "P2"), (OTHER, "B1")):
        body = booked(name, who, start, start + timedelta(hours=1), NOON)
        body["payload"]["name"] = "Petra Canaryson" if who == EMAIL else "Ben"
        assert served.deliver(body).status_code == 200
        served.deliver(
            {**body, "payload": {**body["payload"], "event": "Petra canary91@", "scheduled_event": None}}
        )
    canceled = booked("P2", EMAIL, start, start + timedelta(hours=1), NOON, event="invitee.canceled")
    canceled["payload"] |= {
        "status": "canceled", "updated_at": (NOON + timedelta(minutes=1)).isoformat(),
        "cancellation": {"canceled_by": "Petra Canaryson", "reason": "Petra is ill", "canceler_type": "invitee"},
    }  # fmt: skip
    assert served.deliver(canceled).status_code == 200
    served.wait_for(served.inbox_is_empty, 120)
    lead_id = served.lead_of(EMAIL)
    for path in (f"/leads/{lead_id}", "/leads", f"/leads?q={lead_id}"):
        httpx.get(f"{served.url}{path}", trust_env=False)
    served.appointments(lead_id)
    return lead_id


def figures(served: Stack) -> list[Any]:
    """What the client's figures are made of."""
    return [
        served.rows(query)
        for query in (
            "SELECT count(*), sum(appointment_count) FROM lead",
            "SELECT status, count(*) FROM lead GROUP BY 1 ORDER BY 1",
            "SELECT provider, status, count(*) FROM appointment GROUP BY 1, 2 ORDER BY 1, 2",
            "SELECT kind, state, count(*) FROM follow_up GROUP BY 1, 2 ORDER BY 1, 2",
            "SELECT count(*) FROM observation",
        )
    ]


def test_nothing_of_an_erased_person_is_left_anywhere_and_the_clients_counts_add_up(served: Stack) -> None:
    command(served, "client", "set", "agency", "--keep-reasons")
    lead_id = live(served)
    assert TRACES.search("\n".join(str(row) for row in served.rows("SELECT l::text FROM lead l"))), (
        "or it tells nothing"
    )
    assert served.rows("SELECT count(*) FROM appointment WHERE cancel_reason IS NOT NULL") == [(1,)]
    before, shown = figures(served), served.appointments(lead_id)
    logs = sorted({*served.folder.glob("*.log"), *served.folder.glob("*/*.log")})
    assert {"web.log", "worker.log", "commands.log"} <= {log.name for log in logs}
    assert any(log.stat().st_size for log in logs)
    options = [option for log in logs for option in ("--log", str(log))]
    said = json.loads(command(served, "leads", "erase", lead_id, *options, "--json"))
    assert said["found"] == {}
    assert {"lead", "observation", "redis", "log web.log", "log worker.log"} <= said["searched"].keys()
    assert figures(served) == before
    assert [one["id"] for one in served.appointments(lead_id)] == [one["id"] for one in shown]
    for place, text in everything(served):
        assert not TRACES.search(text), (place, TRACES.findall(text)[:3])


def everything(served: Stack) -> list[tuple[str, str]]:
    """The same search by other means: every table, Redis, every log."""
    found = []
    for (table,) in served.rows(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    ):
        found.append(
            (table, "\n".join(row[0] or "" for row in served.rows(f'SELECT t::text FROM "{table}" AS t')))
        )
    with redis.Redis.from_url(served.redis.url) as client:
        found += [(f"redis {key!r}", repr(key) + repr(client.dump(key))) for key in client.scan_iter("*")]
    for log in [*served.folder.glob("*.log"), *served.folder.glob("*/*.log")]:
        found.append((log.name, log.read_text(errors="replace")))
    return found
