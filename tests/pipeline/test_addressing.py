"""Addressing: who is named, what is merged, and what a person must decide (RULES 1 and 3)."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from pipeline.addressing import Contact, Owner, choose

REAL, OTHER = Owner(UUID(int=1), stub=False), Owner(UUID(int=2), stub=False)
STUB, SECOND = Owner(UUID(int=3), stub=True), Owner(UUID(int=4), stub=True)
owners = st.sampled_from([None, REAL, OTHER, STUB, SECOND])


def test_rule_1_the_first_that_is_known_names_the_lead() -> None:
    assert choose(REAL, OTHER, [STUB]).lead == REAL
    assert choose(None, OTHER, [REAL]).lead == OTHER
    assert choose(None, None, [None, STUB, REAL]).lead == STUB
    assert choose(None, None, [None]).lead is None


def test_rule_1_a_token_names_the_lead_only_while_the_appointment_is_unknown() -> None:
    assert choose(STUB, REAL, []).lead == STUB
    assert choose(STUB, REAL, []).merges == ((STUB.lead_id, REAL.lead_id),)


def test_rule_3_a_stub_is_merged_into_whoever_it_turns_out_to_be() -> None:
    assert choose(STUB, None, [REAL]).merges == ((STUB.lead_id, REAL.lead_id),)
    assert choose(REAL, None, [STUB]).merges == ((STUB.lead_id, REAL.lead_id),)
    assert choose(STUB, None, [SECOND]).merges == ((SECOND.lead_id, STUB.lead_id),)
    assert choose(STUB, None, [SECOND, REAL]).merges == (
        (SECOND.lead_id, STUB.lead_id),
        (STUB.lead_id, REAL.lead_id),
    )


def test_rule_3_two_real_leads_are_a_conflict_and_nothing_more() -> None:
    for verdict in (choose(REAL, None, [OTHER]), choose(OTHER, None, [REAL])):
        assert (verdict.merges, verdict.conflicts) == ((), ((REAL.lead_id, OTHER.lead_id),))


def test_rule_3_one_lead_named_many_times_is_no_evidence() -> None:
    verdict = choose(REAL, REAL, [REAL, None, REAL])
    assert (verdict.lead, verdict.merges, verdict.conflicts) == (REAL, (), ())


@given(owners, owners, st.lists(owners, max_size=4))
def test_rule_3_only_stubs_are_merged_and_everybody_named_ends_in_one_lead_or_in_a_conflict(
    appointment: Owner | None, token: Owner | None, others: list[Owner | None]
) -> None:
    verdict = choose(appointment, token, others)
    known = {one.lead_id: one for one in (appointment, token, *others) if one is not None}
    assert all(known[loser].stub for loser, _ in verdict.merges)
    assert all(loser != winner for loser, winner in verdict.merges)
    assert all(not known[lead].stub for pair in verdict.conflicts for lead in pair)
    homes = dict(verdict.merges)
    ends = set()
    for lead_id in known:
        home = lead_id
        while home in homes:
            home = homes[home]
        ends.add(home)
    in_conflict = {lead for pair in verdict.conflicts for lead in pair}
    assert len(ends) <= 1 or ends == in_conflict


def test_a_contact_says_nothing_when_it_is_printed() -> None:
    assert "ada" not in repr(Contact(email="ada@example.com", full_name="ada"))
