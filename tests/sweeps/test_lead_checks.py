"""A check of a lead: its meetings are asked for, what is news is posted, what was not shown is asked for by GET."""

from uuid import UUID

import pytest

from db import inbox, lead_checks
from db.ids import new_id
from ingest.parcels import parcel_of
from pipeline.words import Provider, Source, Status
from tests.builders import at
from tests.sweeps.conftest import Stage, a_connection


def heard(stage: Stage, *names: str) -> UUID:
    """Bring meetings by webhook; returns the lead of the last."""
    for name in names:
        reading = stage.api.meetings[name].reading(Source.WEBHOOK, stage.api.now)
        inbox.post(stage.database, [parcel_of(stage.connection, reading, stage.api.now, new_id())])
    stage.drain()
    found: UUID = stage.one("SELECT lead_id FROM appointment WHERE external_id = %s", names[-1])
    return found


def ask(stage: Stage, lead_id: UUID) -> int:
    return lead_checks.ask_check_of_lead(
        stage.database, stage.client.id, lead_id, reason=lead_checks.DISCARDED
    )


def told(stage: Stage, lead_id: UUID) -> list[tuple[str, str | None, int, int]]:
    rows = lead_checks.of_lead(stage.database, stage.client.id, lead_id)
    return [(row["state"], row["error"], row["listed"], row["posted"]) for row in rows]


def swept_up(stage: Stage) -> None:
    """Bring the tiers to their end, so that only what is asked for is left to do."""
    stage.serve()
    stage.drain()
    stage.database.execute("DELETE FROM lookup")


def test_what_the_books_lack_is_posted_though_a_sweep_has_seen_it(stage: Stage) -> None:
    stage.api.book("m-1", "anna", at(24))
    lost = stage.api.book("m-2", "anna", at(48))
    stage.api.book("m-3", "bert", at(48))
    lead_id = heard(stage, "m-1")
    swept_up(stage)
    stage.database.execute("DELETE FROM observation WHERE external_id = 'm-2'")  # its job died
    stage.database.execute("DELETE FROM appointment WHERE external_id = 'm-2'")
    assert (stage.sweep().posted, ask(stage, lead_id)) == (0, 1)
    stage.serve()
    assert told(stage, lead_id) == [("answered", None, 2, 1)]
    stage.drain()
    assert stage.one(
        "SELECT array_agg(start_at ORDER BY start_at) FROM appointment WHERE lead_id = %s", lead_id
    ) == [at(24), lost.start_at]


def test_what_is_live_and_not_shown_is_asked_for_by_get(stage: Stage) -> None:
    stage.api.book("m-1", "anna", at(24))
    lead_id = heard(stage, "m-1")
    swept_up(stage)
    del stage.api.meetings["m-1"]
    ask(stage, lead_id)
    stage.serve()
    assert stage.lookups() == {"m-1": ("checked", "answered")}
    stage.drain()
    assert stage.statuses() == {"m-1": "canceled"}


def test_a_lead_whom_the_provider_cannot_be_asked_about_has_its_meetings_asked_for(stage: Stage) -> None:
    stage.api.book("m-1", "anna", at(24))
    lead_id = heard(stage, "m-1")
    swept_up(stage)
    stage.database.execute("UPDATE lead SET ghl_contact_id = NULL WHERE id = %s", (lead_id,))
    stage.api.meetings["m-1"].word = Status.CANCELED
    stage.api.meetings["m-1"].version_at = at(1)
    ask(stage, lead_id)
    stage.serve()
    assert told(stage, lead_id) == [("unknown", "no_address_to_ask_by", 0, 0)]
    stage.drain()
    assert stage.statuses() == {"m-1": "canceled"}


def test_the_lead_that_a_merge_left_is_asked_about(stage: Stage) -> None:
    stage.api.book("m-1", "anna", at(24))
    lead_id = heard(stage, "m-1")
    swept_up(stage)
    loser = new_id()
    stage.database.execute(
        "INSERT INTO lead (client_id, id, merged_into) VALUES (%s, %s, %s)",
        (stage.client.id, loser, lead_id),
    )
    ask(stage, loser)
    stage.serve()
    assert told(stage, loser) == [("answered", None, 1, 0)]


def test_a_provider_that_fails_is_asked_again_and_a_repeated_wish_keeps_its_place(stage: Stage) -> None:
    stage.api.book("m-1", "anna", at(24))
    lead_id = heard(stage, "m-1")
    swept_up(stage)
    ask(stage, lead_id)
    stage.api.fails_with = "http_5xx"
    stage.serve()
    assert told(stage, lead_id) == [("waiting", "http_5xx", 0, 0)]
    ask(stage, lead_id)
    stage.api.fails_with = None
    calls = stage.api.calls
    assert not lead_checks.due(stage.database, stage.client.id, stage.connection.id, 9)
    stage.pass_(minutes=3)
    stage.serve()
    assert stage.api.calls > calls
    assert told(stage, lead_id) == [("answered", None, 1, 0)]


def test_a_wish_that_comes_while_it_is_being_answered_is_not_answered_by_it(stage: Stage) -> None:
    stage.api.book("m-1", "anna", at(24))
    lead_id = heard(stage, "m-1")
    ask(stage, lead_id)
    (check,) = lead_checks.due(stage.database, stage.client.id, stage.connection.id, 9)
    ask(stage, lead_id)
    assert not lead_checks.close(stage.database, check, "answered")
    assert told(stage, lead_id) == [("waiting", None, 0, 0)]


@pytest.mark.parametrize("state", ["paused", "removed"])
def test_every_active_connection_with_an_api_is_asked_and_no_other(stage: Stage, state: str) -> None:
    other = a_connection(stage.database, stage.client, Provider.CALENDLY)
    gone = a_connection(stage.database, stage.client, Provider.CALENDLY)
    a_connection(stage.database, stage.client, Provider.SMARTLEAD)
    stage.database.execute("UPDATE connection SET state = %s WHERE id = %s", (state, gone.id))
    lead_id = new_id()
    assert ask(stage, lead_id) == 2
    rows = lead_checks.of_lead(stage.database, stage.client.id, lead_id)
    assert {row["connection_id"] for row in rows} == {stage.connection.id, other.id}


def test_a_connection_without_a_token_says_so(stage: Stage) -> None:
    lead_id = new_id()
    ask(stage, lead_id)
    lead_checks.nobody_answers(stage.database, stage.client.id, stage.connection.id, "no_api_token")
    assert told(stage, lead_id) == [("unknown", "no_api_token", 0, 0)]
