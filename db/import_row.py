"""A row of an import: what a CRM says of one of its leads, checked, with the identities that name it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from db.identities import of_appointment, of_email, of_ghl_contact, of_linkedin, of_phone
from db.shelf_statements import ROLLUP_COLUMNS
from pipeline.addressing import Identity, IdentityKind
from pipeline.instants import read_instant
from pipeline.legacy import keys_named

CONTACT_COLUMNS = (
    "external_id", "email", "phone", "first_name", "last_name", "ghl_contact_id", "linkedin_profile",
)  # fmt: skip
LEGACY_COLUMNS = (*ROLLUP_COLUMNS[:11], "appointment_last_checked_at", "updated_at")
COLUMNS = (*CONTACT_COLUMNS, "status", *LEGACY_COLUMNS)

# Btree keys must stay small, and nothing that a provider made is nearly as long.
LONGEST = 500

Row = Mapping[str, str | None]
WHOLE_ROW = "row"
"""What is named as the column of a row that is none."""


class BadRow(ValueError):
    """A row cannot be imported."""

    def __init__(self, column: str, reason: str) -> None:
        """Name the column and what is wrong with it."""
        super().__init__(f"{column}: {reason}")
        self.column = column
        self.reason = reason


@dataclass(frozen=True)
class Person:
    """One row that can be imported."""

    row: Row
    identities: tuple[Identity, ...]
    legacy: dict[str, str]

    @property
    def contact(self) -> tuple[str | None, ...]:
        """The values of CONTACT_COLUMNS."""
        return tuple(self.row.get(column) for column in CONTACT_COLUMNS)


def read_person(row: Row, region: str, locations: Sequence[str] = ()) -> Person:
    """Check a row; raises BadRow. Columns that are not ours are ignored. `locations`: the client's at GHL."""
    row = {name: text.strip() for name, text in row.items() if name in COLUMNS and text and text.strip()}
    for name, text in row.items():
        if text and ("\0" in text or not text.isprintable()):
            raise BadRow(name, "unprintable")
        if text and len(text) > LONGEST:
            raise BadRow(name, f"longer than {LONGEST} characters")
    identities = tuple(_identities(row, region, locations))
    if not identities:
        raise BadRow("external_id", "nothing in this row can name a lead")
    legacy = {name: text for name, text in row.items() if name in LEGACY_COLUMNS and text}
    legacy |= {name: _instant_text(name, text) for name, text in legacy.items() if name.endswith("_at")}
    told = {name for name in legacy if name not in ("appointment_last_checked_at", "updated_at")}
    return Person(row, identities, legacy if told else {})


def _instant_text(name: str, text: str) -> str:
    """A time as Postgres reads it too; a CRM's times without an offset are UTC."""
    try:
        return read_instant(text, "UTC").isoformat()
    except ValueError:
        raise BadRow(name, "not a time between 1990 and 2100") from None


def _identities(row: Row, region: str, locations: Sequence[str]) -> Iterator[Identity]:
    """Strongest first."""
    if text := row.get("external_id"):
        yield Identity(IdentityKind.EXTERNAL_ID, text)
    if text := row.get("ghl_contact_id"):
        yield Identity(IdentityKind.GHL_CONTACT, text)
        # An export does not say in which of the client's locations: no two of them share an id.
        yield from (of_ghl_contact(text, location)[0] for location in locations)
    if profile := of_linkedin(row.get("linkedin_profile")):
        yield profile
    if row.get("email"):
        email = of_email(row["email"])
        if email is None:
            raise BadRow("email", "not an address")
        yield email
    if phone := of_phone(row.get("phone"), region):
        yield phone
    # Whoever else is told to move this meeting: it is this lead's.
    yield from map(of_appointment, keys_named(row))
