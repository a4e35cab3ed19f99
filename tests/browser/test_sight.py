"""Every page as eyes, hands and screen readers meet it: axe finds nothing, nothing is cut off, keys lead everywhere."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from db import sign_in
from db.ids import new_id
from tests.browser.site import Site, standing
from tests.browser.visit import NARROW, WIDE, Visit, visiting
from tests.browser.workday import Workday, begin
from tests.builders import a_client
from tests.stock import Stock
from tests.web.story import NOW

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
LOOKS = [(dark, size) for dark in (False, True) for size in (WIDE, NARROW)]
ZOOMED = (WIDE[0] // 2, WIDE[1] // 2)
"""What is left of a wide window at 200 %."""

Path_ = Callable[[Site, Workday], str]

PAGES: dict[str, Path_] = {
    "leads": lambda site, day: "/leads",
    "leads-filtered-to-none": lambda site, day: "/leads?status=nowhere",
    "lead": lambda site, day: f"/leads/{day.lead}",
    "lead-said": lambda site, day: f"/leads/{day.lead}?said=outcome&of={new_id()}",
    "lead-filtered": lambda site, day: f"/leads/{day.lead}?show=cancelled",
    "lead-without-meetings": lambda site, day: f"/leads/{day.empty}",
    "lead-of-500": lambda site, day: f"/leads/{day.long}",
    "follow-ups": lambda site, day: "/follow-ups",
    "follow-ups-said": lambda site, day: f"/follow-ups?said=done&ids={new_id()}",
    "follow-ups-snoozed": lambda site, day: "/follow-ups?view=snoozed",
    "follow-ups-closed": lambda site, day: "/follow-ups?view=closed",
    "dead-letters": lambda site, day: "/dead-letters",
    "letters": lambda site, day: "/dead-letters/list",
    "letters-none": lambda site, day: "/dead-letters/list?provider=ghl",
    "letter": lambda site, day: f"/dead-letters/{day.letter}",
    "replay-preview": lambda site, day: "/dead-letters/replay?kind=appointment",
    "replay-preview-none": lambda site, day: "/dead-letters/replay?kind=none",
    "replay": lambda site, day: f"/replays/{day.replay}",
    "sync": lambda site, day: "/sync",
    "tokens": lambda site, day: "/tokens",
    "api-docs": lambda site, day: "/api/docs",
    "sign-in": lambda site, day: "/sign-in",
    "sign-in-link": lambda site, day: "/sign-in/" + sign_in.make_link(site.database, "Olga"),
    "not-found": lambda site, day: "/nowhere",
    "no-such-lead": lambda site, day: f"/leads/{new_id()}",
    "bad-filter": lambda site, day: "/leads?provider=nobody",
}


@pytest.fixture(scope="module")
def site(chromium: Browser, stock: Stock) -> Iterator[Site]:
    with stock.one() as database, standing(database) as site:
        yield site


@pytest.fixture(scope="module")
def day(site: Site) -> Workday:
    return begin(site)


@pytest.fixture(scope="module")
def session(site: Site, day: Workday) -> str:
    return site.session()


@pytest.fixture
def visit(chromium: Browser, site: Site, session: str) -> Iterator[Visit]:
    with visiting(chromium, site.url, session=session, now=NOW) as visit:
        visit.refused = {403, 404, 422}
        yield visit


@pytest.fixture
def examined(chromium: Browser, site: Site, session: str) -> Iterator[Visit]:
    """A visit into which axe may be put, past the content policy that keeps everything else out."""
    with visiting(chromium, site.url, session=session, now=NOW, bypass_csp=True) as visit:
        visit.refused = {403, 404, 422}
        yield visit


def violations(page: Page, *, colours_alone: bool) -> list[str]:
    """What axe finds: the rule and the elements, each as its first line."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if colours_alone:
        options["runOnly"] = ["color-contrast", "link-in-text-block"]
    found: list[dict[str, Any]] = page.evaluate(
        "async (options) => (await axe.run(document, options)).violations", options
    )
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def examine(visit: Visit) -> list[str]:
    """Look at an open page in both themes, wide and narrow. The themes differ in their colours alone."""
    found = []
    for dark, (width, height) in LOOKS:
        visit.page.emulate_media(color_scheme="dark" if dark else "light")
        visit.page.set_viewport_size({"width": width, "height": height})
        look = f"{'dark' if dark else 'light'}, {width} px"
        found += [f"{look}: {one}" for one in violations(visit.page, colours_alone=dark)]
        found += [f"{look}: {one}" for one in cut_off(visit.page)]
    return found


