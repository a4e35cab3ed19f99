"""The index of words: it only saves time. Whatever a rule would find, the index sends the rule to look for."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.signals import english, english_slots, english_zones
from ingest.signals.classifier import Rules
from ingest.signals.english_opt_outs import CLAUSE_OPT_OUT, KEYWORDS, WHOLE_OPT_OUT
from ingest.signals.english_refusals import CLAUSE_NO, NO_WORDS, WHOLE_NO
from ingest.signals.own_words import LONGEST
from ingest.signals.rules import Index
from tests.signals.test_replies import SAID_AT, labelled

FULL = {WHOLE_OPT_OUT, CLAUSE_OPT_OUT, WHOLE_NO, CLAUSE_NO, english_slots._ONLY}
SEARCHED = [
    *((one.words, one.pattern, f"{one.rule.name}-{place}") for place, one in enumerate(english.PHRASES)),
    (KEYWORDS, WHOLE_OPT_OUT, "whole-opt-out"),
    (KEYWORDS, CLAUSE_OPT_OUT, "clause-opt-out"),
    (NO_WORDS, WHOLE_NO, "whole-no"),
    (NO_WORDS, CLAUSE_NO, "clause-no"),
    (english_slots.NAMING, english_slots._MENTION, "slot"),
    (english_slots.AGREEING, english_slots._ONLY, "only-slot"),
    (english_zones.WORDS, english_zones._NAMED, "zone-named"),
    (english_zones.WORDS, english_zones._PLACED, "zone-placed"),
]


@pytest.mark.parametrize(("words", "phrase"), [(a, b) for a, b, _ in SEARCHED], ids=[c for *_, c in SEARCHED])
def test_a_phrase_is_in_no_text_without_one_of_its_words(words: str, phrase: re.Pattern[str]) -> None:
    index = Index([words])

    @settings(max_examples=40, database=None)
    @given(st.from_regex(phrase, fullmatch=phrase in FULL, alphabet=st.characters(codec="ascii")))
    def held(text: str) -> None:
        assert index.bits(text) == 1

    held()


@pytest.mark.parametrize("table", ["replies.tsv", "unseen.tsv", "blind.tsv"])
def test_what_is_not_searched_for_would_not_have_been_found(
    table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [text for _, text in labelled(table)]
    said = [Rules().read(text, SAID_AT) for text in texts]
    monkeypatch.setattr(Index, "bits", lambda index, text: ~0)
    assert [Rules().read(text, SAID_AT) for text in texts] == said


def test_rules_have_names_of_their_own() -> None:
    names = [rule.name for rule in {phrase.rule for phrase in english.PHRASES}]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "piece",
    [
        "<script ", "<blockquote ", "<style><", "<", "\n", "> ", "| \n", "on \n", "from: ", "-- \n", "to unsubscribe\n",
        "!", "not ", "stop ", "&lt;", " ,", "\u2003", "back until ", "in 2 weeks ", "the second ", "a.", "1 ", "at 1 ",
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("frame", ["{}", "<p>{}", "a {} b", "back {}", "i'm away until {}"])
def test_no_words_make_reading_slow(piece: str, frame: str) -> None:
    """Two megabytes of them: what is more than linear would not end today."""
    text = frame.format(piece * (2_000_000 // len(piece)))
    assert len(Rules().read(text, SAID_AT)) <= LONGEST


_SAID = [text for table in ("replies.tsv", "unseen.tsv", "blind.tsv") for _, text in labelled(table)]
_PIECES = [
    *sorted({word for text in _SAID for word in text.split(" ")}),
    "\n",
    "\n> ",
    ".",
    "?",
    "#2",
    "3 p.m.",
]


@settings(max_examples=400)
@given(st.lists(st.sampled_from(_PIECES), max_size=25))
@example(["I", "am", "out", "of", "the", "office.", "I", "will", "be", "back"])
def test_no_mixture_of_what_people_write_is_too_much(words: list[str]) -> None:
    """A mail that ended with "back" was answered with an error."""
    kinds = [signal.kind for signal in Rules().read(" ".join(words), SAID_AT)]
    assert len(set(kinds)) == len(kinds)
