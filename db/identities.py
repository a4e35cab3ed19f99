"""Identities: how a person's names are folded, and digested so that no plain address leaves `lead`."""

import hmac

import phonenumbers

from pipeline.addressing import Identity, IdentityKind
from pipeline.observation import AppointmentKey

DIGEST_BYTES = 16


def digest_of(pepper: bytes, identity: Identity) -> bytes:
    """Digest an identity with its client's pepper."""
    text = f"{identity.kind}\0{identity.value}".encode()
    return hmac.digest(pepper, text, "sha256")[:DIGEST_BYTES]


def lock_key(digest: bytes) -> int:
    """Cut a digest down to the signed 64 bits that an advisory lock takes; the pepper tells clients apart."""
    return int.from_bytes(digest[:8], "big", signed=True)


def of_appointment(key: AppointmentKey) -> Identity:
    """The identity that an appointment's own key is."""
    return Identity(IdentityKind.APPOINTMENT, f"{key.provider}:{key.external_id}")


def of_ghl_contact(contact_id: str | None, location_id: str | None) -> tuple[Identity, ...]:
    """A GHL contact's names, strongest first: its id within its location, and the id alone as a hint.

    A CRM's export knows the id alone, so that is what an import claims, and a connection without a location.
    """
    if not contact_id:
        return ()
    if not location_id:
        return (Identity(IdentityKind.GHL_CONTACT, contact_id),)
    within = Identity(IdentityKind.GHL_CONTACT, f"{location_id}:{contact_id}")
    return within, Identity(IdentityKind.GHL_CONTACT, contact_id, hint=True)


def of_email(text: str | None) -> Identity | None:
    """Trim and casefold, and no more: a tag or a dot may be another person (RULES 1).

    Half a surrogate pair is no text: what holds one is nobody's address.
    """
    folded = (text or "").strip().casefold()
    if "@" not in folded:
        return None
    if not folded.isascii() and any("\ud800" <= letter <= "\udfff" for letter in folded):
        return None
    return Identity(IdentityKind.EMAIL, folded)


def of_linkedin(text: str | None) -> Identity | None:
    """A profile's name, cut out of its address if that is given; LinkedIn tells upper from lower case nowhere."""
    name = (text or "").strip().rstrip("/").rpartition("/")[2].partition("?")[0].casefold()
    return Identity(IdentityKind.LINKEDIN_PROFILE, name) if name else None


def of_phone(text: str | None, region: str) -> Identity | None:
    """Fold a phone number to E.164 in the client's region; None if it is no possible number."""
    if not text or len(text) > 64:
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return Identity(
        IdentityKind.PHONE, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    )
