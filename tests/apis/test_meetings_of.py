"""One person's meetings, past and coming, as each provider lists them: read as its webhooks would be."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from ingest.apis.api import ApiFailed, Page, Person
from ingest.apis.calendly_api import CalendlyApi
from ingest.apis.ghl_api import GhlApi
from pipeline.observation import Observation
from pipeline.words import Provider
from tests.apis.conftest import NOON, Stage, name_of


def names(pages: Iterable[Page]) -> list[str]:
    return sorted(name_of(one) for page in pages for one in page.readings)


def test_calendly_is_asked_by_address_and_tells_of_past_and_canceled_ones(
    calendly: Stage, calendly_api: CalendlyApi
) -> None:
    world, account = calendly.world, calendly.account
    me, other = world.person(account), world.person(account)
    mine = [world.book(account, me, NOON + timedelta(days=days)) for days in (-20, 3, 9)]
    world.book(account, other, NOON + timedelta(days=4))
    world.cancel(account, mine[1])
    assert names(calendly_api.meetings_of(Person(email=me.email))) == sorted(one.id for one in mine)


def test_calendly_pages_are_followed(calendly: Stage, calendly_api: CalendlyApi) -> None:
    me = calendly.world.person(calendly.account)
    mine = [
        calendly.world.book(calendly.account, me, NOON + timedelta(days=1, hours=hour)) for hour in range(120)
    ]
    pages = list(calendly_api.meetings_of(Person(email=me.email)))
    assert len(pages) == 2
    assert names(pages) == sorted(one.id for one in mine)


@pytest.mark.parametrize("called", ["events", "appointments"])
def test_ghl_is_asked_by_contact_and_each_time_is_the_appointments_own(
    ghl: Stage, ghl_api: GhlApi, called: str
) -> None:
    ghl.site.contact_events = called
    world, account = ghl.world, ghl.account
    me, other = world.person(account), world.person(account)
    mine = {
        one.id: one.start
        for one in (world.book(account, me, NOON + timedelta(days=days)) for days in (-20, 3))
    }
    world.book(account, other, NOON + timedelta(days=4))
    pages = list(ghl_api.meetings_of(Person(contact_id=me.id)))
    read = [one.said for page in pages for one in page.readings]
    assert {
        said.external_id: said.schedule.start_at
        for said in read
        if isinstance(said, Observation) and said.schedule
    } == mine


def test_a_contact_that_is_not_there_has_no_meetings(ghl_api: GhlApi) -> None:
    assert list(ghl_api.meetings_of(Person(contact_id="nobody"))) == []


def test_a_listing_in_another_shape_is_no_empty_one(ghl: Stage, ghl_api: GhlApi) -> None:
    me = ghl.world.person(ghl.account)
    ghl.site.contact_events = "data"
    with pytest.raises(ApiFailed):
        list(ghl_api.meetings_of(Person(contact_id=me.id)))


def test_a_person_is_known_by_what_the_provider_asks_for_and_never_shown() -> None:
    person = Person(email="somebody@example.com")
    assert person.is_known_to(Provider.CALENDLY)
    assert not person.is_known_to(Provider.GHL)
    assert "somebody" not in repr(person)
