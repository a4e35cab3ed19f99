"""Which dead letters are meant: several conditions at once, all of which hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

STATES = ("open", "replaying", "replayed", "discarded")


@dataclass(frozen=True)
class Filter:
    """Conditions on dead letters; one that is None says nothing. Ages are in seconds."""

    client_id: UUID | None = None
    provider: str | None = None
    kind: str | None = None
    fingerprint: str | None = None
    lead_id: UUID | None = None
    letter_id: UUID | None = None
    reason: str | None = None
    state: str | None = "open"
    older: float | None = None
    newer: float | None = None
    at: datetime | None = None
    """The instant from which ages are counted; None: now."""

    def condition(self) -> LiteralString:
        """SQL over the alias `d`, with the parameters of `values`."""
        return " AND ".join(
            ["true", *(sql for name, sql in _CONDITIONS.items() if getattr(self, name) is not None)]
        )

    def values(self) -> dict[str, Any]:
        """The parameters of `condition`."""
        return {name: getattr(self, name) for name in (*_CONDITIONS, "at")}

    def stored(self) -> dict[str, Any]:
        """As an operation keeps it."""
        values = {name: getattr(self, name) for name in _CONDITIONS}
        return {
            name: str(one) if isinstance(one, UUID) else one
            for name, one in values.items()
            if one is not None
        }

    @classmethod
    def read(cls, stored: Mapping[str, Any], at: datetime) -> "Filter":
        """What `stored` wrote, with ages counted from an instant."""
        ids = {name: UUID(stored[name]) for name in ("client_id", "lead_id", "letter_id") if name in stored}
        return cls(**{**stored, **ids, "at": at})


def seconds_in(age: str | None) -> float | None:
    """Read an age such as 30s, 30m, 6h or 2d; raises ValueError for what is none."""
    if age is None:
        return None
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", age)
    if match is None:
        raise ValueError("not an age")
    return float(match[1]) * _SECONDS[match[2]]


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

_CONDITIONS: dict[str, LiteralString] = {
    "client_id": "d.client_id = %(client_id)s",
    "provider": "d.provider = %(provider)s",
    "kind": "d.kind = %(kind)s",
    "fingerprint": "d.fingerprint = %(fingerprint)s",
    "lead_id": "d.lead_id = %(lead_id)s",
    "letter_id": "d.id = %(letter_id)s",
    "reason": "d.reason = %(reason)s",
    "state": "d.state = %(state)s",
    "older": "d.created_at <= coalesce(%(at)s::timestamptz, now()) - make_interval(secs => %(older)s)",
    "newer": "d.created_at > coalesce(%(at)s::timestamptz, now()) - make_interval(secs => %(newer)s)",
}
