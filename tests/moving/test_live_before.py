"""A webhook for a lead that the migration has not reached: nothing that its row said is lost, whichever meeting it is about."""

from datetime import datetime
from typing import Any

import pytest

from db.ids import new_id
from db.ledger import Hands
from pipeline.observation import Observation, Schedule, StatusWord
from pipeline.words import Provider, Status
from tests.laws.books import books_of
from tests.moving.crm import CALENDLY, a_booking, calendly, ghl, migrated, move_in, tell, verified
from tests.statements import a_statement, at

CANCELED = StatusWord(word=Status.CANCELED, canceled_at=at(2))


def by_ghl(name: str, *, versioned: bool = True, **registers: Any) -> Observation:
    """What HighLevel says: by its own webhook, or by a workflow, which knows no version."""
    stated: dict[str, Any] = {
        "status": StatusWord(word=Status.CONFIRMED), "schedule": Schedule(start_at=at(72)), **registers,
    }  # fmt: skip
    return a_statement(
        name, provider=Provider.GHL, observed_at=at(1), version_at=at(1) if versioned else None, **stated
    )


ROWS = {
    "calendly": calendly("m"),
    "event-only": {**calendly("m"), "calendly_invitee_uri": ""},
    "ghl": ghl("m"),
    "both": {**calendly("m"), "ghl_appointment_id": "m"},
    "slot-only": {"booked_slot": "2026-03-05T12:00:00Z", "appointment_status": "booked"},
}
NEWS = {
    "calendly-same": a_booking("m", "e-m"),
    "calendly-same-canceled": a_booking("m", "e-m").but(status=CANCELED),
    "calendly-another": a_booking("other"),
    "ghl-same": by_ghl("m"),
    "ghl-same-by-workflow": by_ghl("m", versioned=False, schedule=None),
    "ghl-same-moved": by_ghl("m", schedule=Schedule(start_at=at(96))),
    "ghl-another": by_ghl("other"),
}


@pytest.mark.parametrize("news", NEWS)
def test_news_before_the_migration_and_after_it_end_in_the_same_books(hands: Hands, news: str) -> None:
    for row in ROWS.values():
        early, late = new_id(), new_id()
        for client_id in (early, late):
            move_in(hands, client_id, {"anna": row})
        migrated(hands, late)
        for client_id in (early, late):
            tell(hands, client_id, "anna", NEWS[news])
        assert books_of(hands.database, early) == books_of(hands.database, late), (
            "the drain brought the row in"
        )
        assert verified(hands, early)[0].lost == 0
        again = migrated(hands, early)
        assert again.counts.get("created", 0) == 0
        assert books_of(hands.database, early) == books_of(hands.database, late)


def meetings(hands: Hands, client_id: Any) -> dict[tuple[str, str], Any]:
    rows = hands.database.execute(
        """SELECT provider, CASE WHEN external_id LIKE 'legacy:%%' THEN 'legacy' ELSE external_id END, status, start_at,
                  end_at, booked_at, source FROM appointment WHERE client_id = %s""",
        (client_id,),
    )
    return {(provider, name): tuple(shown) for provider, name, *shown in rows}


@pytest.mark.parametrize(
    ("row", "news", "told"),
    [
        (calendly("m"), a_booking("other"), ("calendly", "other")),
        (calendly("m"), by_ghl("other"), ("ghl", "other")),
        (ghl("m"), by_ghl("other"), ("ghl", "other")),
        (ghl("m"), a_booking("other"), ("calendly", "other")),
    ],
    ids=["calendly-calendly", "calendly-ghl", "ghl-ghl", "ghl-calendly"],
)
def test_news_of_another_meeting_leaves_the_rows_own_beside_it(
    hands: Hands, row: dict[str, str], news: Observation, told: tuple[str, str]
) -> None:
    client_id = new_id()
    move_in(hands, client_id, {"anna": row})
    tell(hands, client_id, "anna", news)
    found = meetings(hands, client_id)
    own = (row["appointment_provider"], "m")
    assert found.keys() == {own, told}
    start, end, booked = (
        datetime.fromisoformat(row[f"appointment_{name}_at"]) for name in ("start", "end", "booked")
    )
    assert found[own] == (row["appointment_status"], start, end, booked, "migration")


def test_news_of_the_same_meeting_keeps_what_only_the_row_knew(hands: Hands) -> None:
    client_id = new_id()
    move_in(hands, client_id, {"anna": ghl("m"), "ben": calendly("c")})
    tell(hands, client_id, "anna", by_ghl("m", versioned=False, schedule=None, status=CANCELED))
    tell(hands, client_id, "ben", a_statement("c", version_at=at(2), observed_at=at(2), status=CANCELED))
    found = meetings(hands, client_id)
    assert found["ghl", "m"][0] == "canceled"
    assert found["ghl", "m"][1:4] == tuple(
        datetime.fromisoformat(ghl("m")[f"appointment_{name}_at"]) for name in ("start", "end", "booked")
    )
    assert found["calendly", "c"][1:4] == tuple(
        datetime.fromisoformat(calendly("c")[f"appointment_{name}_at"]) for name in ("start", "end", "booked")
    )
    rows = hands.database.execute(
        "SELECT calendly_scheduled_event_uri FROM lead WHERE client_id = %s AND external_id = 'crm-ben'",
        (client_id,),
    )
    assert rows.fetchall() == [(f"{CALENDLY}/e-c",)]
