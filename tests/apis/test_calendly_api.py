"""Calendly's API: everything in a window is listed once, and what is known costs no call."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from ingest.adapter import Reading
from ingest.apis.api import ApiFailed, Mark, Page, Window
from ingest.apis.calendly_api import CalendlyApi
from pipeline.observation import AppointmentKey, Links, Observation
from pipeline.words import Provider, Source, Status
from tests.apis.conftest import NOON, Stage, name_of
from tests.simulators import calendly_objects
from tests.simulators.truth import Meeting

YEAR = Window(NOON - timedelta(days=400), NOON + timedelta(days=400))


class Memory:
    """What a sweep would know: marks by group."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}

    def known(self, marks: Sequence[Mark]) -> set[str]:
        return {mark.group for mark in marks if self.held.get(mark.group) == mark.fingerprint}

    def keep(self, pages: Sequence[Page]) -> None:
        self.held |= {mark.group: mark.fingerprint for page in pages for mark in page.marks}


def swept(api: CalendlyApi, memory: Memory | None = None, window: Window = YEAR) -> list[Page]:
    memory = memory or Memory()
    pages = list(api.pages(window, None, memory.known))
    memory.keep(pages)
    return pages


def readings(pages: Sequence[Page]) -> list[Reading]:
    return [one for page in pages for one in page.readings]


def names(pages: Sequence[Page]) -> list[str]:
    return sorted(name_of(one) for one in readings(pages))


def said(reading: Reading) -> Observation:
    assert isinstance(reading.said, Observation)
    return reading.said


def status_word(observation: Observation) -> Status | None:
    return observation.status.word if observation.status else None


def booked(stage: Stage, number: int) -> list[Meeting]:
    world = stage.world
    return [
        world.book(stage.account, world.person(stage.account), NOON + timedelta(hours=one))
        for one in range(number)
    ]


def test_all_pages_are_listed_each_event_once(calendly: Stage, calendly_api: CalendlyApi) -> None:
    meetings = booked(calendly, 250)
    pages = swept(calendly_api)
    assert len(pages) == 3
    assert names(pages) == sorted(one.id for one in meetings)
    assert [page.cursor is None for page in pages] == [False, False, True]


def test_a_listing_resumes_after_the_page_of_its_cursor(calendly: Stage, calendly_api: CalendlyApi) -> None:
    meetings = booked(calendly, 250)
    first = next(iter(calendly_api.pages(YEAR, None, Memory().known)))
    rest = list(calendly_api.pages(YEAR, first.cursor, Memory().known))
    assert names([first, *rest]) == sorted(one.id for one in meetings)


def test_a_window_includes_its_start_and_not_its_end(calendly: Stage, calendly_api: CalendlyApi) -> None:
    meetings = booked(calendly, 3)
    assert names(swept(calendly_api, window=Window(NOON, NOON + timedelta(hours=2)))) == [
        one.id for one in meetings[:2]
    ]


def test_what_is_known_and_unchanged_costs_no_call(calendly: Stage, calendly_api: CalendlyApi) -> None:
    booked(calendly, 120)
    memory = Memory()
    swept(calendly_api, memory)
    before = calendly.site.limits.calls[calendly.account.id]
    pages = swept(calendly_api, memory)
    assert calendly.site.limits.calls[calendly.account.id] - before == 2
    assert readings(pages) == []
    assert sum(len(page.unchanged) for page in pages) == 120


def test_a_cancellation_and_both_halves_of_a_reschedule_are_found(
    calendly: Stage, calendly_api: CalendlyApi
) -> None:
    first, second, _ = booked(calendly, 3)
    memory = Memory()
    swept(calendly_api, memory)
    calendly.passes(1)
    calendly.world.cancel(calendly.account, first)
    third = calendly.world.reschedule(calendly.account, second, NOON + timedelta(days=3))
    found = {name_of(one): said(one) for one in readings(swept(calendly_api, memory))}
    assert found.keys() == {first.id, second.id, third.id}
    assert status_word(found[first.id]) is Status.CANCELED
    assert (found[second.id].links or Links()).replaced_by == third.id
    assert (found[third.id].links or Links()).replaces == second.id


def test_a_no_show_is_found_though_no_version_moves(calendly: Stage, calendly_api: CalendlyApi) -> None:
    (meeting,) = booked(calendly, 1)
    memory = Memory()
    swept(calendly_api, memory)
    calendly.passes(1)
    swept(calendly_api, memory)
    calendly.world.no_show(calendly.account, meeting)
    assert readings(swept(calendly_api, memory)) == [], "the listing shows nothing of it"
    calendly.passes(6)
    (found,) = readings(swept(calendly_api, memory))
    outcome = said(found).outcome
    assert outcome is not None
    assert outcome.word is Status.NO_SHOW


