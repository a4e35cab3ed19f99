"""Runs in which something is in the way: a broken book, a busy lead, live jobs, leads that are merged meanwhile."""

import pytest

from db import backfill_runs, migrating, people
from db.backfill_runs import FIRST, Kind
from db.desk import connect
from db.ids import new_id
from db.import_row import Row
from db.importing import import_rows
from db.inbox import post
from db.ledger import Hands
from db.plain_rows import stretches
from pipeline.job import MergeAsked
from pipeline.words import Source
from scripts import progress
from scripts.migration import Walk
from scripts.progress import Progress
from tests.laws.books import books_of, versions_of
from tests.laws.people import drain_all
from tests.moving.crm import a_booking, calendly, ghl, go_on, migrated, move_in, tell, verified
from tests.statements import NOON, PEPPER, a_delivery, an_email


def test_a_book_that_raises_is_counted_and_its_neighbours_are_migrated(hands: Hands) -> None:
    client_id = new_id()
    tell(hands, client_id, "anna", a_booking("broken"))
    move_in(hands, client_id, {"anna": calendly("a"), "ben": ghl("b"), "cleo": ghl("c")})
    sound = hands.database.execute("SELECT folded FROM appointment WHERE external_id = 'broken'").fetchall()[
        0
    ][0]
    hands.database.execute("""UPDATE appointment SET folded = '{"odd": 1}' WHERE external_id = 'broken'""")
    run = backfill_runs.begin(hands.database, client_id, Kind.MIGRATION)
    (done,) = go_on(hands, run, size=100)
    assert {name: n for name, n in run.counts.items() if n} == {"scanned": 3, "created": 2, "errors": 1}
    ((_, fingerprint),) = done.failed
    assert fingerprint.startswith("ValidationError@")
    from psycopg.types.json import Jsonb

    hands.database.execute("UPDATE appointment SET folded = %s WHERE external_id = 'broken'", (Jsonb(sound),))
    assert migrated(hands, client_id).counts["created"] == 1
    assert verified(hands, client_id)[0].holds


def test_a_busy_lead_is_waited_for_and_the_checkpoint_waits_with_it(hands: Hands, database: str) -> None:
    client_id = new_id()
    move_in(hands, client_id, {"anna": calendly("a"), "ben": ghl("b")})
    run = backfill_runs.begin(hands.database, client_id, Kind.MIGRATION)
    waited: list[float] = []
    with connect(database) as other:
        other.execute("BEGIN")
        other.execute("SELECT 1 FROM lead WHERE external_id = 'crm-anna' FOR UPDATE")

        def wait(seconds: float) -> None:
            waited.append(seconds)
            assert backfill_runs.unfinished(hands.database, client_id, Kind.MIGRATION) == backfill_runs.Run(
                client_id, run.id
            )
            other.execute("ROLLBACK")

        for rows in stretches(hands.database, client_id, FIRST, 10):
            migrating.migrate(hands.database, run, rows, hands.ringer, wait)
    assert len(waited) == 1
    assert {name: n for name, n in run.counts.items() if n} == {"scanned": 2, "created": 2}


def test_live_jobs_that_are_late_go_first(hands: Hands, capsys: pytest.CaptureFixture[str]) -> None:
    client_id = new_id()
    post(hands.database, [a_delivery(client_id, a_booking("one"), an_email("anna"))])
    hands.database.execute("UPDATE inbox SET not_before = now() - interval '9 seconds'")
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        drain_all(hands, client_id)

    walk = Progress("a walk", 10)
    walk.give_way(hands.database, wait)
    walk.give_way(hands.database, wait)
    assert waited == [1.0]
    walk.advance(5)
    walk.say()
    told = capsys.readouterr().err
    assert "waiting, live jobs are 9 s old" in told
    assert "5 of 10 leads" in told


