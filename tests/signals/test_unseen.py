"""A hundred replies written by somebody who had not seen the rules: the first run is the floor."""

from fractions import Fraction

from pipeline.signals import SignalKind
from tests.signals.test_replies import labelled, read

REPLIES = [(labels, read(text)) for labels, text in labelled("unseen.tsv")]


def _of(kind: SignalKind, labels: set[str]) -> set[str]:
    return {label for label in labels if label.partition(":")[0] == kind}


def _precision(kind: SignalKind) -> Fraction:
    said = sum(len(_of(kind, got)) for _, got in REPLIES)
    return Fraction(_right(kind), said)


def _recall(kind: SignalKind) -> Fraction:
    meant = sum(len(_of(kind, labels)) for labels, _ in REPLIES)
    return Fraction(_right(kind), meant)


def _right(kind: SignalKind) -> int:
    return sum(len(_of(kind, labels & got)) for labels, got in REPLIES)


def test_there_are_a_hundred() -> None:
    assert len(REPLIES) == 100


def test_an_opt_out_is_said_as_rightly_as_on_the_first_run() -> None:
    assert _precision(SignalKind.OPT_OUT) >= Fraction(17, 18)


def test_an_opt_out_is_found_as_often_as_on_the_first_run() -> None:
    assert _recall(SignalKind.OPT_OUT) >= Fraction(17, 22)


def test_no_slot_is_taken_that_was_not_taken() -> None:
    assert _precision(SignalKind.SLOT_ACCEPTED) == 1
