"""Rules: phrases, what they mean, and the words without which none of them can be in a text."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.signals import Signal, SignalKind

SURE = 0.95
LIKELY = 0.8
UNSURE = 0.7

# Four letters of a word say whether a phrase is worth a search; of a number its first digit does.
_HEADS = re.compile(r"([a-z]{1,4}|\d)[a-z0-9]*")


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One meaning, by any of its phrases.

    `phrases`: (words, pattern); a text that has none of the words cannot have the pattern, so most texts are not
    searched. `unless` is looked for in the text before the phrase.
    """

    kind: SignalKind
    name: str
    phrases: tuple[tuple[str, str], ...]
    unless: str | None = None
    confidence: float = LIKELY

    def signal(self) -> Signal:
        """What the rule says, without any detail."""
        return Signal(kind=self.kind, confidence=self.confidence, rule=self.name)


class Phrase:
    """One of a rule's phrases, ready to be looked for."""

    def __init__(self, rule: Rule, words: str, pattern: str) -> None:
        """Compile the pattern and what takes it back."""
        self.rule = rule
        self.words = words
        self.pattern = re.compile(pattern, re.MULTILINE)
        self.signal = rule.signal()
        self._unless = re.compile(rule.unless) if rule.unless else None

    def is_in(self, text: str) -> bool:
        """Whether a text has the phrase, and nothing that takes it back."""
        found = self.pattern.search(text)
        return found is not None and not (self._unless and self._unless.search(text, 0, found.start()))


def phrases_of(*rules: Rule) -> tuple[Phrase, ...]:
    """All phrases of some rules, in order."""
    return tuple(Phrase(rule, words, pattern) for rule in rules for words, pattern in rule.phrases)


class Index:
    """Which of some lists of words a text has a word of: one pass over the text, whatever the number of lists."""

    def __init__(self, lists: Iterable[str]) -> None:
        """Take the lists; the first is bit 0 of what `bits` gives."""
        self._bits: dict[str, int] = {}
        for place, words in enumerate(lists):
            for head in (_HEADS.findall(word)[0] for word in words.split()):
                self._bits[head] = self._bits.get(head, 0) | 1 << place

    def bits(self, text: str) -> int:
        """A bit for each list that a text in lower case may have a word of."""
        found = 0
        known = self._bits
        for head in _HEADS.findall(text):
            if head in known:
                found |= known[head]
        return found


def places(bits: int) -> Iterator[int]:
    """The places of the bits that are set, lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
