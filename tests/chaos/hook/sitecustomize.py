"""Faults: in processes that have this folder on PYTHONPATH, one word in a job ends its worker, and another fails.

The second is a bug that comes and goes: it is there while the file is that CHAOS_BUG names.
"""

import os
import signal
from collections.abc import Iterable
from pathlib import Path

from pipeline import book
from pipeline.book import Book
from pipeline.job import FollowUpAct, LeadStatusSaid
from pipeline.observation import Observation

KILLER = "killer"
CURABLE = "curable"
BUG = "CHAOS_BUG"

_enter = book.enter


def _enter_or_die(book: Book, said: Iterable[Observation | LeadStatusSaid | FollowUpAct]) -> Book:
    statements = list(said)
    if any(isinstance(one, Observation) and one.external_id.startswith(KILLER) for one in statements):
        os.kill(os.getpid(), signal.SIGKILL)
    if any(isinstance(one, Observation) and one.external_id.startswith(CURABLE) for one in statements):
        _fail_while_the_bug_is_there()
    return _enter(book, statements)


def _fail_while_the_bug_is_there() -> None:
    if BUG in os.environ and Path(os.environ[BUG]).exists():
        raise RuntimeError("the bug")


book.enter = _enter_or_die
