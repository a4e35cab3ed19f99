"""The commands of moving in, as a person types them: from another database, with bad rows, and out again."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from starlette.testclient import TestClient

from boot.embedded_postgres import PostgresServer
from db import engine, sign_in
from db.desk import Database, connect
from db.ids import new_id
from db.importing import import_rows
from db.inbox import post
from db.ledger import Hands
from pipeline.observation import StatusWord
from pipeline.words import Status
from tests import builders
from tests.laws.people import drain_all
from tests.moving.crm import a_booking, ghl
from tests.statements import PEPPER, a_delivery, an_email, at
from web.app import create

APPTRAIL = Path(sys.executable).parent / "apptrail"
PRISMA = """
    CREATE TABLE "Lead" (
        id text PRIMARY KEY, "clientId" text NOT NULL, email text, phone text, "firstName" text, "lastName" text,
        "ghlContactId" text, status text NOT NULL DEFAULT 'new', "sentimentTag" text,
        "ghlAppointmentId" text, "calendlyInviteeUri" text, "calendlyScheduledEventUri" text,
        "appointmentBookedAt" timestamp(3), "appointmentStartAt" timestamp(3), "appointmentEndAt" timestamp(3),
        "appointmentStatus" text, "appointmentCanceledAt" timestamp(3), "appointmentProvider" text,
        "appointmentSource" text, "bookedSlot" text, "appointmentLastCheckedAt" timestamp(3),
        "updatedAt" timestamp(3) NOT NULL)"""
FILL = """
    INSERT INTO "Lead" (id, "clientId", email, "firstName", status, "ghlAppointmentId", "appointmentProvider",
                        "appointmentStatus", "appointmentSource", "appointmentStartAt", "appointmentBookedAt",
                        "bookedSlot", "updatedAt")
    SELECT 'cuid' || n, CASE WHEN n % 10 = 0 THEN 'other' ELSE 'mine' END, 'lead' || n || '@example.com', 'Name' || n,
           'replied', 'g' || n, 'ghl', 'showed', 'webhook', '2026-01-05 10:00', '2026-01-01 10:00',
           '2026-01-05T10:00:00.000Z', '2026-02-01 10:00' FROM generate_series(1, 2500) AS n"""


@dataclass
class Office:
    """An installation's database, a client of it, and its command line."""

    database: Database
    client: builders.AClient
    environment: dict[str, str]

    def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [APPTRAIL, *arguments], env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr[-2000:]
        return done

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code).stdout)


@pytest.fixture
def office(database: str, redis_url: str, tmp_path: Path) -> Iterator[Office]:
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "REDIS_URL": redis_url,
        "APPTRAIL_SECRET_KEY": "a key for tests",
        "LOG_FORMAT": "json",
        "APPTRAIL_VAR": str(tmp_path),
    }
    with connect(database) as own:
        yield Office(own, builders.a_client(own), environment)


@pytest.fixture
def prisma(postgres_server: PostgresServer) -> Iterator[str]:
    """Another application's database; gives its address."""
    with psycopg.connect(postgres_server.dsn("postgres"), autocommit=True) as server:
        server.execute("CREATE DATABASE prisma")
        try:
            with psycopg.connect(postgres_server.dsn("prisma")) as there:
                there.execute(PRISMA)
                there.execute(FILL)
            yield postgres_server.dsn("prisma")
        finally:
            server.execute("DROP DATABASE prisma WITH (FORCE)")


