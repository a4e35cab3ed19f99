"""Plain rows: what statements make of a CRM's row is what the book makes of it, field by field."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from db import backfill_runs, migrating
from db.backfill_runs import FIRST, Kind
from db.ids import new_id
from db.inbox import post_to_lead
from db.ledger import Hands
from db.migrating import Batch
from db.plain_rows import Stretch, stretches
from tests.laws.books import versions_of
from tests.laws.people import drain_all
from tests.moving.crm import CALENDLY, KINDS, a_booking, calendly, ghl, move_in, verified
from tests.statements import NOON, at

law = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

Row = dict[str, str]

# The hands' now is at(6): just before it, then, just after it.
STARTS = [at(hours).isoformat() for hours in (-48, 5.9, 6, 6.1, 72)] + ["2026-03-02T18:00:00.000001+00:00"]
INSTANTS = [
    *STARTS,
    "1999-05-05T10:00:00+00:00",
    "2028-02-29T10:00:00.120000+00:00",
    "2099-12-31T23:59:59+00:00",
    "",
]
SLOTS = [
    "2026-03-05T10:00:00Z", "2026-03-05T10:00:00+00:00", "2026-03-05T10:00:00.250Z", "2026-03-05T12:00:00+02:00",
    "2026-03-05 10:00", "2026-02-30T10:00:00Z", "2026-03-05T24:00:00Z", "1889-01-01T10:00:00Z", "Thursday at three", "",
]  # fmt: skip
WORDS = [
    "confirmed", "booked", "new", "showed", "No Show", "no-show", "NOSHOW", "canceled", "Cancelled", "deleted", " DELETED ",
    "invalid", "rescheduled", "vielleicht", "Abgesagt ü", "a\tb", "",
]  # fmt: skip
PROVIDERS = ["calendly", "ghl", "Calendly", " GHL ", "HubSpot", "sms", "Küche", ""]
SOURCES = ["webhook", "reconcile_cron", "backfill", " Manual ", "Zapier", "éditeur", ""]
INVITEES = [
    f"{CALENDLY}/e#/invitees/i#",
    f"{CALENDLY}/e#/invitees/i#/",
    "i#",
    f"{CALENDLY}/e/invitees/legacy:#",
    "///",
    "",
]
EVENTS = [f"{CALENDLY}/e#", f"{CALENDLY}/e#/", f"{CALENDLY}/ü#", ""]
GHL_IDS = ["g#", "G-#_x", "ü#", 'g"#', "g\\#", "legacy:#", "g #", ""]

COLUMNS = {
    "appointment_provider": PROVIDERS,
    "ghl_appointment_id": GHL_IDS,
    "calendly_invitee_uri": INVITEES,
    "calendly_scheduled_event_uri": EVENTS,
    "appointment_status": WORDS,
    "appointment_source": SOURCES,
    "appointment_start_at": INSTANTS,
    "appointment_end_at": INSTANTS,
    "appointment_booked_at": INSTANTS,
    "appointment_canceled_at": INSTANTS,
    "appointment_last_checked_at": INSTANTS,
    "updated_at": INSTANTS,
    "booked_slot": SLOTS,
}
# The first of each is the usual one: half of all values are, so that whole rows are plain often enough.
rows = st.fixed_dictionaries(
    {}, optional={name: st.one_of(st.sampled_from(values[:3]), st.sampled_from(values)) for name, values in COLUMNS.items()}
)  # fmt: skip

NOT_COMPARED = {"client_id", "id", "created_at", "updated_at", "received_at", "trace_id"}


def leads_of(hands: Hands, said: list[Row], ids: list[UUID]) -> UUID:
    """A client whose leads moved in with these rows."""
    client_id = new_id()
    with hands.database.transaction():
        hands.database.execute("SELECT set_config('apptrail.writer', 'ledger', true)")
        for number, (row, lead_id) in enumerate(zip(said, ids, strict=True)):
            told = {name: text.replace("#", str(number)) for name, text in row.items()}
            hands.database.execute(
                "INSERT INTO lead (client_id, id, base_status, base_status_at, status) VALUES (%s, %s, 'replied', %s, 'replied')",
                (client_id, lead_id, at(-9)),
            )
            hands.database.execute(
                "INSERT INTO legacy_rollup (client_id, id, lead_id, said) VALUES (%s, %s, %s, %s)",
                (client_id, new_id(), lead_id, Jsonb(told)),
            )
    return client_id


def by_the_book(hands: Hands, client_id: UUID, stretch: Stretch) -> Stretch:
    """The same rows, with none left to the statements."""
    ids = hands.database.execute("SELECT id FROM legacy_rollup WHERE client_id = %s", (client_id,)).fetchall()
    return replace(stretch, fresh=[], known=[row[0] for row in ids])


def migrate(hands: Hands, client_id: UUID, *, book: bool = False) -> Batch:
    run = backfill_runs.begin(hands.database, client_id, Kind.MIGRATION)
    (stretch,) = stretches(hands.database, client_id, FIRST, 200)
    if book:
        stretch = by_the_book(hands, client_id, stretch)
    return migrating.migrate(hands.database, run, stretch, hands.ringer, lambda _: None)


def tables(hands: Hands, client_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Every column of the books, but ids of rows, and times of receipt and of writing."""
    found = {}
    with hands.database.cursor(row_factory=dict_row) as cursor:
        for table in ("lead", "appointment", "observation", "follow_up"):
            cursor.execute(f"SELECT * FROM {table} WHERE client_id = %s".encode(), (client_id,))
            keep = {"id"} if table == "lead" else set()
            told = [
                {k: v for k, v in row.items() if k not in NOT_COMPARED - keep} for row in cursor.fetchall()
            ]
            found[table] = sorted(
                told,
                key=lambda row: [str(row.get(one)) for one in ("id", "provider", "external_id", "digest")],
            )
    return found  # fmt: skip


