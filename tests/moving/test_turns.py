"""Turns: batches in flight together commit in their order, and none waits for ever for the other."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, cast

import pytest

from db import backfill_runs, migrating, turns
from db.backfill_runs import FIRST, Kind
from db.desk import Database, connect
from db.ids import new_id
from db.ledger import Hands
from db.migrating import Batch
from db.plain_rows import Stretch, stretches
from db.turns import Abandoned, StepBack, Turn, in_turn
from tests.moving.crm import calendly, verified
from tests.moving.test_plain_rows import leads_of

TWO = cast("list[Database]", ["left", "right"])


def test_what_is_ready_first_waits_for_those_before_it() -> None:
    ready, committed = threading.Event(), []

    def act(_: Database, number: int, turn: Turn) -> int:
        if number == 0:
            assert ready.wait(10)
        else:
            ready.set()
        turn.take()
        committed.append(number)
        return number * 10

    assert list(in_turn(TWO, iter(range(5)), act)) == [(n, n * 10) for n in range(5)]
    assert committed == list(range(5))


def test_nothing_after_a_failure_commits_and_it_is_raised() -> None:
    failing, committed = threading.Event(), []

    def act(_: Database, number: int, turn: Turn) -> None:
        if number == 1:
            assert failing.wait(10)
            raise ZeroDivisionError
        if number == 2:
            failing.set()
        turn.take()
        committed.append(number)

    with pytest.raises(ZeroDivisionError):
        list(in_turn(TWO, iter(range(9)), act))
    assert committed == [0]


def test_one_that_looks_no_further_leaves_nobody_behind() -> None:
    taken: list[int] = []

    def act(_: Database, number: int, turn: Turn) -> None:
        turn.take()
        taken.append(number)

    results = in_turn(TWO, iter(range(100)), act)
    next(results)
    cast("Iterator[Any]", results).close()  # type: ignore[attr-defined]
    assert taken == sorted(taken)
    assert len(taken) <= 3
    assert threading.active_count() == 1 or not [
        one for one in threading.enumerate() if "ThreadPool" in one.name
    ]


def test_a_batch_that_waits_too_long_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.01)
    stepped, committed = threading.Event(), []

    def act(_: Database, number: int, turn: Turn) -> None:
        if number == 0:
            assert stepped.wait(10)
        try:
            turn.take()
        except StepBack:
            stepped.set()
            turn.come()
        committed.append(number)

    list(in_turn(TWO, iter(range(2)), act))
    assert committed == [0, 1]


def test_a_later_batch_that_holds_what_an_earlier_one_needs_gives_it_up(
    hands: Hands, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rows name one meeting: the later one's has been written, and not committed, when the earlier comes."""
    monkeypatch.setattr(migrating, "LOCK_SECONDS", 0.05)
    client_id = leads_of(hands, [calendly("x"), calendly("x")], sorted(new_id() for _ in range(2)))
    run = backfill_runs.begin(hands.database, client_id, Kind.MIGRATION)
    written = threading.Event()

    class Watched(Turn):
        def take(self) -> None:
            written.set()
            super().take()

    def act(own: Database, stretch: Stretch, turn: Turn) -> Batch:
        turn.__class__ = Watched
        if stretch.after == FIRST:
            assert written.wait(10)
        return migrating.migrate(own, run, stretch, hands.ringer, lambda _: None, turn)

    with ExitStack() as stack:
        both = [stack.enter_context(connect(database)) for _ in range(2)]
        done = [batch for _, batch in in_turn(both, stretches(hands.database, client_id, FIRST, 1), act)]
    assert [batch.counts["created"] for batch in done] == [1, 1]
    assert run.counts["created"] == 2
    assert verified(hands, client_id)[0].holds


def test_a_turn_of_its_own_has_come() -> None:
    turn = Turn()
    turn.take()
    turn.hold_up()
    turn.take()
    turn.end(failed=True)
    with pytest.raises(Abandoned):
        turn.take()
