"""A build that breaks every job of a kind: for processes that have this folder on PYTHONPATH."""

from collections.abc import Iterable
from typing import Any

from pipeline import book
from pipeline.book import Book
from pipeline.observation import Observation

_enter = book.enter


def _enter_or_fail(known: Book, said: Iterable[Any]) -> Book:
    statements = list(said)
    if any(isinstance(one, Observation) for one in statements):
        raise AttributeError("as after a rename that was only half done")
    return _enter(known, statements)


book.enter = _enter_or_fail
