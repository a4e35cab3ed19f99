"""The lead's page: outcomes and links by plain forms, filters in the URL, messages without a word of them."""

import re
from datetime import timedelta
from typing import Any

import pytest

from db import backfill_runs, connections, people, sign_in
from db.ids import new_id
from pipeline.message import Channel, MessageSaid
from pipeline.signals import Signal, SignalKind
from pipeline.words import Provider, Source, Status
from tests.builders import KEYRING, a_client
from tests.web.conftest import Web
from tests.web.story import NOW, a_meeting, deliver, told

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def desk(web: Web) -> Web:
    web.sign_in(client=web.client)
    return web


def appointment(web: Web, external_id: str) -> Any:
    row = web.database.execute(
        "SELECT id, status, link_kind FROM appointment WHERE external_id = %s", (external_id,)
    ).fetchone()
    assert row is not None
    return row


def shown(web: Web, lead: object, **asked: str) -> str:
    answer = web.http.get(f"/leads/{lead}", params=asked)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize(
    ("word", "status"),
    [("showed", "showed"), ("no_show", "no_show"), ("canceled", "canceled")],
    ids=["showed", "no-show", "cancelled"],
)
def test_an_outcome_is_recorded_and_taken_back(desk: Web, word: str, status: str) -> None:
    lead = deliver(desk.hands, told(desk.client, a_meeting("over", start_at=NOW - DAY)))
    page = shown(desk, lead)
    assert 'id="outcome-title"' in page
    url = f"/leads/{lead}/appointments/{appointment(desk, 'over')[0]}/outcome"
    assert f'action="{url}"' in page
    answer = desk.http.post(url, data={"outcome": word})
    after = desk.http.get(answer.headers["location"]).text
    assert "Outcome recorded." in after
    assert 'id="outcome-title"' not in after
    assert appointment(desk, "over")[1] == status
    desk.http.post(url, data={"outcome": "none"})
    assert appointment(desk, "over")[1] == "confirmed"
    assert desk.http.post(url, data={"outcome": "vanished"}).status_code == 422


def test_an_inferred_link_is_taken_apart_and_a_native_one_is_not(desk: Web) -> None:
    old = a_meeting("old", status=Status.CANCELED, at=NOW - 3 * HOUR, canceled_at=NOW - 3 * HOUR)
    new = a_meeting("new", start_at=NOW + 4 * DAY, booked_at=NOW - HOUR, at=NOW - HOUR)
    lead = deliver(desk.hands, told(desk.client, old), told(desk.client, new))
    url = f"/leads/{lead}/appointments/{appointment(desk, 'new')[0]}/unlink"
    assert f'action="{url}"' in shown(desk, lead)
    answer = desk.http.post(url)
    assert answer.status_code == 303
    after = desk.http.get(answer.headers["location"]).text
    assert "Looks like a reschedule" not in after
    assert desk.http.post(url).status_code == 409


def test_filters_are_in_the_url_and_an_empty_one_says_so(desk: Web) -> None:
    lead = deliver(
        desk.hands,
        told(desk.client, a_meeting("ahead", start_at=NOW + DAY)),
        told(desk.client, a_meeting("over", start_at=NOW - DAY, outcome=Status.SHOWED)),
        told(desk.client, a_meeting("lost", start_at=NOW + 3 * DAY, status=Status.CANCELED)),
    )
    ids = {name: f'id="a-{appointment(desk, name)[0]}"' for name in ("ahead", "over", "lost")}

    def seen(show: str) -> set[str]:
        html = shown(desk, lead, show=show)
        return {name for name, mark in ids.items() if mark in html}

    assert seen("all") == {"ahead", "over", "lost"}
    assert seen("upcoming") == {"ahead"}
    assert seen("past") == {"over"}
    assert seen("cancelled") == {"lost"}
    assert f"/leads/{lead}/timeline?show=past" in shown(desk, lead, show="past")
    desk.database.execute("DELETE FROM appointment WHERE external_id = 'lost'")
    assert "No appointment fits this filter." in shown(desk, lead, show="cancelled")
    assert desk.http.get(f"/leads/{lead}", params={"show": "canary"}).status_code == 422


def test_messages_are_told_by_what_they_mean(desk: Web) -> None:
    lead = deliver(desk.hands, told(desk.client))
    said = [
        MessageSaid(source=Source.WEBHOOK, provider=Provider.SMS, channel=Channel.SMS, external_id="m-1",
                    at=NOW - HOUR, signals=(Signal(kind=SignalKind.OPT_OUT, confidence=1, rule="r"),)),
        MessageSaid(source=Source.WEBHOOK, provider=Provider.SMARTLEAD, channel=Channel.EMAIL, external_id="m-2",
                    at=NOW - DAY, signals=(Signal(kind=SignalKind.OUT_OF_OFFICE, confidence=1, rule="r"),)),
    ]  # fmt: skip
    for one in said:
        people.act(desk.hands, desk.client.id, lead, one, one.at)
    html = shown(desk, lead)
    assert "Do not contact" in html
    assert "Wants no more messages" in html
    assert "An automatic answer" in html
    assert html.index("Wants no more messages") < html.index("Out of office")


