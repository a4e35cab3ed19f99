"""The clock's watch: what differs is found without anybody's asking, told, and forgotten once it is right."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from boot import logs
from db import findings, watching
from db.ids import new_id
from db.ledger import Hands
from tests import builders
from tests.moving.crm import KINDS, a_booking, calendly, ghl, migrated, move_in, nudge, tell
from tests.moving.test_audit import audited, corrupt
from workers import watching as duty

FEW = {f"p{n}": (calendly if n % 2 else ghl)(f"m{n}") for n in range(12)}
FIRST = UUID(int=0)


def some_client(hands: Hands) -> UUID:
    client = builders.a_client(hands.database)
    move_in(hands, client.id, FEW)
    migrated(hands, client.id)
    return client.id


def one_lead(hands: Hands, client_id: UUID, who: str) -> UUID:
    rows = hands.database.execute(
        "SELECT id FROM lead WHERE client_id = %s AND external_id = %s", (client_id, f"crm-{who}")
    )
    return UUID(str(rows.fetchall()[0][0]))


def suspects(hands: Hands, client_id: UUID) -> set[UUID]:
    return set(watching.look_through(hands.database, client_id, FIRST, 1000).suspects)


def test_the_cheap_check_suspects_nobody_whose_books_the_ledger_wrote(hands: Hands) -> None:
    client_id = new_id()
    move_in(hands, client_id)
    assert suspects(hands, client_id) == set()
    nudge(hands, client_id, "event-only")
    tell(hands, client_id, "stranger", a_booking("x"))
    migrated(hands, client_id)
    for who in KINDS:
        nudge(hands, client_id, who)
    assert suspects(hands, client_id) == set()
    hands.database.execute("SELECT set_config('apptrail.now', '2026-04-01T00:00:00Z', false)")
    assert suspects(hands, client_id) == set(), "a rollup whose time has come is the tick's"


@pytest.mark.parametrize(
    "how",
    [
        "UPDATE lead SET appointment_count = 7",
        "UPDATE lead SET appointment_status = 'no_show'",
        "UPDATE lead SET next_appointment_start_at = '2026-03-04'",
        "UPDATE lead SET rollup_valid_until = '2026-03-04'",
        "UPDATE lead SET appointment_start_at = NULL",
        "UPDATE lead SET rollup_version = 99",
        "UPDATE lead SET calendly_invitee_uri = 'elsewhere'",
        """UPDATE lead SET appointment_status = NULL, appointment_provider = NULL, appointment_count = 0,
           next_appointment_start_at = NULL, rollup_valid_until = NULL""",
    ],
    ids=["count", "status", "next", "valid-until", "start", "version", "uri", "emptied"],
)
def test_the_cheap_check_suspects_whose_rollup_is_not_its_appointments(hands: Hands, how: str) -> None:
    client_id = some_client(hands)
    lead_id = one_lead(hands, client_id, "p3")
    corrupt(hands, f"{how} WHERE client_id = %s AND id = %s RETURNING id", client_id, lead_id)
    assert suspects(hands, client_id) == {lead_id}


def test_what_is_found_is_kept_until_it_is_right(hands: Hands) -> None:
    client_id = some_client(hands)
    lead_id = one_lead(hands, client_id, "p3")
    corrupt(hands, "UPDATE lead SET appointment_count = 7 WHERE id = %s RETURNING id", lead_id)
    duty.look_at(hands.database, client_id, ())
    assert hands.database.execute("SELECT lead_id, cause, columns FROM rollup_finding").fetchall() == [
        (lead_id, "written_past_the_ledger", ["appointment_count"])
    ]
    audited(hands, client_id, repair=True)
    assert findings.standing(hands.database, client_id, 10) == []
    corrupt(hands, "UPDATE lead SET appointment_count = 7 WHERE id = %s RETURNING id", lead_id)
    duty.look_at(hands.database, client_id, ())
    corrupt(hands, "UPDATE lead SET appointment_count = 1 WHERE id = %s RETURNING id", lead_id)
    duty.look_at(hands.database, client_id, ())
    assert findings.standing(hands.database, client_id, 10) == [], "somebody put it right by hand"


def test_every_lead_has_its_turn_and_then_the_first_again(hands: Hands) -> None:
    client_id = some_client(hands)
    lead_id = one_lead(hands, client_id, "p11")
    corrupt(hands, "UPDATE lead SET appointment_count = 7 WHERE id = %s RETURNING id", lead_id)
    for looks, found in ((2, []), (1, [lead_id])):
        for _ in range(looks):
            duty.look_at(hands.database, client_id, (), window=5)
        assert findings.standing(hands.database, client_id, 10) == found
    duty.look_at(hands.database, client_id, (), window=5)
    ((counts, place),) = hands.database.execute(
        "SELECT counts, place FROM backfill_run WHERE kind = 'watch'"
    ).fetchall()
    assert (counts["checked"], counts["passes"], place) == (12, 1, FIRST)


def test_a_sample_finds_what_no_cheap_check_can(hands: Hands) -> None:
    """Facts that were tampered with are consistent among themselves."""
    client_id = some_client(hands)
    lead_id = one_lead(hands, client_id, "p3")
    corrupt(
        hands,
        """UPDATE appointment SET folded = folded || '{"word": "pending"}' WHERE client_id = %s AND lead_id = %s
           RETURNING lead_id""",
        client_id,
        lead_id,
    )
    assert suspects(hands, client_id) == set()
    duty.walk(hands.database)
    assert hands.database.execute("SELECT lead_id, cause FROM rollup_finding").fetchall() == [
        (lead_id, "facts_differ")
    ]


def test_a_draw_takes_leads_of_all_clients(hands: Hands) -> None:
    some_client(hands)
    other = builders.a_client(hands.database, "Other")
    move_in(hands, other.id, FEW)
    hands.database.execute("ANALYZE lead")
    drawn = watching.draw(hands.database, 24)
    assert sorted(len(one) for one in drawn.values()) == [12, 12]
    assert sum(len(one) for one in watching.draw(hands.database, 5).values()) == 5


def test_a_round_tells_of_what_differs_and_of_a_guard_that_is_off(
    hands: Hands, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("json")
    client_id = some_client(hands)
    corrupt(hands, "UPDATE lead SET appointment_count = 7 WHERE client_id = %s RETURNING id", client_id)
    hands.database.execute("ALTER TABLE lead DISABLE TRIGGER lead_rollup_update")
    duty.walk(hands.database)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    told = {line["event"]: line for line in lines}
    assert told["rollup_guard_missing"]["check"] == "lead_rollup_update"
    assert told["rollups_differ"]["different"] == 12
    assert told["rollups_differ"]["causes"] == ["written_past_the_ledger:12"]


def test_the_doctor_and_a_sample_by_hand_say_so(
    hands: Hands, database: str, redis_url: str, tmp_path: Path
) -> None:
    client_id = some_client(hands)
    environment = {
        **os.environ, "DATABASE_URL": database, "REDIS_URL": redis_url, "APPTRAIL_SECRET_KEY": "a key for tests",
        "LOG_FORMAT": "json", "APPTRAIL_VAR": str(tmp_path),
    }  # fmt: skip

    def run(*arguments: str) -> tuple[int, Any]:
        done = subprocess.run(
            [Path(sys.executable).parent / "apptrail", *arguments, "--json"],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, json.loads(done.stdout)

    def diagnosed() -> Any:
        return {one["check"]: (one["severity"], one["mend"]) for one in run("doctor")[1]}

    assert diagnosed()["rollups"] == ("ok", None)
    corrupt(hands, "UPDATE lead SET appointment_count = 7 WHERE client_id = %s RETURNING id", client_id)
    assert run("audit-rollups", "--sample", "5") == (
        1, {"checked": 5, "different": 5, "repaired": 0, "by_cause": {"written_past_the_ledger": 5}},
    )  # fmt: skip
    assert diagnosed()["rollups"] == ("broken", "apptrail audit-rollups --repair")
    assert run("audit-rollups", "--repair")[1]["repaired"] == 12
    assert diagnosed()["rollups"] == ("ok", None)
    hands.database.execute("ALTER TABLE lead DISABLE TRIGGER lead_rollup_insert")
    assert diagnosed()["rollup_guard"][0] == "broken"
