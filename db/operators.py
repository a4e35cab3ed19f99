"""Operators: the people who sign in to the pages."""

from dataclasses import dataclass
from uuid import UUID

from db.clients import ROLES
from db.desk import Database
from db.ids import new_id


@dataclass(frozen=True, slots=True)
class Operator:
    """A person. `client_id` None: every client's books."""

    id: UUID
    name: str
    role: str
    client_id: UUID | None


class UnknownOperator(LookupError):
    """No operator has that name."""


class UnknownRole(ValueError):
    """A role is read, operate or admin."""


def add(database: Database, name: str, role: str, client_id: UUID | None = None) -> UUID:
    """Add an operator, or return the one who has that name, with this role and client from now on.

    Raises UnknownRole.
    """
    if role not in ROLES:
        raise UnknownRole
    row = database.execute(
        """INSERT INTO operator (id, name, role, client_id) VALUES (%s, %s, %s, %s)
           ON CONFLICT (name) DO UPDATE SET role = excluded.role, client_id = excluded.client_id RETURNING id""",
        (new_id(), name, role, client_id),
    ).fetchone()
    operator_id: UUID = row[0]  # type: ignore[index]
    return operator_id


def find(database: Database, name: str) -> Operator:
    """Find an operator by name; raises UnknownOperator."""
    row = database.execute(
        "SELECT id, name, role, client_id FROM operator WHERE name = %s", (name,)
    ).fetchone()
    if row is None:
        raise UnknownOperator
    return Operator(*row)
