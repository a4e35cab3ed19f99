"""A fault that kills: in processes that have this folder on PYTHONPATH, one word in a job ends its worker."""

import os
import signal
from collections.abc import Iterable

from pipeline import book
from pipeline.book import Book
from pipeline.job import FollowUpAct, LeadStatusSaid
from pipeline.observation import Observation

KILLER = "killer"

_enter = book.enter


def _enter_or_die(book: Book, said: Iterable[Observation | LeadStatusSaid | FollowUpAct]) -> Book:
    statements = list(said)
    if any(isinstance(one, Observation) and one.external_id.startswith(KILLER) for one in statements):
        os.kill(os.getpid(), signal.SIGKILL)
    return _enter(book, statements)


book.enter = _enter_or_die