def cut_off(page: Page) -> list[str]:
    """Whether the page itself scrolls sideways; parts of it may, in boxes that keys reach."""
    wide = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    return [f"scrolls sideways: {wide[0]} of {wide[1]}"] if wide[0] > wide[1] else []


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_nothing_is_cut_off(
    name: str, site: Site, day: Workday, examined: Visit
) -> None:
    examined.go(PAGES[name](site, day))
    assert examine(examined) == []
    examined.page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
    assert cut_off(examined.page) == []
    examined.page.set_viewport_size({"width": 320, "height": 640})
    assert cut_off(examined.page) == []


@pytest.mark.parametrize("path", ["/leads", "/follow-ups", "/dead-letters", "/sync"])
def test_axe_finds_nothing_where_nothing_has_happened_yet(
    path: str, chromium: Browser, site: Site, day: Workday
) -> None:
    name = f"Empty {path}"
    session = site.session(name, "operate", a_client(site.database, name).id)
    with visiting(chromium, site.url, session=session, now=NOW, bypass_csp=True) as visit:
        visit.go(path)
        expect(visit.page.locator(".empty")).to_be_visible()
        assert examine(visit) == []


def test_axe_finds_nothing_where_somebody_may_not_look(chromium: Browser, site: Site, day: Workday) -> None:
    session = site.session("Rita", "read", site.client.id)
    with visiting(chromium, site.url, session=session, now=NOW, bypass_csp=True) as visit:
        visit.refused = {403}
        page = visit.go("/tokens")
        expect(page.get_by_role("heading", level=1)).to_have_text("This is not for you to see")
        assert examine(visit) == []
        visit.go("/follow-ups")
        assert page.get_by_role("button", name="Done").count() == 0


def test_details_are_examined_open(site: Site, day: Workday, examined: Visit) -> None:
    for name in ("lead", "follow-ups", "letter", "replay", "sync"):
        examined.go(PAGES[name](site, day))
        examined.page.evaluate(
            "() => document.querySelectorAll('details').forEach((one) => { one.open = true; })"
        )
        assert examine(examined) == [], name


def test_pages_of_a_lead_with_500_appointments_stay_small(site: Site, day: Workday, visit: Visit) -> None:
    path, sizes = f"/leads/{day.long}", []
    while path:
        html = visit.context.request.get(site.url + path).text()
        sizes.append(len(html.encode()))
        following = re.search(r'href="([^"]+)" rel="next"', html)
        path = unescape(following[1]) if following else ""
    assert len(sizes) == 34
    assert max(sizes) < 60_000


def test_a_link_to_an_appointment_opens_the_page_that_it_is_on(
    site: Site, day: Workday, visit: Visit
) -> None:
    page = visit.go(f"/leads/{day.long}")
    page.get_by_role("link", name="Older appointments").click()
    page.get_by_role("link", name="Older appointments").click()
    link = page.locator(".row .at a").last
    href = link.get_attribute("href") or ""
    page = visit.go(href)
    expect(page.locator(".row:target")).to_be_in_viewport()


def test_every_stop_of_the_keyboard_is_seen_and_the_first_skips_the_bar(
    site: Site, day: Workday, visit: Visit
) -> None:
    page = visit.go(f"/leads/{day.lead}")
    visit.press("Tab")
    assert visit.focused().startswith("Skip to content")
    visit.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    stops = []
    for _ in range(25):
        visit.press("Tab")
        shown: dict[str, Any] = page.evaluate(
            """() => { const one = document.activeElement, look = getComputedStyle(one), box = one.getBoundingClientRect();
                       return {name: one.tagName, outline: look.outlineStyle, top: box.top + scrollY}; }"""
        )
        assert shown["outline"] == "solid", shown
        stops.append(shown["top"])
    order = page.evaluate(
        "() => [...document.querySelectorAll('[tabindex]')].filter((one) => one.tabIndex > 0).length"
    )
    assert order == 0
    assert sum(later < earlier - 60 for earlier, later in pairwise(stops)) == 0


def test_who_wants_no_motion_sees_none(chromium: Browser, site: Site, day: Workday, session: str) -> None:
    moving = "() => document.getAnimations().length"
    with visiting(chromium, site.url, session=session, now=NOW) as visit:
        assert visit.go(f"/leads/{day.lead}").evaluate(moving) == 1
        visit.page.emulate_media(reduced_motion="reduce")
        assert visit.page.evaluate(moving) == 0


