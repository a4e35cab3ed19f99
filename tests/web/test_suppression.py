"""A STOP lasts until a person lifts it: by the API, on the lead's page; a later STOP suppresses again."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from db import people, sign_in
from pipeline.message import Channel, MessageSaid
from pipeline.signals import Signal, SignalKind
from pipeline.words import Provider, Source
from tests.web.conftest import Web
from tests.web.story import NOW, deliver, told

HOUR = timedelta(hours=1)


def stopped(web: Web, lead: UUID, number: str = "m-1", at: datetime = NOW - HOUR) -> None:
    signal = Signal(kind=SignalKind.OPT_OUT, confidence=1, rule="keyword")
    said = MessageSaid(
        source=Source.WEBHOOK,
        provider=Provider.SMS,
        channel=Channel.SMS,
        external_id=number,
        at=at,
        signals=(signal,),
    )
    people.act(web.hands, web.client.id, lead, said, at)


@pytest.fixture
def lead(web: Web) -> UUID:
    found = deliver(web.hands, told(web.client))
    stopped(web, found)
    return found


def conversation(web: Web, lead: UUID) -> dict[str, Any]:
    answer = web.http.get(f"/api/v1/leads/{lead}/conversation", headers=web.token())
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def audited(web: Web) -> list[tuple[Any, ...]]:
    return web.database.execute("SELECT actor, action, subject FROM audit_log ORDER BY id").fetchall()


def test_the_api_tells_what_messages_add_up_to_without_a_word(web: Web, lead: UUID) -> None:
    told = conversation(web, lead)
    assert (told["outreach"], told["suppressed"]) == ("suppressed", True)
    assert (told["last_inbound_channel"], told["sentiment"]) == ("sms", "negative")
    (message,) = told["messages"]
    assert message.keys() == {"provider", "channel", "at", "human", "signals"}
    assert [one["kind"] for one in message["signals"]] == ["opt_out"]


def test_a_program_lifts_a_suppression_and_a_later_stop_wins_again(web: Web, lead: UUID) -> None:
    url = f"/api/v1/leads/{lead}/suppression/lift"
    lifted = web.http.post(url, headers=web.token("operate"))
    assert lifted.status_code == 200
    assert (lifted.json()["suppressed"], lifted.json()["outreach"]) == (False, "replied")
    assert audited(web) == [("api", "suppression_lifted", lead)]
    assert web.http.post(url, headers=web.token("operate")).status_code == 409
    stopped(web, lead)  # the same one again: it was lifted
    assert not conversation(web, lead)["suppressed"]
    stopped(web, lead, "m-2", NOW + HOUR)
    assert conversation(web, lead)["suppressed"]


def test_an_operator_lifts_it_on_the_page(web: Web, lead: UUID) -> None:
    web.sign_in(client=web.client)
    page = web.http.get(f"/leads/{lead}").text
    url = f"/leads/{lead}/suppression/lift"
    assert f'action="{url}"' in page
    assert web.http.post(url, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    answer = web.http.post(url)
    after = web.http.get(answer.headers["location"]).text
    assert "The lead may be written to again." in after
    assert "Do not contact" not in after
    assert url not in after
    ((actor, action, subject),) = audited(web)
    assert (actor.startswith("operator:"), action, subject) == (True, "suppression_lifted", lead)


def test_who_may_only_read_sees_no_button(web: Web, lead: UUID) -> None:
    sign_in.ensure_operator(web.database, "Rita", "read", web.client.id)
    web.http.post(f"/sign-in/{sign_in.make_link(web.database, 'Rita')}")
    page = web.http.get(f"/leads/{lead}").text
    assert "Do not contact" in page
    assert "suppression/lift" not in page
    assert web.http.post(f"/leads/{lead}/suppression/lift").status_code == 403
