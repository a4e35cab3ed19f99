"""Silence: whether a connection has been quiet for longer than its own habit explains."""

import math
from datetime import datetime

UNLIKELY = 0.005
"""A silence that chance alone gives less often than this is one to be looked at."""


def verdict(deliveries: int, hours: float, last_at: datetime | None, now: datetime) -> str:
    """`ok`, `silent`, or `unknown` while there is no habit yet.

    `deliveries` came within the `hours` before the last one; were they spread by chance, a silence of t
    hours would have the probability exp(-rate * t).
    """
    if last_at is None or hours <= 0 or deliveries < 5:
        return "unknown"
    expected = deliveries / hours * (now - last_at).total_seconds() / 3600
    return "silent" if math.exp(-expected) < UNLIKELY else "ok"