def test_paper_shows_the_history_and_no_buttons(
    site: Site, day: Workday, visit: Visit, tmp_path: Path
) -> None:
    page = visit.go(f"/leads/{day.lead}")
    page.emulate_media(media="print")
    for gone in (".bar", ".tabs", ".outcomes", ".back"):
        assert not page.locator(gone).first.is_visible(), gone
    expect(page.locator(".row").first).to_be_visible()
    assert (
        page.locator("body").evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(255, 255, 255)"
    )
    assert page.pdf(path=tmp_path / "lead.pdf").startswith(b"%PDF")


def test_a_lead_opens_beside_the_list_and_gives_the_focus_back(
    site: Site, day: Workday, examined: Visit
) -> None:
    page = examined.go("/leads")
    examined.tab_to("Ada Lovelace")
    examined.press("Enter")
    drawer = page.get_by_role("dialog", name="Ada Lovelace")
    expect(drawer.locator(".primary")).to_contain_text("in 5 days")
    expect(page.locator("#timeline")).not_to_have_attribute("aria-busy", "true")
    assert page.url == f"{site.url}/leads"
    assert examine(examined) == []
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    # The focus stays inside, arrows go from card to card, and Esc leads back to where one was.
    examined.tab_to("Mon 15 Jun 2026")
    examined.press("ArrowDown")
    expect(drawer.locator(".row").nth(1)).to_be_focused()
    examined.press("ArrowUp")
    expect(drawer.locator(".row").first).to_be_focused()
    for _ in range(60):
        examined.press("Tab")
        assert page.evaluate(
            "() => document.activeElement === document.body || !!document.activeElement.closest('#drawer')"
        )
    examined.press("Escape")
    expect(drawer).to_have_count(0)
    assert examined.focused() == "Ada Lovelace"
    page.get_by_role("link", name="Grace Hopper").click(modifiers=["ControlOrMeta"])
    expect(drawer).to_have_count(0)


def test_a_drawer_waits_with_a_skeleton_and_says_when_it_failed(
    site: Site, day: Workday, visit: Visit
) -> None:
    page = visit.go("/leads")
    visit.refused = {500}
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/timeline", hold)
    page.get_by_role("link", name="Ada Lovelace").click()
    expect(page.locator("#timeline")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#timeline .bone").first).to_be_visible()
    held[0].fulfill(status=500)
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    expect(page.locator("#timeline")).not_to_have_attribute("aria-busy", "true")


def test_a_page_that_stays_open_says_when_it_may_be_old(
    chromium: Browser, site: Site, day: Workday, session: str
) -> None:
    with visiting(chromium, site.url, session=session) as visit:
        visit.refused = {503}
        visit.page.clock.install(time=NOW)
        page = visit.go(f"/leads/{day.lead}")
        page.route("**/timeline", lambda route: route.fulfill(status=503))
        for _ in range(4):
            with page.expect_response("**/timeline"):
                page.clock.run_for(35_000)
        expect(page.locator("#trouble")).to_contain_text("What you see may be old")
        page.unroute("**/timeline")
        with page.expect_response("**/timeline"):
            page.clock.run_for(35_000)
        expect(page.locator("#trouble")).to_be_hidden()


@pytest.mark.parametrize(
    ("deed", "complaint"),
    [
        ("document.body.setAttribute('style', 'color: red')", "Content Security Policy"),
        ("setTimeout(() => { throw new Error('lost'); })", "thrown: .*lost"),
        ("console.error('alas')", "console: alas"),
        ("fetch('https://elsewhere.invalid/').catch(() => {})", "elsewhere.invalid"),
        ("new Image().src = '/static/nothing.png'", "404"),
    ],
    ids=["policy", "exception", "console", "elsewhere", "missing"],
)
def test_what_a_browser_complains_of_fails_the_visit(
    deed: str, complaint: str, chromium: Browser, site: Site, day: Workday, session: str
) -> None:
    def pay_a_visit() -> None:
        with visiting(chromium, site.url, session=session) as visit:
            page = visit.go("/sign-in")
            page.evaluate(f"() => {{ {deed}; }}")
            page.wait_for_timeout(50)
            page.wait_for_load_state("networkidle")

    with pytest.raises(AssertionError, match=complaint):
        pay_a_visit()


def test_axe_is_heard(site: Site, day: Workday, examined: Visit) -> None:
    page = examined.go("/sign-in")
    page.evaluate("() => { document.querySelector('input[name=name]').closest('label').replaceWith("
                  "Object.assign(document.createElement('input'), {name: 'name'})); }")  # fmt: skip
    assert [one.split(":")[0] for one in violations(page, colours_alone=False)] == ["label"]
