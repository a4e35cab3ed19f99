"""The command line against a running installation: what it prints for people, and for programs."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.flows.calendly_bodies import booked
from tests.flows.stack import APPTRAIL, Stack

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def served(stack: Stack) -> Stack:
    stack.start_web()
    stack.start_workers()
    return stack


def a_file(served: Stack, name: str, email: str) -> Path:
    start = NOW + timedelta(days=4)
    file = served.folder / f"{name}.json"
    file.write_text(json.dumps(booked(name, email, start, start + timedelta(hours=1), NOW)))
    return file


def refused(served: Stack, *arguments: str) -> str:
    """Run a command that must fail, in words and without a traceback."""
    done = subprocess.run(
        [APPTRAIL, *arguments], env=served.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode not in (0, -11), done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr + done.stdout


def test_deliver_signs_duplicates_and_shuffles_and_leaves_one_appointment_each(served: Stack) -> None:
    files = [str(a_file(served, f"file{number}", f"file{number}@example.com")) for number in range(3)]
    printed = served.cli(
        "deliver", "agency", "calendly", *files, "--duplicate", "4", "--shuffle", "--rate", "200"
    )
    assert printed.startswith("12 × 200")
    served.wait_for(served.inbox_is_empty, 10)
    assert served.rows("SELECT count(*) FROM appointment WHERE external_id LIKE 'file%'") == [(3,)]


def test_two_leads_that_are_one_person_are_merged_and_both_ids_lead_to_the_history(served: Stack) -> None:
    served.cli(
        "deliver",
        "agency",
        "calendly",
        *(str(a_file(served, f"twin{n}", f"twin{n}@example.com")) for n in (1, 2)),
    )
    served.wait_for(served.inbox_is_empty, 10)
    keep, gone = served.lead_of("twin1@example.com"), served.lead_of("twin2@example.com")
    assert keep != gone
    assert "merged" in served.cli("leads", "merge", keep, gone)
    for lead_id in (keep, gone):
        assert sorted(item["calendly_invitee_uri"][-5:] for item in served.appointments(lead_id)) == [
            "twin1",
            "twin2",
        ]
    assert served.lead_of("twin2@example.com") == keep
    assert served.rows(f"SELECT appointment_count FROM lead WHERE id = '{keep}'") == [(2,)]
    assert served.rows(f"SELECT appointment_count FROM lead WHERE id = '{gone}'") == [(0,)]
    assert "one already" in served.cli("leads", "merge", keep, gone)


def test_bad_input_is_named_and_never_shown(served: Stack) -> None:
    assert "No client" in refused(served, "client", "set", "nobody")
    assert "has that name" in refused(served, "client", "add", "agency")
    assert "role" in refused(served, "token", "add", "agency", "--role", "king")
    assert "zone" in refused(served, "connection", "add", "agency", "calendly", "--timezone", "Mars/Base")
    file = served.folder / "bad.csv"
    file.write_text("email,first_name\nsecret-not-an-address,Eve\n,\n")
    said = refused(served, "leads", "import", "agency", str(file), "--json")
    assert json.loads(said)["bad"][0] == {"line": 2, "column": "email", "reason": "not an address"}
    assert "secret" not in said


def test_a_connection_without_a_key_refuses_everything_and_says_so(served: Stack) -> None:
    served.cli("client", "add", "keyless")
    added = json.loads(served.cli("connection", "add", "keyless", "calendly", "--json"))
    answer = httpx.post(f"{served.url}/webhooks/calendly/{added['endpoint']}", content=b"{}", trust_env=False)
    assert answer.status_code == 401
    (listed,) = json.loads(served.cli("connection", "list", "keyless", "--json"))
    assert listed["verified"] == "refuses all"


def test_an_endpoint_describes_itself(served: Stack) -> None:
    answer = httpx.get(f"{served.url}/webhooks/calendly/{served.endpoint}", trust_env=False)
    assert answer.json()["provider"] == "calendly"


def test_a_token_of_another_client_finds_nothing(served: Stack) -> None:
    served.cli("deliver", "agency", "calendly", str(a_file(served, "own1", "own1@example.com")))
    lead_id = served.lead_of("own1@example.com")
    served.cli("client", "add", "stranger")
    token = json.loads(served.cli("token", "add", "stranger", "--role", "admin", "--json"))["token"]
    for path in ("appointments", "booking-status"):
        answer = httpx.get(
            f"{served.url}/api/v1/leads/{lead_id}/{path}",
            headers={"authorization": f"Bearer {token}"},
            trust_env=False,
        )
        assert answer.status_code == 404
