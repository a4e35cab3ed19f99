"""The laws of messages, on a real Postgres: late, repeated and in any order, they make the same of a lead."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from db.conversations import load
from db.identities import digest_of
from db.ids import new_id
from db.inbox import Parcel, post, post_to_lead
from db.ledger import Hands
from db.merging import winner_of
from db.suppressions import NotSuppressed, lifting
from ingest.messages.reading import message_id
from pipeline.conversation import Conversation, Outreach, heard, outreach
from pipeline.job import LeadStatusSaid, MergeAsked
from pipeline.message import Channel, MessageSaid, SuppressionLifted
from pipeline.signals import Signal, SignalKind
from pipeline.words import Provider, Source
from tests.laws.people import PEOPLE, Telling, drain_all, tellings
from tests.pipeline.strategies import rearranged
from tests.statements import NOON, PEPPER, an_email, at

law = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def a_message(number: int = 0, *kinds: SignalKind, hours: float = 0, **named: Any) -> MessageSaid:
    signals = tuple(
        Signal(kind=kind, confidence=1, rule="test", until=at(48).date(), zone="Europe/Berlin")
        for kind in kinds
    )
    return MessageSaid(
        source=Source.WEBHOOK,
        provider=Provider.SMARTLEAD,
        channel=Channel.EMAIL,
        external_id=message_id(None, number),
        at=at(hours),
        signals=signals,
        **named,
    )


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, MessageSaid]:
    who, number = draw(st.sampled_from(PEOPLE)), draw(st.integers(0, 5))
    # What a message says hangs on which it is: a provider does not change its mind about a text.
    picked = [kind for place, kind in enumerate(SignalKind) if (number * 7 + place * 3) % 5 == 0]
    return who, a_message(PEOPLE.index(who) * 10 + number, *picked, hours=number % 4, human=number % 3 > 0)


Act = SuppressionLifted | LeadStatusSaid
Told = Telling | tuple[str, MessageSaid] | tuple[str, Act]


@st.composite
def acts(draw: st.DrawFn) -> tuple[str, Act]:
    """What a person does or an import says: of a lead that is there."""
    who, hour = draw(st.sampled_from(PEOPLE)), draw(st.integers(0, 4))
    source = draw(st.sampled_from([Source.MANUAL, Source.MIGRATION]))
    said: Act = SuppressionLifted(at=at(hour), by="test")
    if draw(st.booleans()):
        said = LeadStatusSaid(source=source, word=f"word-{hour % 2}", at=at(hour))
    return who, said


def parcel(client_id: UUID, who: str, said: MessageSaid | None) -> Parcel:
    return Parcel(client_id, PEPPER, NOON, new_id(), said, key=None, identities=(an_email(who),))


def tell(hands: Hands, client_id: UUID, one: Told) -> None:
    if isinstance(one, Telling):
        post(hands.database, [one.parcel(client_id)])
        return
    who, said = one
    if isinstance(said, MessageSaid):
        post(hands.database, [parcel(client_id, who, said)])
        return
    digest = digest_of(PEPPER, an_email(who))
    row = hands.database.execute(
        "SELECT lead_id FROM lead_identity WHERE client_id = %s AND digest = %s", (client_id, digest)
    ).fetchone()
    assert row is not None
    lead_id = winner_of(hands.database, client_id, row[0])
    assert lead_id is not None
    post_to_lead(hands.database, client_id, lead_id, said, at=NOON, trace_id=new_id())


def played(hands: Hands, batches: Sequence[Sequence[Told]]) -> UUID:
    client_id = new_id()
    if any(
        isinstance(one, tuple) and not isinstance(one[1], MessageSaid) for batch in batches for one in batch
    ):
        post(hands.database, [parcel(client_id, who, None) for who in PEOPLE])
    for batch in batches:
        for one in batch:
            tell(hands, client_id, one)
        drain_all(hands, client_id)
    return client_id


def leads_of(hands: Hands, client_id: UUID) -> list[dict[str, Any]]:
    """The lead rows, but for ids and times of receipt, and how many messages each has."""
    with hands.database.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            """SELECT l.*, (SELECT count(*) FROM message m WHERE m.client_id = l.client_id AND m.lead_id = l.id) AS messages
               FROM lead l WHERE client_id = %s""",
            (client_id,),
        ).fetchall()
    kept = [
        {
            name: value
            for name, value in row.items()
            if name not in ("client_id", "id", "created_at", "updated_at")
        }
        for row in rows
    ]
    return sorted(kept, key=str)


@law
@given(st.data(), st.lists(messages() | tellings() | acts(), max_size=8))
def test_any_order_of_messages_bookings_and_what_persons_say_gives_the_same_lead(
    hands: Hands, data: st.DataObject, told: list[Told]
) -> None:
    straight = played(hands, [told])
    mixed = played(hands, data.draw(rearranged(told)))
    assert leads_of(hands, mixed) == leads_of(hands, straight)


@given(st.lists(messages().map(lambda one: one[1]), max_size=8), st.randoms())
def test_a_conversation_does_not_look_at_arrival(told: list[MessageSaid], chance: Any) -> None:
    mixed = told + told[:3]
    chance.shuffle(mixed)
    half = len(mixed) // 2
    apart = heard(Conversation(), mixed[:half]).joined(heard(Conversation(), mixed[half:]))
    assert heard(Conversation(), told) == heard(Conversation(), mixed) == apart


def test_one_message_that_comes_five_times_is_one_and_two_equal_ones_are_two(hands: Hands) -> None:
    yes, again = a_message(1), a_message(2, hours=5 / 60)
    client_id = played(hands, [[("anna", yes)] * 3, [("anna", yes), ("anna", again)], [("anna", yes)]])
    (lead,) = leads_of(hands, client_id)
    assert lead["messages"] == 2
    assert lead["replied_at"] == again.at


def test_a_stop_wins_over_whatever_is_said_later_until_a_person_lifts_it() -> None:
    stop = a_message(1, SignalKind.OPT_OUT, hours=1)
    later = a_message(2, SignalKind.MEETING_REQUESTED, hours=2)
    for told in ([stop, later], [later, stop]):
        assert heard(Conversation(), told).suppressed
    lifted, again = SuppressionLifted(at=at(3), by="test"), a_message(3, SignalKind.OPT_OUT, hours=4)
    before: list[MessageSaid | SuppressionLifted] = [stop, later, lifted]
    after: list[MessageSaid | SuppressionLifted] = [stop, lifted, again]
    assert not any(heard(Conversation(), told).suppressed for told in permutations(before))
    assert all(heard(Conversation(), told).suppressed for told in permutations(after))


def test_a_stop_from_a_clock_that_is_ahead_is_lifted_all_the_same() -> None:
    stop = a_message(1, SignalKind.OPT_OUT, hours=400)
    suppressed = heard(Conversation(), [stop])
    said = lifting(suppressed, "test", at(6))
    assert not heard(suppressed, [said]).suppressed
    with pytest.raises(NotSuppressed):
        lifting(heard(suppressed, [said]), "test", at(7))


def test_a_lifting_is_in_the_audit_trail_with_who_did_it(hands: Hands) -> None:
    stop, lifted = a_message(1, SignalKind.OPT_OUT, hours=1), SuppressionLifted(at=at(3), by="operator:7")
    client_id = played(hands, [[("anna", stop)], [("anna", lifted)]])
    rows = hands.database.execute(
        """SELECT a.actor, a.action, l.suppression_lifted_at FROM audit_log a
           JOIN lead l ON l.client_id = a.client_id AND l.id = a.subject WHERE a.client_id = %s""",
        (client_id,),
    ).fetchall()
    assert rows == [("operator:7", "suppression_lifted", at(3))]


def test_outreach_is_paused_by_a_reply_a_snooze_and_an_opt_out() -> None:
    reply, snooze = a_message(1, hours=1), a_message(2, SignalKind.SNOOZE, hours=2)
    stop = a_message(3, SignalKind.OPT_OUT, hours=3)
    told = [(), (reply,), (reply, snooze), (reply, snooze, stop)]
    assert [outreach(heard(Conversation(), one), at(4)) for one in told] == list(Outreach)
    assert outreach(heard(Conversation(), [snooze]), at(24 * 30)) is Outreach.REPLIED
    assert outreach(heard(Conversation(), [a_message(4, SignalKind.AUTO_REPLY)]), at(4)) is Outreach.OPEN


def test_a_machine_is_no_reply() -> None:
    away = a_message(1, SignalKind.OUT_OF_OFFICE, hours=1)
    conversation = heard(Conversation(), [away])
    assert conversation.last_inbound_at == away.at
    assert conversation.replied_at is None
    assert conversation.sentiment is None
    assert conversation.snoozed_until is not None


def test_the_status_that_a_reply_gives_stands_in_its_own_time(hands: Hands) -> None:
    told: list[Told] = [
        ("anna", a_message(1, SignalKind.NOT_INTERESTED, hours=3)),
        ("anna", a_message(2, SignalKind.INFORMATION_REQUESTED, hours=1)),
    ]
    (lead,) = leads_of(hands, played(hands, [told]))
    assert (lead["base_status"], lead["base_status_at"]) == ("not-interested", at(3))


def test_two_leads_that_are_one_have_one_conversation(hands: Hands) -> None:
    stop = a_message(1, SignalKind.OPT_OUT, hours=1)
    client_id = played(hands, [[("anna", stop), ("ben", a_message(2, hours=2))]])
    rows = hands.database.execute(
        "SELECT id FROM lead WHERE client_id = %s ORDER BY id", (client_id,)
    ).fetchall()
    (loser,), (winner,) = rows
    asked = MergeAsked(source=Source.MANUAL, into=winner)
    post_to_lead(hands.database, client_id, loser, asked, at=NOON, trace_id=new_id())
    drain_all(hands, client_id)
    joined = load(hands.database, client_id, [winner])[winner]
    assert joined.suppressed
    assert joined.last_inbound_at == max(at(1), at(2))


def test_what_is_stored_of_a_message_is_no_word(hands: Hands) -> None:
    client_id = played(hands, [[("anna", a_message(1, SignalKind.CALL_REQUESTED))]])
    with hands.database.cursor(row_factory=dict_row) as cursor:
        (row,) = cursor.execute("SELECT * FROM message WHERE client_id = %s", (client_id,)).fetchall()
    assert row["signals"][0]["kind"] == "call_requested"
    assert not {"body", "text", "subject"} & row.keys()
    assert row["at"] - at(0) == timedelta(0)
