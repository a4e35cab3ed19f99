"""Broken answers on listings: an error word at once, for one odd shape must not look like an empty calendar."""

from datetime import timedelta
from typing import Any

import pytest

from ingest.apis.api import ApiFailed, Page, Window
from ingest.apis.calendly_api import CalendlyApi
from ingest.apis.ghl_api import GhlApi
from pipeline.observation import AppointmentKey
from pipeline.words import Provider
from tests.apis.conftest import CANARY, NOON, Stage
from tests.simulators import calendly_objects

WEEK = Window(NOON, NOON + timedelta(days=7))
BROKEN = ["wrapped", "renamed", "truncated", "listed", "empty", "html_200"]


def listed(api: Any) -> list[Page]:
    return list(api.pages(WEEK, None, lambda _: set()))


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("path", ["/users/me", "/scheduled_events", "/scheduled_events/"])
def test_a_broken_listing_of_calendly_is_an_error(
    calendly: Stage, calendly_api: CalendlyApi, kind: str, path: str
) -> None:
    calendly.world.book(calendly.account, calendly.world.person(calendly.account), NOON + timedelta(days=1))
    calendly.site.faults.rate(kind, 1.0, path=path)
    with pytest.raises(ApiFailed):
        listed(calendly_api)


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("path", ["/calendars/", "/calendars/events"])
def test_a_broken_listing_of_ghl_is_an_error(ghl: Stage, ghl_api: GhlApi, kind: str, path: str) -> None:
    ghl.world.book(ghl.account, ghl.world.person(ghl.account), NOON + timedelta(days=1))
    ghl.site.faults.rate(kind, 1.0, path=path)
    with pytest.raises(ApiFailed):
        listed(ghl_api)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_answer_to_a_get_is_not_taken_for_a_deletion(
    calendly: Stage, calendly_api: CalendlyApi, ghl: Stage, ghl_api: GhlApi, kind: str
) -> None:
    invitee = calendly.world.book(calendly.account, calendly.world.person(calendly.account), NOON)
    event = ghl.world.book(ghl.account, ghl.world.person(ghl.account), NOON)
    for stage in (calendly, ghl):
        stage.site.faults.rate(kind, 1.0)
    with pytest.raises(ApiFailed):
        calendly_api.appointment(
            AppointmentKey(Provider.CALENDLY, invitee.id), calendly_objects.invitee_uri(invitee)
        )
    with pytest.raises(ApiFailed):
        ghl_api.appointment(AppointmentKey(Provider.GHL, event.id), None)
    with pytest.raises(ApiFailed):
        ghl_api.contact(event.person.id)


def test_objects_that_are_all_unreadable_are_an_error(ghl: Stage, ghl_api: GhlApi) -> None:
    for number in range(3):
        ghl.world.book(
            ghl.account, ghl.world.person(ghl.account), NOON + timedelta(days=1), id=f"no/name {number}"
        )
    with pytest.raises(ApiFailed, match="unreadable_objects"):
        listed(ghl_api)


def test_personal_data_of_a_page_shows_in_no_text_of_it(
    calendly: Stage, calendly_api: CalendlyApi, ghl: Stage, ghl_api: GhlApi
) -> None:
    for stage in (calendly, ghl):
        person = stage.world.person(
            stage.account, first="canary-first", last="canary-last", email=CANARY, phone="+14155550199"
        )
        meeting = stage.world.book(stage.account, person, NOON + timedelta(days=1))
        stage.world.cancel(stage.account, meeting, "canary-reason")
    contact = ghl_api.contact(person.id)
    told = repr([listed(calendly_api), listed(ghl_api), contact])
    assert "canary" not in told
    assert "4155550199" not in told
    assert contact is not None
    assert contact.email == CANARY
