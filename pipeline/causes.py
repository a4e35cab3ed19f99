"""Causes: when a meeting was last lost or moved, remembered while its observations are taken in turn (RULES 24)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pipeline.observation import Observation
from pipeline.words import Source, Status


class Dated(Protocol):
    """Something whose time may yet be told better by a later observation."""

    @property
    def at(self) -> datetime | None:
        """When it happened, as far as is known."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A time that is known."""

    at: datetime | None


@dataclass(frozen=True, slots=True)
class Loss:
    """A meeting that was lost at `dated.at`, and the start that it had then, if that was told."""

    dated: Dated
    start_at: datetime | None


class Causes:
    """The latest cancellation, no-show and move in place; each stays remembered when it is reverted."""

    def __init__(self) -> None:
        """Start with nothing lost."""
        self.canceled: Loss | None = None
        self.no_show: Loss | None = None
        self.moved: Loss | None = None
        self._status: Status | None = None
        self._noted = False
        self._start_told = False

    def take_status(
        self, said: Observation, status: Status, cancellation: Dated, start_at: datetime | None
    ) -> None:
        """Note what a statement made of the status shown; a repetition of it is no other loss."""
        if status is not self._status:
            self._status, self._noted = status, False
        if self._noted or not tells_when(said) or (said.status is None and said.outcome is None):
            return
        if status is Status.CANCELED:
            by_hand = said.source is Source.MANUAL and said.outcome and said.outcome.word is Status.CANCELED
            known = Fixed(said.outcome.at) if said.outcome and by_hand else cancellation
            self.canceled = Loss(known, start_at)
        elif status is Status.NO_SHOW:
            self.no_show = Loss(Fixed(said.outcome.at if said.outcome else said.effective_at), start_at)
        self._noted = True

    def take_start(self, said: Observation, before: datetime | None, after: datetime | None) -> None:
        """Note a move in place: both starts told by somebody who knows when."""
        live = tells_when(said)
        if live and self._start_told and before is not None and before != after:
            self.moved = Loss(Fixed(said.effective_at), before)
        self._start_told = self._start_told or live


def tells_when(said: Observation) -> bool:
    """Whether a statement can be a cause: a migration never is, nor a backfill that knows no time but its own."""
    if said.source is Source.MIGRATION:
        return False
    if said.source is not Source.BACKFILL or said.version_at is not None:
        return True
    return said.status is not None and said.status.canceled_at is not None