@pytest.mark.parametrize(("hours", "amber"), [(1, False), (7, True)], ids=["fresh", "old"])
def test_the_page_says_when_the_provider_last_confirmed(desk: Web, hours: int, amber: bool) -> None:
    lead = deliver(desk.hands, told(desk.client, a_meeting(at=NOW - hours * HOUR)))
    html = shown(desk, lead)
    assert "Last confirmed with Calendly" in html
    assert f"{hours} h ago</time> · Webhook" in html
    assert ("the next sweep asks again" in html) is amber
    assert "soonest meeting that still lies ahead" in html


def test_acts_are_for_those_who_may_and_within_their_reach(desk: Web) -> None:
    other = a_client(desk.database, "Other Agency")
    theirs = deliver(desk.hands, told(other, a_meeting("theirs", start_at=NOW - DAY), email="t@example.test"))
    lead = deliver(desk.hands, told(desk.client, a_meeting("over", start_at=NOW - DAY)))
    mine, foreign = appointment(desk, "over")[0], appointment(desk, "theirs")[0]
    for owner, one in ((theirs, foreign), (lead, foreign), (lead, new_id())):
        for act in ("outcome", "unlink"):
            url = f"/leads/{owner}/appointments/{one}/{act}"
            assert desk.http.post(url, data={"outcome": "showed"}).status_code == 404
    url = f"/leads/{lead}/appointments/{mine}/outcome"
    forged = desk.http.post(url, data={"outcome": "showed"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert forged.status_code == 403
    sign_in.ensure_operator(desk.database, "Rita", "read", desk.client.id)
    desk.http.post(f"/sign-in/{sign_in.make_link(desk.database, 'Rita')}")
    assert f'action="{url}"' not in shown(desk, lead)
    assert desk.http.post(url, data={"outcome": "showed"}).status_code == 403
    assert appointment(desk, "over")[1] == "confirmed"


def test_a_provider_is_asked_now_only_where_there_is_somebody_to_ask(desk: Web) -> None:
    lead = deliver(desk.hands, told(desk.client, a_meeting("old", at=NOW - 7 * HOUR)))
    url = f"/leads/{lead}/appointments/{appointment(desk, 'old')[0]}/check"
    assert f'action="{url}"' in shown(desk, lead)
    assert desk.http.post(url).status_code == 409
    secrets = {"signing_keys": ["k"], "api_token": "t"}
    connections.add(desk.database, KEYRING, desk.client.id, Provider.CALENDLY, secret_values=secrets)
    answer = desk.http.post(url)
    assert answer.status_code == 303
    assert "The provider is asked" in desk.http.get(answer.headers["location"]).text
    asked = desk.database.execute("SELECT external_id, reason, lead_id FROM lookup").fetchall()
    assert asked == [("old", "asked", lead)]


def test_a_chain_tells_its_way_and_each_appointment_its_own_record(desk: Web) -> None:
    at = NOW - 3 * DAY
    lead = deliver(
        desk.hands,
        told(desk.client, a_meeting("a", status=Status.CANCELED, moved=True, replaced_by="b", booked_at=at)),
        told(desk.client, a_meeting("b", start_at=NOW + 3 * DAY, status=Status.CANCELED, moved=True, replaces="a",
                                    replaced_by="c", booked_at=at + DAY)),
        told(desk.client, a_meeting("c", start_at=NOW + 4 * DAY, replaces="b", booked_at=at + 2 * DAY)),
    )  # fmt: skip
    html = shown(desk, lead)
    way = html.split('class="history steps">')[2].split("</ol>")[0]
    assert re.findall(r"<li>([^<]+)</li>", way) == [
        "First booked Sun 7 Jun 2026 for 12 Jun 2026, 11:00",
        "Moved Mon 8 Jun 2026 to 13 Jun 2026, 11:00",
        "Moved Tue 9 Jun 2026 to 14 Jun 2026, 11:00",
    ]
    assert html.count("How it moved") == 2  # the primary card's, and the row's own
    assert 'href="https://calendly.com/app/scheduled_events/user/me?uuid=event-c"' in html


@pytest.mark.parametrize(
    ("location", "contact", "path"),
    [
        ("loc 1", "c/1", "loc%201/contacts/detail/c%2F1"),
        ("loc 1", None, "loc%201/calendars/appointments"),
        (None, "c/1", None),
    ],
    ids=["contact", "location", "unknown"],
)
def test_highlevels_record_is_the_contact_or_the_locations_calendars(
    desk: Web, location: str | None, contact: str | None, path: str | None
) -> None:
    connections.add(
        desk.database, KEYRING, desk.client.id, Provider.GHL, secret_values={}, location_id=location
    )
    lead = deliver(desk.hands, told(desk.client, a_meeting("g", provider=Provider.GHL)))
    desk.database.execute("UPDATE lead SET ghl_contact_id = %s WHERE id = %s", (contact, lead))
    found = re.search(r'href="https://app.gohighlevel.com/v2/location/([^"]+)"', shown(desk, lead))
    assert (found and found[1]) == path


def test_a_history_that_is_still_being_moved_in_says_so(desk: Web) -> None:
    lead = deliver(desk.hands, told(desk.client))
    assert "being moved in" not in shown(desk, lead)
    run = backfill_runs.begin(desk.database, desk.client.id, backfill_runs.Kind.MIGRATION)
    assert "being moved in" in shown(desk, lead)
    backfill_runs.end(desk.database, run)
    assert "being moved in" not in shown(desk, lead)
