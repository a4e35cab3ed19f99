"""What a provider's adapter offers the receiver: the whole surface of a provider."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from db.connections import Connection
from db.inbox import Parked
from pipeline.addressing import Contact, Identity
from pipeline.message import MessageSaid
from pipeline.observation import AppointmentKey, Observation
from pipeline.words import Provider

Headers = Mapping[bytes, bytes]
"""Names in lower case, values as they came; of a repeated header the last."""


@dataclass(slots=True)  # as a Parcel is
class Reading:
    """What one delivery says of one appointment, and by which names its lead may be known.

    Without `key` it says nothing of an appointment, but that somebody wrote. Without `said` either it says who somebody is, which is
    the CRM's own word: `contact` then replaces what was said before `said_at`, its own time where it names one.
    """

    key: AppointmentKey | None
    said: Observation | MessageSaid | Parked | None
    links: tuple[AppointmentKey, ...] = ()
    token: UUID | None = None
    identities: tuple[Identity, ...] = field(repr=False, default=())
    contact: Contact = field(repr=False, default=Contact())
    said_at: datetime | None = None


class Adapter(Protocol):
    """One provider: how it signs, what it sends, how it wants to be answered."""

    provider: Provider
    size_limit: int
    """Bytes."""
    retry_status: int
    """The status upon which this provider sends a delivery again."""

    def account_in(self, body: bytes) -> str | None:
        """The provider's account that a body names, where connections share an endpoint; None if it names none."""
        return None

    def verify(self, connection: Connection, headers: Headers, body: bytes, now: datetime) -> None:
        """Raise NotAuthentic unless the delivery is the provider's own."""

    def read(self, connection: Connection, body: bytes, observed_at: datetime) -> Sequence[Reading]:
        """Read a delivery. Raises Refused if it is no JSON, Ignored if it is of no use to us."""
