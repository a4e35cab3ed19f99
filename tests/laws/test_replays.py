"""Dead letters and their replay: each once, canaries first, nothing lost (DESIGN 6)."""

from uuid import UUID

import pytest

from db import applying, dead_letters, failures, foresight, ledger, pauses, replay_steps, replays
from db.audit import NOBODY
from db.dead_letter_filters import Filter
from db.failures import Failure
from db.ids import new_id
from db.inbox import Ring
from db.jobs import due
from db.ledger import Hands
from pipeline.job import KINDS
from pipeline.observation import Schedule
from scripts import pausing
from tests.laws.test_failures import UNREADABLE, a_lead, add_job, column, make_due
from tests.statements import a_statement, at
from workers.replayer import Replayer

A_BUG = Failure("KeyError", "pipeline/book.py:enter:1", "")


def a_letter(hands: Hands, client_id: UUID, lead_id: UUID, payload: str, failure: Failure = A_BUG) -> None:
    """A job that was given up, as `bury` leaves it."""
    add_job(hands, client_id, lead_id, payload)
    for job in due(hands.database, client_id, [lead_id]):
        failures.bury(hands.database, client_id, job, failure, "calendly")


def said(name: str) -> str:
    return a_statement(name, schedule=Schedule(start_at=at(72))).text()


def run(hands: Hands, replay_id: UUID, most: int = 100) -> str:
    for _ in range(30):
        step = replay_steps.step(hands.database, replay_id, most)
        for ring in step.rings:
            ledger.drain(hands, ring.client_id, [ring.lead_id])
        if not step.again:
            break
    return str(replays.progress(hands.database, replay_id)["state"])


def begin(hands: Hands, wanted: Filter, **options: int) -> UUID:
    return replays.start(hands.database, wanted, actor="ann", reason="fixed", **options)


@pytest.fixture
def stricken(hands: Hands) -> tuple[UUID, list[UUID]]:
    """A client with three leads and a good job of each among the dead letters."""
    client_id = new_id()
    leads = [a_lead(hands, client_id, f"{name}-{client_id}") for name in ("anna", "ben", "cleo")]
    for lead_id in leads:
        a_letter(hands, client_id, lead_id, said(f"again-{lead_id}"))
    return client_id, leads


def test_a_replay_applies_every_letter_and_says_who_and_why(
    hands: Hands, stricken: tuple[UUID, list[UUID]]
) -> None:
    client_id, _ = stricken
    wanted = Filter(client_id=client_id)
    assert [one["create"] for one in foresight.foresee(hands.database, wanted)] == [3]
    assert column(hands, "SELECT count(*) FROM inbox WHERE client_id = %s", client_id) == [0]
    replay_id = begin(hands, wanted)
    assert run(hands, replay_id) == "done"
    found = replays.progress(hands.database, replay_id)
    assert (found["posted"], found["applied"], found["failed_again"]) == (3, 3, 0)
    assert column(hands, "SELECT count(*) FROM appointment WHERE client_id = %s", client_id) == [6]
    told = "SELECT actor || ' ' || (detail->>'reason') FROM audit_log WHERE subject = %s"
    assert column(hands, told, replay_id) == ["ann fixed"]
    assert dead_letters.groups(hands.database, wanted) == []


def test_two_operators_at_once_post_each_letter_once(hands: Hands, stricken: tuple[UUID, list[UUID]]) -> None:
    client_id, _ = stricken
    one, other = (begin(hands, Filter(client_id=client_id), canaries=0) for _ in range(2))
    first, second = replay_steps.step(hands.database, one, 2), replay_steps.step(hands.database, other, 2)
    assert (len(first.rings), len(second.rings)) == (2, 1)
    assert column(hands, "SELECT count(DISTINCT replay_of) FROM inbox WHERE client_id = %s", client_id) == [3]


