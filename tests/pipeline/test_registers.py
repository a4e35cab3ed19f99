"""What one appointment's statements add up to: tiers, times, ranks, and each register's own rule (RULES 5-18)."""

from typing import Any

import msgspec
import pytest

from pipeline.fold import fold
from pipeline.folded import Folded
from pipeline.observation import Description, Links, Observation, Outcome, Schedule, StatusWord
from pipeline.timeline import revisions
from pipeline.words import Provider, Source, Status
from tests.statements import NOON, a_statement, at

MIGRATION: dict[str, Any] = {"source": Source.MIGRATION, "version_at": None}


def word(status: Status, **named: Any) -> StatusWord:
    return StatusWord(word=status, **named)


def said(status: Status, hour: float, **named: Any) -> Observation:
    return a_statement(version_at=at(hour), status=word(status), **named)


def seen(status: Status, hour: float, **named: Any) -> Observation:
    """Unversioned: known only by when we saw it."""
    return a_statement(version_at=None, observed_at=at(hour), status=word(status), **named)


def folded(*observations: Observation) -> Folded:
    """Fold them in both directions: the order says nothing."""
    there, back = fold(observations), fold(reversed(observations))
    assert there == back
    return there


def ghl(observation: Observation) -> Observation:
    return observation.but(provider=Provider.GHL)


def test_rule_5_what_is_not_stated_is_not_touched() -> None:
    full = a_statement(
        schedule=Schedule(start_at=at(5), end_at=at(6), timezone="UTC"),
        status=word(Status.CONFIRMED),
        booked_at=at(-1),
        links=Links(replaces="before"),
        description=Description(calendly_event_type_uri="type"),
    )
    assert folded(full, a_statement(version_at=at(3))) == folded(full)
    after = folded(full, a_statement(version_at=at(3), schedule=Schedule(timezone="Asia/Tokyo")))
    assert (after.start_at, after.timezone) == (at(5), "Asia/Tokyo")


def test_rule_5_an_end_belongs_to_its_start() -> None:
    """A new start without an end has no end: the old one's would be another meeting's."""
    before = a_statement(schedule=Schedule(start_at=at(5), end_at=at(6)))
    after = folded(before, a_statement(version_at=at(1), schedule=Schedule(start_at=at(9))))
    assert (after.start_at, after.end_at) == (at(9), None)


def test_rule_7_versioned_beats_unversioned_beats_migration_whatever_their_times() -> None:
    versioned = said(Status.CONFIRMED, 0)
    unversioned = seen(Status.SHOWED, 10)
    migrated = a_statement(**MIGRATION, observed_at=at(20), status=word(Status.INVALID))
    assert folded(migrated, unversioned, versioned).word is Status.CONFIRMED
    assert folded(migrated, unversioned).word is Status.SHOWED
    assert folded(migrated).word is Status.INVALID


def test_rule_7_within_a_tier_the_later_time_wins_then_the_newer_normalizer() -> None:
    assert folded(said(Status.PENDING, 0), said(Status.CONFIRMED, 1)).word is Status.CONFIRMED
    assert folded(said(Status.CONFIRMED, 0), said(Status.PENDING, 1)).word is Status.PENDING
    newer = said(Status.PENDING, 0, normalizer=2)
    assert folded(newer, said(Status.CONFIRMED, 0, normalizer=1)).word is Status.PENDING


@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        (Status.CANCELED, Status.SHOWED),
        (Status.CANCELED, Status.NO_SHOW),
        (Status.SHOWED, Status.INVALID),
        (Status.INVALID, Status.CONFIRMED),
        (Status.CONFIRMED, Status.PENDING),
    ],
)
def test_rule_7_at_one_instant_the_rank_decides(stronger: Status, weaker: Status) -> None:
    assert folded(ghl(said(stronger, 0)), ghl(said(weaker, 0))).word is stronger


def test_rule_7_a_removal_beats_a_cancellation_of_the_same_instant() -> None:
    removal = a_statement(provider=Provider.GHL, status=word(Status.CANCELED, removed=True))
    assert folded(removal, ghl(said(Status.CANCELED, 0))).removed


def test_rule_9_a_versioned_statement_is_the_same_whenever_and_wherever_it_was_heard() -> None:
    webhook = said(Status.CONFIRMED, 0)
    read = said(Status.CONFIRMED, 0, source=Source.RECONCILE_CRON, observed_at=at(7), normalizer=2)
    assert webhook.digest == read.digest
    assert seen(Status.CONFIRMED, 0).digest != seen(Status.CONFIRMED, 1).digest


def test_rule_9_the_third_of_confirmed_canceled_confirmed_is_not_lost() -> None:
    third = [
        ghl(seen(status, n)) for n, status in enumerate((Status.CONFIRMED, Status.CANCELED, Status.CONFIRMED))
    ]
    assert len({one.digest for one in third}) == 3
    assert folded(*third).word is Status.CONFIRMED
    assert len(revisions(third)) == 3


