"""Builders: values that name only what a test is about, and the hands of a worker on a real database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from db import clients
from db.desk import Database, connect
from db.ids import new_id
from db.inbox import Parcel, Ring
from db.keyring import Keyring
from db.ledger import Hands
from pipeline.addressing import Contact, Identity, IdentityKind
from pipeline.observation import AppointmentKey, Links, Observation
from pipeline.words import Provider, Source

MIDNIGHT = datetime(2026, 6, 1, tzinfo=UTC)
"""The hour 0 of every story that counts in hours."""

PEPPER = b"a pepper for tests of 32 bytes.."
KEYRING = Keyring(["a key for tests"])


def at(hours: float) -> datetime:
    """So many hours into the story."""
    return MIDNIGHT + timedelta(hours=hours)


def an_email(who: str) -> Identity:
    """Somebody's address, as an identity."""
    return Identity(IdentityKind.EMAIL, f"{who}@example.com")


def an_observation(external_id: str = "inv-1", **stated: Any) -> Observation:
    """What a provider says of one appointment; a register that is not named is not stated."""
    version_at = stated.get("version_at")
    known = {"provider": Provider.CALENDLY, "source": Source.WEBHOOK, "observed_at": version_at or at(0)}
    return Observation(external_id=external_id, **{**known, **stated})


def a_parcel(
    client_id: UUID,
    said: Observation | None = None,
    *identities: Identity,
    pepper: bytes = PEPPER,
    contact: Contact | None = None,
) -> Parcel:
    """A delivery of what was said, with the neighbours that it names."""
    said = an_observation() if said is None else said
    links = said.links or Links()
    return Parcel(
        client_id=client_id,
        pepper=pepper,
        received_at=said.observed_at,
        trace_id=new_id(),
        said=said,
        key=said.key,
        links=tuple(AppointmentKey(said.provider, one) for one in (links.replaces, links.replaced_by) if one),
        identities=identities or (an_email("anna"),),
        contact=contact or Contact(),
    )


@dataclass(frozen=True)
class AClient:
    """A client that was added, with its pepper opened."""

    id: UUID
    name: str
    pepper: bytes
    region: str


def a_client(database: Database, name: str = "Harbour Agency", region: str = "US") -> AClient:
    """Add a client."""
    client_id = clients.add(database, KEYRING, name, region)
    return AClient(client_id, name, clients.pepper_of(database, KEYRING, client_id), region)


@contextmanager
def hands(database: str, *, now: datetime | None = None) -> Iterator[Hands]:
    """A worker's hands on a database, whose rings nobody hears; `now` is its transactions' now, if given."""
    with connect(database) as own, connect(database) as witness:
        if now is not None:
            for connection in (own, witness):
                connection.execute("SELECT set_config('apptrail.now', %s, false)", (now.isoformat(),))
        yield Hands(own, witness, _unheard)


def _unheard(_: Sequence[Ring]) -> None:
    """Nobody listens: a test drains by itself."""