def test_a_canary_that_dies_stops_the_replay(hands: Hands) -> None:
    client_id = new_id()
    lead_id = a_lead(hands, client_id, f"dora-{client_id}")
    for _ in range(3):
        a_letter(hands, client_id, lead_id, UNREADABLE)
    assert [one["fails again"] for one in foresight.foresee(hands.database, Filter(client_id=client_id))] == [
        3
    ]
    assert run(hands, begin(hands, Filter(client_id=client_id))) == "stopped"
    generations = (
        "SELECT generation FROM dead_letter WHERE client_id = %s AND state = 'open' ORDER BY generation"
    )
    assert column(hands, generations, client_id) == [0, 0, 1]


def test_what_fails_again_is_not_taken_by_the_same_replay(hands: Hands) -> None:
    client_id = new_id()
    lead_id = a_lead(hands, client_id, f"emil-{client_id}")
    for _ in range(3):
        a_letter(hands, client_id, lead_id, UNREADABLE)
    assert run(hands, begin(hands, Filter(client_id=client_id), canaries=0)) == "done"
    open_ones = dead_letters.letters(hands.database, Filter(client_id=client_id), 10)
    assert [one["generation"] for one in open_ones] == [1, 1, 1]


def test_a_paused_replay_posts_nothing_and_a_canceled_one_is_over(
    hands: Hands, stricken: tuple[UUID, list[UUID]]
) -> None:
    replay_id = begin(hands, Filter(client_id=stricken[0]))
    replays.set_state(hands.database, replay_id, "paused", "ann")
    assert replay_steps.step(hands.database, replay_id, 10).rings == []
    replays.set_state(hands.database, replay_id, "canceled", "ann")
    with pytest.raises(replays.NotPossible):
        replays.set_state(hands.database, replay_id, "running", "ann")


def test_a_discarded_letter_stays_with_its_reason_and_is_replayed_no_more(
    hands: Hands, stricken: tuple[UUID, list[UUID]]
) -> None:
    wanted = Filter(client_id=stricken[0])
    gone = dead_letters.letters(hands.database, wanted, 1)[0]["id"]
    dead_letters.add_note(hands.database, gone, "ann", "a test booking")
    dead_letters.discard(hands.database, gone, "ann", "no longer true")
    shown = dead_letters.letter(hands.database, gone)
    assert (shown["state"], shown["closed_because"], shown["notes"][0]["text"]) == (
        "discarded", "no longer true", "a test booking",
    )  # fmt: skip
    with pytest.raises(dead_letters.NotOpen):
        dead_letters.discard(hands.database, gone, "ben", "again")
    replay_id = begin(hands, wanted)
    run(hands, replay_id)
    assert replays.progress(hands.database, replay_id)["applied"] == 2


def test_a_discard_has_the_leads_meetings_asked_for_and_its_own_appointment(
    hands: Hands, stricken: tuple[UUID, list[UUID]]
) -> None:
    client_id, (lead_id, _, _) = stricken
    hands.database.execute(
        "INSERT INTO client (id, name, pepper) VALUES (%s, %s, '')", (client_id, str(client_id))
    )
    hands.database.execute(
        """INSERT INTO connection (id, client_id, provider, endpoint, secrets)
           SELECT gen_random_uuid(), %s, provider, 'e' || provider, '' FROM unnest(ARRAY['calendly', 'ghl']) AS provider""",
        (client_id,),
    )
    gone = dead_letters.letters(hands.database, Filter(client_id=client_id, lead_id=lead_id), 1)[0]["id"]
    uri = "https://api.calendly.com/scheduled_events/E/invitees/I"
    hands.database.execute(
        "UPDATE dead_letter SET payload = payload || %s::jsonb WHERE id = %s",
        (f'{{"description": {{"calendly_invitee_uri": "{uri}"}}}}', gone),
    )
    assert dead_letters.discard(hands.database, gone, "ann", "a test booking") == 2
    shown = dead_letters.letter(hands.database, gone)["lead_checks"]
    assert {(one["provider"], one["reason"], one["state"]) for one in shown} == {
        ("calendly", "discarded", "waiting"), ("ghl", "discarded", "waiting"),
    }  # fmt: skip
    asked = "SELECT external_id || ' ' || reason || ' ' || uri FROM lookup WHERE client_id = %s"
    assert column(hands, asked, client_id) == [f"again-{lead_id} discarded {uri}"]


