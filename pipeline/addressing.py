"""Addressing: whose delivery this is, from the identities that it carries (RULES 1-3)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from pipeline.words import Word


class IdentityKind(Word):
    """What can name a lead; the digest of each is unique within a client."""

    APPOINTMENT = "appointment"
    EMAIL = "email"
    PHONE = "phone"
    GHL_CONTACT = "ghl_contact"
    LINKEDIN_PROFILE = "linkedin_profile"
    EXTERNAL_ID = "external_id"


@dataclass(frozen=True, slots=True)
class Identity:
    """One name of a lead, in the clear and normalized; it is digested before it is stored.

    A `hint` names the lead that holds it, and is claimed for nobody: a name that means more than one person.
    """

    kind: IdentityKind
    value: str
    hint: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Contact:
    """A person's own data, on its way to a stub lead. It goes nowhere but into `lead`."""

    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    full_name: str | None = None
    ghl_contact_id: str | None = None
    timezone: str | None = None

    def __repr__(self) -> str:
        """Say nothing: a contact that gets into a log or a traceback must not speak."""
        return "Contact(…)"


@dataclass(frozen=True, slots=True)
class Owner:
    """A lead that holds an identity. `bare`: a stub that lacks a name or an address."""

    lead_id: UUID
    stub: bool
    bare: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who is addressed, and what the evidence says besides; `lead` is None when nobody is known.

    `merges` are (loser, winner): a stub that turned out to be somebody. `conflicts` are pairs of real
    leads that one delivery ties together; a person decides those.
    """

    lead: Owner | None
    merges: tuple[tuple[UUID, UUID], ...] = ()
    conflicts: tuple[tuple[UUID, UUID], ...] = ()


def choose(appointment: Owner | None, token: Owner | None, others: Sequence[Owner | None]) -> Verdict:
    """Choose the lead: the first that is known, strongest evidence first.

    `token` is our own mark in the provider's tracking. It names the lead only while the appointment is
    unknown; afterwards it is evidence like any other. `others` are the owners of the keys that the
    links name, of the provider's contact, of the email and of the phone, in this order.
    """
    known = list(dict.fromkeys(owner for owner in (appointment, token, *others) if owner is not None))
    if len(known) < 2:  # nearly always
        return Verdict(known[0] if known else None)
    named, rest = known[0], known[1:]
    merges: list[tuple[UUID, UUID]] = []
    conflicts: list[tuple[UUID, UUID]] = []
    home = named
    for other in rest:
        if other.stub:
            merges.append((other.lead_id, home.lead_id))
        elif home.stub:
            merges.append((home.lead_id, other.lead_id))
            home = other
        else:
            low, high = sorted((home.lead_id, other.lead_id))
            conflicts.append((low, high))
    return Verdict(named, tuple(merges), tuple(conflicts))