def counted(batch: Batch) -> dict[str, int]:
    return {name: n for name, n in batch.counts.items() if n}


@law
@given(said=st.lists(rows, min_size=1, max_size=12), heard=st.sets(st.integers(0, 11), max_size=2))
def test_statements_and_the_book_make_the_same_of_any_row(
    hands: Hands, said: list[Row], heard: set[int]
) -> None:
    """Rule 22: and of some leads a provider has spoken before."""
    ids = sorted(new_id() for _ in said)
    clients = [leads_of(hands, said, ids) for _ in range(2)]
    for client_id in clients:
        for number in heard:
            if number < len(ids):
                news = a_booking(f"i{number}", f"e{number}")
                post_to_lead(hands.database, client_id, ids[number], news, at=NOON, trace_id=new_id())
        drain_all(hands, client_id)
    fast, slow = migrate(hands, clients[0]), migrate(hands, clients[1], book=True)
    assert tables(hands, clients[0]) == tables(hands, clients[1])
    assert counted(fast) == counted(slow)
    assert (fast.failed, slow.failed) == ([], [])
    versions = versions_of(hands.database, clients[0])
    again = migrate(hands, clients[0])
    assert versions_of(hands.database, clients[0]) == versions
    assert again.counts["created"] == 0


def test_of_two_meetings_statements_choose_the_primary_that_the_book_chooses(hands: Hands) -> None:
    """Rule 20: every status, with and without a start, for either provider, whether the other is named or not."""
    said = [
        {
            "appointment_provider": provider,
            "appointment_status": word,
            "updated_at": at(-1).isoformat(),
            **({"ghl_appointment_id": "g#"} if "ghl" in named else {}),
            **({"calendly_invitee_uri": "c#"} if "calendly" in named else {}),
            **({"appointment_start_at": at(hours).isoformat()} if hours is not None else {}),
        }
        for provider in ("ghl", "calendly")
        for word in ("new", "confirmed", "showed", "noshow", "canceled", "invalid")
        for hours in (None, -3, 6, 9)
        for named in (("ghl", "calendly"), ("ghl",), ("calendly",))
    ]
    ids = sorted(new_id() for _ in said)
    clients = [leads_of(hands, said, ids) for _ in range(2)]
    fast, slow = (
        migrate(hands, client_id, book=book) for client_id, book in zip(clients, (False, True), strict=True)
    )
    assert (fast.in_bulk, slow.in_bulk) == (len(said), 0)
    assert tables(hands, clients[0]) == tables(hands, clients[1])
    assert counted(fast) == counted(slow)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_dry_run_counts_what_either_way_does_with_each_kind(hands: Hands, name: str) -> None:
    client_id = new_id()
    move_in(hands, client_id, {name: KINDS[name]})
    (stretch,) = stretches(hands.database, client_id, FIRST, 200) if KINDS[name] else (None,)
    if stretch is None:
        return
    counts = [
        counted(migrating.rehearse(hands.database, client_id, one))
        for one in (stretch, by_the_book(hands, client_id, stretch))
    ]
    assert counts[0] == counts[1] == counted(migrate(hands, client_id))


