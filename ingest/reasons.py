"""Cancellation reasons: people's free text, kept only where a client asked for it, and then masked."""

import re

from db.connections import Connection
from ingest.payload import clean_name

LONGEST_REASON = 500

_ADDRESS = re.compile(r"\S+@\S+|https?://\S+|www\.\S+")
_NUMBER = re.compile(r"\+?\d[\d\s().-]{5,}\d")


def kept_reason(text: str | None, connection: Connection) -> str | None:
    """A reason as it may be stored: None by default; addresses, links and numbers are masked."""
    if not connection.keep_reasons or text is None:
        return None
    masked = _NUMBER.sub("[number]", _ADDRESS.sub("[address]", text))
    cleaned = clean_name(masked[: LONGEST_REASON * 2])
    return cleaned[:LONGEST_REASON] if cleaned else None
