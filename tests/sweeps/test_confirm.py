"""Questions that only a GET can settle, where the answer is that there is nothing: by whom, and of whom."""

from dataclasses import replace

import pytest

from db import connections, inbox
from db.connections import Connection
from db.desk import connect
from db.ids import new_id
from ingest.parcels import parcel_of
from ingest.sweeps.engine import Hands, sweep
from ingest.sweeps.schedule import ask_open_questions
from pipeline.addressing import Contact
from pipeline.sweeping import Tier, spans_of
from pipeline.words import Provider, Source
from tests.builders import KEYRING, at
from tests.sweeps.conftest import Stage, a_connection
from tests.sweeps.fake_api import FakeApi

KEPT = ("m-1", "anna", at(24))


def accounts(stage: Stage, number: int) -> list[tuple[Connection, FakeApi]]:
    """So many accounts of one client, the stage's own first; none has a meeting."""
    others = [a_connection(stage.database, stage.client) for _ in range(number - 1)]
    known = {one.id: one for one in connections.of_client(stage.database, KEYRING, stage.client.id)}
    return [(known[one.id], FakeApi(at(0))) for one in (stage.connection, *others)]


def told_by_webhook(stage: Stage) -> None:
    """Some account's webhook tells of a meeting; no listing has shown it."""
    reading = FakeApi(at(0)).book(*KEPT).reading(Source.WEBHOOK, stage.api.now)
    inbox.post(stage.database, [parcel_of(stage.connection, reading, stage.api.now, new_id())])
    stage.drain()


def all_sweep(stage: Stage, wired: list[tuple[Connection, FakeApi]]) -> None:
    """Every account's nearest meetings are listed twice: absence counts once all have listed since it was told."""
    for _ in range(2):
        stage.pass_(minutes=5)
        for connection, api in wired:
            api.now = stage.api.now
            spans = spans_of(Tier.NEAR, api.now)
            assert (
                sweep(Hands(stage.database, lambda _: None), connection, api, Tier.NEAR, spans).state
                == "finished"
            )


def asks(stage: Stage, connection: Connection, api: FakeApi) -> tuple[str, str]:
    """One account is asked; returns where the question and the meeting stand after it."""
    ask_open_questions(Hands(stage.database, lambda _: None), connection, api)
    stage.drain()
    return stage.lookups()["m-1"][1], stage.statuses()["m-1"]


def test_a_404_says_something_only_once_every_account_has_said_it(stage: Stage) -> None:
    one, two, three = accounts(stage, 3)
    told_by_webhook(stage)
    all_sweep(stage, [one, two, three])
    assert stage.lookups() == {"m-1": ("absent", "waiting")}
    assert asks(stage, *two) == ("waiting", "confirmed")
    calls = two[1].calls
    assert asks(stage, *two) == ("waiting", "confirmed"), "one that has said so is not asked again"
    assert two[1].calls == calls
    assert asks(stage, *one) == ("waiting", "confirmed")
    assert asks(stage, *three) == ("answered", "canceled")
    assert stage.one("SELECT removed_at_provider FROM appointment")


def test_the_account_that_has_it_settles_it_whoever_was_asked_before(stage: Stage) -> None:
    one, two = accounts(stage, 2)
    told_by_webhook(stage)
    all_sweep(stage, [one, two])
    two[1].book(*KEPT)
    assert asks(stage, *one) == ("waiting", "confirmed")
    assert asks(stage, *two) == ("answered", "confirmed")
    assert not stage.one("SELECT removed_at_provider FROM appointment")


def test_an_account_that_was_taken_away_meanwhile_is_not_waited_for(stage: Stage) -> None:
    one, two = accounts(stage, 2)
    told_by_webhook(stage)
    all_sweep(stage, [one, two])
    stage.database.execute("UPDATE connection SET state = 'removed' WHERE id = %s", (one[0].id,))
    assert asks(stage, *two) == ("answered", "canceled")


def test_calendly_forgetting_an_invitee_says_nothing_of_the_meeting(stage: Stage) -> None:
    """Pitfall C28: data that was deleted for compliance is a 404 too."""
    stage.connection = a_connection(stage.database, stage.client, Provider.CALENDLY)
    reading = FakeApi(at(0)).book(*KEPT).reading(Source.WEBHOOK, stage.api.now)
    assert reading.said is not None
    assert reading.key is not None
    said = reading.said.but(provider=Provider.CALENDLY)  # type: ignore[union-attr]
    reading = replace(reading, said=said, key=reading.key._replace(provider=Provider.CALENDLY))
    inbox.post(stage.database, [parcel_of(stage.connection, reading, stage.api.now, new_id())])
    stage.drain()
    stage.database.execute(
        """INSERT INTO lookup (client_id, id, provider, external_id, reason, asked_at, not_before)
           VALUES (%s, %s, 'calendly', 'm-1', 'absent', now(), '-infinity')""",
        (stage.client.id, new_id()),
    )
    assert asks(stage, stage.connection, FakeApi(stage.api.now)) == ("unknown", "confirmed")


@pytest.mark.parametrize("number", [1, 2])
def test_whose_meeting_it_was_is_learned_though_the_meeting_is_gone(stage: Stage, number: int) -> None:
    """The year of Show 3 found it: the contact was asked for, and then thrown away with the 404 of the meeting."""
    wired = accounts(stage, number)
    for connection, api in wired[1:]:
        api.knows_contacts = False
        assert connection.id != stage.connection.id
    reading = FakeApi(at(0)).book(*KEPT).reading(Source.WEBHOOK, stage.api.now, contact=False)
    assert reading.contact == Contact(ghl_contact_id="contact-anna")
    inbox.post(stage.database, [parcel_of(stage.connection, reading, stage.api.now, new_id())])
    stage.drain()
    assert stage.lookups() == {"m-1": ("stub", "waiting")}
    for connection, api in wired:
        ended = asks(stage, connection, api)
    assert ended == ("answered", "canceled")
    assert stage.one("SELECT email || '/' || full_name FROM lead") == "anna@example.com/Anna"
    assert stage.one("SELECT count(*) FROM lead_identity WHERE kind = 'email'") == 1


def test_a_question_stays_open_until_the_name_is_kept(stage: Stage) -> None:
    """The year of Show 3, killed, found it: the question was closed first, and who died then left a lead nameless."""
    stage.api.nameless = True
    stage.api.book(*KEPT)
    stage.sweep()
    with connect(stage.dsn) as drain, drain.transaction():
        drain.execute("SELECT 1 FROM lead FOR NO KEY UPDATE")
        stage.serve()
    assert stage.lookups() == {"m-1": ("stub", "waiting")}
    assert stage.one("SELECT error FROM lookup") == "lead_busy"
    stage.pass_(minutes=1)
    stage.serve()
    assert stage.lookups() == {"m-1": ("stub", "answered")}
    assert stage.one("SELECT email FROM lead") == "anna@example.com"
