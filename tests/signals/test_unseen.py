"""Replies that the rules were not written for, a hundred and sixty: the first run of each table is the floor."""

from fractions import Fraction

from pipeline.signals import SignalKind
from tests.signals.test_replies import labelled, read

Read = list[tuple[set[str], set[str]]]

REPLIES: Read = [(labels, read(text)) for labels, text in labelled("unseen.tsv")]
BLIND: Read = [(labels, read(text)) for labels, text in labelled("blind.tsv")]


def _of(kind: SignalKind, labels: set[str]) -> set[str]:
    return {label for label in labels if label.partition(":")[0] == kind}


def _precision(kind: SignalKind, replies: Read = REPLIES) -> Fraction:
    said = sum(len(_of(kind, got)) for _, got in replies)
    return Fraction(_right(kind, replies), said)


def _recall(kind: SignalKind, replies: Read = REPLIES) -> Fraction:
    meant = sum(len(_of(kind, labels)) for labels, _ in replies)
    return Fraction(_right(kind, replies), meant)


def _right(kind: SignalKind, replies: Read) -> int:
    return sum(len(_of(kind, labels & got)) for labels, got in replies)


def test_there_are_a_hundred() -> None:
    assert len(REPLIES) == 100


def test_an_opt_out_is_said_as_rightly_as_on_the_first_run() -> None:
    assert _precision(SignalKind.OPT_OUT) >= Fraction(17, 18)


def test_an_opt_out_is_found_as_often_as_on_the_first_run() -> None:
    assert _recall(SignalKind.OPT_OUT) >= Fraction(17, 22)


def test_no_slot_is_taken_that_was_not_taken() -> None:
    assert _precision(SignalKind.SLOT_ACCEPTED) == 1


def test_sixty_more_are_read_as_well_as_on_the_first_run() -> None:
    assert len(BLIND) == 60
    assert _precision(SignalKind.OPT_OUT, BLIND) == 1
    assert _recall(SignalKind.OPT_OUT, BLIND) >= Fraction(10, 16)
    assert _precision(SignalKind.SLOT_ACCEPTED, BLIND) == 1
    assert sum(labels == got for labels, got in BLIND) >= 42
