"""Another language: a module with phrases of its own beside the English one, as docs/signals.md says."""

from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace

import pytest

from ingest.signals import Rules, english
from ingest.signals.clauses import clauses
from ingest.signals.rules import LIKELY, SURE, Index, Rule, phrases_of, places
from pipeline.signals import Signal, SignalKind
from tests.signals.test_replies import SAID_AT

PHRASES = phrases_of(
    Rule(
        SignalKind.OPT_OUT,
        "abmelden",
        (("bitte", r"\bbitte .{0,40}\b(?:abmelden|austragen|löschen)\b"),),
        confidence=SURE,
    ),
    Rule(SignalKind.NOT_INTERESTED, "kein_interesse", (("interesse", r"\b(?:kein|keinerlei) interesse\b"),)),
    Rule(SignalKind.OUT_OF_OFFICE, "abwesend", (("nicht", r"\bnicht im büro\b"),), confidence=SURE),
    Rule(SignalKind.MEETING_REQUESTED, "termin", (("termin", r"\btermin\b"),), confidence=LIKELY),
)
INDEX = Index([phrase.words for phrase in PHRASES])


def read(words: str, said_at: datetime) -> Iterator[Signal]:
    for piece in clauses(words):
        for phrase in (PHRASES[place] for place in places(INDEX.bits(piece.text))):
            if phrase.is_in(piece.text):
                yield phrase.signal


GERMAN = SimpleNamespace(read=read)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Bitte tragen Sie mich aus, ich habe kein Interesse.", {SignalKind.NOT_INTERESTED}),
        ("Können Sie mich bitte aus der Liste löschen?", {SignalKind.OPT_OUT}),
        ("Ich bin bis Montag nicht im Büro. Für einen Termin rufen Sie bitte an.", {SignalKind.OUT_OF_OFFICE}),
        ("Gern, schlagen Sie einen Termin vor!\n\nAm 3. März schrieb Anna:\n> Please unsubscribe me", {SignalKind.MEETING_REQUESTED}),
        ("Please unsubscribe me", {SignalKind.OPT_OUT}),
        ("Kein Interesse. Not interested, remove me from your list", {SignalKind.NOT_INTERESTED, SignalKind.OPT_OUT}),
    ],
)  # fmt: skip
def test_two_languages_are_read_by_one_classifier(text: str, kinds: set[SignalKind]) -> None:
    said = Rules(english, GERMAN).read(text, SAID_AT)
    assert {signal.kind for signal in said} == kinds
    assert len(said) == len(kinds)


def test_of_a_language_that_is_not_named_nothing_is_read() -> None:
    assert Rules().read("Ich habe kein Interesse.", SAID_AT) == ()
