"""A sweep's connection to Postgres that dies with its process, at a statement drawn by lot."""

import random
from datetime import datetime
from typing import Any

import psycopg


class Killed(BaseException):
    """The sweeping process dies here."""


class Mortal(psycopg.Connection[Any]):
    """Like any other until it is killed: then the server sees the line end, and nothing more is said."""

    dice: random.Random | None = None
    share = 0.0

    def execute(self, *asked: Any, **more: Any) -> psycopg.Cursor[Any]:
        """Run a statement, or die before it."""
        if self.dice is not None and self.dice.random() < self.share:
            self.close()
            raise Killed
        return super().execute(*asked, **more)

    def move_to(self, now: datetime) -> None:
        """Let its transactions think that it is another time; that kills nobody."""
        super().execute("SELECT set_config('apptrail.now', %s, false)", (now.isoformat(),))


def mortal(dsn: str, dice: random.Random, share: float) -> Mortal:
    """Open one, in autocommit mode like any of the house's."""
    opened = Mortal.connect(dsn, autocommit=True, prepare_threshold=2)
    opened.dice, opened.share = dice, share
    return opened
