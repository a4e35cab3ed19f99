"""Parcels: deliveries that are normalized and on their way into the inbox, and what comes of posting them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from pipeline.addressing import Contact, Identity
from pipeline.message import MessageSaid
from pipeline.observation import AppointmentKey, Observation
from pipeline.unzoned import Unzoned
from pipeline.words import Lane, Provider

ANONYMOUS = "anonymous"
PRIORITY = {Lane.LIVE: 0, Lane.BULK: 1}


@dataclass(frozen=True)
class Parked:
    """What a provider said that nobody can read yet: kept as a dead letter, never guessed at."""

    reason: str
    provider: Provider
    said: dict[str, Any] = field(repr=False)
    unzoned: Unzoned | None = field(repr=False, default=None)
    """All of it, where nothing lacks but the zone of its connection."""
    connection_id: UUID | None = None

    def payload(self) -> dict[str, Any]:
        """As the dead letters keep it."""
        if self.unzoned is None:
            return self.said
        unzoned = msgspec.to_builtins(self.unzoned)
        return {**self.said, "unzoned": unzoned, "connection_id": str(self.connection_id)}


@dataclass(slots=True)  # not frozen, and never changed: freezing costs more than the rest of making one
class Parcel:
    """One delivery, normalized: whose it may be, and what it says.

    `identities` holds the contact's, strongest first; the appointment's own and those of its links are
    taken from the observation; a message has none of those. Where nothing is said, the lead is found or made,
    and no more. `token` is our own lead id from the provider's tracking.
    """

    client_id: UUID
    pepper: bytes = field(repr=False)
    received_at: datetime
    trace_id: UUID
    said: Observation | MessageSaid | Parked | None
    key: AppointmentKey | None
    links: tuple[AppointmentKey, ...] = ()
    token: UUID | None = None
    identities: tuple[Identity, ...] = field(repr=False, default=())
    contact: Contact = field(repr=False, default=Contact())
    policy: str = "create"
    lane: Lane = Lane.LIVE


class Ring(NamedTuple):
    """A lead that has jobs now."""

    client_id: UUID
    lead_id: UUID
    lane: Lane


@dataclass(frozen=True, slots=True)
class Posted:
    """What is committed: the leads to ring for, and the contacts that known stubs lack."""

    rings: list[Ring]
    fills: list[tuple[UUID, UUID, Contact]]
