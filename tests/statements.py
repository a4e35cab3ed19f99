"""Statements: the barest observations and deliveries, which say nothing but what a test names."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from db.ids import new_id
from db.inbox import Parcel
from pipeline.addressing import Identity, IdentityKind
from pipeline.observation import AppointmentKey, Links, Observation
from pipeline.words import Provider, Source

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PEPPER = b"a pepper for tests, 32 bytes long"


def at(hours: float) -> datetime:
    """An instant so many hours after NOON."""
    return NOON + timedelta(hours=hours)


def a_statement(external_id: str = "meeting", **registers: Any) -> Observation:
    """Something that Calendly said by webhook, of a version of noon, unless named otherwise."""
    stated: dict[str, Any] = {
        "provider": Provider.CALENDLY,
        "source": Source.WEBHOOK,
        "observed_at": NOON,
        "version_at": NOON,
        **registers,
    }
    return Observation(external_id=external_id, **stated)


def an_email(name: str) -> Identity:
    """A person's address, as an identity."""
    return Identity(IdentityKind.EMAIL, f"{name}@example.com")


def a_delivery(client_id: UUID, said: Observation, *identities: Identity, **named: Any) -> Parcel:
    """A delivery of one statement, by whoever the identities name."""
    links = said.links or Links()
    stated: dict[str, Any] = {
        "pepper": PEPPER,
        "received_at": NOON,
        "trace_id": new_id(),
        "key": said.key,
        "links": tuple(
            AppointmentKey(said.provider, one) for one in (links.replaces, links.replaced_by) if one
        ),
        "identities": identities,
        **named,
    }
    return Parcel(client_id=client_id, said=said, **stated)