def test_a_prisma_application_moves_in_by_one_command_and_its_leads_pages_show_their_history(
    office: Office, prisma: str, database: str
) -> None:
    """Show 5."""
    arguments = (
        "leads",
        "import",
        office.client.name,
        "--from-url",
        prisma,
        "--source-client",
        "mine",
        "--migrate",
    )
    told = [json.loads(line) for line in office.run(*arguments, "--json").stdout.splitlines()]
    assert told[0] == {"created": 2250, "updated": 0, "bad": []}
    said = told[1]
    assert {name: said[name] for name in ("scanned", "created", "exists", "skipped", "errors")} == {
        "scanned": 2250, "created": 2250, "exists": 0, "skipped": 0, "errors": 0,
    }  # fmt: skip
    assert (said["verified"]["lost"], said["verified"]["surplus"]) == (0, 0)
    shown = office.database.execute(
        """SELECT status, "appointmentStatus", "appointmentStartAt"::text, "ghlAppointmentId", "appointmentSource", id
           FROM "Lead" WHERE "externalId" = 'cuid7'"""
    ).fetchall()[0]
    assert shown[:-1] == ("replied", "showed", "2026-01-05 10:00:00+00", "g7", "webhook")
    page = page_of(office, database, f"/leads/{shown[-1]}")
    (row,) = page.split('class="row ')[1:]
    for words in (
        "January 2026",
        "5 Jan",
        "10:00",
        "HighLevel",
        "From the CRM",
        'class="history"',
        "1 change<",
    ):
        assert words in page, words
    assert "Showed" in row
    again = office.json(*arguments[:-1])
    assert (again["created"], again["updated"]) == (0, 2250)


def page_of(office: Office, database: str, path: str) -> str:
    """What somebody of the agency who has signed in is shown."""
    reader = engine.create(database.replace("postgresql://", "postgresql+psycopg://", 1))
    sign_in.ensure_operator(office.database, "Olga", "read", office.client.id)
    link = sign_in.make_link(office.database, "Olga")
    app = create(reader, builders.KEYRING, "http://testserver", redis_ping=lambda: True)
    with TestClient(app, follow_redirects=False) as http:
        assert http.post(f"/sign-in/{link}").status_code == 303
        answer = http.get(path)
    reader.dispose()
    assert answer.status_code == 200
    return answer.text


