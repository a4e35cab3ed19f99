"""The classifier: a reply's words in, what they mean out. A client may plug in one of its own."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from ingest.signals import english
from ingest.signals.own_words import own_words
from pipeline.signals import MACHINE, Signal, SignalKind


class Language(Protocol):
    """A language's phrases: a module, as `english` is one."""

    def read(self, words: str, said_at: datetime) -> Iterator[Signal]:
        """Read a reply's own words, in lower case."""


class Classifier(Protocol):
    """Reads replies; keeps none of them."""

    def read(self, text: str, said_at: datetime) -> Sequence[Signal]:
        """Say what a reply means; `said_at` is when, in the person's zone if that is known."""


class Rules:
    """The default: tables of phrases, one module a language, in microseconds.

    A machine's message says nothing of what a person wants; an opt-out stands beside anything else.
    """

    def __init__(self, *languages: Language) -> None:
        """Take the languages to read; English alone if none is named."""
        self._languages = languages or (english,)

    def read(self, text: str, said_at: datetime) -> Sequence[Signal]:
        """Say what a reply means; a kind appears at most once, the strongest reading of it."""
        words = own_words(text)
        if not words:
            return ()
        found: dict[SignalKind, Signal] = {}
        for language in self._languages:
            for signal in language.read(words, said_at):
                known = found.get(signal.kind)
                if known is None or signal.confidence > known.confidence:
                    found[signal.kind] = signal
        machine = [signal for kind, signal in found.items() if kind in MACHINE]
        return tuple(machine or found.values())
