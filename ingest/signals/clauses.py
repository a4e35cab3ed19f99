"""Clauses: a reply in pieces so small that a negation reaches no further than its own."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# Each begins with a letter of a set: that is what the engine looks for quickly. Blanks come one at a time.
_ENDS = re.compile(r"[ \n](?:(?<=[.!?;] )|(?<=\n))")
_WITHIN = re.compile(
    r"[,: .](?:(?<=[,:]) |(?<=\.)\.+|(?<= )(?:[-–—] |(?=but\b)|(?:(?<=[ap]m )|(?<=\d )|(?<=day ))(?=not\b)))"
)


class Clause(NamedTuple):
    """A piece of a sentence; `asks`: the sentence ends with a question mark."""

    text: str
    asks: bool
    sentence: str


def clauses(words: str) -> Iterator[Clause]:
    """Cut a text into clauses, in order."""
    for sentence in map(str.strip, _ENDS.split(words)):
        if sentence:
            asks = sentence[-1] == "?"
            for piece in _WITHIN.split(sentence):
                if bare := _trimmed(piece):
                    yield Clause(bare, asks, sentence)


def _trimmed(piece: str) -> str:
    """Without the marks around it."""
    if piece[:1].isalnum() and piece[-1].isalnum():
        return piece
    start, end = 0, len(piece)
    while start < end and not piece[start].isalnum():
        start += 1
    while end > start and not piece[end - 1].isalnum():
        end -= 1
    return piece[start:end]
