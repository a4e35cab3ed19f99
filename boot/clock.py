"""The house's only clock: wall time for facts, monotonic time for waiting."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware and in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that never go back: for durations and deadlines, never for facts."""
    return time.monotonic()
