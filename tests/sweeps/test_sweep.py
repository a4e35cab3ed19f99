"""A sweep: posts what is news, costs nothing for what is not, and never concludes more than it was told."""

from dataclasses import replace
from datetime import timedelta

from db import inbox
from db.ids import new_id
from ingest.parcels import parcel_of
from pipeline.observation import Observation, StatusWord
from pipeline.sweeping import Tier
from pipeline.words import Provider, Source, Status
from tests.builders import at
from tests.sweeps.conftest import Stage


def booked(stage: Stage, count: int) -> None:
    for number in range(count):
        stage.api.book(f"m-{number:03}", f"p{number}", at(24) + timedelta(minutes=number))


def test_a_sweep_brings_what_no_webhook_did(stage: Stage) -> None:
    booked(stage, 25)
    swept = stage.sweep()
    assert (swept.state, swept.pages, swept.posted, stage.jobs()) == ("finished", 4, 25, 25)
    stage.drain()
    assert set(stage.statuses().values()) == {"confirmed"}
    assert len(stage.statuses()) == 25
    assert stage.one("SELECT count(*) FROM lead WHERE appointment_count = 1 AND email IS NOT NULL") == 25
    assert stage.one("SELECT DISTINCT source FROM appointment") == "reconcile_cron"


def test_what_did_not_change_costs_no_job_and_one_query_a_page(stage: Stage) -> None:
    booked(stage, 25)
    stage.sweep()
    stage.drain()
    stage.pass_(minutes=5)
    calls = stage.api.calls
    swept = stage.sweep()
    assert (swept.listed, swept.unchanged, swept.posted, stage.jobs()) == (25, 25, 0, 0)
    assert stage.api.calls - calls == 4


def test_what_a_webhook_has_brought_already_costs_no_job(stage: Stage) -> None:
    meeting = stage.api.book("m-1", "anna", at(24))
    told = meeting.reading(Source.WEBHOOK, at(0))
    inbox.post(stage.database, [parcel_of(stage.connection, told, at(0), new_id())])
    stage.drain()
    swept = stage.sweep()
    assert (swept.posted, swept.held, stage.jobs()) == (0, 1, 0)
    assert stage.one("SELECT heard_first FROM sweep_run WHERE tier = 'near'") == 1
    assert stage.one("SELECT source FROM appointment") == "webhook"


def test_a_change_is_posted_alone(stage: Stage) -> None:
    booked(stage, 25)
    stage.sweep()
    stage.drain()
    stage.pass_(hours=1)
    stage.api.meetings["m-007"].word = Status.CANCELED
    stage.api.meetings["m-007"].version_at = stage.api.now
    swept = stage.sweep()
    assert (swept.posted, stage.jobs()) == (1, 1)
    stage.drain()
    assert stage.statuses()["m-007"] == "canceled"


def test_the_watermark_moves_with_the_last_page_and_not_before(stage: Stage) -> None:
    booked(stage, 25)
    stage.api.fails_on_page = 2
    swept = stage.sweep()
    assert (swept.state, swept.reason) == ("waiting", "http_5xx")
    assert stage.watermarks() == {}
    assert stage.jobs() == 20
    stage.api.fails_on_page = None
    stage.pass_(minutes=1)
    stage.api.listed.clear()
    swept = stage.sweep()
    assert (swept.state, swept.posted, stage.jobs()) == ("finished", 5, 25)
    assert stage.api.listed[0] == "20", "it goes on at the page that failed"
    assert stage.watermarks()["near"]["to"].startswith("2026-07-31")


def test_a_lead_that_is_seen_is_marked_as_checked_hourly_at_most(stage: Stage) -> None:
    booked(stage, 3)
    stage.sweep()
    stage.drain()
    stage.pass_(minutes=10)
    stage.sweep()
    first = stage.one("SELECT min(appointment_last_checked_at) FROM lead")
    assert first == stage.api.now
    stage.pass_(minutes=10)
    stage.sweep()
    assert stage.one("SELECT max(appointment_last_checked_at) FROM lead") == first
    stage.pass_(minutes=51)
    stage.sweep()
    assert stage.one("SELECT min(appointment_last_checked_at) FROM lead") == stage.api.now