def test_the_command_lets_late_live_jobs_go_first_before_each_batch(
    hands: Hands, database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "GIVES_WAY_FOR", 0.5)
    client_id = new_id()
    move_in(hands, client_id, {"anna": calendly("a"), "ben": ghl("b"), "cleo": ghl("c")})
    post(hands.database, [a_delivery(client_id, a_booking("one"), an_email("dora"))])
    hands.database.execute("UPDATE inbox SET not_before = now() - interval '2.4 seconds'")
    with connect(database) as own:
        walk = Walk(hands.database, [own], hands.ringer, 1, 2, apply=True)
        walk.visit(client_id, resume=False)
    assert capsys.readouterr().err.count("waiting, live jobs are") == 2
    assert (walk.counts["scanned"], walk.counts["created"]) == (2, 2)
    assert backfill_runs.unfinished(hands.database, client_id, Kind.MIGRATION) is not None


def test_bulk_jobs_stop_no_walk(hands: Hands) -> None:
    client_id = new_id()
    post(hands.database, [a_delivery(client_id, a_booking("one"), an_email("anna"))])
    hands.database.execute("UPDATE inbox SET not_before = now() - interval '9 seconds', priority = 1")
    assert backfill_runs.live_queue_age(hands.database) == 0


@pytest.mark.parametrize("before", [True, False], ids=["migrated-then-merged", "merged-then-migrated"])
def test_leads_that_are_merged_lose_nothing_and_a_rerun_creates_nothing(
    hands: Hands, *, before: bool
) -> None:
    client_id = new_id()
    move_in(
        hands,
        client_id,
        {"anna": calendly("a"), "ben": calendly("a", updated_at="2026-02-09T00:00:00+00:00")},
    )
    anna, ben = (
        hands.database.execute(
            "SELECT id FROM lead WHERE client_id = %s AND external_id = %s", (client_id, f"crm-{who}")
        ).fetchall()[0][0]
        for who in ("anna", "ben")
    )
    if before:
        migrated(hands, client_id)
    people.act(hands, client_id, anna, MergeAsked(source=Source.MANUAL, into=ben), NOON)
    migrated(hands, client_id)
    versions = versions_of(hands.database, client_id)
    assert migrated(hands, client_id).counts.get("created", 0) == 0
    assert versions_of(hands.database, client_id) == versions
    assert verified(hands, client_id)[0].holds
    (kept,) = books_of(hands.database, client_id).values()
    assert set(kept["appointments"]) == {("calendly", "a")}


def test_the_row_updated_last_owns_what_two_name_whichever_is_imported_first(hands: Hands) -> None:
    early = {"external_id": "crm-early", **calendly("x", updated_at="2026-01-15T00:00:00+00:00")}
    late = {"external_id": "crm-late", **calendly("x", updated_at="2026-02-15T00:00:00+00:00")}
    for order in ((early, late), (late, early)):
        client_id = new_id()
        for number, row in enumerate(order):
            rows: list[tuple[int, Row]] = [(number, row)]
            assert import_rows(hands.database, client_id, PEPPER, "US", iter(rows)).bad == []
        migrated(hands, client_id)
        owner = hands.database.execute(
            """SELECT l.external_id FROM appointment a JOIN lead l ON l.client_id = a.client_id AND l.id = a.lead_id
               WHERE a.client_id = %s AND a.external_id = 'x'""",
            (client_id,),
        ).fetchall()
        assert owner == [("crm-late",)]
        claimed = hands.database.execute(
            """SELECT l.external_id FROM lead_identity i JOIN lead l ON l.client_id = i.client_id AND l.id = i.lead_id
               WHERE i.client_id = %s AND i.kind = 'appointment'""",
            (client_id,),
        ).fetchall()
        assert claimed == [("crm-late",)]


def test_once_a_provider_has_spoken_its_lead_keeps_the_appointment(hands: Hands) -> None:
    client_id = new_id()
    move_in(hands, client_id, {"early": calendly("x", updated_at="2026-01-15T00:00:00+00:00")})
    tell(hands, client_id, "early", a_booking("x"))
    move_in(hands, client_id, {"late": calendly("x", updated_at="2026-02-15T00:00:00+00:00")})
    migrated(hands, client_id)
    rows = hands.database.execute(
        """SELECT l.external_id, a.external_id LIKE 'legacy:%%' FROM appointment a
           JOIN lead l ON l.client_id = a.client_id AND l.id = a.lead_id WHERE a.client_id = %s ORDER BY 1""",
        (client_id,),
    ).fetchall()
    assert rows == [("crm-early", False), ("crm-late", True)]
