"""A day's work in a real browser, by keyboard, on running processes: what the pages promise to people."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from db import passwords
from tests.browser.office import Agency, Office, open_for_work
from tests.browser.visit import Visit, visiting
from tests.flows.calendly_bodies import booked, canceled

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

Visiting = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture(scope="module")
def office(chromium: Browser, server_folder: Path) -> Iterator[Office]:
    """Asked for after the browser, so that nothing is started where there is none."""
    with open_for_work(server_folder / "office") as office:
        yield office


@pytest.fixture
def visit(chromium: Browser, office: Office) -> Visiting:
    return partial(visiting, chromium, office.stack.url)


def a_lead(agency: Agency, name: str = "one", start: datetime = NOW + DAY) -> str:
    """A lead who has booked; the address by which it is found."""
    email = f"{name}@{agency.name}.example"
    agency.hear(booked(f"{agency.name}-{name}", email, start, start + HOUR / 2, start - 2 * DAY))
    return email


def find(visit: Visit, email: str) -> None:
    """Search a lead from the list, by keyboard."""
    visit.go("/leads")
    visit.tab_to("Find a lead by email")
    visit.page.keyboard.type(email)
    visit.press("Enter")
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("A Person")


def test_somebody_signs_in_by_the_printed_link_and_finds_a_lead(office: Office, visit: Visiting) -> None:
    agency = office.agency("door")
    email = a_lead(agency)
    link = office.stack.cli("operator", "link", agency.operator).strip()
    with visit() as operator:
        operator.go(link)
        operator.tab_to("Sign in")
        operator.press("Enter")
        expect(operator.page).to_have_url(f"{office.stack.url}/leads")
        find(operator, email)
        expect(operator.page.get_by_role("heading", name="Next meeting")).to_be_visible()
        operator.refused = {410}
        operator.go(link)
        operator.tab_to("Sign in")
        operator.press("Enter")
        expect(operator.page.get_by_role("heading", level=1)).to_have_text("This link is spent")


def test_an_open_timeline_shows_a_reschedule_and_says_so(office: Office, visit: Visiting) -> None:
    agency = office.agency("moving")
    email = a_lead(agency)
    old = booked("moving-one", email, NOW + DAY, NOW + DAY + HOUR / 2, NOW - DAY)
    new = booked("moving-two", email, NOW + 4 * DAY, NOW + 4 * DAY + HOUR, NOW, replaces="moving-one")
    with visit(session=agency.session()) as operator:
        find(operator, email)
        rows = operator.page.locator("#timeline .row")
        expect(rows).to_have_count(1)
        agency.deliver(canceled(old, NOW, replaced_by="moving-two"), new)
        expect(rows).to_have_count(2)
        expect(rows.filter(has_text="Moved to")).to_contain_text("Moved")
        expect(operator.page.locator(".primary")).to_contain_text("in 4 days")
        expect(operator.page.locator(".primary")).to_contain_text("Moved 1×")
        assert operator.page.locator(".pill.red").count() == 0
        assert operator.page.locator("#news[aria-live=polite]").inner_text().endswith("changed.")


def test_an_outcome_is_marked_and_taken_back(office: Office, visit: Visiting) -> None:
    agency = office.agency("outcome")
    email = a_lead(agency, start=NOW - 3 * HOUR)
    with visit(session=agency.session()) as operator:
        find(operator, email)
        expect(operator.page.get_by_role("heading", name="Needs outcome")).to_be_visible()
        operator.tab_to("Showed")
        operator.press("Enter")
        expect(operator.page.get_by_role("status").filter(has_text="Outcome")).to_contain_text("recorded")
        expect(operator.page.locator("#timeline .row .pill.green")).to_have_text("Showed")
        expect(operator.page.get_by_role("heading", name="Needs outcome")).to_have_count(0)
        operator.tab_to("Undo")
        operator.press("Enter")
        expect(operator.page.get_by_role("heading", name="Needs outcome")).to_be_visible()


def lose(agency: Agency, *names: str) -> None:
    """Each of them calls off the meeting of tomorrow."""
    for name in names:
        email = a_lead(agency, name)
        agency.hear(canceled(booked(f"{agency.name}-{name}", email, NOW + DAY, NOW + DAY + HOUR, NOW - DAY),
                             datetime.now(UTC)))  # fmt: skip


def test_a_follow_up_is_completed_and_undone_by_keys(office: Office, visit: Visiting) -> None:
    agency = office.agency("lost")
    lose(agency, "one")
    with visit(session=agency.session()) as operator:
        page = operator.go("/follow-ups")
        row = page.locator(".task")
        expect(row).to_have_class("task urgent")
        expect(page).to_have_title("(1) Follow-ups · apptrail")
        # Red is never alone: a bar with its width, an icon, a word and a name say it too.
        urgent = row.locator(".pill.red", has_text="Urgent")
        expect(urgent.locator("svg")).to_be_visible()
        assert (row.get_attribute("aria-label") or "").startswith("Urgent: ")
        assert row.evaluate("one => getComputedStyle(one).borderLeftWidth") == "4px"
        operator.press("j", "e")
        expect(page.get_by_role("status")).to_contain_text("1 follow-up done.")
        expect(page.locator(".empty")).to_contain_text("All clear")
        operator.press("u")
        expect(page.get_by_role("status")).to_contain_text("as before")
        expect(row).to_have_class("task urgent")


def test_several_follow_ups_are_done_at_once(office: Office, visit: Visiting) -> None:
    agency = office.agency("many")
    lose(agency, "one", "two", "three")
    with visit(session=agency.session()) as operator:
        page = operator.go("/follow-ups")
        operator.press("j", "x", "j", "x")
        expect(page.locator("[data-picked]")).to_have_text("2 picked")
        expect(page.locator("[data-pick-all]")).to_have_js_property("indeterminate", value=True)
        operator.tab_to("picked", backwards=True)
        operator.press("Space")
        expect(page.locator("[data-picked]")).to_have_text("3 picked")
        operator.tab_to("Done")
        operator.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("3 follow-ups done.")
        operator.tab_to("Undo")
        operator.press("Enter")
        expect(page.locator(".task")).to_have_count(3)


def test_dead_letters_are_previewed_and_replayed(office: Office, visit: Visiting) -> None:
    agency = office.agency("letters")
    a_lead(agency)
    letters = [agency.a_letter(f"letter{number}", "a bug") for number in range(3)]
    with visit(session=agency.session()) as operator:
        page = operator.go("/dead-letters")
        operator.tab_to("Preview a replay")
        operator.press("Enter")
        expect(page.get_by_role("heading", name="3 letters match now")).to_be_visible()
        expect(page.get_by_role("table")).to_contain_text("Create")
        operator.tab_to("Why, for the audit trail")
        page.keyboard.type("The fix is out")
        operator.press("Enter")
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.locator("#progress .pill")).to_have_text("Done")
        expect(page.get_by_role("heading", name="3 of 3 posted")).to_be_visible()
        operator.go(f"/dead-letters/{letters[0]}")
        expect(page.locator(".pill", has_text="Replayed")).to_be_visible()


def test_a_password_opens_the_door_and_guessing_closes_it(office: Office, visit: Visiting) -> None:
    agency = office.agency("words")
    passwords.set_password(office.database, agency.operator, "correct horse battery")

    def knock(visitor: Visit, password: str) -> None:
        visitor.go("/sign-in")
        visitor.tab_to("Name")
        visitor.page.keyboard.type(agency.operator)
        visitor.press("Tab")
        visitor.page.keyboard.type(password)
        visitor.press("Enter")

    with visit() as operator:
        operator.refused = {401, 429}
        knock(operator, "wrong horse battery")
        expect(operator.page.get_by_role("alert")).to_contain_text("do not belong together")
        knock(operator, "correct horse battery")
        expect(operator.page).to_have_url(f"{office.stack.url}/leads")
        cookie = operator.context.cookies()[0]
        assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Lax")
    with visit() as guesser:
        guesser.refused = {401, 429}
        for number in range(passwords.MOST_FAILURES_OF_A_NAME):
            knock(guesser, f"wrong horse {number}")
            expect(guesser.page.get_by_role("alert")).to_contain_text("do not belong together")
        knock(guesser, "correct horse battery")
        expect(guesser.page.get_by_role("alert")).to_contain_text("Too many attempts")


def test_a_form_of_another_page_is_refused(office: Office, visit: Visiting) -> None:
    agency = office.agency("forged")
    with visit(session=agency.session()) as operator:
        operator.refused = {403}
        operator.page.set_content(
            f'<form method="post" action="{office.stack.url}/sign-out"><button>Win a prize</button></form>'
        )
        operator.page.get_by_role("button").click()
        expect(operator.page.get_by_role("heading", level=1)).to_have_text("This is not for you to see")
        operator.go("/leads")
        expect(operator.page.get_by_role("heading", level=1)).to_have_text("Leads")
