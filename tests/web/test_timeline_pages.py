"""The timeline's pages: few rows at once, the soonest first, nothing left out and nothing twice."""

import re

import pytest

from pipeline.words import Status
from tests.web.conftest import Web
from tests.web.story import NOW, a_busy_life, a_meeting, deliver, told
from tests.web.test_pages import DAY, HOUR
from web.timeline_page import AHEAD, ROWS

LARGEST = 60_000


def rows_of(html: str) -> list[str]:
    return re.findall(r'<li class="row [^"]*" id="a-([^"]+)"', html)


def walked(web: Web, url: str) -> list[list[str]]:
    """The rows of each page, by following the links."""
    pages = []
    while url:
        html = web.http.get(url).text
        pages.append(rows_of(html))
        following = re.search(r'href="(/leads/[^"]+cursor=[^"]+)" rel="next"', html)
        url = following[1].replace("&amp;", "&") if following else ""
    return pages


def test_a_long_history_is_walked_by_links_without_a_gap(web: Web) -> None:
    count = 2 * ROWS + 3
    lead = deliver(
        web.hands,
        *(told(web.client, a_meeting(f"m-{n}", start_at=NOW - n * DAY)) for n in range(1, count + 1)),
    )
    web.sign_in()
    pages = walked(web, f"/leads/{lead}")
    assert [len(page) for page in pages] == [ROWS, ROWS, 3]
    assert len({row for page in pages for row in page}) == count
    first = web.http.get(f"/leads/{lead}").text
    older = re.search(r'href="(/leads/[^"]+cursor=[^"]+)"', first)
    assert older is not None
    assert "data-poll" in first
    assert "data-poll" not in web.http.get(older[1]).text


def test_the_first_page_begins_with_the_soonest_and_names_how_many_lie_further_ahead(web: Web) -> None:
    meetings = [a_meeting(f"ahead-{n}", start_at=NOW + n * DAY) for n in range(1, ROWS + 4)]
    off = [
        a_meeting(f"off-{n}", start_at=NOW + n * DAY + HOUR, status=Status.CANCELED) for n in range(1, ROWS)
    ]
    past = [a_meeting("past", start_at=NOW - DAY, outcome=Status.SHOWED, at=NOW)]
    lead = deliver(web.hands, *(told(web.client, one) for one in (*meetings, *off, *past)))
    web.sign_in()
    html = web.http.get(f"/leads/{lead}").text
    starts = re.findall(r'<li class="row .*?<time datetime="([^"]+)"', html, re.DOTALL)[:AHEAD]
    assert starts == [f"{NOW + n * DAY:%Y-%m-%dT%H:%M:%SZ}" for n in range(1, AHEAD + 1)]
    assert f"{len(meetings) - AHEAD} more lie further ahead" in html
    upcoming = walked(web, f"/leads/{lead}?show=upcoming")
    assert [len(page) for page in upcoming] == [ROWS, 3]
    everything = [row for page in walked(web, f"/leads/{lead}") for row in page]
    assert len(everything) == len(set(everything)) == AHEAD + len(off) + len(past)


@pytest.mark.parametrize(
    ("show", "expected"),
    [("all", 4), ("upcoming", 1), ("past", 2), ("cancelled", 1)],
)
def test_a_filter_shows_what_fits_it(web: Web, show: str, expected: int) -> None:
    lead = deliver(
        web.hands,
        told(web.client, a_meeting("ahead", start_at=NOW + DAY)),
        told(web.client, a_meeting("off", start_at=NOW + 2 * DAY, status=Status.CANCELED)),
        told(web.client, a_meeting("held", start_at=NOW - DAY, outcome=Status.SHOWED, at=NOW)),
        told(web.client, a_meeting("owed", start_at=NOW - 2 * DAY)),
    )
    web.sign_in()
    for url in (f"/leads/{lead}", f"/leads/{lead}/timeline"):
        assert len(rows_of(web.http.get(url, params={"show": show}).text)) == expected
    assert web.http.get(f"/leads/{lead}", params={"show": "canary"}).status_code == 422


def test_a_page_of_a_busy_life_is_small(web: Web) -> None:
    owed = [a_meeting(f"owed-{n}", start_at=NOW - n * DAY - HOUR) for n in range(1, 30)]
    lead = deliver(web.hands, *(told(web.client, one) for one in (*a_busy_life(60), *owed)))
    web.sign_in()
    for show in ("all", "upcoming", "past"):
        html = web.http.get(f"/leads/{lead}", params={"show": show})
        assert rows_of(html.text)
        assert len(html.content) < LARGEST


def test_a_cursor_of_another_lead_or_another_list_is_refused(web: Web) -> None:
    meetings = [a_meeting(f"m-{n}", start_at=NOW + n * DAY) for n in range(1, ROWS + 3)]
    lead = deliver(web.hands, *(told(web.client, one) for one in meetings))
    other = deliver(web.hands, told(web.client, a_meeting("other"), email="other@example.test"))
    web.sign_in()
    html = web.http.get(f"/leads/{lead}?show=upcoming").text
    found = re.search(r"cursor=([^\"&]+)", html)
    assert found is not None
    for url in (f"/leads/{other}?show=upcoming&cursor={found[1]}", f"/leads/{lead}?cursor={found[1]}"):
        assert web.http.get(url).status_code == 400


def test_an_address_that_names_an_appointment_opens_the_page_that_it_is_on(web: Web) -> None:
    ahead = [a_meeting(f"ahead-{n}", start_at=NOW + n * DAY) for n in range(1, 2 * ROWS + 2)]
    past = [a_meeting(f"past-{n}", start_at=NOW - n * DAY) for n in range(1, 2 * ROWS + 2)]
    lead = deliver(web.hands, *(told(web.client, one) for one in (*ahead, *past)))
    web.sign_in()
    rows = web.database.execute("SELECT id FROM appointment").fetchall()
    for (row_id,) in rows:
        html = web.http.get(f"/leads/{lead}", params={"at": str(row_id)}).text
        assert str(row_id) in rows_of(html)
