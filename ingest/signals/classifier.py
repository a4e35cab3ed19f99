"""The classifier: a reply's words in, what they mean out. A client may plug in one of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ingest.signals import english
from ingest.signals.own_words import own_words
from pipeline.signals import MACHINE, Signal, SignalKind

_TABLES = (english,)


class Classifier(Protocol):
    """Reads replies; keeps none of them."""

    def read(self, text: str, said_at: datetime) -> Sequence[Signal]:
        """Say what a reply means; `said_at` is when, in the person's zone if that is known."""


class Rules:
    """The default: tables of phrases, one module a language, in microseconds.

    A machine's message says nothing of what a person wants; an opt-out stands beside anything else.
    """

    def read(self, text: str, said_at: datetime) -> Sequence[Signal]:
        """Say what a reply means; a kind appears at most once, the strongest reading of it."""
        words = own_words(text)
        if not words:
            return ()
        found: dict[SignalKind, Signal] = {}
        for table in _TABLES:
            for signal in table.read(words, said_at):
                known = found.get(signal.kind)
                if known is None or signal.confidence > known.confidence:
                    found[signal.kind] = signal
        machine = [signal for kind, signal in found.items() if kind in MACHINE]
        return tuple(machine or found.values())