PLAIN = set(KINDS) - {"status-only", "nothing", "twin-early"}


def test_nearly_all_rows_are_dealt_with_by_statements(hands: Hands) -> None:
    """Else a migration were right, and slow, and nobody would know."""
    client_id = new_id()
    move_in(hands, client_id)
    done = migrate(hands, client_id)
    assert done.in_bulk == len(PLAIN)
    assert verified(hands, client_id)[0].holds


def test_a_time_that_is_none_costs_its_batch_the_statements_and_nothing_else(hands: Hands) -> None:
    said = [ghl("g#"), ghl("g#", appointment_end_at="2026-02-30T10:00:00+00:00"), calendly("c#")]
    ids = sorted(new_id() for _ in said)
    clients = [leads_of(hands, said, ids) for _ in range(2)]
    fast, slow = migrate(hands, clients[0]), migrate(hands, clients[1], book=True)
    assert (fast.in_bulk, counted(fast)) == (0, counted(slow))
    assert tables(hands, clients[0]) == tables(hands, clients[1])


def test_two_rows_of_a_batch_that_name_one_meeting_end_as_by_the_book(hands: Hands) -> None:
    """An import would have marked them as shared; rows that came past it are taken in turn."""
    said = [calendly("x"), ghl("g#"), calendly("x")]
    ids = sorted(new_id() for _ in said)
    client_id = leads_of(hands, said, ids)
    done = migrate(hands, client_id)
    assert counted(done) == {"scanned": 3, "created": 3}
    names = hands.database.execute(
        "SELECT external_id LIKE 'legacy:%%:shared:x' FROM appointment WHERE client_id = %s AND provider = 'calendly'",
        (client_id,),
    ).fetchall()
    assert sorted(names) == [(False,), (True,)]
    assert verified(hands, client_id)[0].holds


def test_a_lead_that_somebody_heard_of_before_its_lock_came_is_left_to_the_book(hands: Hands) -> None:
    """Show 8: the look before the lock is not believed."""
    client_id = new_id()
    move_in(hands, client_id, {"anna": calendly("a"), "ben": ghl("b")})
    run = backfill_runs.begin(hands.database, client_id, Kind.MIGRATION)
    (stretch,) = stretches(hands.database, client_id, FIRST, 200)
    anna = hands.database.execute(
        "SELECT id FROM lead WHERE client_id = %s AND external_id = 'crm-anna'", (client_id,)
    )
    ((lead_id,),) = anna.fetchall()
    post_to_lead(hands.database, client_id, lead_id, a_booking("a"), at=NOON, trace_id=new_id())
    drain_all(hands, client_id)
    done = migrating.migrate(hands.database, run, stretch, hands.ringer, lambda _: None)
    assert (done.in_bulk, done.counts["created"], done.counts["exists"]) == (1, 1, 1)
    told = hands.database.execute(
        "SELECT source, count(*) FROM observation WHERE client_id = %s GROUP BY 1 ORDER BY 1", (client_id,)
    )
    assert told.fetchall() == [("migration", 2), ("webhook", 1)]
