"""Contacts: who an invitee is, and how to reach whoever it is."""

import re
from collections.abc import Iterator

from db.identities import of_email, of_phone
from ingest.payload import clean_name
from ingest.providers.calendly.shapes import Invitee
from pipeline.addressing import Contact, Identity

_ASKS_FOR_PHONE = re.compile(r"phone|mobile|cell|whatsapp|\btel\b|telefon", re.IGNORECASE)

Phone = tuple[str, Identity]
"""A phone number as it was typed, and the identity that it is."""


def phone_of(invitee: Invitee, region: str) -> Phone | None:
    """The first text that is a phone number; a national one is of `region`."""
    for text in _phones(invitee):
        if phone := of_phone(text, region):
            return text or "", phone
    return None


def identities_of(invitee: Invitee, phone: Phone | None) -> Iterator[Identity]:
    """Strongest first."""
    if email := of_email(invitee.email):
        yield email
    if phone:
        yield phone[1]


def contact_of(invitee: Invitee, phone: Phone | None, zone: str | None) -> Contact:
    """What the invitee calls itself; `zone` only if it is one that is known."""
    return Contact(
        email=clean_name(invitee.email),
        phone=clean_name(phone[0]) if phone else None,
        first_name=clean_name(invitee.first_name),
        last_name=clean_name(invitee.last_name),
        full_name=clean_name(invitee.name),
        timezone=zone,
    )


def _phones(invitee: Invitee) -> Iterator[str | None]:
    yield invitee.text_reminder_number
    event = invitee.scheduled_event
    if event and event.location and event.location.type == "outbound_call":
        yield event.location.location
    for one in invitee.questions_and_answers or ():
        if one.question and _ASKS_FOR_PHONE.search(one.question):
            yield one.answer
