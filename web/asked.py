"""What was asked: ids, instants and a lead's name in a search, read from untrusted text."""

import re
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from db.identities import of_email, of_phone
from pipeline.addressing import Identity, IdentityKind
from pipeline.instants import read_instant
from web import problems

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_BARE_PLUS = re.compile(r" (\d{2}:?\d{2})$", re.ASCII)

LONGEST_NAME = 320


class NotAsked(ValueError):
    """The text cannot name a lead."""


class Search(BaseModel):
    """What names a lead; exactly one. It goes in a body, for an address in a URL is an address in a log."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    email: str | None = Field(default=None, min_length=1, max_length=LONGEST_NAME)
    phone: str | None = Field(default=None, min_length=1, max_length=LONGEST_NAME)
    external_id: str | None = Field(default=None, min_length=1, max_length=LONGEST_NAME)

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1 or None in self.model_dump(include=self.model_fields_set).values():
            raise PydanticCustomError("exactly_one", "give exactly one of email, phone, external_id")
        return self

    def identity(self, region: str) -> Identity:
        """The identity asked for; `region` is where a phone number without a country code is from.

        Raises Problem for what cannot be one.
        """
        if self.email is not None:
            found = of_email(self.email)
        elif self.phone is not None:
            found = of_phone(self.phone, region)
        else:
            text = (self.external_id or "").strip()
            found = Identity(IdentityKind.EXTERNAL_ID, text) if text else None
        if found is None:
            (field,) = self.model_fields_set
            raise problems.bad_field(field, "unreadable", f"{field}: this cannot be one.")
        return found


def search_in(text: str) -> Search:
    """Guess what a person typed: an address, a phone number, or the CRM's own id; raises NotAsked."""
    text = text.strip()
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        raise NotAsked
    if "@" in text:
        return Search(email=text)
    if re.fullmatch(r"[+(]?[\d\s().+/-]{6,}", text, re.ASCII):
        return Search(phone=text)
    return Search(external_id=text)


def id_in(text: str) -> UUID | None:
    """Read an id in its one spelling; None for anything else."""
    return UUID(text) if _ID.fullmatch(text) else None


def named_in(text: str, what: str) -> UUID:
    """Read the id of a `lead`, a `dead letter`; what is no id names none. Raises Problem."""
    found = id_in(text)
    if found is None:
        raise problems.no_such(what)
    return found


def lead_id_in(text: str) -> UUID:
    """Read a lead's id. Raises Problem."""
    return named_in(text, "lead")


def as_of_in(text: str | None, now: datetime, field: str = "as_of") -> datetime:
    """Read `as_of`, or another `field`, an ISO 8601 time with its offset; `now` if it is not given. Raises Problem.

    A plus sign that nobody encoded arrives as a blank; it is read as what was meant.
    """
    if text is None:
        return now
    try:
        return read_instant(_BARE_PLUS.sub(r"+\1", text))
    except ValueError:
        detail = (
            f"{field}: an ISO 8601 time with its offset, from 1990 to 2100, such as 2026-01-31T09:00:00Z."
        )
        raise problems.bad_field(field, "not_a_time", detail) from None