def test_rule_9_the_reason_is_no_part_of_what_makes_a_statement_distinct() -> None:
    silent = a_statement(status=word(Status.CANCELED))
    telling = a_statement(status=word(Status.CANCELED, cancel_reason="ill"))
    assert silent.digest == telling.digest
    for joined in (silent.joined(telling), telling.joined(silent)):
        assert joined.status is not None
        assert joined.status.cancel_reason == "ill"


def test_rule_9_a_repetition_that_changes_nothing_is_no_revision() -> None:
    again = said(Status.CONFIRMED, 3, description=Description(calendly_event_type_uri="type"))
    assert len(revisions([said(Status.CONFIRMED, 0), again])) == 1


def test_rule_10_the_source_is_the_strongest_of_those_present() -> None:
    sources = [
        Source.MIGRATION,
        Source.MANUAL,
        Source.BACKFILL,
        Source.RECONCILE_CRON,
        Source.WEBHOOK,
        Source.AUTO_BOOK,
    ]
    for known in range(1, len(sources) + 1):
        told = [
            a_statement(source=one, version_at=None, observed_at=at(n))
            for n, one in enumerate(sources[:known])
        ]
        assert folded(*told).source is sources[known - 1]


def test_rule_11_a_calendly_cancellation_absorbs_whatever_is_said_later() -> None:
    """C6: a stale or later `created` does not bring an invitee back."""
    assert folded(said(Status.CANCELED, 0), said(Status.CONFIRMED, 9)).own_status is Status.CANCELED
    assert folded(seen(Status.CANCELED, 0), said(Status.CONFIRMED, 9)).own_status is Status.CANCELED


def test_rule_11_what_a_crm_once_noted_does_not_absorb() -> None:
    legacy = a_statement(**MIGRATION, status=word(Status.CANCELED))
    assert folded(legacy, said(Status.CONFIRMED, 1)).own_status is Status.CONFIRMED


def test_rule_11_a_no_show_counts_from_its_own_time_though_the_version_does_not_move() -> None:
    """C5: marking one does not bump updated_at, nor does taking it back."""
    created = said(Status.CONFIRMED, 0)
    missed = said(Status.CONFIRMED, 0, outcome=Outcome(word=Status.NO_SHOW, at=at(3)))
    undone = said(Status.CONFIRMED, 0, outcome=Outcome(at=at(4)))
    again = said(Status.CONFIRMED, 0, outcome=Outcome(word=Status.NO_SHOW, at=at(5)))
    assert folded(created, missed).own_status is Status.NO_SHOW
    assert folded(created, missed, undone).own_status is Status.CONFIRMED
    assert folded(again, created, undone, missed).own_status is Status.NO_SHOW
    assert folded(created, missed).own_status_at == at(3)


def test_rule_12_a_ghl_appointment_may_come_back_from_a_cancellation() -> None:
    back = folded(ghl(said(Status.CANCELED, 0)), ghl(said(Status.CONFIRMED, 1)))
    assert (back.own_status, back.canceled_at) == (Status.CONFIRMED, None)


def gone(hour: float, **named: Any) -> Observation:
    """A delete: it repeats the version that it deletes, and is known by when it was heard."""
    stated = {"provider": Provider.GHL, "version_at": at(0), "observed_at": at(hour), **named}
    return a_statement(status=word(Status.CANCELED, removed=True), **stated)


def found_again(hour: float) -> Observation:
    """A GET of a removed appointment that returns it, in the version that it had."""
    status = word(Status.CONFIRMED, restored_at=at(hour))
    return a_statement(
        provider=Provider.GHL, source=Source.RECONCILE_CRON, observed_at=at(hour), status=status
    )


def test_rule_12_a_delete_absorbs_whatever_comes_later_and_only_a_later_get_undoes_it() -> None:
    created, later = ghl(said(Status.CONFIRMED, 0)), ghl(said(Status.CONFIRMED, 5))
    for others in ((), (later,), (later, found_again(1))):
        deleted = folded(created, gone(2), *others)
        assert (deleted.own_status, deleted.removed, deleted.canceled_at) == (Status.CANCELED, True, at(0))
    back = folded(created, gone(2), found_again(3))
    assert (back.own_status, back.removed, back.canceled_at) == (Status.CONFIRMED, False, None)
    assert back.own_status_at == at(3)
    assert folded(created, gone(2), found_again(3), gone(4, version_at=at(1))).removed


def test_rule_12_an_appointment_that_was_deleted_twice_was_canceled_once() -> None:
    """A delete, and a GET that finds nothing: a person who answered the first has answered it."""
    nothing = gone(9, version_at=None, source=Source.RECONCILE_CRON)
    deleted = folded(ghl(said(Status.CONFIRMED, 0)), gone(2, version_at=at(2)), nothing)
    assert (deleted.canceled_at, deleted.own_status_at) == (at(2), at(2))


