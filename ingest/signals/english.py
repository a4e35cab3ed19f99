"""English: how its phrases are looked for; they stand beside this file. What a text has no word of is not searched."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache, reduce
from operator import or_

from ingest.signals import english_slots, english_zones
from ingest.signals.clauses import Clause, clauses
from ingest.signals.days import day_named
from ingest.signals.english_absence import LATER, MACHINES, OUT_OF_OFFICE, SENTENCE_ENDS, UNDATED, UNTIL
from ingest.signals.english_opt_outs import CLAUSE_OPT_OUT, KEYWORDS, OPT_OUT, POLITE, WHOLE_OPT_OUT
from ingest.signals.english_refusals import CLAUSE_NO, NO_WORDS, NOT_INTERESTED, WHOLE_NO
from ingest.signals.english_requests import REQUESTS
from ingest.signals.english_slots import slot_choice
from ingest.signals.english_zones import zone_named_in
from ingest.signals.rules import LIKELY, SURE, Index, Phrase, phrases_of, places
from pipeline.signals import Signal, SignalKind

PHRASES = phrases_of(*OPT_OUT, *NOT_INTERESTED, *REQUESTS, *MACHINES, LATER, UNDATED)
"""Their places are their bits."""
_ALSO = (KEYWORDS, NO_WORDS, english_slots.NAMING, english_slots.AGREEING, english_zones.WORDS)
INDEX = Index([*(phrase.words for phrase in PHRASES), *_ALSO])
_KEYWORD, _NO, _NAMING, _AGREEING, _ZONE = (1 << len(PHRASES) + place for place in range(len(_ALSO)))
_MACHINE = sum(1 << place for place, phrase in enumerate(PHRASES) if phrase.rule in MACHINES)
_SEARCHED = (1 << len(PHRASES)) - 1 & ~_MACHINE
_WHOLE = _KEYWORD | _NO
_SLOT = _NAMING | _AGREEING

_KEYWORD_WHOLE = Signal(kind=SignalKind.OPT_OUT, confidence=1.0, rule="keyword")
_KEYWORD_CLAUSE = Signal(kind=SignalKind.OPT_OUT, confidence=SURE, rule="keyword")
_JUST_NO = Signal(kind=SignalKind.NOT_INTERESTED, confidence=LIKELY, rule="no")

_NOT_A_WORD = re.compile(r"[^\w -]+")
_GAPS = re.compile(r"\W+")


@lru_cache(maxsize=4096)
def _phrases(bits: int) -> tuple[Phrase, ...]:
    """Those whose bits are set, in order."""
    return tuple(PHRASES[place] for place in places(bits))


def read(words: str, said_at: datetime) -> Iterator[Signal]:
    """Read a person's or a machine's own words, in lower case."""
    pieces = [(piece, INDEX.bits(piece.text)) for piece in clauses(words)]
    whole = reduce(or_, [bits for _, bits in pieces], 0)
    if whole & _MACHINE and (by_machine := _machine(words, whole & _MACHINE, said_at)):
        yield from by_machine
        return
    if whole & _WHOLE:
        yield from _whole(words)
    about_slots = []
    for piece, bits in pieces:
        if bits & _WHOLE:
            yield from _keywords(piece)
        if bits & _SEARCHED:
            yield from _searched(piece, bits & _SEARCHED, said_at)
        if bits & _ZONE and (zone := zone_named_in(piece.text)):
            yield Signal(kind=SignalKind.TIMEZONE, confidence=LIKELY, rule="zone_named", zone=zone)
        if bits & _SLOT:
            about_slots.append((piece, bits & _NAMING > 0))
    if about_slots and (choice := slot_choice(about_slots)):
        yield Signal(kind=SignalKind.SLOT_ACCEPTED, confidence=SURE, rule="slot_named", choice=choice)


def _machine(words: str, bits: int, said_at: datetime) -> list[Signal]:
    """Messages that no person wrote: a whole line decides, not a clause. Who is away is more than a machine."""
    phrases = [phrase for phrase in _phrases(bits) if phrase.pattern.search(words)]
    if not phrases:
        return []
    fired = {
        phrase.rule: phrase.signal
        for line in words.split("\n")
        for phrase in phrases
        if phrase.is_in(line) and not (phrase.rule is OUT_OF_OFFICE and line.endswith("?"))
    }
    if away := fired.get(OUT_OF_OFFICE):
        return [away.but(until=_back_on(words, said_at))]
    return list(fired.values())


def _back_on(words: str, said_at: datetime) -> date | None:
    """The day of return: what follows "back" says more than what follows "until"."""
    best = None
    for sentence in SENTENCE_ENDS.split(words):
        for found in UNTIL.finditer(sentence):
            day = day_named(found[1] or found[2] or "", said_at)
            best = day if day is not None and (best is None or found[1]) else best
    return best


def _whole(words: str) -> Iterator[Signal]:
    if WHOLE_OPT_OUT.fullmatch(_bare(words)):
        yield _KEYWORD_WHOLE
    if WHOLE_NO.fullmatch(_GAPS.sub(" ", words).strip()):
        yield _JUST_NO


def _keywords(piece: Clause) -> Iterator[Signal]:
    if CLAUSE_OPT_OUT.fullmatch(_bare(piece.text)):
        yield _KEYWORD_CLAUSE
    if CLAUSE_NO.fullmatch(piece.text):
        yield _JUST_NO


def _bare(words: str) -> str:
    """Without politeness, marks and pictures."""
    return " ".join(_NOT_A_WORD.sub(" ", POLITE.sub(" ", words)).split())


def _searched(piece: Clause, bits: int, said_at: datetime) -> Iterator[Signal]:
    """What a clause wants; the day of a snooze may stand in another clause of its sentence."""
    for phrase in _phrases(bits):
        if not phrase.is_in(piece.text):
            continue
        if phrase.rule is LATER:
            if day := day_named(piece.sentence, said_at):
                yield phrase.signal.but(until=day)
        elif phrase.rule is UNDATED:
            yield phrase.signal.but(until=day_named(piece.text, said_at))
        else:
            yield phrase.signal