def test_every_invitee_of_a_group_event_is_read(calendly: Stage, calendly_api: CalendlyApi) -> None:
    world, account = calendly.world, calendly.account
    group = list(account.calendars.values())[1]
    first = world.book(account, world.person(account), NOON + timedelta(days=1), calendar=group)
    second = world.book(account, world.person(account), first.start, calendar=group, group=first.group)
    memory = Memory()
    assert names(swept(calendly_api, memory)) == [first.id, second.id]
    world.cancel(account, first)
    third = world.book(account, world.person(account), first.start, calendar=group, group=first.group)
    found = {name_of(one): said(one).status for one in readings(swept(calendly_api, memory))}
    words = {name: status.word for name, status in found.items() if status}
    assert words == {first.id: Status.CANCELED, second.id: Status.CONFIRMED, third.id: Status.CONFIRMED}


def test_one_unreadable_invitee_does_not_hide_the_others(calendly: Stage, calendly_api: CalendlyApi) -> None:
    world, account = calendly.world, calendly.account
    group = list(account.calendars.values())[1]
    bad = world.book(account, world.person(account), NOON, calendar=group, id="?")
    good = world.book(account, world.person(account), NOON, calendar=group, group=bad.group)
    (alone,) = booked(calendly, 1)
    pages = swept(calendly_api)
    assert names(pages) == sorted([alone.id, good.id])
    assert sum(page.unreadable for page in pages) == 1


def test_observed_at_is_the_instant_before_the_request(calendly: Stage, calendly_api: CalendlyApi) -> None:
    booked(calendly, 1)
    (found,) = readings(swept(calendly_api))
    assert (said(found).observed_at, said(found).source) == (NOON, Source.RECONCILE_CRON)


def test_one_appointment_is_got_by_its_uri_with_its_event(calendly: Stage, calendly_api: CalendlyApi) -> None:
    (meeting,) = booked(calendly, 1)
    key = AppointmentKey(Provider.CALENDLY, meeting.id)
    uri = calendly_objects.invitee_uri(meeting)
    found = calendly_api.appointment(key, uri)
    assert found is not None
    schedule = said(found).schedule
    assert schedule is not None
    assert schedule.start_at == meeting.start
    calendly.world.remove(calendly.account, meeting)
    assert calendly_api.appointment(key, uri) is None


@pytest.mark.parametrize("uri", [None, "https://api.calendly.com/scheduled_events/E/invitees/Other"])
def test_an_appointment_that_cannot_be_asked_about_is_an_error(
    calendly_api: CalendlyApi, uri: str | None
) -> None:
    with pytest.raises(ApiFailed, match="unusable_name"):
        calendly_api.appointment(AppointmentKey(Provider.CALENDLY, "Inv1"), uri)


def test_a_next_page_at_another_host_is_not_followed(calendly: Stage, calendly_api: CalendlyApi) -> None:
    booked(calendly, 150)
    calendly.site.foreign_pages = True
    with pytest.raises(ApiFailed, match="foreign_next_page"):
        swept(calendly_api)


def test_a_disabled_subscription_is_seen_and_made_anew(calendly: Stage, calendly_api: CalendlyApi) -> None:
    made = calendly_api.subscribe("https://apptrail.example/webhooks/calendly/the-endpoint")
    calendly_api.subscribe("https://apptrail.example/webhooks/calendly/another")
    hook = next(iter(calendly.site.hooks.values()))
    hook.state, hook.retry_started_at = "disabled", NOON
    (seen,) = calendly_api.subscriptions()
    assert (seen.uri, seen.active, seen.retry_started_at) == (made.uri, False, NOON)
    anew = calendly_api.recreate(seen)
    (seen_anew,) = calendly_api.subscriptions()
    assert (seen_anew, anew.active, anew.events) == (anew, True, made.events)
    assert anew.uri != made.uri


def test_making_anew_can_be_repeated_after_it_failed_half_way(
    calendly: Stage, calendly_api: CalendlyApi
) -> None:
    made = calendly_api.subscribe("https://apptrail.example/webhooks/calendly/the-endpoint")
    calendly.site.faults.next("500", path="POST /webhook_subscriptions")
    with pytest.raises(ApiFailed):
        calendly_api.recreate(made)
    assert calendly_api.subscriptions() == []
    assert calendly_api.recreate(made).active