def test_rule_12_the_timeline_tells_of_a_delete_and_of_its_undoing() -> None:
    told = revisions([found_again(3), gone(2), ghl(said(Status.CONFIRMED, 0))])
    words = [revision.changes["status"][1] for revision in told if "status" in revision.changes]
    assert words == ["confirmed", "canceled", "confirmed"]


def test_rule_12_a_workflows_deleted_is_only_a_word() -> None:
    """It has no version and no signature: it shows while nothing better is known, and rolls nothing back."""
    heard = a_statement(
        provider=Provider.GHL, version_at=None, observed_at=at(9),
        status=word(Status.CANCELED, removed=True, hearsay=True),
    )  # fmt: skip
    assert (folded(heard).own_status, folded(heard).removed) == (Status.CANCELED, True)
    known = folded(heard, ghl(said(Status.CONFIRMED, 0)))
    assert (known.own_status, known.removed) == (Status.CONFIRMED, False)


def test_rule_12_another_start_instant_is_a_move_and_another_spelling_is_none() -> None:
    first = ghl(a_statement(schedule=Schedule(start_at=at(5))))
    respelled = msgspec.json.decode(
        first.but(version_at=at(1)).text().replace("2026-03-02T17:00:00Z", "2026-03-02T19:00:00+02:00"),
        type=Observation,
    )
    moved = ghl(a_statement(version_at=at(2), schedule=Schedule(start_at=at(8))))
    assert folded(first, respelled).moves_in_place == 0
    assert folded(first, respelled, moved).moves_in_place == 1


def test_rule_17_a_persons_outcome_stands_until_the_providers_word_changes() -> None:
    def by_hand(status: Status | None, hour: float) -> Observation:
        outcome = Outcome(word=status, at=at(hour))
        return a_statement(source=Source.MANUAL, version_at=None, observed_at=at(hour), outcome=outcome)

    booked = ghl(said(Status.CONFIRMED, 0))
    shown = ghl(by_hand(Status.SHOWED, 2))
    assert folded(booked, shown).own_status is Status.SHOWED
    assert folded(booked, shown).own_status_at == at(2)
    same_word_again = ghl(said(Status.CONFIRMED, 5, schedule=Schedule(start_at=at(1))))
    assert folded(booked, shown, same_word_again).own_status is Status.SHOWED
    another_word = ghl(said(Status.NO_SHOW, 5))
    assert folded(booked, shown, another_word).own_status is Status.NO_SHOW
    assert folded(booked, ghl(by_hand(Status.SHOWED, 0))).own_status is Status.CONFIRMED  # not later
    taken_back = ghl(by_hand(None, 3))
    assert folded(booked, shown, taken_back).own_status is Status.CONFIRMED


def test_rule_17_what_a_person_takes_back_leaves_the_cancellations_own_time() -> None:
    canceled = a_statement(version_at=at(1), status=word(Status.CANCELED, canceled_at=at(1)))
    taken_back = a_statement(source=Source.MANUAL, version_at=None, outcome=Outcome(at=at(4)))
    assert folded(canceled, taken_back).lost_at == at(1)


def test_rule_18_links_merge_and_are_never_nulled() -> None:
    """C4: a later payload may lack the link."""
    linked = a_statement(links=Links(replaces="before"))
    later = a_statement(version_at=at(1), links=Links(replaced_by="after", moved=True))
    silent = a_statement(version_at=at(2), links=Links(), status=word(Status.CANCELED))
    chain = folded(linked, later, silent)
    assert (chain.replaces, chain.replaced_by, chain.moved) == ("before", "after", True)


def test_a_stated_time_of_cancellation_beats_the_version_which_beats_our_clock() -> None:
    stated = a_statement(version_at=at(2), status=word(Status.CANCELED, canceled_at=at(1)))
    by_version, by_clock = said(Status.CANCELED, 2), seen(Status.CANCELED, 9)
    assert (folded(by_clock, by_version, stated).canceled_at, folded(stated).cancel_time_stated) == (
        at(1),
        True,
    )
    assert (folded(by_clock, by_version).canceled_at, folded(by_version).cancel_time_stated) == (at(2), True)
    assert (folded(by_clock).canceled_at, folded(by_clock).cancel_time_stated) == (at(9), False)


def test_rule_6_a_statement_without_a_version_takes_effect_when_it_was_seen() -> None:
    assert (said(Status.CONFIRMED, 3).effective_at, seen(Status.CONFIRMED, 5).effective_at) == (at(3), at(5))
    assert folded(said(Status.CONFIRMED, 3), seen(Status.PENDING, -4)).first_effective_at == at(-4)
    assert at(0) == NOON