def test_a_meeting_that_is_not_listed_any_more_is_asked_for_and_removed_only_by_the_answer(
    stage: Stage,
) -> None:
    booked(stage, 12)
    stage.sweep()
    stage.drain()
    stage.pass_(minutes=10)
    stage.api.hidden = {"m-003"}
    del stage.api.meetings["m-004"]
    swept = stage.sweep()
    assert (swept.suspects, stage.jobs()) == (2, 0)
    stage.drain()
    assert set(stage.statuses().values()) == {"confirmed"}
    stage.serve()
    stage.drain()
    assert {name for name, word in stage.statuses().items() if word != "confirmed"} == {"m-004"}
    assert stage.one("SELECT removed_at_provider FROM appointment WHERE external_id = 'm-004'")
    assert stage.lookups() == {"m-003": ("absent", "answered"), "m-004": ("absent", "answered")}
    stage.pass_(minutes=5)
    stage.sweep()
    assert stage.lookups()["m-003"] == ("absent", "answered"), "not asked again with every sweep"


def test_a_removed_meeting_that_a_listing_shows_again_is_asked_for_and_comes_back(stage: Stage) -> None:
    booked(stage, 3)
    gone = stage.api.meetings["m-001"]
    stage.sweep()
    stage.drain()
    stage.pass_(minutes=10)
    del stage.api.meetings["m-001"]
    stage.sweep()
    stage.serve()
    stage.drain()
    assert stage.statuses()["m-001"] == "canceled"
    stage.pass_(minutes=10)
    stage.api.meetings["m-001"] = gone
    stage.sweep()
    stage.drain()
    assert stage.statuses()["m-001"] == "canceled", "a listing alone undoes nothing"
    stage.serve()
    stage.drain()
    assert stage.statuses()["m-001"] == "confirmed"


def test_a_mass_disappearance_concludes_nothing_and_is_told(stage: Stage) -> None:
    booked(stage, 60)
    stage.sweep()
    stage.drain()
    stage.pass_(minutes=10)
    stage.api.hidden = {f"m-{number:03}" for number in range(30)}
    swept = stage.sweep()
    assert (swept.state, swept.reason, stage.lookups()) == ("stopped", "mass_disappearance", {})
    assert stage.one("SELECT alert FROM connection_health") == "mass_disappearance"
    stage.serve()
    stage.drain()
    assert set(stage.statuses().values()) == {"confirmed"}


def test_a_stub_known_by_its_contact_id_alone_is_completed(stage: Stage) -> None:
    stage.api.nameless = True
    stage.api.book("m-1", "anna", at(24))
    stage.sweep()
    stage.drain()
    assert stage.lookups() == {"m-1": ("stub", "waiting")}
    stage.serve()
    stage.drain()
    assert stage.one("SELECT email || '/' || full_name FROM lead") == "anna@example.com/Anna"
    assert stage.one("SELECT count(*) FROM lead_identity WHERE kind = 'email'") == 1


def test_a_doubt_about_an_unversioned_word_is_settled_by_asking(stage: Stage) -> None:
    booked(stage, 1)
    stage.sweep()
    stage.drain()
    stage.pass_(hours=1)
    told = stage.api.meetings["m-000"].reading(Source.WEBHOOK, stage.api.now)
    said = Observation(
        provider=Provider.GHL,
        external_id="m-000",
        source=Source.WEBHOOK,
        observed_at=stage.api.now,
        status=StatusWord(word=Status.CANCELED),
    )
    parcel = parcel_of(stage.connection, replace(told, said=said), stage.api.now, new_id())
    inbox.post(stage.database, [parcel])
    stage.drain()
    assert stage.statuses()["m-000"] == "confirmed", "the provider's version stands"
    assert stage.lookups() == {"m-000": ("contradiction", "waiting")}
    stage.api.meetings["m-000"].word = Status.CANCELED
    stage.api.meetings["m-000"].version_at = stage.api.now
    stage.serve()
    stage.drain()
    assert stage.statuses()["m-000"] == "canceled"
    assert stage.lookups() == {"m-000": ("contradiction", "answered")}


def test_tiers_are_due_by_their_own_hours(stage: Stage) -> None:
    assert [one.tier for one in stage.serve()] == [Tier.NEAR, Tier.MID, Tier.FAR]
    stage.pass_(minutes=4)
    assert stage.serve() == []
    stage.pass_(minutes=2)
    assert [one.tier for one in stage.serve()] == [Tier.NEAR]
    stage.pass_(minutes=55)
    assert [one.tier for one in stage.serve()] == [Tier.NEAR, Tier.MID]
    stage.pass_(hours=24)
    assert [one.tier for one in stage.serve()] == [Tier.NEAR, Tier.MID, Tier.FAR]