def test_another_clients_letter_is_unknown(hands: Hands, stricken: tuple[UUID, list[UUID]]) -> None:
    theirs = dead_letters.letters(hands.database, Filter(client_id=stricken[0]), 1)[0]["id"]
    with pytest.raises(dead_letters.UnknownLetter):
        dead_letters.letter(hands.database, theirs, client_id=new_id())


def test_a_kind_that_fails_is_paused_and_resume_applies_what_waited_and_what_died(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release that breaks every job of a kind, and its repair."""
    client_id = new_id()
    lead_id = a_lead(hands, client_id, f"fay-{client_id}")
    for number in range(60):
        add_job(hands, client_id, lead_id, said(f"fay-{client_id}-{number}"), attempts=2 if number < 5 else 0)
    broken = monkeypatch.context()
    with broken as patch:
        patch.setattr(applying, "enter", _broken)
        ledger.drain(hands, client_id, [lead_id])
        make_due(hands, client_id)
        ledger.drain(hands, client_id, [lead_id])
    assert [one["kind"] for one in pauses.paused(hands.database)] == ["appointment"]
    assert column(hands, "SELECT count(*) < 60 FROM dead_letter WHERE client_id = %s", client_id) == [True]
    resumed, (replay_id,) = pauses.resume(
        hands.database, "ann", "rolled back", kind="appointment", client_id=NOBODY
    )
    assert resumed
    make_due(hands, client_id)
    ledger.drain(hands, client_id, [lead_id])
    assert run(hands, replay_id) == "done"
    assert column(hands, "SELECT count(*) FROM appointment WHERE client_id = %s", client_id) == [61]


def test_what_the_same_cause_has_buried_at_another_place_is_replayed_apart(hands: Hands) -> None:
    """And what died long before is left where it is."""
    client_id = new_id()
    lead_id = a_lead(hands, client_id, f"gil-{client_id}")
    places = ("fold.py:1", "fold.py:2", "old.py:3")
    bugs = [Failure("KeyError", place, "") for place in places]
    for bug in bugs:
        a_letter(hands, client_id, lead_id, said(f"{bug.location}-{client_id}"), bug)
    hands.database.execute(
        "UPDATE dead_letter SET created_at = now() - interval '1 hour' WHERE location = 'old.py:3'"
    )
    hands.database.execute(
        "INSERT INTO pause (kind, reason, fingerprint) VALUES ('appointment', 'breaker', %s)",
        (bugs[0].fingerprint("calendly", "appointment"),),
    )
    _, begun = pauses.resume(hands.database, "ann", "rolled back", kind="appointment")
    assert [run(hands, one) for one in begun] == ["done", "done"]
    left = dead_letters.letters(hands.database, Filter(client_id=client_id), 9)
    assert [one["location"] for one in left] == ["old.py:3"]


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_kind_the_breaker_pauses_a_person_can_resume(kind: str) -> None:
    assert pausing._meant(None, kind) == (kind, NOBODY)  # type: ignore[arg-type]


def _broken(*_: object) -> None:
    raise KeyError


def test_a_replay_that_nobody_drives_is_carried_out_by_the_clock(
    hands: Hands, stricken: tuple[UUID, list[UUID]]
) -> None:
    replay_id = begin(hands, Filter(client_id=stricken[0]), rate=1000)
    rung: list[Ring] = []
    replayer = Replayer(rung.extend)
    while replays.progress(hands.database, replay_id)["state"] == "running":
        replayer.walk(hands.database)
        ledger.drain(hands, stricken[0], [ring.lead_id for ring in rung])
    found = replays.progress(hands.database, replay_id)
    assert (found["state"], found["applied"]) == ("done", 3)
