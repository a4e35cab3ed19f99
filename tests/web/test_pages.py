"""The pages: every status in words, fresh by polling, and safe to look at."""

import re
from datetime import timedelta

import pytest

from pipeline.observation import Observation
from pipeline.words import Provider, Status
from tests.web.conftest import Web
from tests.web.story import NOW, a_meeting, deliver, told

DAY, HOUR = timedelta(days=1), timedelta(hours=1)

STANDINGS: list[tuple[Observation, str]] = [
    (a_meeting("upcoming"), "Upcoming"),
    (a_meeting("unconfirmed", status=Status.PENDING), "Unconfirmed"),
    (a_meeting("startless", start_at=None), "Unconfirmed"),
    (a_meeting("now", start_at=NOW - HOUR / 4), "Now"),
    (a_meeting("over", start_at=NOW - DAY), "Needs outcome"),
    (a_meeting("showed", start_at=NOW - DAY, outcome=Status.SHOWED, at=NOW - HOUR), "Showed"),
    (a_meeting("absent", start_at=NOW - DAY, outcome=Status.NO_SHOW, at=NOW - HOUR), "No-show"),
    (a_meeting("lost", start_at=NOW - DAY, status=Status.CANCELED), "Cancelled"),
    (a_meeting("moved", start_at=NOW - DAY, status=Status.CANCELED, moved=True), "Moved"),
    (a_meeting("gone", provider=Provider.GHL, status=Status.CANCELED, removed=True), "Removed at provider"),
    (a_meeting("bad", provider=Provider.GHL, status=Status.INVALID), "Invalid"),
]


def pill_of(html: str) -> list[str]:
    rows = html.split('class="row ')[1:]
    return [re.findall(r'class="pill \w+"><svg.*?</svg>([^<]+)<', row, re.DOTALL)[0] for row in rows]


@pytest.mark.parametrize(("meeting", "words"), STANDINGS, ids=lambda one: getattr(one, "external_id", None))
def test_a_status_is_text_icon_and_tone(web: Web, meeting: Observation, words: str) -> None:
    lead = deliver(web.hands, told(web.client, meeting))
    web.sign_in()
    html = web.http.get(f"/leads/{lead}").text
    assert pill_of(html) == [words]


def test_a_superseded_meeting_is_never_called_cancelled(web: Web) -> None:
    lead = deliver(
        web.hands,
        told(web.client, a_meeting("old", status=Status.CANCELED, moved=True, replaced_by="new")),
        told(web.client, a_meeting("new", start_at=NOW + 4 * DAY, replaces="old")),
    )
    web.sign_in()
    html = web.http.get(f"/leads/{lead}").text
    rows = html.split('class="row ')[1:]
    assert pill_of(html) == ["Upcoming", "Moved"]
    assert not any(row.startswith("red") for row in rows)
    assert "Moved 1×" in rows[0]
    assert "link native" in rows[0]
    assert "link native" in rows[1]


def test_an_inferred_link_says_that_it_is_a_guess(web: Web) -> None:
    lead = deliver(
        web.hands,
        told(
            web.client,
            a_meeting("old", status=Status.CANCELED, at=NOW - 3 * HOUR, canceled_at=NOW - 3 * HOUR),
        ),
        told(web.client, a_meeting("new", start_at=NOW + 4 * DAY, booked_at=NOW - HOUR, at=NOW - HOUR)),
    )
    web.sign_in()
    html = web.http.get(f"/leads/{lead}").text
    assert "link inferred" in html
    assert "Looks like a reschedule" in html


def test_sections_follow_the_clock_and_months_are_named(web: Web) -> None:
    lead = deliver(
        web.hands,
        told(web.client, a_meeting("a", start_at=NOW + DAY)),
        told(web.client, a_meeting("b", start_at=NOW + 3 * DAY)),
        told(web.client, a_meeting("c", start_at=NOW - 10 * DAY)),
        told(web.client, a_meeting("d", start_at=NOW - 5 * DAY, outcome=Status.SHOWED)),
        told(web.client, a_meeting("e", start_at=NOW - 40 * DAY, outcome=Status.SHOWED)),
    )
    web.sign_in()
    html = web.http.get(f"/leads/{lead}").text
    places = [
        html.index(mark)
        for mark in ('id="upcoming-title"', "now-line", 'id="past-title"', 'class="month">June 2026')
    ]
    assert places == sorted(places)
    assert html.index('class="month">June 2026') < html.index('class="month">May 2026')
    days = re.findall(r'<span class="day">([^<]+)<', html)
    assert days == [
        "Thu 11 Jun 2026",
        "Sat 13 Jun 2026",
        "Fri 5 Jun 2026",
        "Sun 31 May 2026",
        "Fri 1 May 2026",
    ]
    assert "Also upcoming: 1" in html
    assert "1 meeting is over without an outcome" in html


def test_a_lead_is_shown_by_name_on_its_page_and_by_number_in_the_title(web: Web) -> None:
    lead = deliver(web.hands, told(web.client, name="Ada <Lovelace>"))
    web.sign_in()
    html = web.http.get(f"/leads/{lead}").text
    assert "<h1>Ada &lt;Lovelace&gt;</h1>" in html
    assert f"<title>Lead {str(lead)[-8:]} · apptrail</title>" in html
    assert "ada@example.test" not in html
    assert "your time" not in html  # the browser says that, who knows the zone


