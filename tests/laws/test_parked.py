"""A parked letter is replayed once its connection has a time zone, and not before; no dry run says otherwise."""

from uuid import UUID

import pytest

from db import connections, dead_letters, foresight, ledger, replay_steps, replays
from db.dead_letter_filters import Filter
from db.ids import new_id
from db.inbox import Parked, post
from db.ledger import Hands
from pipeline.observation import StatusWord
from pipeline.unzoned import Unzoned
from pipeline.words import Provider, Status
from tests.laws.test_failures import a_lead, column
from tests.laws.test_replays import begin, run
from tests.statements import a_delivery, a_statement, an_email


@pytest.fixture
def parked(hands: Hands) -> tuple[UUID, UUID, UUID]:
    """A client, a connection of it without a zone, and the letter of a delivery that lacked one."""
    client_id, connection_id = new_id(), new_id()
    hands.database.execute(
        "INSERT INTO client (id, name, pepper) VALUES (%s, %s, '')", (client_id, str(client_id))
    )
    hands.database.execute(
        "INSERT INTO connection (id, client_id, provider, endpoint, secrets) VALUES (%s, %s, 'calendly', %s, '')",
        (connection_id, client_id, str(connection_id)),
    )
    a_lead(hands, client_id, "anna")
    rest = a_statement("wall", status=StatusWord(word=Status.CONFIRMED))
    unzoned = Unzoned(rest=rest, start="2026-07-01T15:00:00", end="2026-07-01T15:30:00")
    said = Parked("no_zone", Provider.CALENDLY, {"external_id": "wall"}, unzoned, connection_id)
    delivery = a_delivery(client_id, rest, an_email("anna"))
    delivery.said = said
    post(hands.database, [delivery, delivery])
    (letter,) = dead_letters.letters(hands.database, Filter(client_id=client_id), 9)
    return client_id, connection_id, letter["id"]


def verdicts(hands: Hands, client_id: UUID) -> list[str]:
    (group,) = foresight.foresee(hands.database, Filter(client_id=client_id))
    return [name for name in foresight.VERDICTS if group[name]]


def test_without_a_zone_it_stays_where_it_is_and_names_the_command(
    hands: Hands, parked: tuple[UUID, UUID, UUID]
) -> None:
    client_id, connection_id, letter_id = parked
    assert verdicts(hands, client_id) == ["parked"]
    assert dead_letters.letter(hands.database, letter_id)["mend"] == (
        f"apptrail connection set-timezone {connection_id} ZONE"
    )
    replay_id = begin(hands, Filter(client_id=client_id))
    assert run(hands, replay_id) == "done"
    assert replays.progress(hands.database, replay_id)["posted"] == 0
    assert dead_letters.letter(hands.database, letter_id)["state"] == "open"


def test_with_a_zone_it_is_replayed_like_any_other(hands: Hands, parked: tuple[UUID, UUID, UUID]) -> None:
    client_id, connection_id, letter_id = parked
    connections.set_timezone(hands.database, connection_id, "America/New_York")
    assert verdicts(hands, client_id) == ["create"]
    assert "dead-letters replay" in dead_letters.letter(hands.database, letter_id)["mend"]
    assert run(hands, begin(hands, Filter(client_id=client_id))) == "done"
    shown = "SELECT start_at::text || ' ' || status FROM appointment WHERE external_id = 'wall' AND client_id = %s"
    assert column(hands, shown, client_id) == ["2026-07-01 19:00:00+00 confirmed"]
    assert dead_letters.letter(hands.database, letter_id)["outcome"] == "applied"


def test_what_still_cannot_be_placed_fails_again_and_stays_a_letter(
    hands: Hands, parked: tuple[UUID, UUID, UUID]
) -> None:
    client_id, connection_id, _ = parked
    connections.set_timezone(hands.database, connection_id, "Mars/Olympus")
    assert verdicts(hands, client_id) == ["fails again"]
    assert run(hands, begin(hands, Filter(client_id=client_id), canaries=0)) == "done"
    (letter,) = dead_letters.letters(hands.database, Filter(client_id=client_id), 9)
    assert (letter["generation"], letter["reason"]) == (1, "failed")


def test_a_drain_meets_no_parked_payload(hands: Hands, parked: tuple[UUID, UUID, UUID]) -> None:
    """It is turned into what it says in the transaction that posts it."""
    client_id, connection_id, _ = parked
    connections.set_timezone(hands.database, connection_id, "America/New_York")
    replay_steps.step(hands.database, begin(hands, Filter(client_id=client_id)), 9)
    assert column(hands, "SELECT payload ? 'unzoned' FROM inbox WHERE client_id = %s", client_id) == [False]
    assert ledger.drain(hands, client_id, column(hands, "SELECT lead_id FROM inbox WHERE client_id = %s", client_id)).applied == 1  # fmt: skip