def test_a_dry_run_a_part_the_rest_and_the_way_back(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "leads.jsonl"
    rows = [ghl(f"g{n}") for n in range(30)]
    rows[7]["booked_slot"] = "Thursday at three"
    file.write_text(
        "".join(json.dumps({"external_id": f"crm-{n}", **row}) + "\n" for n, row in enumerate(rows))
    )
    mine = ("--client", office.client.name)
    office.json("leads", "import", office.client.name, str(file))
    other = builders.a_client(office.database, "Another Agency").id
    given = iter([(1, {"external_id": "crm-0", **ghl("theirs")})])
    assert import_rows(office.database, other, PEPPER, "US", given).bad == []
    assert "dry run" in office.run("migrate-appointments", *mine).stdout
    assert office.database.execute("SELECT count(*) FROM backfill_run").fetchone() == (0,)
    part = office.json("migrate-appointments", "--apply", *mine, "--max-leads", "12", "--batch-size", "5")
    assert (part["scanned"], part["created"], part["verified"]["leads"]) == (12, 12, 12)
    report = tmp_path / "report.jsonl"
    done = office.run("migrate-appointments", "--apply", "--resume", *mine, "--report", str(report), "--json")
    rest = json.loads(done.stdout)
    assert (rest["run_id"], rest["scanned"], rest["created"]) == (part["run_id"], 30, 30)
    assert rest["verified"] == {
        "leads": 30,
        "equal": 29,
        "lost": 0,
        "surplus": 0,
        "by_cause": {"not_a_time": 1},
    }
    (told,) = map(json.loads, report.read_text().splitlines())
    assert (told["column"], told["cause"]) == ("booked_slot", "not_a_time")
    assert re.search(r"migrate-appointments: 30 of 30 leads, [\d,]+/s, 0 s left", done.stderr)
    assert office.json("rebuild", *mine) == {"checked": 30, "rewritten": 0}
    assert office.json("migrate-appointments", "--rollback", rest["run_id"])["removed"] == 30
    assert office.database.execute("SELECT count(*) FROM observation").fetchone() == (0,)
    assert office.database.execute(
        "SELECT DISTINCT rollup_version, appointment_status FROM lead"
    ).fetchall() == [(0, "showed")]
    assert "No migration" in office.run("migrate-appointments", "--rollback", str(new_id()), code=1).stderr


def test_another_database_that_cannot_be_read_is_told_without_its_address(
    office: Office, prisma: str
) -> None:
    away = office.run(
        "leads", "import", office.client.name, "--from-url", "postgresql://u:s3cret@127.0.0.1:1/x", code=1
    )
    assert "s3cret" not in away.stderr
    assert "Traceback" not in away.stderr
    with psycopg.connect(prisma, autocommit=True) as there:
        there.execute('ALTER TABLE "Lead" RENAME TO "Person"')
    assert (
        "no such table"
        in office.run("leads", "import", office.client.name, "--from-url", prisma, code=1).stderr
    )


def test_a_mapping_of_ones_own_reads_any_table(office: Office, prisma: str, tmp_path: Path) -> None:
    with psycopg.connect(prisma, autocommit=True) as there:
        there.execute(
            "CREATE TABLE people (nr int, mail text); INSERT INTO people VALUES (1, 'a@example.com')"
        )
    file = tmp_path / "mapping.json"
    file.write_text(json.dumps({"table": "people", "columns": {"external_id": "nr", "email": "mail"}}))
    arguments = ("leads", "import", office.client.name, "--from-url", prisma, "--mapping", str(file))
    assert office.json(*arguments)["created"] == 1
    file.write_text(json.dumps({"table": "people", "columns": {"shoe_size": "nr"}}))
    assert "shoe_size" in office.run(*arguments, code=1).stderr


def test_bad_rows_go_to_a_report_by_line_and_column_without_their_values(
    office: Office, tmp_path: Path
) -> None:
    file, report = tmp_path / "leads.csv", tmp_path / "bad.csv"
    file.write_text("external_id,email,appointment_start_at\n1,a@example.com,\n2,secret,\n3,,secret Friday\n")
    done = office.json("leads", "import", office.client.name, str(file), "--report", str(report), code=2)
    assert (done["created"], len(done["bad"])) == (1, 2)
    assert report.read_text().splitlines() == [
        "line,column,reason",
        "3,email,not an address",
        "4,appointment_start_at,not a time between 1990 and 2100",
    ]


CANARY = {
    "external_id": "crm-canary77", "email": "canary77@example.com", "phone": "+12025550177", "first_name": "Canarina",
    "last_name": "Canaryson", "ghl_contact_id": "ghlcanary77", "linkedin_profile": "in/canary77", "status": "replied",
    "appointment_provider": "ghl", "ghl_appointment_id": "g77", "appointment_status": "Canarina did not come",
    "booked_slot": "ask Canarina", "appointment_start_at": "2026-01-05T10:00:00Z",
}  # fmt: skip


@pytest.mark.parametrize("migrated", [True, False], ids=["after-the-migration", "before-it"])
def test_erasing_a_person_leaves_no_trace_and_the_clients_figures(
    office: Office, tmp_path: Path, redis_url: str, database: str, *, migrated: bool
) -> None:
    file = tmp_path / "leads.jsonl"
    other = {"external_id": "crm-2", "email": "ben@example.com", "status": "won"}
    file.write_text(json.dumps(CANARY) + "\n" + json.dumps(other) + "\n")
    office.json("leads", "import", office.client.name, str(file))
    with builders.hands(database) as hands:
        meet(hands, office.client)
    if migrated:
        office.json("migrate-appointments", "--apply")
    lead_id = office.database.execute("SELECT id FROM lead WHERE email = 'canary77@example.com'").fetchall()[
        0
    ][0]
    before = figures(office)
    said = office.json("leads", "erase", str(lead_id))
    assert (said["erased"], said["found"]) == (1, {})
    tables = {name for name, _ in everything(office.database, redis_url) if not name.startswith("redis")}
    assert said["searched"].keys() == {*tables, "redis"}, "it says what it searched: everything"
    assert said["searched"]["observation"] >= 2
    assert figures(office) == before
    for place, text in everything(office.database, redis_url):
        assert "canar" not in text.lower(), place
        assert "2025550177" not in text, place
    assert office.json("audit-rollups")["different"] == 0
    assert office.json("migrate-appointments", "--apply")["errors"] == 0


def meet(hands: Hands, client: builders.AClient) -> None:
    """A meeting is booked and canceled, with a reason that names the person."""
    canceled = a_booking("late", hour=2).but(
        status=StatusWord(word=Status.CANCELED, cancel_reason="Canarina is ill", canceled_at=at(2))
    )
    for said in (a_booking("late"), canceled):
        post(hands.database, [a_delivery(client.id, said, an_email("canary77"), pepper=client.pepper)])
        drain_all(hands, client.id)


def test_what_is_still_told_of_an_erased_persons_meetings_names_nobody_again(
    office: Office, tmp_path: Path, database: str, redis_url: str
) -> None:
    """Late news finds the husk; the names that it carries are not kept, and tie nobody to it."""
    file = tmp_path / "leads.jsonl"
    file.write_text(json.dumps(CANARY) + "\n")
    office.json("leads", "import", office.client.name, str(file))
    with builders.hands(database) as hands:
        meet(hands, office.client)
        lead_id = office.database.execute("SELECT id FROM lead").fetchall()[0][0]
        office.json("leads", "erase", str(lead_id))
        identities = "SELECT count(*) FROM lead_identity WHERE kind <> 'appointment'"
        meet(hands, office.client)
        assert office.database.execute(identities).fetchone() == (0,)
        assert office.database.execute("SELECT count(*) FROM lead").fetchone() == (1,)
        # The same person books again: a new lead, and what is told of the old meeting leaves it alone.
        again = a_booking("again", hour=3)
        post(
            hands.database,
            [a_delivery(office.client.id, again, an_email("canary77"), pepper=office.client.pepper)],
        )
        drain_all(hands, office.client.id)
        meet(hands, office.client)
    assert office.database.execute("SELECT count(*) FROM lead WHERE merged_into IS NULL").fetchone() == (2,)
    assert office.database.execute(
        "SELECT email, full_name FROM lead WHERE erased_at IS NOT NULL"
    ).fetchall() == [(None, None)]
    # Nor does the CRM that still has the person bring the name back to the husk.
    office.json("leads", "import", office.client.name, str(file))
    assert office.database.execute("SELECT email FROM lead WHERE erased_at IS NOT NULL").fetchall() == [
        (None,)
    ]
    assert office.database.execute("SELECT count(*) FROM lead_conflict").fetchone() == (0,)


def test_a_plain_hash_of_an_address_is_a_trace(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "leads.jsonl"
    file.write_text(json.dumps(CANARY))
    office.json("leads", "import", office.client.name, str(file))
    hashes = [hashlib.new(name, b"canary77@example.com").hexdigest() for name in ("md5", "sha1", "sha256")]
    (tmp_path / "web.log").write_text("\n".join(["all is well", *hashes]))
    lead_id = office.database.execute("SELECT id FROM lead").fetchall()[0][0]
    said = office.json("leads", "erase", str(lead_id), "--log", str(tmp_path / "web.log"), code=1)
    assert said["found"] == {"log web.log": 3}
    assert said["searched"]["log web.log"] == 4


def test_what_is_left_of_a_person_is_found(office: Office, tmp_path: Path) -> None:
    """The proof itself can fail."""
    file = tmp_path / "leads.jsonl"
    file.write_text(json.dumps(CANARY))
    office.json("leads", "import", office.client.name, str(file))
    office.database.execute(
        """INSERT INTO audit_log (client_id, id, actor, action, detail)
           VALUES (%s, gen_random_uuid(), 'x', 'x', '{"who": "CANARINA"}')""",
        (office.client.id,),
    )
    lead_id = office.database.execute("SELECT id FROM lead").fetchall()[0][0]
    assert office.json("leads", "erase", str(lead_id), code=1)["found"] == {"audit_log": 1}


def figures(office: Office) -> list[Any]:
    return [
        office.database.execute(query).fetchall()
        for query in (
            "SELECT count(*), sum(appointment_count) FROM lead",
            "SELECT status, count(*) FROM lead GROUP BY 1 ORDER BY 1",
            "SELECT provider, status, count(*) FROM appointment GROUP BY 1, 2 ORDER BY 1, 2",
            "SELECT count(*) FROM observation",
        )
    ]


def everything(database: Database, redis_url: str) -> Iterator[tuple[str, str]]:
    tables = database.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    for (table,) in tables.fetchall():
        rows = database.execute(f'SELECT t::text FROM "{table}" AS t'.encode()).fetchall()
        yield table, "\n".join(str(row[0]) for row in rows)
    with redis.Redis.from_url(redis_url) as client:
        for key in client.scan_iter("*"):
            yield f"redis {key!r}", f"{key!r} {client.dump(key)!r}"
