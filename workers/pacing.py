"""Pace: how many of something are due by a rate, when who does it is late now and then."""

CATCHES_UP_SECONDS = 5.0
"""How much lateness is made up for; more would come as a flood."""


class Pace:
    """Counts what is due. Instants are a monotonic clock's, in seconds."""

    def __init__(self, rate: float, now: float) -> None:
        """`rate` is per second; nothing is due yet."""
        self._rate = rate
        self._credit = 0.0
        self._seen = now

    def due(self, now: float) -> int:
        """How many are due by now, those included that were due and not done."""
        earned = self._rate * (now - self._seen)
        self._seen = now
        self._credit = min(self._credit + earned, max(1.0, self._rate * CATCHES_UP_SECONDS))
        return max(0, int(self._credit))

    def did(self, number: int) -> None:
        """Some were done; more than were due are paid for later."""
        self._credit -= number

    def rest(self) -> None:
        """Nothing was to be done meanwhile: there is nothing to make up for."""
        self._credit = min(self._credit, 0.0)
