"""Clauses: a reply in pieces so small that a negation reaches no further than its own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ENDS = re.compile(r"(?<=[.!?;])\s+|\n+|(?<=[.!?;])$")
_WITHIN = re.compile(
    r",\s+|\s+(?:-|–|—)\s+|:\s+|\s+(?=but\b)|(?:(?<=[ap]m)|(?<=\d)|(?<=day))\s+(?=not\b)|\.{2,}"
)
_TRIM = re.compile(r"^[\W_]+|[^\w?]+$")


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of a sentence; `asks`: the sentence ends with a question mark."""

    text: str
    asks: bool
    sentence: str


def clauses(words: str) -> Iterator[Clause]:
    """Cut a text into clauses, in order."""
    for sentence in map(str.strip, _ENDS.split(words)):
        if sentence:
            asks = sentence.endswith("?")
            for piece in _WITHIN.split(sentence):
                if bare := _TRIM.sub("", piece).rstrip("?"):
                    yield Clause(bare, asks, sentence)