def test_an_empty_history_says_how_it_will_fill(web: Web) -> None:
    lead = deliver(web.hands, told(web.client))
    web.database.execute("DELETE FROM appointment")
    web.sign_in()
    assert "No appointments yet." in web.http.get(f"/leads/{lead}").text


def test_the_timeline_is_304_until_something_is_said(web: Web) -> None:
    lead = deliver(web.hands, told(web.client))
    web.sign_in()
    page = web.http.get(f"/leads/{lead}").text
    etag = re.search(r'data-etag="([^"]+)"', page)
    assert etag is not None
    tag = etag[1].replace("&#34;", '"')
    url = f"/leads/{lead}/timeline"
    same = web.http.get(url, headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    deliver(web.hands, told(web.client, a_meeting(at=NOW, status=Status.CANCELED)))
    new = web.http.get(url, headers={"If-None-Match": tag})
    assert new.status_code == 200
    assert "<html" not in new.text
    assert "Cancelled" in new.text
    assert new.headers["etag"] != tag


def test_a_signed_out_poll_is_401_and_a_signed_out_page_leads_to_the_door(web: Web) -> None:
    lead = deliver(web.hands, told(web.client))
    assert web.http.get(f"/leads/{lead}/timeline").status_code == 401
    for path in ("/leads", f"/leads/{lead}"):
        answer = web.http.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert web.http.get("/").headers["location"] == "/leads"
    assert web.http.get("/leads", headers=web.token()).status_code == 200


def test_a_person_is_found_by_a_form_and_never_by_an_address_in_a_url(web: Web) -> None:
    lead = deliver(web.hands, told(web.client, phone="+12025550143"))
    web.sign_in()
    for who in ("ada@example.test", " ADA@EXAMPLE.TEST ", "+1 202 555 0143", "(202) 555-0143"):
        answer = web.http.post("/leads/search", data={"who": who})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/leads/{lead}")
    for who in ("canary@example.test", "", "\0", "x" * 400, "canary"):
        answer = web.http.post("/leads/search", data={"who": who})
        assert answer.status_code == 200
        assert "canary" not in answer.text
    too_long = web.http.post("/leads/search", content=b"who=" + b"x" * 9000)
    assert too_long.status_code == 413


def test_the_list_filters_and_pages_by_links(web: Web) -> None:
    for number in range(52):
        deliver(web.hands, told(web.client, a_meeting(f"m-{number}"), email=f"p{number}@example.test"))
    web.sign_in()
    first = web.http.get("/leads", params={"provider": "calendly", "upcoming": "yes", "stub": "yes"})
    following = re.search(r'href="([^"]+cursor=[^"]+)"', first.text)
    assert following is not None
    second = web.http.get(following[1].replace("&amp;", "&")).text
    assert (first.text.count("<tr>"), second.count("<tr>")) == (51, 3)
    assert "No lead fits" in web.http.get("/leads", params={"status": "won"}).text
    assert web.http.get("/leads", params={"provider": "canary"}).status_code == 422


@pytest.mark.parametrize("path", ["/leads/nobody", "/leads/{none}", "/leads/{none}/timeline", "/nowhere"])
def test_what_is_not_there_is_a_page_that_says_so(web: Web, path: str) -> None:
    web.sign_in()
    answer = web.http.get(path.format(none="00000000-0000-7000-8000-000000000000"))
    assert answer.status_code == 404
    assert "Nothing here" in answer.text


def test_a_merged_leads_page_leads_to_where_it_went(web: Web) -> None:
    loser = deliver(web.hands, told(web.client, a_meeting("a"), email="a@example.test"))
    winner = deliver(web.hands, told(web.client, a_meeting("b"), email="b@example.test"))
    web.database.execute("UPDATE lead SET merged_into = %s WHERE id = %s", (winner, loser))
    web.sign_in()
    assert web.http.get(f"/leads/{loser}").headers["location"] == f"/leads/{winner}"
    assert web.http.get(f"/leads/{loser}/timeline").status_code == 200


def test_every_answer_is_sealed_and_no_page_asks_another_host(web: Web) -> None:
    lead = deliver(web.hands, told(web.client))
    web.sign_in()
    paths = [
        "/leads",
        f"/leads/{lead}",
        "/sign-in",
        "/api/docs",
        "/nowhere",
        "/healthz",
        "/static/apptrail.css",
    ]
    for path in paths:
        answer = web.http.get(path)
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        if "html" in answer.headers["content-type"]:
            assert not re.search(r'<(?!a )[^>]*(?:src|href|action)="(?:https?:)?//', answer.text)
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src)", answer.text)


def test_the_api_describes_itself_without_help(web: Web) -> None:
    docs = web.http.get("/api/docs").text
    document = web.http.get("/api/openapi.json").json()
    assert len(document["paths"]) >= 4
    for path in document["paths"]:
        assert path in docs
    assert "/leads/{lead_id}" not in document["paths"]
