"""GHL's API: calendar by calendar and slice by slice, each object once, in whatever an answer is wrapped."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from ingest.apis.api import ApiFailed, Mark, Page, Window
from ingest.apis.ghl_api import GhlApi
from pipeline.observation import AppointmentKey, Observation
from pipeline.words import Provider, Source, Status
from tests.apis.conftest import NOON, Stage, name_of

YEAR = Window(NOON - timedelta(days=200), NOON + timedelta(days=200))


def nothing(_: Sequence[Mark]) -> set[str]:
    return set()


def names(pages: Sequence[Page]) -> list[str]:
    return sorted(name_of(one) for page in pages for one in page.readings)


def booked_everywhere(stage: Stage, number: int) -> list[str]:
    """Meetings over a year, in both calendars."""
    world, calendars = stage.world, list(stage.account.calendars.values())
    return sorted(
        world.book(
            stage.account, world.person(stage.account), NOON + timedelta(days=9 * (one - number // 2)), calendar=calendars[one % 2]
        ).id
        for one in range(number)
    )  # fmt: skip


def test_all_calendars_and_slices_are_listed(ghl: Stage, ghl_api: GhlApi) -> None:
    meetings = booked_everywhere(ghl, 40)
    pages = list(ghl_api.pages(YEAR, None, nothing))
    assert names(pages) == meetings
    assert [page.cursor for page in pages].count(None) == 1
    assert pages[-1].cursor is None


def test_a_listing_resumes_after_the_slice_of_its_cursor(ghl: Stage, ghl_api: GhlApi) -> None:
    meetings = booked_everywhere(ghl, 40)
    walk = ghl_api.pages(YEAR, None, nothing)
    begun = [next(walk) for _ in range(15)]
    rest = list(ghl_api.pages(YEAR, begun[-1].cursor, nothing))
    assert names([*begun, *rest]) == meetings


def test_a_location_without_calendars_has_one_empty_page(ghl: Stage, ghl_api: GhlApi) -> None:
    ghl.account.calendars.clear()
    assert [page.cursor for page in ghl_api.pages(YEAR, None, nothing)] == [None]


def test_what_is_known_and_unchanged_gives_no_reading(ghl: Stage, ghl_api: GhlApi) -> None:
    booked_everywhere(ghl, 10)
    held = {
        mark.group: mark.fingerprint for page in ghl_api.pages(YEAR, None, nothing) for mark in page.marks
    }

    def known(marks: Sequence[Mark]) -> set[str]:
        return {mark.group for mark in marks if held.get(mark.group) == mark.fingerprint}

    moved = next(iter(ghl.account.meetings.values()))
    ghl.passes(1)
    ghl.world.move(ghl.account, moved, moved.start + timedelta(hours=3))
    pages = list(ghl_api.pages(YEAR, None, known))
    assert names(pages) == [moved.id]
    assert sum(len(page.unchanged) for page in pages) == 9


def test_an_event_that_two_calendars_show_is_told_once(ghl: Stage, ghl_api: GhlApi) -> None:
    (name,) = booked_everywhere(ghl, 1)
    ghl.site.shows_everywhere = True
    assert names(list(ghl_api.pages(YEAR, None, nothing))) == [name]


def test_recurring_instances_are_appointments_of_their_own(ghl: Stage, ghl_api: GhlApi) -> None:
    series = ghl.world.recur(ghl.account, ghl.world.person(ghl.account), NOON, 3)
    assert names(list(ghl_api.pages(YEAR, None, nothing))) == sorted(one.id for one in series)


@pytest.mark.parametrize("wrapper", ["event", "appointment", None])
def test_one_appointment_is_read_in_any_wrapping(ghl: Stage, ghl_api: GhlApi, wrapper: str | None) -> None:
    meeting = ghl.world.book(ghl.account, ghl.world.person(ghl.account), NOON + timedelta(days=1))
    ghl.world.set_status(ghl.account, meeting, "cancelled")
    ghl.site.wrapper = wrapper
    found = ghl_api.appointment(AppointmentKey(Provider.GHL, meeting.id), None)
    assert found is not None
    assert isinstance(found.said, Observation)
    assert found.said.status is not None
    assert found.said.schedule is not None
    said = (found.said.status.word, found.said.schedule.start_at, found.said.source, found.said.observed_at)
    assert said == (Status.CANCELED, meeting.start, Source.RECONCILE_CRON, NOON)


def test_a_deleted_appointment_is_none(ghl: Stage, ghl_api: GhlApi) -> None:
    meeting = ghl.world.book(ghl.account, ghl.world.person(ghl.account), NOON)
    ghl.world.remove(ghl.account, meeting)
    assert ghl_api.appointment(AppointmentKey(Provider.GHL, meeting.id), None) is None


def test_an_answer_about_another_appointment_is_refused(ghl: Stage, ghl_api: GhlApi) -> None:
    meeting = ghl.world.book(ghl.account, ghl.world.person(ghl.account), NOON)
    ghl.site.wrapper = "data"
    with pytest.raises(ApiFailed, match="wrapped_answer"):
        ghl_api.appointment(AppointmentKey(Provider.GHL, meeting.id), None)


def test_a_contact_is_read(ghl: Stage, ghl_api: GhlApi) -> None:
    person = ghl.world.person(ghl.account)
    found = ghl_api.contact(person.id)
    assert found is not None
    assert (found.ghl_contact_id, found.email, found.first_name) == (person.id, person.email, person.first)
    assert ghl_api.contact("nobody") is None


@pytest.mark.parametrize("name", ["", "../users", "a b", "x" * 200], ids=["empty", "path", "blank", "long"])
def test_a_name_that_is_no_id_is_never_part_of_a_path(ghl: Stage, ghl_api: GhlApi, name: str) -> None:
    with pytest.raises(ApiFailed, match="unusable_name"):
        ghl_api.appointment(AppointmentKey(Provider.GHL, name), None)
    assert ghl.account.id not in ghl.site.limits.calls
