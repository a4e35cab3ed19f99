"""A CRM that moves in: rows of every kind that its columns came in, and the commands' work done on them."""

from typing import Any
from uuid import UUID

from db import backfill_runs, legacy_rows, migrating, verifying
from db.backfill_runs import FIRST, Kind, Run
from db.import_row import Row
from db.importing import import_rows
from db.inbox import post
from db.ledger import Hands
from db.migrating import Batch
from db.plain_rows import stretches
from db.verifying import Verified
from pipeline.comparison import Cause
from pipeline.observation import Description, Observation, Schedule, StatusWord
from pipeline.words import Status
from tests.laws.people import drain_all
from tests.statements import PEPPER, a_delivery, a_statement, an_email, at

CALENDLY = "https://api.calendly.com/scheduled_events"
SEEN = {"updated_at": "2026-02-01T00:00:00+00:00"}


def calendly(name: str, **said: str) -> dict[str, str]:
    """A consistent row of a Calendly meeting that was booked, for the 5th of March."""
    return {
        "appointment_provider": "calendly",
        "calendly_invitee_uri": f"{CALENDLY}/e-{name}/invitees/{name}",
        "calendly_scheduled_event_uri": f"{CALENDLY}/e-{name}",
        "appointment_status": "confirmed",
        "appointment_source": "webhook",
        "appointment_start_at": "2026-03-05T10:00:00+00:00",
        "appointment_end_at": "2026-03-05T11:00:00+00:00",
        "appointment_booked_at": "2026-01-20T09:00:00+00:00",
        "booked_slot": "2026-03-05T10:00:00Z",
        **SEEN,
        **said,
    }


def ghl(name: str, **said: str) -> dict[str, str]:
    """A consistent row of a HighLevel meeting that was held on the 5th of January."""
    return {
        "appointment_provider": "ghl",
        "ghl_appointment_id": name,
        "appointment_status": "showed",
        "appointment_source": "reconcile_cron",
        "appointment_start_at": "2026-01-05T10:00:00+00:00",
        "appointment_end_at": "2026-01-05T11:00:00+00:00",
        "appointment_booked_at": "2026-01-01T09:00:00+00:00",
        "booked_slot": "2026-01-05T10:00:00Z",
        **SEEN,
        **said,
    }


KINDS: dict[str, dict[str, str]] = {
    "calendly": calendly("c1"),
    "ghl": ghl("g1"),
    "canceled": calendly("c2", appointment_status="canceled", appointment_canceled_at="2026-02-20T10:00:00+00:00"),
    "both": {**calendly("c3"), "ghl_appointment_id": "g3"},
    "event-only": {**calendly("c4"), "calendly_invitee_uri": ""},
    "slot-only": {"booked_slot": "2026-03-06T10:00:00Z", "appointment_status": "booked", **SEEN},
    "label": {**ghl("g5"), "booked_slot": "Thursday at three"},
    "canceled-without-a-time": ghl("g6", appointment_status="cancelled"),
    "no-status": ghl("g7", appointment_status=""),
    "unknown-status": ghl("g8", appointment_status="vielleicht"),
    "far-past": ghl("g9", appointment_start_at="1999-05-05T10:00:00+00:00", booked_slot="1999-05-05T10:00:00Z"),
    "no-times-of-its-own": {k: v for k, v in ghl("g10").items() if k != "updated_at"},
    "twin-early": calendly("c11", updated_at="2026-01-15T00:00:00+00:00"),
    "twin-late": calendly("c11", updated_at="2026-02-15T00:00:00+00:00"),
    "status-only": {"appointment_status": "confirmed"},
    "nothing": {},
}  # fmt: skip
CONSISTENT = frozenset(
    {
        "calendly",
        "ghl",
        "canceled",
        "event-only",
        "far-past",
        "no-times-of-its-own",
        "twin-early",
        "twin-late",
    }
)


def move_in(hands: Hands, client_id: UUID, kinds: dict[str, dict[str, str]] | None = None) -> None:
    """Import a lead of each kind, named by its address."""
    rows: list[Row] = [
        {"external_id": f"crm-{name}", "email": f"{name}@example.com", **said}
        for name, said in (KINDS if kinds is None else kinds).items()
    ]
    assert import_rows(hands.database, client_id, PEPPER, "US", iter(enumerate(rows, 2))).bad == []


def migrated(hands: Hands, client_id: UUID, size: int = 5) -> Run:
    """The bulk path, as the command walks it."""
    run = backfill_runs.begin(hands.database, client_id, Kind.MIGRATION)
    go_on(hands, run, size)
    return run


def go_on(hands: Hands, run: Run, size: int = 5) -> list[Batch]:
    done = [
        migrating.migrate(hands.database, run, rows, hands.ringer, lambda _: None)
        for rows in stretches(hands.database, run.client_id, run.place, size)
    ]
    backfill_runs.end(hands.database, run)
    return done


def verified(hands: Hands, client_id: UUID) -> tuple[Verified, dict[str, dict[str, Cause]]]:
    """What the verify pass finds, and by lead's name the columns that read otherwise."""
    found = Verified()
    listed: dict[str, dict[str, Cause]] = {}
    names = dict(
        hands.database.execute("SELECT id, external_id FROM lead WHERE client_id = %s", (client_id,))
    )

    def listen(lead_id: UUID, column: str, cause: Cause) -> None:
        listed.setdefault(names[lead_id].removeprefix("crm-"), {})[column] = cause

    for rows in legacy_rows.batches(hands.database, client_id, FIRST, 7):
        verifying.verify(hands.database, client_id, rows, found, listen)
    verifying.count_surplus(hands.database, client_id, found)
    return found, listed


def shown(hands: Hands, client_id: UUID) -> dict[str, dict[str, Any]]:
    """What the old application reads, by lead's name."""
    from psycopg.rows import dict_row

    with hands.database.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute('SELECT * FROM "Lead" WHERE "clientId" = %s', (client_id,)).fetchall()
    left_out = ("id", "clientId", "createdAt", "updatedAt", "appointmentCount", "nextAppointmentStartAt")
    return {
        row["externalId"].removeprefix("crm-"): {k: v for k, v in row.items() if k not in left_out}
        for row in rows
    }


def a_booking(
    name: str, event: str | None = None, *, hour: float = 1, start: str | None = None
) -> Observation:
    """What Calendly says of an invitee."""
    from datetime import datetime

    return a_statement(
        name,
        version_at=at(hour),
        status=StatusWord(word=Status.CONFIRMED),
        schedule=Schedule(start_at=datetime.fromisoformat(start) if start else at(72)),
        booked_at=at(hour),
        description=Description(
            calendly_invitee_uri=f"{CALENDLY}/{event or 'e-' + name}/invitees/{name}",
            calendly_scheduled_event_uri=f"{CALENDLY}/{event or 'e-' + name}",
        ),
    )


def tell(hands: Hands, client_id: UUID, who: str, said: Observation) -> None:
    """A webhook comes, and is drained."""
    post(hands.database, [a_delivery(client_id, said, an_email(who))])
    drain_all(hands, client_id)


def nudge(hands: Hands, client_id: UUID, who: str) -> None:
    """News of another meeting of somebody: whoever drains it meets the lead."""
    tell(hands, client_id, who, a_booking(f"new-{who}"))
