"""The on-call engineer's commands against a running installation: doctor, dead letters, replay, pauses."""

import json
import subprocess
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from db.ids import new_id
from db.ledger import Drained
from pipeline.observation import Schedule
from tests.flows.calendly_bodies import booked
from tests.flows.stack import APPTRAIL, Stack
from tests.house.promql import read
from tests.house.watched import expressions
from tests.statements import a_statement

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def served(stack: Stack) -> Stack:
    stack.start_web()
    stack.start_workers()
    stack.start("clock", "clock")
    stack.deliver(booked("known", "known@example.com", NOW, NOW + timedelta(hours=1), NOW))
    stack.wait_for(stack.inbox_is_empty, 30)
    return stack


def run(served: Stack, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [APPTRAIL, *arguments],
        env=served.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def a_letter(served: Stack, name: str, fingerprint: str) -> str:
    """A job that a bug has killed, as `bury` leaves it; what it says could be applied."""
    letter_id = new_id()
    said = a_statement(name, schedule=Schedule(start_at=NOW + timedelta(days=3))).text()
    with psycopg.connect(served.postgres.dsn()) as connection:
        connection.execute(
            """INSERT INTO dead_letter (client_id, id, lead_id, kind, provider, payload, reason, error_class, location,
                                        traceback, fingerprint, attempts, code_version, received_at)
               SELECT client_id, %s, id, 'appointment', 'calendly', %s::jsonb, 'failed', 'KeyError', 'here', '', %s, 3, '0', now()
               FROM lead WHERE client_id = %s LIMIT 1""",
            (letter_id, said, fingerprint, UUID(served.client_id)),
        )
    return str(letter_id)


def checks(served: Stack) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    code, printed = run(served, "doctor", "--json")
    found: dict[str, list[dict[str, Any]]] = {}
    for one in json.loads(printed):
        found.setdefault(one["check"], []).append(one)
    return code, found


def severities(found: dict[str, list[dict[str, Any]]], check: str) -> list[str]:
    return [one["severity"] for one in found[check]]


def test_a_sound_installation_is_told_so_and_exits_with_0(served: Stack) -> None:
    def is_well() -> bool:
        return checks(served)[0] == 0

    served.wait_for(is_well, 40)
    code, found = checks(served)
    assert (code, {one for name in found for one in severities(found, name)}) == (0, {"ok"})
    assert {
        "postgres",
        "schema",
        "privileges",
        "clock_skew",
        "redis",
        "consumers",
        "inbox",
        "clock",
    } <= found.keys()
    assert len(found["consumers"]) == 2
    assert "BROKEN" not in run(served, "doctor")[1]


def test_a_deliverys_trace_id_is_in_the_log_line_of_its_drain(served: Stack) -> None:
    (trace_id,) = served.rows("SELECT trace_id::text FROM observation LIMIT 1")[0]
    drained = [
        json.loads(line)
        for line in served.log_of("worker").read_text().splitlines()
        if "leads_drained" in line
    ]
    assert trace_id in [one for line in drained for one in line["trace_ids"]]


def test_letters_are_listed_shown_noted_discarded_and_replayed(served: Stack) -> None:
    first = a_letter(served, "oncall1", "one")
    a_letter(served, "oncall2", "one")
    useless = a_letter(served, "oncall3", "two")
    groups = json.loads(served.cli("dead-letters", "list", "--json"))
    assert [(one["fingerprint"], one["letters"]) for one in groups] == [("one", 2), ("two", 1)]
    assert "one" in served.cli(
        "dead-letters", "list", "--client", "agency", "--newer", "1h", "--kind", "appointment"
    )
    listed = json.loads(served.cli("dead-letters", "list", "--letters", "--fingerprint", "one", "--json"))
    assert len(listed) == 2
    assert "noted" in served.cli("dead-letters", "note", first, "seen before")
    shown = json.loads(served.cli("dead-letters", "show", first, "--json"))
    assert [note["text"] for note in shown["notes"]] == ["seen before"]
    assert shown["replay_would"][0]["create"] == 1
    assert shown["appointment"] is None
    assert [step["what"] for step in shown["attempts_timeline"]] == ["received", "first failed", "given up"]
    said = served.cli("dead-letters", "discard", useless, "--reason", "a test")
    assert said == "discarded; its lead's meetings are asked for at 1 connection\n"
    (check,) = json.loads(served.cli("dead-letters", "show", useless, "--json"))["lead_checks"]
    assert (check["provider"], check["reason"]) == ("calendly", "discarded")
    assert run(served, "dead-letters", "discard", useless, "--reason", "again")[0] == 1
    (would,) = json.loads(served.cli("dead-letters", "replay", "--fingerprint", "one", "--dry-run", "--json"))
    assert (would["letters"], would["create"]) == (2, 2)
    assert run(served, "dead-letters", "replay", "--fingerprint", "one")[0] == 1
    done = json.loads(
        served.cli(
            "dead-letters", "replay", "--fingerprint", "one", "--reason", "fixed", "--rate", "50", "--json"
        )
    )
    assert (done["state"], done["applied"], done["failed_again"]) == ("done", 2, 0)
    assert json.loads(served.cli("dead-letters", "replays", "--json"))[0]["id"] == done["id"]
    assert run(served, "dead-letters", "stop", done["id"])[0] == 1
    state = json.loads(served.cli("dead-letters", "show", first, "--json"))
    assert state["state"] == "replayed"
    assert state["appointment"]["status"] == "pending"


def test_a_connection_is_given_a_zone_so_that_its_parked_letters_can_be_replayed(served: Stack) -> None:
    (connection,) = json.loads(served.cli("connection", "list", "agency", "--json"))
    assert "replay --died-of parked:no_zone" in served.cli(
        "connection", "set-timezone", connection["id"], "Europe/Berlin"
    )
    (connection,) = json.loads(served.cli("connection", "list", "agency", "--json"))
    assert connection["timezone"] == "Europe/Berlin"
    assert run(served, "connection", "set-timezone", connection["id"], "Mars/Olympus")[0] == 1
    assert run(served, "connection", "set-timezone", str(new_id()), "Europe/Berlin")[0] == 1


def test_what_is_paused_waits_and_the_doctor_names_the_command(served: Stack) -> None:
    assert "paused" in served.cli("pause", "appointment", "--reason", "a test")
    served.deliver(booked("late", "late@example.com", NOW, NOW + timedelta(hours=1), NOW))
    code, found = checks(served)
    assert (code, severities(found, "paused")) == (1, ["warning"])
    assert found["paused"][0]["mend"] == "apptrail resume appointment --reason WHY"
    assert not served.inbox_is_empty()
    assert "resumed" in served.cli("resume", "appointment", "--reason", "a test")
    served.wait_for(served.inbox_is_empty, 20)
    lead = served.lead_of("late@example.com")
    assert "was not quarantined" in served.cli("release", lead, "--reason", "a test")
    with psycopg.connect(served.postgres.dsn()) as connection:
        connection.execute(
            "INSERT INTO suspect (client_id, lead_id, level) VALUES (%s, %s, 'quarantined')",
            (served.client_id, lead),
        )
    assert (checks(served)[0], severities(checks(served)[1], "quarantined")) == (2, ["broken"])
    (one,) = json.loads(served.cli("dead-letters", "quarantined", "--json"))
    assert one["lead_id"] == lead
    assert "released" in served.cli("release", lead, "--reason", "a test")


def test_everything_that_is_watched_is_exported_with_its_labels(served: Stack) -> None:
    """docs/operations: no alert waits for a number that no process tells."""
    a_letter(served, "watched", "three")
    served.cli("pause", "merge", "--reason", "a test")
    told = exported(served)
    served.cli("resume", "merge", "--reason", "a test")
    for expression in expressions():
        named = read(expression)
        assert named.metrics.keys() <= told.keys(), expression
        for metric, labels in named.metrics.items():
            assert labels <= told[metric], (expression, metric)
    assert {value for metric, _, value in (one for text in expressions() for one in read(text).matchers) if metric == "apptrail_jobs_total"} <= OUTCOMES  # fmt: skip


OUTCOMES = {field.name for field in fields(Drained)}


def exported(served: Stack) -> dict[str, set[str]]:
    """The names of all samples that are scraped, with their labels."""
    answer = httpx.get(f"{served.url}/metrics", timeout=5, trust_env=False)
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_the_doctor_names_keys_that_do_not_open_and_connections_that_refuse_all(served: Stack) -> None:
    served.cli("connection", "add", "agency", "calendly", "--unsigned")
    assert severities(checks(served)[1], "connections") == ["warning"]
    served.cli("connection", "add", "agency", "calendly")
    code, found = checks(served)
    assert (code, severities(found, "connections")) == (2, ["warning", "broken"])
    other = {**served.environment, "APPTRAIL_SECRET_KEY": "another"}
    done = subprocess.run(
        [APPTRAIL, "doctor", "--json"], env=other, capture_output=True, text=True, check=False
    )
    locked = [one for one in json.loads(done.stdout) if one["check"] == "secrets"]
    assert (done.returncode, len(locked)) == (2, 4)


def test_the_doctor_works_while_either_server_is_down(served: Stack) -> None:
    served.redis.stop()
    code, found = checks(served)
    assert (code, severities(found, "redis"), severities(found, "postgres")) == (2, ["broken"], ["ok"])
    served.redis.start()
    served.postgres.stop()
    code, found = checks(served)
    assert (code, severities(found, "postgres"), severities(found, "redis")) == (2, ["broken"], ["ok"])
    assert "schema" not in found
    served.postgres.start()


def test_the_doctor_names_settings_that_lose_what_was_acknowledged(served: Stack) -> None:
    with psycopg.connect(served.postgres.dsn(), autocommit=True) as connection:
        connection.execute("ALTER DATABASE %s SET synchronous_commit = off" % connection.info.dbname)  # noqa: UP031
        try:
            code, found = checks(served)
        finally:
            connection.execute("ALTER DATABASE %s RESET synchronous_commit" % connection.info.dbname)  # noqa: UP031
    assert (code, severities(found, "durability")) == (2, ["broken"])
